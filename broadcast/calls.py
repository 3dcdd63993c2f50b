"""How do the messages that one Page's lane claimed become calls, and what follows when one fails?

So many calls are under way at once; each passes the pacer's gate and puts down exactly one outcome. A claim that is
too old when its turn comes, or that the Page's state forbids by then, is given back unsent.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from broadcast.breakers import Breakers
from broadcast.current_page import CurrentPage
from broadcast.failures import Consequence, of_answer, of_delivery
from broadcast.limits import Limits
from broadcast.outcomes import Outcomes, Settled
from broadcast.pacer import Pacer
from broadcast.sender import Sender
from broadcast.turns import Turns
from domain.delivery import Accepted, Declined, NotSent, Unsure
from domain.lanes import PACK, Pack
from domain.page import Page
from messenger.client import Sent
from messenger.errors import SendFailure
from messenger.messages import OutgoingMessage
from storage.deliveries import ClaimedDelivery
from storage.outbox import CAMPAIGN_TEST_MEDIA, ClaimedAnswer
from storage.suppressions import BEGIN_WITHIN

if TYPE_CHECKING:
    from storage.store import Store

log = logging.getLogger(__name__)

IN_FLIGHT = 20
DRAIN_SECONDS = 15.0
_BEGIN_SECONDS = BEGIN_WITHIN.total_seconds()

Claimed = ClaimedDelivery | ClaimedAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What every lane of a process shares. `open_limit` bounds the attempts of a Page that a crash leaves unknown.

    `policy` are the platform's rules, by which campaigns may send or may not.
    """

    store: "Store"
    sender: Sender
    clock: Callable[[], datetime]
    in_flight: int = IN_FLIGHT
    open_limit: int = IN_FLIGHT
    policy: Pack = PACK


@dataclass(slots=True, kw_only=True, eq=False)
class Calls:
    """The calls of one lane; `ended` is told when one died of a fault, which stops the others."""

    sending: Sending
    pacer: Pacer
    page: CurrentPage
    limits: Limits
    turns: Turns
    outcomes: Outcomes
    ended: Callable[[], None]
    stopping: bool = False
    fault: BaseException | None = None
    _claims: deque[tuple[Claimed, OutgoingMessage | None, float, bool]] = field(default_factory=deque)
    _callers: set[asyncio.Task[None]] = field(default_factory=set)
    _breakers: Breakers = field(init=False)

    def __post_init__(self) -> None:
        self._breakers = Breakers(page_id=self.page.page_id, store=self.sending.store, clock=self.sending.clock)

    async def start(self, claimed: Sequence[Claimed], asked: float) -> None:
        """Begins a call for each; `asked` is when they were asked for, which every call must begin soon after."""
        if not claimed:
            return
        for one in claimed:
            self.outcomes.opened(one.attempt_id)
        try:
            page = await self._prepare(claimed)
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

    async def drain(self) -> None:
        """Lets the calls under way end, gives up on late ones, and gives back what was not begun."""
        if self._callers:
            _, late = await asyncio.wait(self._callers, timeout=DRAIN_SECONDS)
            for caller in late:
                caller.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        while self._claims:
            self._put(self._claims.popleft()[0], self._given_back())

    async def _prepare(self, claimed: Sequence[Claimed]) -> Page:
        """Has the Page as it is now and the texts at hand, once for all calls."""
        page = await self.page.fresh()
        for campaign_id in {one.campaign_id for one in claimed if isinstance(one, ClaimedDelivery)}:
            await self.turns.read_content(campaign_id)
        return page

    def _is_media(self, one: Claimed) -> bool:
        if isinstance(one, ClaimedAnswer):
            return one.purpose == CAMPAIGN_TEST_MEDIA
        return self.turns.content(one.campaign_id).is_media

    def _rendered(self, page: Page, one: Claimed) -> OutgoingMessage | None:
        if isinstance(one, ClaimedAnswer):
            return None
        return self.sending.sender.render(page, self.turns.content(one.campaign_id), one)

    def _caller_ended(self, caller: asyncio.Task[None]) -> None:
        self._callers.discard(caller)
        if not caller.cancelled() and (error := caller.exception()) is not None:
            self.fault, self.stopping = error, True
            self.ended()

    async def _call_all(self) -> None:
        """One of the calls in flight: takes the next claim until none waits."""
        while self._claims:
            await self._call(*self._claims.popleft())

    async def _call(self, one: Claimed, message: OutgoingMessage | None, begin_by: float, media: bool) -> None:
        consequence, asked_at = self._given_back(), None
        try:
            await self.pacer.pass_gate(media=media)
            try:
                asked_at = self.sending.clock()
                if self._may_begin(begin_by):
                    # From here on the call may be made: whatever interrupts it, its outcome is not known.
                    consequence = Consequence(outcome=Unsure("interrupted"))
                    consequence = await self._send(one, message, begin_by)
            finally:
                self.pacer.passed()
        finally:
            self._put(one, consequence, asked_at)

    def _put(self, one: Claimed, consequence: Consequence, asked_at: datetime | None = None) -> None:
        self.outcomes.put(
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
        return not (self.stopping or self.pacer.held) and asyncio.get_running_loop().time() < begin_by

    async def _send(self, one: Claimed, message: OutgoingMessage | None, begin_by: float) -> Consequence:
        page = self.page.last_read
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
        if isinstance(result, Sent):
            self.pacer.let_in()
            self.pacer.heard(result.usage)
            if isinstance(one, ClaimedDelivery):
                self._breakers.went_well(one.campaign_id)
            return Consequence(outcome=Accepted(result.mid))
        return await self._failed(one, page, result)

    async def _failed(self, one: Claimed, page: Page, failure: SendFailure) -> Consequence:
        now = self.sending.clock()
        consequence = of_answer(failure, now) if isinstance(one, ClaimedAnswer) else of_delivery(failure, now)
        log.info(
            "send.failed",
            extra={"page": page.page_id, "kind": failure.kind, "code": failure.code, "subcode": failure.subcode},
        )
        if consequence.hold:
            self.pacer.refused(failure)
        elif isinstance(consequence.outcome, Declined):
            self.pacer.let_in()
        self.pacer.heard(failure.usage)
        if consequence.hold:
            # Before the outcome is written: whoever takes the lane over must keep still too.
            await self.limits.keep()
        if consequence.page is not None:
            await self.page.pause(page, consequence.page, consequence.page_until)
        if isinstance(one, ClaimedDelivery):
            await self._breakers.failed(one.campaign_id, failure, consequence)
        return consequence
