"""When may the next message of this Page leave?

The holder of a Page's lane keeps its pace in memory: evenly spaced moments, nothing saved up for a burst, so that no
second ever holds more than the pace. What the platform says about its allowance slows or stops the Page, because
calls made while limited prolong the limit. All times are of the caller's monotonic clock, in seconds.
"""

from dataclasses import dataclass
from datetime import timedelta

from messenger.usage import Usage

DEFAULT_PACE = 20
# Moments are given out this far ahead: few claims, and each well inside the time in which a call must begin.
HORIZON_SECONDS = 0.2
# A second has room for one moment at each of its ends: a little slower, and that is still within the pace.
EVENNESS = 1.03
HALF_AT_PERCENT = 75
CAMPAIGNS_STOP_AT_PERCENT = 90
ALL_STOP_AT_PERCENT = 100
LEAST_STOP_SECONDS = 60.0
LONGEST_HOLD_SECONDS = 3600.0
USAGE_SECONDS = 60.0


@dataclass(slots=True, eq=False)
class Pacer:
    """The pace of one Page. Used by one task at a time; what `grant` gave and nobody used goes back by `refund`."""

    pace: int = DEFAULT_PACE
    _next: float = 0.0
    _held_until: float = 0.0
    _holds: int = 0
    _half_until: float = 0.0
    _campaigns_held_until: float = 0.0

    def set_pace(self, messages_per_second: int) -> None:
        """The Page's setting, from the next moment on."""
        self.pace = messages_per_second

    def grant(self, at_most: int, now: float) -> list[float]:
        """The moments of the next messages, the first perhaps now; empty while the Page is held."""
        moments: list[float] = []
        if self.held(now):
            return moments
        self._next = max(self._next, now)
        while len(moments) < at_most and self._next <= now + HORIZON_SECONDS:
            moments.append(self._next)
            self._next += self._interval(now)
        return moments

    def refund(self, moments: int, now: float) -> None:
        """The last so many of the moments given were not used."""
        self._next -= moments * self._interval(now)

    def held(self, now: float) -> bool:
        """True while nothing may leave, given moments included."""
        return now < self._held_until

    def next_time(self, now: float) -> float:
        """When to ask again after an empty grant."""
        return max(now, self._held_until, self._next - HORIZON_SECONDS)

    def campaigns_may_send(self, now: float) -> bool:
        """False while the rest of the allowance is kept for answers."""
        return now >= self._campaigns_held_until

    def hold(self, wait: timedelta, now: float) -> None:
        """Nothing leaves for at least this long, twice as long each time until something was accepted again."""
        seconds = min(wait.total_seconds() * 2 ** min(self._holds, 10), LONGEST_HOLD_SECONDS)
        if now >= self._held_until:
            self._holds += 1
        self._held_until = max(self._held_until, now + max(seconds, wait.total_seconds()))

    def accepted(self) -> None:
        """The platform took a message: the next hold is a short one again."""
        self._holds = 0

    def heard(self, usage: Usage | None, now: float) -> None:
        """What the platform said about the allowance beside an answer."""
        if usage is None:
            return
        regain = usage.regain
        stop = max(LEAST_STOP_SECONDS, regain.total_seconds() if regain else 0.0)
        if usage.percent >= HALF_AT_PERCENT:
            self._half_until = now + USAGE_SECONDS
        if usage.percent >= CAMPAIGNS_STOP_AT_PERCENT:
            self._campaigns_held_until = now + stop
        if usage.percent >= ALL_STOP_AT_PERCENT:
            self._held_until = max(self._held_until, now + stop)

    def _interval(self, now: float) -> float:
        interval = EVENNESS / self.pace
        return interval * 2 if now < self._half_until else interval
