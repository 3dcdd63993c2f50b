"""Does a campaign begin at its time, once, for the audience of that moment, and ask when the time is long past?"""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.texts import load_texts
from broadcast.campaigns import Campaigns
from broadcast.scheduler import Scheduler
from domain.campaign import CampaignRefused, CampaignState
from domain.schedule import moment
from storage.campaigns import CampaignMoved
from tests.broadcast.people import NOW, PAGE
from tests.broadcast.running import eventually, sending

TEXTS = load_texts()
HOUR = timedelta(hours=1)
# Loaded here, because a zone's file must not be read inside the event loop.
ZONES = {name: ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")}


@pytest.fixture
def campaigns(world):
    return Campaigns(store=world.store, catalog=TEXTS, public_url="https://assent.example")


@pytest.fixture
def scheduler(world):
    return Scheduler(store=world.store)


async def test_the_audience_is_frozen_when_it_begins_and_not_when_it_was_scheduled(world, campaigns, scheduler):
    await world.page()
    early = await world.lead()
    campaign_id = await world.campaign(start=False)
    assert await campaigns.schedule(PAGE, campaign_id, at=NOW + HOUR, now=NOW) == NOW + HOUR
    between = await world.lead()
    assert not await scheduler.begin_due(PAGE, now=NOW + HOUR - timedelta(seconds=1))
    assert await world.rows(campaign_id) == {}
    assert await scheduler.begin_due(PAGE, now=NOW + HOUR)
    await world.lead()
    assert not await scheduler.begin_due(PAGE, now=NOW + HOUR)
    assert set(await world.rows(campaign_id)) == {early, between}
    found = await world.campaigns.get(PAGE, campaign_id)
    assert (found.state, found.audience_size) == (CampaignState.RUNNING, 2)


async def test_a_start_that_was_missed_by_more_than_an_hour_pauses_and_asks(world, campaigns, scheduler):
    await world.page()
    await world.lead(window_until=NOW + timedelta(days=2), newest_event=NOW)
    campaign_id = await world.campaign(start=False)
    await campaigns.schedule(PAGE, campaign_id, at=NOW + HOUR, now=NOW)
    late = NOW + 2 * HOUR + timedelta(seconds=1)
    assert not await scheduler.begin_due(PAGE, now=late)
    found = await world.campaigns.get(PAGE, campaign_id)
    assert (found.state, found.paused_cause, found.audience_size) == (CampaignState.PAUSED, "start_missed", None)
    assert await world.rows(campaign_id) == {}
    assert await campaigns.resume(PAGE, campaign_id, now=late) is CampaignState.RUNNING
    assert Counter(state for state, _ in (await world.states(campaign_id)).values()) == {"queued": 1}


async def test_one_paused_before_it_began_waits_for_its_time_again_or_gets_another(world, campaigns, scheduler):
    await world.page()
    await world.lead()
    campaign_id = await world.campaign(start=False)
    await campaigns.schedule(PAGE, campaign_id, at=NOW + HOUR, now=NOW)
    await campaigns.pause(PAGE, campaign_id, now=NOW)
    assert not await scheduler.begin_due(PAGE, now=NOW + HOUR)
    assert await campaigns.resume(PAGE, campaign_id, now=NOW) is CampaignState.SCHEDULED
    await campaigns.pause(PAGE, campaign_id, now=NOW)
    await campaigns.schedule(PAGE, campaign_id, at=NOW + 3 * HOUR, now=NOW)
    assert not await scheduler.begin_due(PAGE, now=NOW + HOUR)
    assert await scheduler.begin_due(PAGE, now=NOW + 3 * HOUR)
    await campaigns.pause(PAGE, campaign_id, now=NOW + 3 * HOUR)
    with pytest.raises(CampaignMoved):
        await campaigns.schedule(PAGE, campaign_id, at=NOW + 5 * HOUR, now=NOW + 3 * HOUR)
    assert await campaigns.resume(PAGE, campaign_id, now=NOW + 3 * HOUR) is CampaignState.RUNNING
    assert len(await world.rows(campaign_id)) == 1


async def test_a_scheduled_campaign_can_be_cancelled_and_started_at_once(world, campaigns, scheduler):
    await world.page()
    await world.lead()
    gone, now = await world.campaign(start=False), await world.campaign(start=False)
    for campaign_id in (gone, now):
        await campaigns.schedule(PAGE, campaign_id, wall=datetime.fromisoformat("2026-12-24 09:00"), now=NOW)
    await campaigns.cancel(PAGE, gone, now=NOW)
    await campaigns.start(PAGE, now, now=NOW)
    assert not await scheduler.begin_due(PAGE, now=datetime(2026, 12, 24, 9, tzinfo=UTC))
    assert await world.rows(gone) == {}
    assert [row["not_before"] for row in (await world.rows(now)).values()] == [None]


async def test_a_page_that_is_paused_begins_nothing_until_it_is_back(world, campaigns, scheduler):
    await world.page()
    campaign_id = await world.campaign(start=False)
    await campaigns.schedule(PAGE, campaign_id, at=NOW + HOUR, now=NOW)
    await world.store.pages.pause(PAGE, "token_dead")
    assert not await scheduler.begin_due(PAGE, now=NOW + HOUR)
    await world.store.pages.resume(PAGE)
    assert await scheduler.begin_due(PAGE, now=NOW + HOUR + timedelta(minutes=30))


async def test_of_many_that_begin_it_at_once_one_does(world, campaigns, scheduler):
    await world.page()
    await world.lead()
    campaign_id = await world.campaign(start=False)
    await campaigns.schedule(PAGE, campaign_id, at=NOW + HOUR, now=NOW)
    begun = await asyncio.gather(*(scheduler.begin_due(PAGE, now=NOW + HOUR) for _ in range(5)))
    assert sum(begun) == 1
    assert len(await world.rows(campaign_id)) == 1


async def test_a_time_that_is_past_for_somebody_or_after_the_end_of_waiting_is_refused(world, campaigns):
    await world.page()
    await world.lead(time_zone="Asia/Kolkata")
    campaign_id = await world.campaign(start=False, wait_until=NOW + 2 * HOUR)
    with pytest.raises(CampaignRefused, match="past"):
        await campaigns.schedule(PAGE, campaign_id, at=NOW, now=NOW)
    with pytest.raises(CampaignRefused, match="past"):
        # In five hours by the Page's clock, and half an hour ago in India.
        await campaigns.schedule(PAGE, campaign_id, wall=datetime.fromisoformat("2026-11-23 17:00"), now=NOW)
    with pytest.raises(CampaignRefused, match="waits for people"):
        await campaigns.schedule(PAGE, campaign_id, at=NOW + 2 * HOUR, now=NOW)
    found = await world.campaigns.get(PAGE, campaign_id)
    assert (found.state, found.start_at) == (CampaignState.DRAFT, None)


@pytest.mark.parametrize(
    "wall", ["2026-11-24 09:00", "2026-03-29 02:30", "2026-10-25 02:30", "2026-11-01 01:30", "2026-04-05 01:45"]
)
async def test_each_person_gets_it_at_that_time_of_their_own_clock(world, campaigns, scheduler, wall):
    time = datetime.fromisoformat(wall)
    before = datetime.fromisoformat(wall).replace(tzinfo=UTC) - timedelta(days=1)
    await world.page(time_zone="Europe/Berlin")
    seen = {"newest_event": before, "window_until": before + timedelta(days=3)}
    people = {name: await world.lead(time_zone=name, **seen) for name in ZONES}
    people[None] = await world.lead(**seen)
    campaign_id = await world.campaign(start=False)
    first = await campaigns.schedule(PAGE, campaign_id, wall=time, now=before)
    expected = {name: moment(time, ZONES[name or "Europe/Berlin"]) for name in people}
    assert first == min(expected.values())
    assert await scheduler.begin_due(PAGE, now=first)
    rows = await world.rows(campaign_id)
    found = {name: rows[lead]["not_before"] or first for name, lead in people.items()}
    assert found == expected


async def test_messages_are_spread_over_the_time_that_was_given(world, campaigns):
    await world.page()
    for _ in range(60):
        await world.lead()
    campaign_id = await world.campaign(start=False)
    await campaigns.start(PAGE, campaign_id, now=NOW, over=2 * HOUR)
    moments = [row["not_before"] for row in (await world.rows(campaign_id)).values()]
    assert all(NOW < moment <= NOW + 2 * HOUR for moment in moments)
    quarters = Counter((moment - NOW) // timedelta(minutes=30) for moment in moments)
    assert all(quarters[quarter] >= 4 for quarter in range(4))


async def test_a_running_worker_begins_it_and_sends(world, campaigns, sink):
    await world.page()
    await world.lead()
    campaign_id = await world.campaign(start=False)
    await campaigns.schedule(PAGE, campaign_id, at=NOW + timedelta(seconds=1), now=NOW)
    async with sending(world, sink):
        await eventually(lambda: sink.arrivals)
    assert sink.twice == {}
