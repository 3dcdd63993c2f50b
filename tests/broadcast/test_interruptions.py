"""Does a campaign that is paused, resumed and cancelled at random moments send nothing it must not, twice or never?"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.texts import load_texts
from broadcast.campaigns import Campaigns
from domain.delivery import attempt_of
from domain.ids import CampaignId
from storage import delivery_sql
from storage.campaigns import CampaignMoved, CampaignStore
from tests.broadcast.people import PAGE, World
from tests.broadcast.running import eventually, sending
from tests.broadcast.sink import Sink

INTERRUPTIONS = 1_000
PEOPLE = 30
AT_ONCE = 6
SEED = 20261125
TEXTS = load_texts()
# The promise: nothing begins from one second after a pause on.
QUIET_AFTER = 1.0


@dataclass
class Interrupter:
    """Pauses, resumes and now and then cancels, and remembers when each campaign was paused."""

    world: World
    clock: Callable[[], float]
    chance: random.Random
    long_pauses: float
    paused: list[tuple[CampaignId, float, float]] = field(default_factory=list)
    cancelled: set[CampaignId] = field(default_factory=set)

    async def run(self, interruptions: int) -> None:
        """Campaign after campaign, each interrupted until it is over."""
        campaigns = Campaigns(store=self.world.store, catalog=TEXTS, public_url="https://assent.example")
        while len(self.paused) < interruptions:
            campaign_id = await self.world.campaign()
            try:
                while campaign_id not in self.cancelled and len(self.paused) < interruptions:
                    await self._interrupt(campaigns, campaign_id)
            except CampaignMoved:
                # It was finished before the pause.
                continue

    async def _interrupt(self, campaigns: Campaigns, campaign_id: CampaignId) -> None:
        await asyncio.sleep(self.chance.random() * 0.03)
        await campaigns.pause(PAGE, campaign_id, now=now())
        since = self.clock()
        is_long = self.chance.random() < self.long_pauses
        # Most are short and so meet claims and calls under way; some outlast the second of the promise.
        await asyncio.sleep(QUIET_AFTER + 0.3 if is_long else self.chance.random() * 0.03)
        if self.chance.random() < 0.02:
            await campaigns.cancel(PAGE, campaign_id, now=now())
            self.cancelled.add(campaign_id)
            self.paused.append((campaign_id, since, float("inf")))
        else:
            self.paused.append((campaign_id, since, self.clock()))
            await campaigns.resume(PAGE, campaign_id, now=now())

    def broken(self, sink: Sink, of_attempt: dict[Any, CampaignId]) -> list[CampaignId]:
        """The campaigns of which a message arrived more than a second into a pause."""
        found = []
        for campaign_id, since, until in self.paused:
            for arrival in sink.arrivals:
                if of_attempt.get(attempt_of(arrival.metadata)) == campaign_id:
                    found += [campaign_id] * (since + QUIET_AFTER < arrival.at < until)
        return found


def now() -> datetime:
    return datetime.now(UTC)


async def attempts(world: World) -> dict[Any, CampaignId]:
    rows = await world.fetch("select attempt_id, campaign_id from delivery where attempt_id is not null")
    return {row["attempt_id"]: CampaignId(row["campaign_id"]) for row in rows}


def slow(sink: Sink, chance: random.Random) -> None:
    async def reply(request, arrival):
        await asyncio.sleep(chance.random() * 0.04)
        return await sink.accept(request, arrival)

    sink.reply = reply


@pytest.mark.timeout(180)
async def test_a_thousand_interruptions_send_nothing_late_nothing_twice_and_forget_nobody(world, sink):
    await world.page()
    for _ in range(PEOPLE):
        await world.lead()
    chance = random.Random(SEED)
    slow(sink, chance)
    interrupter = Interrupter(world, asyncio.get_running_loop().time, chance, long_pauses=0.03)
    async with sending(world, sink, in_flight=4, open_limit=8):
        await asyncio.gather(*(interrupter.run(INTERRUPTIONS) for _ in range(AT_ONCE)))
        over = "select count(*) = 0 from campaign where state not in ('finished', 'cancelled')"
        await eventually(lambda: world.value(over), seconds=60)
    assert len(interrupter.paused) >= INTERRUPTIONS
    assert interrupter.cancelled
    of_attempt = await attempts(world)
    assert interrupter.broken(sink, of_attempt) == []
    # An attempt that arrived is the one its row remembers: a second one would have taken its place.
    arrived = [attempt_of(arrival.metadata) for arrival in sink.arrivals]
    sent = await world.fetch("select attempt_id from delivery where state = 'sent'")
    assert sorted(arrived) == sorted(row["attempt_id"] for row in sent)
    rest = await world.fetch("select distinct campaign_id, state, reason from delivery where state <> 'sent'")
    assert {(row["state"], row["reason"]) for row in rest} <= {("skipped", "cancelled")}
    assert {row["campaign_id"] for row in rest} <= interrupter.cancelled


class Deaf(CampaignStore):
    """What sending would be if a pause were not looked at."""

    async def running(self, page_id):
        async with self.database.connection() as connection:
            rows = await connection.fetch("select campaign_id from campaign where state in ('running', 'paused')")
        return {row["campaign_id"]: 10 for row in rows}


async def test_a_pause_that_nobody_looks_at_is_noticed_by_these_checks(world, sink):
    await world.page()
    for _ in range(200):
        await world.lead()
    chance = random.Random(SEED)

    async def reply(request, arrival):
        await asyncio.sleep(0.05)
        return await sink.accept(request, arrival)

    sink.reply = reply
    deaf_claim = delivery_sql.CLAIM.replace("c.state = 'running'", "c.state in ('running', 'paused')")
    assert deaf_claim != delivery_sql.CLAIM
    deliveries = replace(world.deliveries, claim_sql=deaf_claim)
    store = replace(world.store, campaigns=Deaf(world.database), deliveries=deliveries)
    interrupter = Interrupter(world, asyncio.get_running_loop().time, chance, long_pauses=1.0)
    async with sending(world, sink, store=store, in_flight=2, open_limit=4):
        await interrupter.run(1)
    assert interrupter.broken(sink, await attempts(world))
