"""Every line of an import is taken as it is meant, or named with what is wrong; no value is ever repeated."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.imports import MAX_STATEMENT, FaultKind, good_source, read_claims

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
GOOD = {
    "psid": "7310482919283746",
    "claimed_at": "2024-03-01T10:00:00.123456+01:00",
    "statement": "Ticked the box.\nIn the shop.",
    "topics": ["offers", "news_2"],
}


def lines(*found: Any) -> bytes:
    return b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in found) + b"\n"


def test_a_good_line_is_read_in_utc_and_milliseconds() -> None:
    [claim], faults = read_claims(b"\xef\xbb\xbf" + lines(GOOD), NOW)
    assert faults == []
    assert (claim.line, claim.psid.reveal("test"), claim.topics) == (1, GOOD["psid"], ("offers", "news_2"))
    assert claim.claimed_at == datetime(2024, 3, 1, 9, 0, 0, 123000, tzinfo=UTC)
    assert GOOD["statement"] == claim.statement
    assert str(GOOD["psid"]) not in repr(claim)
    assert "box" not in repr(claim)


def test_topics_may_be_left_out_and_empty_lines_are_passed_over() -> None:
    without = {name: value for name, value in GOOD.items() if name != "topics"}
    claims, faults = read_claims(b"\n\r\n" + lines(without, b"  ", GOOD), NOW)
    assert ([claim.line for claim in claims], faults) == ([3, 5], [])
    assert claims[0].topics == ()


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"{", FaultKind.NOT_JSON),
        (b"[]", FaultKind.NOT_JSON),
        (b'"text"', FaultKind.NOT_JSON),
        (b"\xff\xfe", FaultKind.NOT_JSON),
        (b"[" * 100_000, FaultKind.NOT_JSON),
        (b'{"psid": NaN}', FaultKind.NOT_JSON),
        (GOOD | {"name": "Zoe"}, FaultKind.UNKNOWN_FIELD),
        (b'{"psid": "1", "psid": "2"}', FaultKind.UNKNOWN_FIELD),
        (GOOD | {"psid": 7310482919283746}, FaultKind.PSID),
        (GOOD | {"psid": ""}, FaultKind.PSID),
        (GOOD | {"psid": "0123"}, FaultKind.PSID),
        (GOOD | {"psid": "73104829x"}, FaultKind.PSID),
        (GOOD | {"psid": "٣٤٥"}, FaultKind.PSID),
        (GOOD | {"psid": "1" * 33}, FaultKind.PSID),
        ({"claimed_at": GOOD["claimed_at"], "statement": "x"}, FaultKind.PSID),
        (GOOD | {"claimed_at": "2024-03-01T10:00:00"}, FaultKind.CLAIMED_AT),
        (GOOD | {"claimed_at": 1709283600}, FaultKind.CLAIMED_AT),
        (GOOD | {"claimed_at": "yesterday"}, FaultKind.CLAIMED_AT),
        (GOOD | {"claimed_at": "0001-01-01T00:00:00+12:00"}, FaultKind.CLAIMED_AT),
        (GOOD | {"claimed_at": "1999-12-31T00:00:00Z"}, FaultKind.CLAIMED_AT),
        (GOOD | {"claimed_at": (NOW + timedelta(hours=1)).isoformat()}, FaultKind.IN_FUTURE),
        (GOOD | {"statement": " \n"}, FaultKind.STATEMENT),
        (GOOD | {"statement": "x" * (MAX_STATEMENT + 1)}, FaultKind.STATEMENT),
        (GOOD | {"statement": "a\x00b"}, FaultKind.STATEMENT),
        (GOOD | {"statement": "a\ud800b"}, FaultKind.STATEMENT),
        (GOOD | {"statement": None}, FaultKind.STATEMENT),
        (GOOD | {"topics": "offers"}, FaultKind.TOPICS),
        (GOOD | {"topics": ["Offers!"]}, FaultKind.TOPICS),
        (GOOD | {"topics": [1]}, FaultKind.TOPICS),
        (GOOD | {"topics": ["offers", "offers"]}, FaultKind.TOPICS),
        (GOOD | {"topics": [f"t{number}" for number in range(21)]}, FaultKind.TOPICS),
    ],
)
def test_every_bad_line_is_named_with_its_fault_and_the_others_are_read(line: Any, kind: FaultKind) -> None:
    claims, [fault] = read_claims(lines(GOOD, line, GOOD), NOW)
    assert (fault.line, fault.kind) == (2, kind)
    assert [claim.line for claim in claims] == [1, 3]
    assert str(fault) == f"line 2: {kind.value}"


@given(st.binary(max_size=200))
def test_whatever_is_in_the_file_every_line_is_a_claim_or_a_fault(content: bytes) -> None:
    claims, faults = read_claims(content, NOW)
    numbered = {number for number, line in enumerate(content.split(b"\n"), 1) if line.strip()}
    assert {claim.line for claim in claims} | {fault.line for fault in faults} == numbered


@pytest.mark.parametrize(
    ("text", "good"), [("newsletter of 2024", True), ("", False), ("  ", False), ("a\nb", False), ("x" * 201, False)]
)
def test_a_source_is_one_short_line(text: str, good: bool) -> None:
    assert good_source(text) is good
