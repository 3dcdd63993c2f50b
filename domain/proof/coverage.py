"""Is every entry of the logs either opened or named, later, as destroyed?

One byte per entry: what became of what opens it, and whether an erasure or expiry that stands later names it. So
millions of entries are accounted for without holding any of them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from domain.proof.errors import RecordError
from domain.proof.findings import Finding, FindingKind
from domain.proof.record_sections import Destroyed, parse_indexes


class Opening(IntEnum):
    """What was found of what opens an entry."""

    NONE = 0
    OPENED = 1
    EMPTIED = 2
    """The row is there and its sealed parts are gone."""
    KEYLESS = 3
    """The sealed parts are there and the person's key is gone."""
    WRONG = 4
    """It does not open as it should; that is a finding of its own."""


_NAMED = 0x10
_BY_HAND = 0x20
_STATE = 0x0F
_NOT_OPENED = re.compile(rb"[^\x01]", re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """An entry: the position of its log among the logs, and its index. Later ones compare greater."""

    log: int
    index: int


@dataclass(slots=True, kw_only=True)
class LogAccount:
    """What is known of the entries of one log, a byte each."""

    origin: str
    states: bytearray = field(repr=False)

    @classmethod
    def of(cls, origin: str, size: int) -> "LogAccount":
        return cls(origin=origin, states=bytearray(size))

    @property
    def size(self) -> int:
        return len(self.states)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many entries there are of each sort."""

    opened: int
    named: int
    by_hand: int
    faulty: int


class Coverage:
    """The accounts of all logs, oldest log first."""

    def __init__(self, logs: Sequence[LogAccount]) -> None:
        self.logs = logs
        self._position = {account.origin: number for number, account in enumerate(logs)}
        self._waiting: dict[bytes, tuple[Place, int]] = {}

    def found(self, place: Place, opening: Opening) -> None:
        """Notes what was found of what opens this entry."""
        states = self.logs[place.log].states
        states[place.index] = (states[place.index] & ~_STATE) | opening

    def merge(self, log: int, states: bytes) -> None:
        """Takes over what somebody else found for entries of which nothing was noted here."""
        account = self.logs[log]
        ours, theirs = int.from_bytes(account.states, "little"), int.from_bytes(states, "little")
        account.states[:] = (ours | theirs).to_bytes(account.size, "little")

    def name(
        self, by: Place, destroyed: Iterable[Destroyed], waiting: Iterable[str], *, by_hand: bool = False
    ) -> Iterator[Finding]:
        """Notes what the erasure or expiry at `by` names; yields a finding for what it cannot name.

        `by_hand`: an operator said so after a restore.
        """
        mark = _NAMED | _BY_HAND if by_hand else _NAMED
        for one in destroyed:
            number = self._position.get(one.origin)
            for low, high in _ranges(one):
                end = None if number is None else self._name_range(by, number, low, high, mark)
                if end is None or end < high:
                    first = low if end is None else end + 1
                    yield Finding(kind=FindingKind.DESTROYED_UNKNOWN, origin=one.origin, index=first, row=self._row(by))
        for leaf in waiting:
            known = self._waiting.get(bytes.fromhex(leaf))
            if known is None or known[0] < by:
                self._waiting[bytes.fromhex(leaf)] = (by, mark)

    @property
    def awaited(self) -> Mapping[bytes, object]:
        """Leaf hashes that erasures or expiries name; for whoever walks over the leaves."""
        return self._waiting

    def arrived(self, place: Place, leaf: bytes) -> None:
        """Notes that this entry, of an awaited leaf, stands here; it counts as named if what names it stands later."""
        by, mark = self._waiting[leaf]
        if place < by:
            self.logs[place.log].states[place.index] |= mark

    def is_named(self, place: Place) -> bool:
        """Whether something that stands later names the entry."""
        return bool(self.logs[place.log].states[place.index] & _NAMED)

    def _name_range(self, by: Place, number: int, low: int, high: int, mark: int) -> int | None:
        """The last index of the range that stands before `by`; None when none does."""
        account = self.logs[number]
        end = min(high, account.size - 1)
        if number >= by.log:
            end = min(end, by.index - 1) if number == by.log else -1
        if end < low:
            return None
        states = account.states
        for index in range(low, end + 1):
            states[index] |= mark
        return end

    @property
    def behind(self) -> Place:
        """Where an entry will stand that still waits for its index: behind all there are."""
        return Place(len(self.logs), 0)

    def _row(self, by: Place) -> str:
        if by.log == len(self.logs):
            return "named by an entry that waits"
        return f"named by entry {by.index} of {self.logs[by.log].origin}"

    # The end

    def findings(self, *, broken_after: Place | None) -> Iterator[Finding]:
        """Every entry that is not accounted for, or was destroyed and is not; entries before `broken_after`, a break
        in the logs, may have lost what named them."""
        for number, account in enumerate(self.logs):
            for match in _NOT_OPENED.finditer(bytes(account.states)):
                index, byte = match.start(), match.group()[0]
                kind = _fault(byte, before_break=broken_after is not None and Place(number, index) < broken_after)
                if kind is not None:
                    yield Finding(kind=kind, origin=account.origin, index=index)

    def tally(self) -> Tally:
        """How many entries of each sort there are; every entry is of one sort."""
        closed = (Opening.NONE, Opening.EMPTIED, Opening.KEYLESS)
        opened = sum(account.states.count(Opening.OPENED) for account in self.logs)
        named = sum(account.states.count(_NAMED | one) for account in self.logs for one in closed)
        by_hand = sum(account.states.count(_NAMED | _BY_HAND | one) for account in self.logs for one in closed)
        total = sum(account.size for account in self.logs)
        return Tally(opened=opened, named=named, by_hand=by_hand, faulty=total - opened - named - by_hand)


def _ranges(one: Destroyed) -> Iterable[tuple[int, int]]:
    try:
        return parse_indexes(one.indexes)
    except RecordError:
        return ()


def _fault(byte: int, *, before_break: bool) -> FindingKind | None:
    named, state = bool(byte & _NAMED), Opening(byte & _STATE)
    if state is Opening.WRONG:
        return None
    if named:
        return FindingKind.DESTROYED_BUT_OPENS if state is Opening.OPENED else None
    if state is Opening.NONE:
        return FindingKind.ENTRY_UNACCOUNTED
    return FindingKind.UNOPENABLE_BEFORE_BREAK if before_break else FindingKind.DESTROYED_UNNAMED
