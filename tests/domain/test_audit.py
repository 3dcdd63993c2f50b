"""A change anywhere in the chain of what operators did is found at its place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.audit import FIRST, AuditEntry, broken_links, chain_hash

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def chain(length: int) -> list[AuditEntry]:
    made: list[AuditEntry] = []
    for seq in range(1, length + 1):
        fields = {"seq": seq, "at": NOW + timedelta(seconds=seq), "action": "proof.disclosed", "page_id": None}
        fields |= {"subject": f"record {seq}", "reason_sealed": bytes([seq])}
        previous = made[-1].hash if made else FIRST
        made.append(AuditEntry(previous=previous, hash=chain_hash(previous, **fields), **fields))  # type: ignore[arg-type]
    return made


@given(st.integers(0, 8))
def test_an_untouched_chain_is_whole(length: int) -> None:
    assert list(broken_links(chain(length))) == []


@pytest.mark.parametrize(
    "change",
    [
        {"at": NOW},
        {"action": "entries.accounted"},
        {"page_id": ""},
        {"subject": "record 9"},
        {"reason_sealed": b"?"},
        {"previous": FIRST},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_field_is_covered(change: dict[str, object]) -> None:
    entries = chain(5)
    entries[2] = replace(entries[2], **change)  # type: ignore[arg-type]
    assert list(broken_links(entries)) == [3]


@given(st.integers(2, 8).flatmap(lambda length: st.tuples(st.just(length), st.integers(1, length - 1))))
def test_an_entry_that_was_removed_or_moved_is_missed_at_its_place(case: tuple[int, int]) -> None:
    length, at = case
    entries = chain(length)
    assert next(broken_links(entries[: at - 1] + entries[at:])) == at + 1
    entries[at - 1], entries[at] = entries[at], entries[at - 1]
    assert at + 1 in set(broken_links(entries))


def test_a_changed_entry_with_a_hash_made_anew_breaks_the_next_link() -> None:
    entries = chain(4)
    forged = replace(entries[1], subject="record 9")
    entries[1] = replace(forged, hash=forged.computed())
    assert list(broken_links(entries)) == [3]
