"""Which of several campaigns is next, so that each gets its share of what a Page may send?

Each has sent so much for its weight; the one with the least is next. What one had no use for is not saved up: a
campaign that was idle, or is new, stands beside the others and does not catch up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

LIGHTEST, HEAVIEST, USUAL = 1, 100, 10


@dataclass(frozen=True, slots=True)
class Shares(Generic[T]):
    """How much each has had, as messages for one unit of weight."""

    had: Mapping[T, float] = field(default_factory=dict)

    def among(self, present: Iterable[T]) -> "Shares[T]":
        """The shares of those that are present now; new ones begin beside the one that is next."""
        found = list(present)
        least = min((self.had[one] for one in found if one in self.had), default=0.0)
        # Counted from the next one on, so that the numbers stay small.
        return Shares({one: self.had.get(one, least) - least for one in found})

    def order(self) -> list[T]:
        """Who is next, and who after them; among equals as they were named."""
        return sorted(self.had, key=self.had.__getitem__)

    def given(self, one: T, messages: int, *, weight: int, had_more: bool) -> "Shares[T]":
        """After it sent so many; without `had_more` it used less than it was offered, and that is not saved up."""
        spent = self.had[one] + messages / weight
        if not had_more:
            spent = max(spent, min((had for other, had in self.had.items() if other != one), default=spent))
        return Shares({**self.had, one: spent})
