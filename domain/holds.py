"""How does a Page that the platform limited keep still, and how does it come back?

First nothing leaves until the hold is over. Then one message is tried, alone. Once the platform dealt with it the pace
comes back in steps. Calls made while limited prolong the limit, so one refusal in all this begins the next hold, and
holds that follow each other closely grow.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from domain.pacing import SECOND_NS, Standing

# How many times slower than usual, and for how long, after the first call was let in.
STEPS = ((4, 3 * SECOND_NS), (2, 3 * SECOND_NS))
# So many calls let in make the next hold a first one again.
PROVEN = 10
# Refusals of one round come one after the other; so near to its end a hold is not made longer.
_SAME_NS = SECOND_NS


class LimitCause(StrEnum):
    """What limits a Page: too many calls in a short time, a used-up allowance, its share, or no way to the platform."""

    RATE = "rate"
    ALLOWANCE = "allowance"
    USAGE = "usage"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLimit:
    """How a Page stands with the platform, for whoever wants to know or takes its lane over.

    With a standing of nothing that `lasts` no longer, the Page is coming back.
    """

    standing: Standing
    cause: LimitCause
    lasts: timedelta
    code: int | None = None
    subcode: int | None = None
    in_a_row: int = 0

    @property
    def coming_back(self) -> bool:
        return self.standing is Standing.NOTHING and self.lasts <= timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold from its first refusal until the whole pace is back; moments are nanoseconds of the caller's clock."""

    cause: LimitCause
    until_ns: int
    in_a_row: int
    code: int | None = None
    subcode: int | None = None
    back_ns: int | None = None
    let: int = 0

    def lasts(self, now_ns: int) -> bool:
        """While it does, nothing may leave."""
        return now_ns < self.until_ns

    def tries(self, now_ns: int) -> bool:
        """Whether one message at a time may leave, to see whether the platform takes it."""
        return self.back_ns is None and not self.lasts(now_ns)

    def slower(self, now_ns: int) -> int:
        """How many times slower than usual messages leave once the first call was let in."""
        end = self.back_ns if self.back_ns is not None else now_ns
        for times, span in STEPS:
            end += span
            if now_ns < end:
                return times
        return 1

    def let_in(self, now_ns: int) -> "Hold | None":
        """After the platform dealt with a call; None once the Page is as it was before."""
        if self.lasts(now_ns):
            return self
        if self.cause is LimitCause.UNREACHABLE:
            return None
        after = replace(self, back_ns=now_ns if self.back_ns is None else self.back_ns, let=self.let + 1)
        return None if after.let >= PROVEN and after.slower(now_ns) == 1 else after


def next_in_a_row(before: Hold | None, now_ns: int) -> int:
    """Which of the holds that follow each other one would be that begins now; those of one round are one."""
    if before is None or (before.let >= PROVEN and not before.lasts(now_ns)):
        return 1
    return before.in_a_row if before.lasts(now_ns) else before.in_a_row + 1


def longer(before: Hold | None, new: Hold, now_ns: int) -> Hold:
    """The one of both that ends later, if the one before still lasts."""
    if before is not None and before.lasts(now_ns) and before.until_ns >= new.until_ns - _SAME_NS:
        return before
    return new
