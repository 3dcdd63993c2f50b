"""How are the messages of one Page sent by the process that holds its lane?

Bot answers go first; campaigns share what the pace leaves. Nothing is claimed that cannot be begun at once: a
claim that is too old when its turn comes is given back unsent.
"""

import asyncio
import logging
from dataclasses import dataclass, field

from broadcast.calls import DRAIN_SECONDS, Calls, Sending
from broadcast.current_page import CurrentPage
from broadcast.housekeeping import HouseKeeper
from broadcast.limits import Limits
from broadcast.outcomes import Outcomes
from broadcast.pacer import Pacer
from broadcast.timetable import Timetable
from broadcast.turns import Turns
from domain.ids import PageId
from domain.lanes import refusal_of_campaign
from storage.errors import StorageError
from storage.lanes import Lease

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
IDLE_SECONDS = 2.0


@dataclass(slots=True, kw_only=True, eq=False)
class PageLane:
    """Sends for one Page while `lease` holds; `stop` drains it."""

    lease: Lease
    sending: Sending
    pacer: Pacer
    clock_agrees: bool = True
    _answers_due: bool = True
    _refused: bool = False
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _done: asyncio.Event = field(default_factory=asyncio.Event)
    _page: CurrentPage = field(init=False)
    _limits: Limits = field(init=False)
    _turns: Turns = field(init=False)
    _outcomes: Outcomes = field(init=False)
    _calls: Calls = field(init=False)

    def __post_init__(self) -> None:
        store = self.sending.store
        self._page = CurrentPage(page_id=self.page_id, pages=store.pages, pacer=self.pacer)
        self._limits = Limits(lease=self.lease, limits=store.limits, pacer=self.pacer)
        self._turns = Turns(lease=self.lease, store=store, clock=self.sending.clock)
        self._outcomes = Outcomes(
            page_id=self.page_id,
            deliveries=store.deliveries,
            outbox=store.outbox,
            clock=self.sending.clock,
            moved=self._moved,
            at_once=max(1, self.sending.open_limit // 4),
        )
        self._calls = Calls(
            sending=self.sending,
            pacer=self.pacer,
            page=self._page,
            limits=self._limits,
            turns=self._turns,
            outcomes=self._outcomes,
            ended=self._wake.set,
        )

    @property
    def page_id(self) -> PageId:
        return PageId(self.lease.key)

    def wake(self) -> None:
        """There may be something to send."""
        self._answers_due = True
        self._turns.forget()
        self._wake.set()

    def _moved(self, answers: bool) -> None:
        self._answers_due = self._answers_due or answers
        self._wake.set()

    async def stop(self) -> None:
        """Claims nothing more; returns when every call ended or was given up and is written down."""
        self._calls.stopping = True
        self._wake.set()
        await self._done.wait()

    async def run(self) -> None:
        """Sends until `stop`; raises the fault that ended it otherwise, after draining."""
        store = self.sending.store
        writer = asyncio.create_task(self._outcomes.run())
        keeper = HouseKeeper(
            lease=self.lease, store=store, clock=self.sending.clock, running=lambda: self._turns.running, wake=self.wake
        )
        timetable = Timetable(
            lease=self.lease,
            store=store,
            clock=self.sending.clock,
            wake=self.wake,
            clock_agrees=lambda: self.clock_agrees,
            policy=self.sending.policy,
        )
        beside = [asyncio.create_task(part.run()) for part in (keeper, timetable)]
        try:
            while not self._calls.stopping:
                self._wake.clear()
                try:
                    pause = await self._turn()
                except StorageError as error:
                    log.warning("lane.turn_failed", extra={"page": self.page_id, "error": error.code})
                    pause = POLL_SECONDS
                if pause and not self._calls.stopping:
                    await self._rest(pause)
            await self._drain()
            if self._calls.fault is not None:
                raise self._calls.fault
        finally:
            for task in (*beside, writer):
                task.cancel()
            await asyncio.gather(*beside, writer, return_exceptions=True)
            self._done.set()

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _drain(self) -> None:
        await self._calls.drain()
        give_up = asyncio.get_running_loop().time() + DRAIN_SECONDS
        while self._outcomes.open:
            if await self._outcomes.flush():
                continue
            # What cannot be written down is found by the next owner, who waits for its echoes.
            if asyncio.get_running_loop().time() >= give_up or not await self._holds():
                return
            await asyncio.sleep(POLL_SECONDS)

    async def _holds(self) -> bool:
        try:
            async with self.sending.store.database.transaction() as tx:
                await self.sending.store.lanes.hold(tx, self.lease)
        except StorageError:
            return False
        return True

    async def _turn(self) -> float:
        """Claims and starts what may leave now; seconds to rest, 0 to go on at once."""
        if not self._page.known:
            await self._page.read()
        await self._limits.take_over()
        await self._limits.keep()
        # In quarters, so that while one is claimed and one is written down the others are under way.
        share = max(1, self.sending.open_limit // 4)
        if self.sending.open_limit - self._outcomes.open < share:
            self._outcomes.hurry()
            return POLL_SECONDS
        room = self.pacer.room(share)
        if not room:
            return self.pacer.ask_again_in()
        left = room - await self._start_answers(room)
        moved, media_waits = left < room, False
        if left and self.clock_agrees and self.pacer.campaigns_may_send and await self._allowed():
            started, media_waits = await self._start_deliveries(left)
            moved = moved or started
        if moved:
            return 0.0
        if media_waits:
            return self.pacer.ask_for_media_in()
        if self._turns.running and not self._outcomes.open:
            await self._turns.finish()
        return IDLE_SECONDS

    async def _allowed(self) -> bool:
        """Whether the platform's rules let a campaign of this Page send now; what they do not stays queued."""
        page = await self._page.fresh() if self._refused else self._page.last_read
        refusal = refusal_of_campaign(page.region, self.sending.clock(), self.sending.policy)
        if refusal is not None and not self._refused:
            log.warning("lane.policy_refused", extra={"page": self.page_id, "refusal": refusal})
        self._refused = refusal is not None
        return not self._refused

    async def _start_answers(self, room: int) -> int:
        """Starts up to so many of the answers that are due; how many."""
        if not self._answers_due:
            return 0
        asked = asyncio.get_running_loop().time()
        self._answers_due = False
        answers = await self.sending.store.outbox.claim(self.lease, limit=room, now=self.sending.clock())
        self._answers_due = len(answers) == room
        await self._calls.start(answers, asked)
        return len(answers)

    async def _start_deliveries(self, room: int) -> tuple[bool, bool]:
        """Lets the running campaigns take turns in what there is room for; whether any row moved or any image waits."""
        moved = media_waits = False
        for campaign_id in await self._turns.order():
            if not room:
                break
            await self._turns.read_content(campaign_id)
            is_media = self._turns.content(campaign_id).is_media
            share = self.pacer.media_room(room) if is_media else room
            if not share:
                media_waits = True
                continue
            asked = asyncio.get_running_loop().time()
            claim = await self._turns.claim(campaign_id, share)
            await self._calls.start(claim.deliveries, asked)
            moved = moved or bool(claim.deliveries or claim.skipped)
            # What the pace of images leaves of its room is not saved up by a campaign.
            await self._turns.claimed(campaign_id, claim, room)
            room -= len(claim.deliveries)
        return moved, media_waits
