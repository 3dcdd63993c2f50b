"""Can a record be as old, or as new, as it says, given where its entry stands?

An entry came into the log after every moment at which the log is known to have been shorter, and before every moment at
which somebody outside already held a checkpoint over it.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.proof.findings import FindingKind

LONGEST_WAIT = timedelta(days=8)
"""An accepted event is handled within this time or never: it may come into the log that long after it was received."""
CLOCKS = timedelta(hours=1)
"""How far the clock of an authority and ours may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The bounds of one log: entries from an index on came after a moment, entries below a size before one."""

    from_indexes: tuple[int, ...]
    came_after: tuple[datetime, ...]
    below_sizes: tuple[int, ...]
    came_before: tuple[datetime, ...]

    @classmethod
    def of(cls, after: Iterable[tuple[int, datetime]], before: Iterable[tuple[int, datetime]]) -> "Bounds":
        """From pairs in any order: (index, moment after which it came), (size, moment before which all below came)."""
        lower: list[tuple[int, datetime]] = []
        for index, moment in sorted(after):
            if not lower or moment > lower[-1][1]:
                lower.append((index, moment))
        upper: list[tuple[int, datetime]] = []
        for size, moment in sorted(before, reverse=True):
            if not upper or moment < upper[-1][1]:
                upper.append((size, moment))
        upper.reverse()
        return cls(
            from_indexes=tuple(index for index, _ in lower),
            came_after=tuple(moment for _, moment in lower),
            below_sizes=tuple(size for size, _ in upper),
            came_before=tuple(moment for _, moment in upper),
        )

    def not_before(self, index: int) -> datetime | None:
        """The latest moment at which the entry was not in the log yet."""
        at = bisect_right(self.from_indexes, index)
        return self.came_after[at - 1] if at else None

    def not_after(self, index: int) -> datetime | None:
        """The earliest moment at which somebody outside held a checkpoint over the entry."""
        at = bisect_right(self.below_sizes, index)
        return self.came_before[at] if at < len(self.below_sizes) else None

    def judge(self, index: int, received_at: datetime) -> FindingKind | None:
        """Whether a record that says it was received then can stand at this index."""
        earliest = self.not_before(index)
        if earliest is not None and received_at + LONGEST_WAIT < earliest:
            return FindingKind.BACKDATED
        latest = self.not_after(index)
        if latest is not None and received_at > latest + CLOCKS:
            return FindingKind.POSTDATED
        return None
