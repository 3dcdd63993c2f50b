"""How are the messages of one Page sent by the process that holds its lane?

Bot answers go first; campaigns share what the pace leaves. Nothing is claimed that cannot be begun at once: a
claim that is too old when its turn comes is given back unsent.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from broadcast.failures import Consequence, of_answer, of_delivery
from broadcast.housekeeping import HouseKeeper
from broadcast.outcomes import Outcomes, Settled
from broadcast.pacer import Pacer
from broadcast.refusals import Refusals
from broadcast.sender import Sender
from broadcast.timetable import Timetable
from broadcast.turns import Turns
from domain.delivery import Accepted, Declined, NotSent, Unsure
from domain.ids import CampaignId, PageId
from domain.page import Page
from messenger.client import Sent
from messenger.errors import SendFailure
from messenger.messages import OutgoingMessage
from storage.deliveries import ClaimedDelivery
from storage.errors import StorageError
from storage.lanes import Lease
from storage.outbox import CAMPAIGN_TEST_MEDIA, ClaimedAnswer
from storage.suppressions import BEGIN_WITHIN

if TYPE_CHECKING:
    from storage.store import Store

log = logging.getLogger(__name__)

IN_FLIGHT = 20
DRAIN_SECONDS = 15.0
POLL_SECONDS = 0.5
IDLE_SECONDS = 2.0
_PAGE_SECONDS = 5.0
_BEGIN_SECONDS = BEGIN_WITHIN.total_seconds()

Claimed = ClaimedDelivery | ClaimedAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What every lane of a process shares. `open_limit` bounds the attempts of a Page that a crash leaves unknown."""

    store: "Store"
    sender: Sender
    clock: Callable[[], datetime]
    in_flight: int = IN_FLIGHT
    open_limit: int = IN_FLIGHT


@dataclass(slots=True, kw_only=True, eq=False)
class PageLane:
    """Sends for one Page while `lease` holds; `stop` drains it."""

    lease: Lease
    sending: Sending
    pacer: Pacer
    clock_agrees: bool = True
    _page: Page | None = None
    _page_until: float = 0.0
    _answers_due: bool = True
    _stopping: bool = False
    _fault: BaseException | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _done: asyncio.Event = field(default_factory=asyncio.Event)
    _claims: deque[tuple[Claimed, OutgoingMessage | None, float, bool]] = field(default_factory=deque)
    _callers: set[asyncio.Task[None]] = field(default_factory=set)
    _pausing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _turns: Turns = field(init=False)
    _outcomes: Outcomes = field(init=False)
    _refusals: Refusals = field(init=False)

    def __post_init__(self) -> None:
        store = self.sending.store
        self._turns = Turns(lease=self.lease, store=store, clock=self.sending.clock)
        self._outcomes = Outcomes(
            page_id=self.page_id,
            deliveries=store.deliveries,
            outbox=store.outbox,
            clock=self.sending.clock,
            moved=self._moved,
            at_once=max(1, self.sending.open_limit // 4),
        )
        self._refusals = Refusals(page_id=self.page_id, store=store, clock=self.sending.clock)

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
        self._stopping = True
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
        )
        beside = [asyncio.create_task(part.run()) for part in (keeper, timetable)]
        try:
            while not self._stopping:
                self._wake.clear()
                try:
                    pause = await self._turn()
                except StorageError as error:
                    log.warning("lane.turn_failed", extra={"page": self.page_id, "error": error.code})
                    pause = POLL_SECONDS
                if pause and not self._stopping:
                    await self._rest(pause)
            await self._drain()
            if self._fault is not None:
                raise self._fault
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
        if self._callers:
            _, late = await asyncio.wait(self._callers, timeout=DRAIN_SECONDS)
            for caller in late:
                caller.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        while self._claims:
            self._put(self._claims.popleft()[0], self._given_back())
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
        if self._page is None:
            await self._read_page()
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
        if left and self.clock_agrees and self.pacer.campaigns_may_send:
            started, media_waits = await self._start_deliveries(left)
            moved = moved or started
        if moved:
            return 0.0
        if media_waits:
            return self.pacer.ask_for_media_in()
        if self._turns.running and not self._outcomes.open:
            await self._turns.finish()
        return IDLE_SECONDS

    async def _start_answers(self, room: int) -> int:
        """Starts up to so many of the answers that are due; how many."""
        if not self._answers_due:
            return 0
        asked = asyncio.get_running_loop().time()
        self._answers_due = False
        answers = await self.sending.store.outbox.claim(self.lease, limit=room, now=self.sending.clock())
        self._answers_due = len(answers) == room
        await self._start(answers, asked)
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
            await self._start(claim.deliveries, asked)
            moved = moved or bool(claim.deliveries or claim.skipped)
            # What the pace of images leaves of its room is not saved up by a campaign.
            await self._turns.claimed(campaign_id, claim, room)
            room -= len(claim.deliveries)
        return moved, media_waits

    async def _start(self, claimed: Sequence[Claimed], asked: float) -> None:
        """Begins a call for each; `asked` is when they were asked for, which every call must begin soon after."""
        if not claimed:
            return
        for one in claimed:
            self._outcomes.opened(one.attempt_id)
        try:
            page = await self._prepare({one.campaign_id for one in claimed if isinstance(one, ClaimedDelivery)})
        except BaseException:
            # Also when cancelled: what was claimed and not begun goes back, and is not left on its way.
            for one in claimed:
                self._put(one, self._given_back())
            raise
        media = [self._is_media(one) for one in claimed]
        self.pacer.claimed(len(claimed), sum(media))
        # All at once rather than before each call: rendering in a row is twice as quick as between calls.
        self._claims.extend(
            (one, self._rendered(page, one), asked + _BEGIN_SECONDS, slow)
            for one, slow in zip(claimed, media, strict=True)
        )
        for _ in range(min(len(claimed), self.sending.in_flight - len(self._callers))):
            caller = asyncio.create_task(self._call_all())
            self._callers.add(caller)
            caller.add_done_callback(self._caller_ended)

    def _is_media(self, one: Claimed) -> bool:
        if isinstance(one, ClaimedAnswer):
            return one.purpose == CAMPAIGN_TEST_MEDIA
        return self._turns.content(one.campaign_id).is_media

    def _rendered(self, page: Page, one: Claimed) -> OutgoingMessage | None:
        if isinstance(one, ClaimedAnswer):
            return None
        return self.sending.sender.render(page, self._turns.content(one.campaign_id), one)

    async def _prepare(self, campaigns: Iterable[CampaignId]) -> Page:
        """Has the Page as it is now and the texts at hand, once for all calls."""
        page = self._page
        if page is None or asyncio.get_running_loop().time() >= self._page_until:
            page = await self._read_page()
        for campaign_id in campaigns:
            await self._turns.read_content(campaign_id)
        return page

    def _caller_ended(self, caller: asyncio.Task[None]) -> None:
        self._callers.discard(caller)
        if not caller.cancelled() and (error := caller.exception()) is not None:
            self._fault, self._stopping = error, True
            self._wake.set()

    async def _call_all(self) -> None:
        """One of the calls in flight: takes the next claim until none waits."""
        while self._claims:
            await self._call(*self._claims.popleft())

    async def _call(self, one: Claimed, message: OutgoingMessage | None, begin_by: float, media: bool) -> None:
        consequence, asked_at = self._given_back(), None
        try:
            await self.pacer.pass_gate(media=media)
            asked_at = self.sending.clock()
            if self._may_begin(begin_by):
                # From here on the call may be made: whatever interrupts it, its outcome is not known.
                consequence = Consequence(outcome=Unsure("interrupted"))
                consequence = await self._send(one, message, begin_by)
        finally:
            self._put(one, consequence, asked_at)

    def _put(self, one: Claimed, consequence: Consequence, asked_at: datetime | None = None) -> None:
        self._outcomes.put(
            Settled(
                attempt_id=one.attempt_id,
                lead_id=one.lead_id,
                outcome=consequence.outcome,
                is_answer=isinstance(one, ClaimedAnswer),
                asked_at=asked_at or self.sending.clock(),
                lost=consequence.person,
            )
        )

    def _given_back(self) -> Consequence:
        return Consequence(outcome=NotSent("given_back", self.sending.clock()))

    def _may_begin(self, begin_by: float) -> bool:
        return not (self._stopping or self.pacer.held) and asyncio.get_running_loop().time() < begin_by

    async def _send(self, one: Claimed, message: OutgoingMessage | None, begin_by: float) -> Consequence:
        page = self._page
        assert page is not None, "a Page is read before its first call"
        if isinstance(one, ClaimedAnswer):
            result = await self.sending.sender.answer(page, one, begin_by=begin_by)
        elif page.state != "connected":
            return self._given_back()
        elif message is None:
            return Consequence(outcome=Declined("message_invalid"))
        else:
            result = await self.sending.sender.deliver(page, one, message, begin_by=begin_by)
        if isinstance(result, Consequence):
            return result
        self.pacer.heard(result.usage)
        if isinstance(result, Sent):
            self.pacer.accepted()
            if isinstance(one, ClaimedDelivery):
                self._refusals.forget(one.campaign_id)
            return Consequence(outcome=Accepted(result.mid))
        return await self._failed(one, page, result)

    async def _failed(self, one: Claimed, page: Page, failure: SendFailure) -> Consequence:
        now = self.sending.clock()
        consequence = of_answer(failure, now) if isinstance(one, ClaimedAnswer) else of_delivery(failure, now)
        log.info(
            "send.failed",
            extra={"page": self.page_id, "kind": failure.kind, "code": failure.code, "subcode": failure.subcode},
        )
        if consequence.hold:
            self.pacer.refused(failure)
            log.warning("page.held", extra={"page": self.page_id, "seconds": int(self.pacer.ask_again_in())})
        if consequence.page is not None:
            await self._pause_page(page, consequence.page)
        if isinstance(one, ClaimedDelivery):
            await self._refusals.count(one.campaign_id, failure, consequence)
        return consequence

    async def _pause_page(self, used: Page, cause: str) -> None:
        """Pauses the Page, unless it was connected anew while the call was under way."""
        try:
            async with self._pausing:
                page = await self._read_page()
                if page.token == used.token and page.state == "connected":
                    await self.sending.store.pages.pause(self.page_id, cause)
                    log.error("page.paused", extra={"page": self.page_id, "cause": cause})
                    await self._read_page()
        except StorageError as error:
            log.warning("page.pause_failed", extra={"page": self.page_id, "error": error.code})

    async def _read_page(self) -> Page:
        found = await self.sending.store.pages.get(self.page_id)
        if found is None:
            raise PageGone(self.page_id)
        self._page = found
        self.pacer.set_pace(found.pace)
        # A paused Page may come back with another token at any moment: then it is read again before the next call.
        fresh = _PAGE_SECONDS if found.state == "connected" else 0.0
        self._page_until = asyncio.get_running_loop().time() + fresh
        return found


class PageGone(StorageError):
    """The Page was disconnected while its lane was worked."""

    code = "broadcast.page_gone"

    def __init__(self, page_id: PageId) -> None:
        super().__init__(f"Page {page_id} is not connected any more; its lane is given back within seconds")
