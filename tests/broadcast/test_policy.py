"""Does no campaign begin or send while the platform's rules allow none, and is nobody lost by it?"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.texts import load_texts
from broadcast.campaigns import Campaigns
from broadcast.scheduler import Scheduler
from domain.campaign import CampaignRefused, CampaignState
from domain.lanes import PACK
from tests.broadcast.people import NOW, PAGE
from tests.broadcast.running import eventually, moving_clock, sending

TEXTS = load_texts()
HOUR = timedelta(hours=1)
SOON = timedelta(seconds=2)


def ending(at):
    """The rules with an end for all that is open."""
    return [replace(entry, until=entry.until or at) for entry in PACK]


def beginning(at):
    return [replace(entry, since=at, until=None) for entry in PACK]


@pytest.fixture
def campaigns(world):
    return Campaigns(store=world.store, catalog=TEXTS, public_url="https://assent.example", policy=ending(NOW + HOUR))


async def test_no_campaign_starts_once_the_rules_ended_and_the_instant_itself_is_after(world, campaigns):
    await world.page()
    await world.lead()
    early, late = await world.campaign(start=False), await world.campaign(start=False)
    with pytest.raises(CampaignRefused, match="ended"):
        await campaigns.start(PAGE, late, now=NOW + HOUR)
    assert (await world.campaigns.get(PAGE, late)).state is CampaignState.DRAFT
    assert await campaigns.start(PAGE, early, now=NOW + HOUR - timedelta(microseconds=1)) == 1


async def test_no_campaign_is_scheduled_for_a_time_after_the_end(world, campaigns):
    await world.page()
    campaign_id = await world.campaign(start=False)
    with pytest.raises(CampaignRefused, match="ended"):
        await campaigns.schedule(PAGE, campaign_id, at=NOW + HOUR, now=NOW)
    assert (await world.campaigns.get(PAGE, campaign_id)).state is CampaignState.DRAFT
    just_before = NOW + HOUR - timedelta(seconds=1)
    assert await campaigns.schedule(PAGE, campaign_id, at=just_before, now=NOW) == just_before


async def test_one_may_be_scheduled_now_for_a_time_at_which_the_rules_allow_it(world, campaigns):
    await world.page()
    campaign_id = await world.campaign(start=False)
    campaigns = replace(campaigns, policy=beginning(NOW + HOUR))
    with pytest.raises(CampaignRefused, match="not_yet"):
        await campaigns.start(PAGE, campaign_id, now=NOW)
    assert await campaigns.schedule(PAGE, campaign_id, at=NOW + HOUR, now=NOW) == NOW + HOUR


async def test_a_scheduled_campaign_whose_lane_ended_meanwhile_is_paused_and_says_why(world, campaigns):
    await world.page()
    await world.lead()
    campaign_id = await world.campaign(start=False)
    await campaigns.schedule(PAGE, campaign_id, at=NOW + HOUR / 2, now=NOW)
    assert not await Scheduler(store=world.store, policy=ending(NOW + HOUR / 2)).begin_due(PAGE, now=NOW + HOUR / 2)
    found = await world.campaigns.get(PAGE, campaign_id)
    assert (found.state, found.paused_cause) == (CampaignState.PAUSED, "lane_refused")
    assert await world.rows(campaign_id) == {}
    assert await campaigns.resume(PAGE, campaign_id, now=NOW + HOUR / 2) is CampaignState.RUNNING


async def test_what_is_queued_is_held_until_the_rules_allow_it_and_then_everybody_gets_it(world, sink):
    await world.page()
    for _ in range(5):
        await world.lead()
    campaign_id = await world.campaign()
    clock = moving_clock()
    async with sending(world, sink, policy=beginning(NOW + SOON), clock=clock):
        await eventually(lambda: clock() > NOW + SOON / 2)
        assert sink.arrivals == []
        assert Counter(state for state, _ in (await world.states(campaign_id)).values()) == {"queued": 5}
        await eventually(lambda: len(sink.arrivals) == 5)
    assert clock() >= NOW + SOON
    assert sink.twice == {}
