"""When may the next message of this Page leave?

The holder of a Page's lane keeps its pace in memory. Claims are sized by what will pass the gate soon; at the gate one
call after the other begins, spaced by when the one before really began, so that a delay is never made up by a burst;
and none begins that could arrive together with so many others that the platform would freeze the Page. What the
platform says about its allowance slows or stops the Page, because calls made while limited prolong the limit;
afterwards one message is tried before the others follow.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import SystemRandom

from domain.arrivals import Arrivals
from domain.holds import Hold, LimitCause, PageLimit, longer, next_in_a_row
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
    stop_for,
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
# Limits on what an app, a user, a Page or a business may do in an hour or a day; the others are on a short time.
_ALLOWANCES = frozenset({4, 17, 32, 341, 506, 80001, 80002, 80006})


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
    _hold: Hold | None = None
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
        return self._hold is not None and self._hold.lasts(self.now_ns())

    @property
    def campaigns_may_send(self) -> bool:
        """False while the rest of the allowance is kept for answers."""
        return self._standing is not Standing.ANSWERS_ONLY

    def room(self, at_most: int) -> int:
        """How many may be claimed now, to pass the gate within the horizon."""
        now = self.now_ns()
        if self._hold is not None and self._hold.lasts(now):
            return 0
        if self._hold is not None and self._hold.tries(now):
            return max(0, min(at_most, 1 - self._waiting - self._arrivals.open))
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
        now = self.now_ns()
        if self._hold is not None and self._hold.lasts(now):
            return (self._hold.until_ns - now) / SECOND_NS
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

    def let_in(self) -> None:
        """The platform dealt with a call, whatever it thought of the message."""
        if self._hold is not None:
            self._hold = self._hold.let_in(self.now_ns())

    def heard(self, usage: Usage | None) -> None:
        """What the platform said about the allowance beside an answer."""
        if usage is None:
            return
        advice = advise(usage.percent, regain=usage.regain)
        if advice.standing is Standing.NOTHING:
            row = next_in_a_row(self._hold, self.now_ns())
            self._hold_for(stop_for(usage.regain, in_a_row=row), LimitCause.USAGE, row)
        elif advice.standing is not Standing.FULL_PACE or self._standing is Standing.FULL_PACE:
            self._advised(advice, advice.lasts)

    def refused(self, failure: SendFailure) -> None:
        """The platform limits the Page, or cannot be reached: nothing leaves for a while, longer each time."""
        row = next_in_a_row(self._hold, self.now_ns())
        if failure.kind is FailureKind.LIMITED:
            by_rate = failure.code not in _ALLOWANCES
            wait = stop_for(failure.retry_after, in_a_row=row, by_rate=by_rate)
            cause = LimitCause.RATE if by_rate else LimitCause.ALLOWANCE
            self._hold_for(wait, cause, row, failure)
        else:
            wait = max(failure.retry_after or timedelta(), back_off(row, self.chance()))
            self._hold_for(wait, LimitCause.UNREACHABLE, row)

    def limit(self) -> PageLimit | None:
        """How the Page stands with the platform, if it is limited in any way."""
        now, hold = self.now_ns(), self._hold
        if hold is not None:
            return PageLimit(
                standing=Standing.NOTHING,
                cause=hold.cause,
                lasts=_span(hold.until_ns - now),
                code=hold.code,
                subcode=hold.subcode,
                in_a_row=hold.in_a_row,
            )
        if self._standing is Standing.FULL_PACE:
            return None
        return PageLimit(standing=self._standing, cause=LimitCause.USAGE, lasts=_span(self._advice_until_ns - now))

    def take_over(self, limit: PageLimit) -> None:
        """Goes on as the holder before did; after a hold that is over meanwhile the Page still comes back by steps."""
        if limit.standing is not Standing.NOTHING:
            self._advised(Advice(limit.standing, limit.lasts), limit.lasts)
            return
        self._hold = Hold(
            cause=limit.cause,
            until_ns=self.now_ns() + _ns(limit.lasts),
            in_a_row=limit.in_a_row,
            code=limit.code,
            subcode=limit.subcode,
        )

    def _advised(self, advice: Advice, lasts: timedelta) -> None:
        self._advice = advice
        self._advice_until_ns = self.now_ns() + _ns(lasts)

    def _hold_for(self, wait: timedelta, cause: LimitCause, in_a_row: int, failure: SendFailure | None = None) -> None:
        now = self.now_ns()
        new = Hold(
            cause=cause,
            until_ns=now + _ns(wait),
            in_a_row=in_a_row,
            code=None if failure is None else failure.code,
            subcode=None if failure is None else failure.subcode,
        )
        self._hold = longer(self._hold, new, now)

    @property
    def _standing(self) -> Standing:
        return self._advice.standing if self.now_ns() < self._advice_until_ns else Standing.FULL_PACE

    @property
    def _pace(self) -> Pace:
        times, now = _HALF if self._standing is Standing.HALF_PACE else 1, self.now_ns()
        if self._hold is not None and not self._hold.lasts(now):
            times *= self._hold.slower(now)
        return self._even.slowed(times) if times > 1 else self._even

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


def _span(ns: int) -> timedelta:
    return timedelta(microseconds=max(ns, 0) // 1_000)
