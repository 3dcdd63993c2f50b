"""Do the numbers of a report add up to the audience at every moment, and who is behind each?"""

import random
from datetime import timedelta

import pytest

from domain.campaign import CampaignState
from domain.delivery import Accepted, Declined, NotSent, Unsure
from domain.ids import Mid
from storage.campaign_reports import CampaignReports
from storage.expiry import Expiry
from tests.broadcast.people import NOW, PAGE, World, open_world

PEOPLE = 24


@pytest.fixture
async def world(database_dsn):
    async with open_world(database_dsn) as world:
        yield world


async def run(world: World, lease, campaign_id, chance: random.Random) -> None:
    """One thing that may happen to a campaign."""
    store, outcomes = world.store, [Accepted(Mid(f"m{chance.random()}")), NotSent("limited", NOW), Unsure("no_answer")]
    outcomes += [Declined("bad_request"), Declined("window_closed", True)]
    match chance.randrange(8):
        case 0 | 1 | 2:
            claim = await world.deliveries.claim(lease, campaign_id, limit=3, now=NOW)
            marks = [(one.attempt_id, chance.choice(outcomes)) for one in claim.deliveries[:2]]
            await world.deliveries.mark(PAGE, marks, now=NOW)
        case 3:
            await world.age_attempts(700)
            await world.deliveries.orphans(lease)
            await world.deliveries.name_unknown(lease, after=timedelta(minutes=10), now=NOW)
        case 4:
            async with world.database.transaction() as tx:
                await store.second_tries.send_again(tx, PAGE, campaign_id, None, now=NOW)
                await store.second_tries.retry(tx, PAGE, campaign_id, ["window_closed", "bad_request"], None)
        case 5:
            leads = [row["lead_id"] for row in await world.fetch("select lead_id from delivery")]
            if leads:
                async with world.database.transaction() as tx:
                    await world.deliveries.drop(tx, PAGE, chance.choice(leads), "stopped", now=NOW)
        case 6:
            await world.execute("delete from lead_key where lead_id = (select lead_id from lead_key limit 1)")
        case 7:
            # A few of the rows are older than they are kept.
            await world.execute(
                "update delivery set planned_at = $1 where seq in (select seq from delivery order by random() limit 2)",
                NOW - timedelta(days=500),
            )
            await Expiry(world.database).deliveries(NOW - timedelta(days=400))


@pytest.mark.parametrize("seed", range(4))
async def test_the_numbers_add_up_after_everything_that_may_happen(world, seed):
    chance = random.Random(seed)
    await world.page()
    for _ in range(PEOPLE):
        await world.lead(topic_state=chance.choice(["given", "given", "given", "refused"]))
    campaign_id = await world.campaign()
    lease = await world.lane()
    for _ in range(40):
        await run(world, lease, campaign_id, chance)
        report = await world.store.reports.report(PAGE, campaign_id)
        assert report.total == PEOPLE
    assert report.ended > 0
    async with world.database.transaction() as tx:
        if (await world.campaigns.get(PAGE, campaign_id)).state is not CampaignState.FINISHED:
            await world.campaigns.move(tx, PAGE, campaign_id, CampaignState.CANCELLED, now=NOW)
    assert (await world.store.reports.report(PAGE, campaign_id)).total == PEOPLE


async def test_rows_past_their_time_are_counted_only_and_open_ones_stay(world):
    await world.page()
    await world.lead(topic_state="refused")
    await world.lead()
    await world.lead()
    campaign_id = await world.campaign()
    lease = await world.lane()
    [one] = (await world.deliveries.claim(lease, campaign_id, limit=1, look=3, now=NOW)).deliveries
    assert await Expiry(world.database).deliveries(NOW) == 0
    assert await Expiry(world.database).deliveries(NOW + timedelta(seconds=1)) == 1
    await world.deliveries.mark(PAGE, [(one.attempt_id, Accepted(Mid("m")))], now=NOW)
    before = (await world.store.reports.report(PAGE, campaign_id)).counts
    assert await Expiry(world.database).deliveries(NOW + timedelta(seconds=1)) == 1
    after = await world.store.reports.report(PAGE, campaign_id)
    assert (after.counts, after.ended) == (before, 2)
    assert {row["state"] for row in await world.fetch("select state from delivery")} == {"queued"}


async def test_the_people_behind_a_number_come_in_portions_each_once(world):
    await world.page()
    refused = {await world.lead(topic_state="refused") for _ in range(5)}
    queued = {await world.lead() for _ in range(2)}
    campaign_id = await world.campaign()
    reports: CampaignReports = world.store.reports
    seen, after = [], None
    while portion := await reports.listed(PAGE, campaign_id, "no_consent", after=after, limit=2):
        assert len(portion) <= 2
        seen += [one.lead_id for one in portion]
        after = seen[-1]
    assert seen == sorted(refused, key=str)
    assert [one.lead_id for one in await reports.listed(PAGE, campaign_id, "skipped", after=None, limit=9)] == seen
    assert {one.lead_id for one in await reports.listed(PAGE, campaign_id, "queued", after=None, limit=9)} == queued
    everybody = [one.lead_id async for portion in reports.everybody(PAGE, campaign_id, "all") for one in portion]
    assert len(everybody) == 7
    assert set(everybody) == refused | queued
