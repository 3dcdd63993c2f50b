"""Logs and keys follow one another as their own entries say, and whatever else the database claims is found."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.proof.findings import Finding, FindingKind
from domain.proof.log import LogKey
from domain.proof.log_chain import (
    LogFacts,
    LoggedChange,
    chain_findings,
    expected_roots,
    untrusted_keys,
)
from domain.proof.record_sections import LogChange, RecordKind

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD, NEW, PART = "log.example/2025", "log.example/2026", "log.example/2026.2"
ROOT = "ab" * 32


def change(kind: RecordKind, index: int, origin: str, vkey: str, **previous: object) -> LoggedChange:
    return LoggedChange(kind=kind, index=index, change=LogChange(origin=origin, vkey=vkey, **previous))  # type: ignore[arg-type]


def span(vkey: str, from_size: int = 0, until: datetime | None = None) -> LogKey:
    return LogKey(vkey=vkey, seed_name="log", from_size=from_size, until=until)


FIRST = LogFacts(origin=OLD, size=5, keys=[span("a")], changes=[change(RecordKind.LOG_STARTED, 0, OLD, "a")])
SECOND = LogFacts(
    origin=NEW,
    size=9,
    keys=[span("b", 0, NOW), span("c", 4)],
    changes=[
        change(
            RecordKind.LOG_STARTED,
            0,
            NEW,
            "b",
            previous_origin=OLD,
            previous_vkey="a",
            previous_size=5,
            previous_root=ROOT,
        ),
        change(RecordKind.KEY_ROTATED, 3, NEW, "c", previous_vkey="b"),
    ],
)
THIRD = LogFacts(
    origin=PART,
    size=2,
    keys=[span("d")],
    changes=[
        change(
            RecordKind.LOG_DISCONTINUITY,
            0,
            PART,
            "d",
            previous_origin=NEW,
            previous_vkey="c",
            previous_size=12,
            previous_root=ROOT,
            reason="the database was restored",
        )
    ],
)
CHAIN = [FIRST, SECOND, THIRD]


def found(logs: list[LogFacts]) -> list[tuple[FindingKind, str | None, int | None]]:
    return [(one.kind, one.origin, one.index) for one in chain_findings(logs)]


def changed(log: LogFacts, at: int, **fields: object) -> LogFacts:
    one = log.changes[at]
    changes = [*log.changes]
    changes[at] = replace(one, change=replace(one.change, **fields))  # type: ignore[arg-type]
    return replace(log, changes=changes)


def test_a_year_a_new_key_and_a_break_are_a_chain() -> None:
    assert found(CHAIN) == []
    assert found([]) == found([LogFacts(origin=OLD, size=0, keys=[], changes=[])]) == []


def test_a_log_says_of_the_one_before_what_its_root_was_while_that_is_as_long() -> None:
    [expected] = expected_roots(CHAIN)
    assert (expected.origin, expected.size, expected.root) == (OLD, 5, bytes.fromhex(ROOT))
    assert expected.otherwise == Finding(
        kind=FindingKind.LOG_CHAIN_BROKEN, origin=OLD, index=5, row=f"entry 0 of {NEW}"
    )
    shorter = changed(THIRD, 0, previous_size=9)
    assert [(one.origin, one.size) for one in expected_roots([FIRST, SECOND, shorter])] == [(OLD, 5), (NEW, 9)]


@pytest.mark.parametrize(
    "log",
    [
        replace(SECOND, changes=[]),
        replace(SECOND, changes=SECOND.changes[1:]),
        replace(SECOND, changes=[replace(SECOND.changes[0], index=1), SECOND.changes[1]]),
        changed(SECOND, 0, origin=OLD),
    ],
)
def test_a_log_whose_first_entry_does_not_start_it_is_found(log: LogFacts) -> None:
    assert found([FIRST, log, THIRD]) == [(FindingKind.LOG_NOT_STARTED, NEW, 0)]


@pytest.mark.parametrize(
    "fields",
    [
        {"previous_origin": PART},
        {"previous_size": 4},
        {"previous_vkey": "z"},
        {"previous_origin": None, "previous_vkey": None, "previous_size": None, "previous_root": None},
    ],
)
def test_a_log_that_does_not_continue_the_one_before_is_found(fields: dict[str, object]) -> None:
    assert found([FIRST, changed(SECOND, 0, **fields), THIRD]) == [(FindingKind.LOG_CHAIN_BROKEN, NEW, 0)]


def test_a_first_log_that_continues_one_nobody_has_is_found() -> None:
    assert found([SECOND, THIRD]) == [(FindingKind.LOG_CHAIN_BROKEN, NEW, 0)]


def test_a_break_says_why() -> None:
    assert found([FIRST, SECOND, changed(THIRD, 0, reason=None)]) == [(FindingKind.LOG_CHAIN_BROKEN, PART, 0)]


@pytest.mark.parametrize(
    ("keys", "sizes"),
    [
        ([span("b", 0, NOW), span("c", 4), span("x", 6, NOW)], [6]),
        ([span("b", 0, NOW), span("c", 2)], [2]),
        ([span("c", 4)], [0]),
        ([span("b", 0, NOW)], [4]),
        ([span("b", 0), span("c", 4)], [0]),
        ([span("b", 0, NOW), span("c", 4, NOW)], [4]),
    ],
)
def test_keys_that_no_entry_introduces_or_that_are_missing_are_found(keys: list[LogKey], sizes: list[int]) -> None:
    expected = [(FindingKind.LOG_KEY_UNKNOWN, NEW, size) for size in sizes]
    assert found([FIRST, replace(SECOND, keys=keys), THIRD]) == expected


def test_a_key_is_followed_only_by_one_that_names_it() -> None:
    broken = changed(SECOND, 1, previous_vkey="a")
    assert (FindingKind.LOG_CHAIN_BROKEN, NEW, 3) in found([FIRST, broken, THIRD])
    again = replace(SECOND, changes=[*SECOND.changes, change(RecordKind.LOG_STARTED, 5, NEW, "b")])
    assert (FindingKind.LOG_CHAIN_BROKEN, NEW, 5) in found([FIRST, again, THIRD])


def test_a_first_key_that_the_auditor_does_not_trust_is_found() -> None:
    trusted = {OLD: frozenset({"a"}), NEW: frozenset({"b"}), PART: frozenset({"other"})}
    assert [one.origin for one in untrusted_keys(CHAIN, trusted)] == [PART]
    assert len(list(untrusted_keys(CHAIN, {}))) == 3


def test_a_retired_key_signs_no_head_that_is_stored_later() -> None:
    key = span("b", 3, NOW)
    earlier, later = NOW.replace(hour=11), NOW.replace(hour=13)
    assert (key.signs(3, earlier), key.signs(2, earlier), key.signs(3, later)) == (True, False, False)
    assert span("c", 4).signs(4, later)
