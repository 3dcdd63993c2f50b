"""Do README and report say what the record says, and nothing that a value could slip in?"""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.offline.report import (
    NO_BOUND,
    AnchorFact,
    BundleFacts,
    bounds,
    field_lines,
    grade,
    one_line,
    readme_text,
    receipt_of,
    report_page,
    summary_lines,
)
from domain.proof.offline.report_texts import CLAIMS, GRADES, README_TAIL
from domain.proof.offline.surroundings import Act
from domain.tokens import receipt_code

RECORD: dict[str, object] = {"v": 1, "type": "consent_given", "record_id": "00000000-0000-0000-0000-000000000001"}
FACTS = BundleFacts(origin="log.example/2026", size=22, index=20, leaf=bytes(range(32)))


def anchor(time: str, size: int, index: int, method: str = "rfc3161") -> AnchorFact:
    return AnchorFact(method=method, authority="tsa.example", time=time, size=size, index=index)


def test_the_summary_says_the_ten_facts_in_order() -> None:
    anchors = (anchor("2026-01-01T00:00:00.000Z", 20, 19), anchor("2026-01-03T00:00:00.000Z", 21, 21))
    shown = Act(kind="notice_shown", time="2025-12-31T00:00:00.000Z", origin="log.example/2025", index=4)
    facts = BundleFacts(
        origin="log.example/2026", size=22, index=20, leaf=bytes(32), related=(shown,), anchors=anchors,
        identity=True, raw_event=True,
    )  # fmt: skip
    assert summary_lines(RECORD, facts) == [
        ("claim", CLAIMS["consent_given"]),
        ("grade", GRADES["C"]),
        ("record", "00000000-0000-0000-0000-000000000001"),
        ("place", "entry 20 of log.example/2026, in a tree of 22"),
        ("receipt", "0000-0000-0000-0000-0000-0000-0000-0000"),
        ("not before", "2026-01-01T00:00:00.000Z (rfc3161 tsa.example)"),
        ("not after", "2026-01-03T00:00:00.000Z (rfc3161 tsa.example)"),
        ("related", "notice_shown 2025-12-31T00:00:00.000Z, entry 4 of log.example/2025"),
        ("anchors", "2 in this bundle; each counts only when checked with keys from elsewhere"),
        ("disclosed", "identity, raw event"),
    ]


def test_without_anchors_no_time_is_claimed() -> None:
    lines = dict(summary_lines(RECORD, FACTS))
    assert (lines["not before"], lines["not after"], lines["disclosed"]) == (NO_BOUND, NO_BOUND, "nothing")


START = {"type": "conversation_started", "event_time": "2026-01-01T10:00:00.000Z"}


def act(kind: str, time: str, index: int = 30) -> Act:
    return Act(kind=kind, time=f"2026-01-{time}.000Z", origin=FACTS.origin, index=index)


@pytest.mark.parametrize(
    ("record", "related", "expected"),
    [
        (START, [], "A"),
        (START, [act("notice_shown", "01T10:00:01"), act("consent_given", "01T10:00:02")], "B"),
        (START, [act("notice_shown", "01T10:00:02"), act("consent_given", "01T10:00:01")], "A"),
        (START, [act("notice_shown", "01T10:00:02", 31), act("consent_refused", "01T10:00:02", 32)], "B"),
        (START, [act("notice_shown", "01T10:00:02", 32), act("consent_withdrawn", "01T10:00:02", 31)], "A"),
        (START, [act("notice_shown", "02T10:00:00")], "B"),
        (START, [act("notice_shown", "02T10:00:01")], "A"),
        (START, [act("notice_shown", "01T09:59:59")], "A"),
        ({"type": "consent_given", "entry_point": "quick_reply"}, [], "C"),
        ({"type": "consent_given", "entry_point": "optin"}, [], "C+"),
        ({"type": "import_claim", "entry_point": "optin"}, [], "I"),
        ({"type": "consent_refused", "entry_point": "optin"}, [], "none"),
        ({"type": "erasure_done"}, [], "none"),
    ],
)
def test_the_grade_follows_from_kinds_and_from_when_the_notice_was_shown(
    record: Mapping[str, object], related: list[Act], expected: str
) -> None:
    assert grade(record, replace(FACTS, related=related)) == expected


def test_every_kind_of_record_has_its_claim_and_no_claim_is_that_facebook_signed() -> None:
    assert len(CLAIMS) == 13
    assert not any("Facebook" in claim for claim in CLAIMS.values())
    assert README_TAIL.count("Facebook") == 1
    assert "Facebook signed none of this" in README_TAIL


def test_the_bounds_are_the_nearest_anchors_on_both_sides() -> None:
    early, late = anchor("2026-01-01T00:00:00.000Z", 5, 6), anchor("2026-01-02T00:00:00.000Z", 8, 9)
    cover, later = anchor("2026-01-03T00:00:00.000Z", 11, 30), anchor("2026-01-04T00:00:00.000Z", 12, 31)
    assert bounds(10, [late, early, later, cover]) == (late, cover)
    assert bounds(6, [early]) == (None, None)
    for method in ("mail", "folder"):  # nothing from outside entered the log with them
        assert bounds(10, [anchor("2026-01-01T00:00:00.000Z", 5, 6, method)]) == (None, None)
        mailed = anchor("2026-01-03T00:00:00.000Z", 11, 30, method)
        assert bounds(10, [mailed]) == (None, mailed)
    same = anchor("2026-01-03T00:00:00.000Z", 11, 30, "witness")
    assert bounds(10, [cover, same])[1] is cover


def test_fields_are_shown_leaf_by_leaf_in_the_records_own_order() -> None:
    record = {
        "z": 1,
        "a": {"b": "text", "c": True, "d": None},
        "list": ["x", 2],
        "destroyed": [{"origin": "log", "indexes": "0-3,7"}, {"origin": "other", "indexes": "1"}],
        "counts": {"lead": 3},
    }
    assert field_lines(record) == [
        ("z", "1"),
        ("a.b", "text"),
        ("a.c", "true"),
        ("a.d", "null"),
        ("list", "x, 2"),
        ("destroyed.0.origin", "log"),
        ("destroyed.0.indexes", "0-3,7"),
        ("destroyed.1.origin", "other"),
        ("destroyed.1.indexes", "1"),
        ("counts.lead", "3"),
    ]


@given(value=st.text())
def test_no_value_passes_as_another_line_or_as_markup(value: str) -> None:
    # UTF-8 cannot write half a character; such a record is refused before it comes here.
    value = value.encode("utf-8", "replace").decode()
    record = RECORD | {"consent": {"text": value}}
    assert len(readme_text(record, FACTS).split(b"\n")) == len(readme_text(RECORD, FACTS).split(b"\n")) + 1
    page, plain = report_page(record, FACTS).decode(), report_page(RECORD, FACTS).decode()
    row = r'<tr><th scope="row">consent\.text</th><td>[^<>"\']*</td></tr>\n'
    assert re.sub(row, "", page) == plain


def test_what_cannot_be_printed_is_escaped_and_what_can_is_left_alone() -> None:
    assert one_line("a\n\t\x7f\xa0\u202e\ufeff\U000e0041") == r"a\x0a\x09\x7f\xa0\u202e\ufeff\U000e0041"
    assert one_line("Grüße, Привет, 你好, مرحبا, 🎉") == "Grüße, Привет, 你好, مرحبا, 🎉"


@given(text=st.text(st.characters(max_codepoint=0x2FF)))
def test_common_scripts_are_escaped_as_python_judges_them(text: str) -> None:
    assert [len(one_line(character)) == 1 for character in text] == [character.isprintable() for character in text]


@given(leaf=st.binary(min_size=32, max_size=32))
def test_the_receipt_is_the_code_that_the_thread_shows(leaf: bytes) -> None:
    assert receipt_of(leaf) == receipt_code(leaf[:20])


def test_the_report_loads_nothing_and_runs_nothing() -> None:
    page = report_page(RECORD, FACTS).decode()
    assert "default-src 'none'" in page
    assert re.search(r"<script|<img|<link|https?://|@import|url\(", page) is None
