"""When may the next message of this Page leave?

The holder of a Page's lane keeps its pace in memory. Claims are sized by what will pass the gate soon; at the gate one
call after the other begins, spaced by when the one before really began, so that a delay is never made up by a burst;
and none begins that could arrive together with so many others that the platform would freeze the Page. What the
platform says about its allowance slows or stops the Page, because calls made while limited prolong the limit.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import SystemRandom

from domain.arrivals import Arrivals
from domain.pacing import (
    CEILING_PER_SECOND,
    DEFAULT_PER_SECOND,
    MEDIA_PER_SECOND,
    SECOND_NS,
    Advice,
    Pace,
    Permit,
    Standing,
    advise,
    back_off,
    take,
    take_media,
    taken_over,
)
from messenger.errors import FailureKind, SendFailure
from messenger.usage import Usage

# Claims reach this far ahead: few statements, and each call begins well inside the time that a claim allows.
HORIZON_NS = SECOND_NS // 5
# An image is claimed when it may leave almost at once: what waits at the gate holds up what comes behind it.
MEDIA_HORIZON_NS = SECOND_NS // 20
_HALF = 2
# On its way to the platform a message may gain a little on the one before; a second must not hold one more for that.
_SLACK_PERCENT = 3
_NOTHING_SAID = Advice(Standing.FULL_PACE)


def loop_time_ns() -> int:
    """The running loop's monotonic clock."""
    return int(asyncio.get_running_loop().time() * SECOND_NS)


@dataclass(slots=True, eq=False)
class Pacer:
    """The pace of one Page, from the moment its lane was gained: what the holder before sent is not known."""

    per_second: int = DEFAULT_PER_SECOND
    now_ns: Callable[[], int] = loop_time_ns
    chance: Callable[[], float] = SystemRandom().random
    _due_ns: int = field(init=False)
    _media_due_ns: int = field(init=False)
    _waiting: int = 0
    _media_waiting: int = 0
    _held_until_ns: int = 0
    _holds: int = 0
    _advice: Advice = _NOTHING_SAID
    _advice_until_ns: int = 0
    _arrivals: Arrivals = field(default_factory=lambda: Arrivals(CEILING_PER_SECOND))
    _gate: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._due_ns = taken_over(self._even, self.now_ns())
        self._media_due_ns = taken_over(self._media_pace, self.now_ns())

    def set_pace(self, per_second: int) -> None:
        """The Page's setting, from the next message on."""
        self.per_second = per_second

    @property
    def held(self) -> bool:
        """True while nothing may leave, claimed or not."""
        return self.now_ns() < self._held_until_ns

    @property
    def campaigns_may_send(self) -> bool:
        """False while the rest of the allowance is kept for answers."""
        return self._standing is not Standing.ANSWERS_ONLY

    def room(self, at_most: int) -> int:
        """How many may be claimed now, to pass the gate within the horizon."""
        if self.held:
            return 0
        now = self.now_ns()
        due = max(self._due_ns, self._arrivals.free_at(now))
        moments = (now + HORIZON_NS - due) // self._pace.interval_ns + 1
        return max(0, min(at_most, moments - self._waiting))

    def media_room(self, at_most: int) -> int:
        """How many of so many may be claimed now if they are images: one after the other."""
        if self._media_waiting or self._media_due_ns > self.now_ns() + MEDIA_HORIZON_NS:
            return 0
        return min(1, at_most)

    def ask_for_media_in(self) -> float:
        """Seconds until there may be room for an image after there was none."""
        wait = self._media_due_ns - self.now_ns() - MEDIA_HORIZON_NS
        return max(wait, self._pace.interval_ns) / SECOND_NS

    def ask_again_in(self) -> float:
        """Seconds until there may be room after there was none."""
        if self.held:
            return (self._held_until_ns - self.now_ns()) / SECOND_NS
        return self._pace.interval_ns / SECOND_NS

    def claimed(self, messages: int, media: int = 0) -> None:
        """So many will come to the gate, so many of them images."""
        self._waiting += messages
        self._media_waiting += media

    async def pass_gate(self, *, media: bool = False) -> None:
        """Returns when this call may begin; those that were claimed come here once each, in order.

        Whoever returned tells `passed` when the call is over.
        """
        try:
            async with self._gate:
                permit = self._take(media)
                while not permit.granted:
                    await asyncio.sleep((permit.ask_again_ns - self.now_ns()) / SECOND_NS)
                    permit = self._take(media)
                self._arrivals.begin()
        finally:
            self._waiting -= 1
            self._media_waiting -= media

    def passed(self) -> None:
        """A call that was let through the gate was answered or given up."""
        self._arrivals.end(self.now_ns())

    def _take(self, media: bool) -> Permit:
        now = self.now_ns()
        free = self._arrivals.free_at(now)
        if free > now:
            return Permit(0, free, self._due_ns)
        if media:
            permit, slow = take_media(self._pace, self._due_ns, self._media_pace, self._media_due_ns, now)
            self._media_due_ns = slow.due_ns
        else:
            permit = take(self._pace, self._due_ns, now, 1)
        if permit.granted:
            self._due_ns = permit.due_ns
        return permit

    def accepted(self) -> None:
        """The platform took a message: the next hold is a short one again."""
        self._holds = 0

    def heard(self, usage: Usage | None) -> None:
        """What the platform said about the allowance beside an answer."""
        if usage is not None:
            self._take_advice(advise(usage.percent, regain=usage.regain, in_a_row=self._holds + 1))

    def refused(self, failure: SendFailure) -> None:
        """The platform limits the Page, or cannot be reached: nothing leaves for a while, longer each time."""
        if not self.held:
            self._holds += 1
        wait = failure.retry_after or timedelta()
        if failure.kind is FailureKind.LIMITED:
            regain = failure.usage.regain if failure.usage else None
            self._take_advice(advise(0, limited=True, regain=regain, in_a_row=self._holds))
        else:
            wait = max(wait, back_off(self._holds, self.chance()))
        self._hold(wait)

    def _take_advice(self, advice: Advice) -> None:
        if advice.standing is Standing.NOTHING:
            self._hold(advice.lasts)
        elif advice.standing is not Standing.FULL_PACE or self._standing is Standing.FULL_PACE:
            self._advice = advice
            self._advice_until_ns = self.now_ns() + _ns(advice.lasts)

    def _hold(self, wait: timedelta) -> None:
        self._held_until_ns = max(self._held_until_ns, self.now_ns() + _ns(wait))

    @property
    def _standing(self) -> Standing:
        return self._advice.standing if self.now_ns() < self._advice_until_ns else Standing.FULL_PACE

    @property
    def _pace(self) -> Pace:
        return self._even.slowed(_HALF) if self._standing is Standing.HALF_PACE else self._even

    @property
    def _media_pace(self) -> Pace:
        return _with_slack(Pace.strict(MEDIA_PER_SECOND))

    @property
    def _even(self) -> Pace:
        return _with_slack(Pace.strict(self.per_second))


def _with_slack(strict: Pace) -> Pace:
    return Pace(interval_ns=strict.interval_ns * (100 + _SLACK_PERCENT) // 100)


def _ns(span: timedelta) -> int:
    return span // timedelta(microseconds=1) * 1_000
