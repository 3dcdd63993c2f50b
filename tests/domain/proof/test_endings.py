"""However many entries ended, they are all named, each once, in records that fit their limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.encoding import MAX_NUMBER
from domain.proof.endings import MAX_RANGES, Ending, EntryPlaces, endings
from domain.proof.errors import RecordError
from domain.proof.record import ProofRecord
from domain.proof.record_json import MAX_RECORD_BYTES, decode, encode
from domain.proof.record_sections import RecordKind, TimeUnit, parse_indexes

from .samples import make_record

ORIGINS = st.sampled_from(["log.example/2026", "log.example/2027"])
INDEXES = st.dictionaries(ORIGINS, st.sets(st.integers(0, MAX_NUMBER) | st.integers(0, 40), max_size=30))
LEAVES = st.lists(st.binary(min_size=32, max_size=32), max_size=10)


def expired(ending: Ending) -> ProofRecord:
    return make_record(
        RecordKind.RECORD_EXPIRED,
        pii_principal_id=None,
        event_time=None,
        event_time_unit=TimeUnit.MISSING,
        unreadable_by=make_record().received_at,
        destroyed=ending.destroyed,
        waiting=ending.waiting,
    )


@given(INDEXES, LEAVES, st.integers(1, 7))
def test_every_entry_is_named_once_and_no_other(indexes: dict[str, set[int]], leaves: list[bytes], limit: int) -> None:
    named = endings(EntryPlaces(indexes=indexes, waiting=leaves), limit=limit)
    found = [
        (destroyed.origin, index)
        for ending in named
        for destroyed in ending.destroyed
        for low, high in parse_indexes(destroyed.indexes)
        for index in range(low, high + 1)
    ]
    assert sorted(found) == sorted((origin, index) for origin, held in indexes.items() for index in held)
    assert sorted(leaf for ending in named for leaf in ending.waiting) == sorted({leaf.hex() for leaf in leaves})
    for ending in named:
        assert sum(len(parse_indexes(one.indexes)) for one in ending.destroyed) <= limit
        assert len(ending.waiting) <= limit
        assert decode(encode(expired(ending))).destroyed == ending.destroyed


def test_nobody_with_entries_gets_one_record_that_names_none() -> None:
    assert endings(EntryPlaces()) == (Ending(destroyed=(), waiting=()),)
    assert endings(EntryPlaces(indexes={"log.example/2026": []})) == (Ending(destroyed=(), waiting=()),)


def test_the_longest_list_fits_a_record() -> None:
    apart = range(MAX_NUMBER - 4 * MAX_RANGES, MAX_NUMBER, 2)
    leaves = [number.to_bytes(32, "big") for number in range(2 * MAX_RANGES)]
    named = endings(EntryPlaces(indexes={"l" * 200: apart}, waiting=leaves))
    assert len(named) == 2
    assert all(len(encode(expired(ending))) < MAX_RECORD_BYTES for ending in named)


def test_a_record_that_may_name_nothing_is_refused() -> None:
    with pytest.raises(RecordError, match="one range"):
        endings(EntryPlaces(), limit=0)
