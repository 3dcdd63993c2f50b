"""How does a record name the entries that nobody can open any more, however many they are?

An erasure or expiry names them by log and index, or by leaf hash while they have no index yet. One record holds a
bounded number of them; a person with more entries gets further records of the same kind.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from domain.proof.errors import RecordError
from domain.proof.record_sections import Destroyed, format_indexes, parse_indexes

MAX_RANGES = 1_500
"""Ranges of indexes, and waiting entries, of one record: both fit its limits with the longest numbers there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPlaces:
    """Where entries stand: their indexes by the origin of the log, and leaf hashes of those that wait."""

    indexes: Mapping[str, Iterable[int]] = field(default_factory=dict)
    waiting: Iterable[bytes] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What one record names."""

    destroyed: tuple[Destroyed, ...]
    waiting: tuple[str, ...]


def endings(places: EntryPlaces, *, limit: int = MAX_RANGES) -> tuple[Ending, ...]:
    """What each record names, in order; at least one, which names nothing when there is nothing to name."""
    if limit < 1:
        raise RecordError("a record names one range of entries at least")
    ranges = [
        (origin, low, high)
        for origin, indexes in places.indexes.items()
        for low, high in (parse_indexes(format_indexes(indexes)) if indexes else ())
    ]
    waiting = sorted({leaf.hex() for leaf in places.waiting})
    count = max(1, -(-len(ranges) // limit), -(-len(waiting) // limit))
    return tuple(
        Ending(
            destroyed=_destroyed(ranges[at * limit : (at + 1) * limit]),
            waiting=tuple(waiting[at * limit : (at + 1) * limit]),
        )
        for at in range(count)
    )


def _destroyed(ranges: Iterable[tuple[str, int, int]]) -> tuple[Destroyed, ...]:
    texts: dict[str, list[str]] = {}
    for origin, low, high in ranges:
        texts.setdefault(origin, []).append(str(low) if low == high else f"{low}-{high}")
    return tuple(Destroyed(origin=origin, indexes=",".join(parts)) for origin, parts in texts.items())
