"""Is a message tried once more only when somebody chose it, and is every echo still believed?"""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.campaign import CampaignState
from domain.delivery import Accepted, Declined, DeliveryState, NotSent, Unsure
from domain.ids import CampaignId, LeadId, Mid
from storage.campaigns import CampaignMoved
from storage.lanes import Lease
from tests.broadcast.people import NOW, PAGE, World, open_world

WAIT = timedelta(minutes=10)
FIRST, SECOND = Mid("m_first"), Mid("m_second")


@pytest.fixture
async def world(database_dsn):
    async with open_world(database_dsn) as world:
        yield world


async def one_unclear(world: World) -> tuple[CampaignId, LeadId, Lease, UUID]:
    """A finished campaign of one person whose message is unknown and whose echo is overdue."""
    await world.page()
    lead_id = await world.lead()
    campaign_id = await world.campaign()
    lease = await world.lane()
    claim = await world.deliveries.claim(lease, campaign_id, limit=1, now=NOW)
    [first] = [delivery.attempt_id for delivery in claim.deliveries]
    await world.deliveries.mark(PAGE, [(first, Unsure("no_answer"))], now=NOW)
    await world.campaigns.finish(PAGE, now=NOW)
    await world.age_attempts(601)
    assert await world.deliveries.name_unknown(lease, after=WAIT, now=NOW) == 1
    return campaign_id, lead_id, lease, first


async def send_again(world: World, campaign_id: CampaignId, leads: list[LeadId] | None = None) -> int:
    async with world.database.transaction() as tx:
        return await world.store.second_tries.send_again(tx, PAGE, campaign_id, leads, now=NOW)


async def retry(world: World, campaign_id: CampaignId, *reasons: str, leads: list[LeadId] | None = None) -> int:
    async with world.database.transaction() as tx:
        return await world.store.second_tries.retry(tx, PAGE, campaign_id, reasons, leads)


async def claimed(world: World, lease: Lease, campaign_id: CampaignId) -> UUID:
    claim = await world.deliveries.claim(lease, campaign_id, limit=1, now=NOW)
    [attempt_id] = [delivery.attempt_id for delivery in claim.deliveries]
    return attempt_id


async def echo(world: World, attempt_id: UUID, mid: Mid) -> bool:
    """As an echo arrives: first by its own attempt, then as an earlier one."""
    async with world.database.transaction() as tx:
        if await world.deliveries.settle(tx, PAGE, attempt_id, mid, now=NOW):
            return True
        return await world.store.second_tries.settle_earlier(tx, PAGE, attempt_id, mid, now=NOW)


async def counted(world: World, campaign_id: CampaignId) -> tuple[int, int, int]:
    """Sent, sent again, came twice; the whole must always be one person."""
    report = await world.store.reports.report(PAGE, campaign_id)
    assert report.total == 1
    return report.of(DeliveryState.SENT), report.sent_again, report.came_twice


async def test_what_is_unknown_is_sent_again_only_once_its_echo_is_overdue(world):
    await world.page()
    lead_id = await world.lead()
    campaign_id = await world.campaign()
    lease = await world.lane()
    attempt_id = await claimed(world, lease, campaign_id)
    await world.deliveries.mark(PAGE, [(attempt_id, Unsure("timeout"))], now=NOW)
    assert await send_again(world, campaign_id, [lead_id]) == 0
    await world.age_attempts(601)
    await world.deliveries.name_unknown(lease, after=WAIT, now=NOW)
    assert await send_again(world, campaign_id, [LeadId(UUID(int=7))]) == 0
    assert await send_again(world, campaign_id) == 1
    assert await claimed(world, lease, campaign_id) != attempt_id


async def test_how_late_echoes_come_is_measured_from_the_beginning_of_the_call(world):
    campaign_id, *_, first = await one_unclear(world)
    assert (await world.store.reports.report(PAGE, campaign_id)).echo_delay is None
    assert await echo(world, first, FIRST)
    assert await echo(world, first, FIRST)
    delay = (await world.store.reports.report(PAGE, campaign_id)).echo_delay
    assert delay is not None
    assert (delay.measured, delay.half == delay.longest) == (1, True)
    assert 601 <= delay.longest < 660


async def test_a_finished_campaign_goes_on_and_ends_again(world):
    campaign_id, lead_id, lease, _ = await one_unclear(world)
    assert await send_again(world, campaign_id, [lead_id]) == 1
    assert (await world.campaigns.get(PAGE, campaign_id)).state is CampaignState.RUNNING
    second = await claimed(world, lease, campaign_id)
    await world.deliveries.mark(PAGE, [(second, Accepted(SECOND))], now=NOW)
    assert await world.campaigns.finish(PAGE, now=NOW) == [campaign_id]
    assert await counted(world, campaign_id) == (1, 1, 0)


async def test_a_campaign_that_was_cancelled_or_never_began_sends_nothing_again(world):
    campaign_id, *_ = await one_unclear(world)
    await world.execute("update campaign set state = 'cancelled'")
    draft = await world.campaign(start=False)
    for number in (campaign_id, draft):
        with pytest.raises(CampaignMoved):
            await send_again(world, number)
        with pytest.raises(CampaignMoved):
            await retry(world, number, "window_closed")


async def test_an_echo_before_the_second_attempt_begins_spares_it(world):
    campaign_id, _, lease, first = await one_unclear(world)
    await send_again(world, campaign_id)
    assert await echo(world, first, FIRST)
    assert not (await world.deliveries.claim(lease, campaign_id, limit=1, now=NOW)).deliveries
    assert await counted(world, campaign_id) == (1, 0, 0)


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")])
async def test_both_echoes_in_either_order_say_that_the_person_got_it_twice(world, order):
    campaign_id, _, lease, first = await one_unclear(world)
    await send_again(world, campaign_id)
    second = await claimed(world, lease, campaign_id)
    attempts = {"first": (first, FIRST), "second": (second, SECOND)}
    assert await echo(world, *attempts[order[0]])
    assert (await counted(world, campaign_id))[2] == 0
    assert await echo(world, *attempts[order[1]])
    assert await echo(world, first, FIRST), "the platform may bring an echo twice"
    await world.deliveries.mark(PAGE, [(second, Accepted(SECOND))], now=NOW)
    assert await counted(world, campaign_id) == (1, 1, 1)


@pytest.mark.parametrize(
    "outcome", [NotSent("limited", NOW), Declined("bad_request"), Declined("window_closed", True), Unsure("no_answer")]
)
async def test_whoever_got_the_first_one_is_sent_whatever_became_of_the_second(world, outcome):
    campaign_id, lead_id, lease, first = await one_unclear(world)
    await send_again(world, campaign_id)
    second = await claimed(world, lease, campaign_id)
    assert await echo(world, first, FIRST)
    await world.deliveries.mark(PAGE, [(second, outcome)], now=NOW)
    assert (await world.states(campaign_id))[lead_id][0] == "sent"
    assert not (await world.deliveries.claim(lease, campaign_id, limit=1, now=NOW)).deliveries
    assert (await counted(world, campaign_id))[2] == 0


async def test_what_was_to_be_sent_again_and_was_not_is_as_unknown_as_before(world):
    campaign_id, lead_id, lease, first = await one_unclear(world)
    await world.execute("update lead set window_until = $1", NOW)
    await send_again(world, campaign_id)
    assert not (await world.deliveries.claim(lease, campaign_id, limit=1, now=NOW)).deliveries
    assert await retry(world, campaign_id, "window_closed") == 0
    await world.deliveries.sweep(lease, now=NOW)
    assert (await world.states(campaign_id))[lead_id] == ("unknown", "no_echo")
    assert await echo(world, first, FIRST)
    assert await counted(world, campaign_id) == (1, 0, 0)


async def test_only_what_surely_was_not_sent_is_tried_again_and_only_for_reasons_that_may_pass(world):
    await world.page()
    leads = [await world.lead() for _ in range(6)]
    campaign_id = await world.campaign()
    lease = await world.lane()
    claim = await world.deliveries.claim(lease, campaign_id, limit=6, now=NOW)
    attempts = {delivery.lead_id: delivery.attempt_id for delivery in claim.deliveries}
    outcomes = [
        *(Declined("window_closed", True), Declined("attachment_failed"), Declined("opted_out")),
        *(Unsure("no_answer"), Accepted(FIRST), Declined("stopped", True)),
    ]
    marks = [(attempts[lead_id], outcome) for lead_id, outcome in zip(leads, outcomes, strict=True)]
    await world.deliveries.mark(PAGE, marks, now=NOW)
    await world.campaigns.finish(PAGE, now=NOW)
    every = ["window_closed", "attachment_failed", "opted_out", "stopped", "no_answer", "no_echo", "no_consent"]
    async with world.database.transaction() as tx:
        found = await world.store.second_tries.failed(tx, PAGE, campaign_id, every, None)
    assert found == {"attachment_failed": 1, "window_closed": 1}
    assert await retry(world, campaign_id, *every, leads=[leads[1]]) == 1
    assert await retry(world, campaign_id, *every) == 1
    again = await world.deliveries.claim(lease, campaign_id, limit=6, now=NOW)
    assert {delivery.lead_id for delivery in again.deliveries} == set(leads[:2])
    assert (await world.store.reports.report(PAGE, campaign_id)).sent_again == 0


async def test_a_stop_since_then_is_asked_about_anew(world):
    campaign_id, lead_id, lease, _ = await one_unclear(world)
    await world.execute("update lead_topic set state = 'withdrawn'")
    await send_again(world, campaign_id)
    assert not (await world.deliveries.claim(lease, campaign_id, limit=1, now=NOW)).deliveries
    assert (await world.states(campaign_id))[lead_id] == ("skipped", "no_consent")
