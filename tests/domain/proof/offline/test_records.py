"""Does the verifier read every kind of record that is written, and no record that says more than its kind may?"""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.proof.offline.errors import Unreadable, Wrong
from domain.proof.offline.records import (
    KIND_MAY,
    KIND_NEEDS,
    KIND_SHOWS,
    KIND_STATES,
    RECORD_FORMS,
    RECORD_PROFILE,
    read_record,
)
from domain.proof.offline.report_texts import CLAIMS
from domain.proof.offline.strict_json import MAX_JSON_BYTES, MAX_JSON_DEPTH, read_json
from domain.proof.record import _ANY_ACT, _END_KINDS, _LOG_KINDS, _MAY, _NEEDS, EVENT_STATES, PROFILE, SHOWS
from domain.proof.record_json import _FIELDS
from domain.proof.record_sections import RecordKind

from .maker import compact, record

VECTORS = sorted((Path(__file__).parents[3] / "vectors" / "records").glob("*.json"))


def test_every_kind_that_is_written_is_read() -> None:
    read = [read_record(path.read_bytes().removesuffix(b"\n")).kind for path in VECTORS]
    assert sorted(read) == sorted(RecordKind) == sorted(KIND_SHOWS) == sorted(CLAIMS)
    assert {str(kind): words for kind, words in SHOWS.items()} == KIND_SHOWS
    assert {str(kind): state for kind, state in EVENT_STATES.items()} == KIND_STATES
    assert PROFILE == RECORD_PROFILE


def test_each_kind_needs_and_may_have_what_the_writer_says() -> None:
    for kind in RecordKind:
        needs = _NEEDS[kind]
        more = {"event_time", "previous"} if kind in _LOG_KINDS else set() if kind in _END_KINDS else _ANY_ACT
        assert needs == KIND_NEEDS[kind]
        assert needs | more | _MAY.get(kind, set()) == needs | KIND_MAY[kind]


def test_no_field_is_written_that_the_verifier_does_not_know() -> None:
    assert _FIELDS.keys() <= RECORD_FORMS.keys()
    assert RECORD_FORMS.keys() - _FIELDS.keys() == {"v", "type", "shows", "schema_version", "event_state"}


GIVEN, START = record("consent_given"), record("conversation_started")
CONSENT = GIVEN["consent"]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (GIVEN | {"v": 2}, "version 1"),
        (GIVEN | {"v": True}, "version 1"),
        (GIVEN | {"v": "1"}, "version 1"),
        (GIVEN | {"type": "consent"}, "none of the known kinds"),
        (GIVEN | {"type": ["consent_given"]}, "none of the known kinds"),
        (GIVEN | {"shows": "conversation start"}, "something else"),
        (START | {"shows": "marketing consent"}, "something else"),
        (START | {"event_state": "dpv:ConsentGiven"}, "something else"),
        (record("consent_given", event_state=None), "something else"),
        (GIVEN | {"schema_version": "another"}, "schema_version"),
        (GIVEN | {"marketing_basis": "conversation_start"}, "explicit act"),
        (START | {"lawful_basis": "eu-gdpr:A6-1-a"}, "no consent as its lawful_basis"),
        (START | {"lawful_basis": "eu-gdpr:A6-1-a-explicit"}, "no consent as its lawful_basis"),
        (START | {"consent": CONSENT}, "has no consent"),
        (record("notice_shown") | {"consent": CONSENT}, "has no consent"),
        (GIVEN | {"consent": CONSENT | {"text": "Another question?"}}, "digest of consent.text"),
        (GIVEN | {"consent": CONSENT | {"signed_by": "Facebook"}}, "not known"),
        (GIVEN | {"facebook_signed": "yes"}, "not known"),
        (GIVEN | {"event_time_unit": "missing"}, "event_time_unit"),
        (record("consent_given", event_time=None), "event_time_unit"),
        (GIVEN | {"event_time_unit": "us"}, "event_time_unit"),
        (GIVEN | {"envelope_time": "2026-11-23T16:20:01.123Z"}, "stand together"),
        (GIVEN | {"envelope_time_unit": "missing"}, "neither ms nor s"),
        (GIVEN | {"raw_event": GIVEN["raw_event"] | {"covers": "all"}}, "neither event nor body"),
        (GIVEN | {"event_time": "2026-11-31T16:20:01.123Z"}, "no moment"),
        (GIVEN | {"event_time": "2026-11-23T16:20:01Z"}, "event_time has the wrong form"),
        (GIVEN | {"received_at": "2026-11-23T16:20:01.123+00:00"}, "received_at has the wrong form"),
        (GIVEN | {"pii_principal_id": "AB" * 32}, "wrong form"),
        (GIVEN | {"page_id": 5}, "wrong form"),
        (GIVEN | {"purposes": []}, "no list, or empty"),
        (GIVEN | {"purposes": "dpv:DirectMarketing"}, "no list, or empty"),
        (GIVEN | {"purposes": [""]}, "wrong form"),
        (GIVEN | {"privacy_notice": "3"}, "no object"),
        (GIVEN | {"privacy_notice": {"version": 3, "language": "en"}}, "needs sha256"),
        (GIVEN | {"consent": CONSENT | {"minimum_age": -1}}, "whole number"),
        (GIVEN | {"consent": CONSENT | {"minimum_age": True}}, "whole number"),
        (record("erasure_done") | {"pii_principal_id": "ab" * 32}, "needs"),
        (GIVEN | {"destroyed": [{"origin": "log", "indexes": "0"}]}, "has no destroyed"),
        *((record("consent_given", **{name: None}), f"needs {name}") for name in ("consent", "page_id", "entry_point")),
    ],
)
def test_a_record_that_breaks_a_rule_of_its_kind_is_wrong(document: dict[str, Any], reason: str) -> None:
    with pytest.raises(Wrong, match=reason):
        read_record(compact(document))


def test_an_ending_names_nobody() -> None:
    for kind in ("erasure_done", "record_expired"):
        [path] = [path for path in VECTORS if path.stem == kind]
        document = json.loads(path.read_bytes())
        read_record(compact(document))
        read_record(compact(document | {"entry_point": "console"}))
        for name in ("pii_principal_id", "name_commitment"):
            with pytest.raises(Wrong, match=f"has no {name}"):
                read_record(compact(document | {name: "ab" * 32}))


@pytest.mark.parametrize(
    ("data", "error", "reason"),
    [
        (b'{"v":1,"v":1}', Wrong, "same key twice"),
        (b'{"a":{"b":1,"b":2}}', Wrong, "same key twice"),
        (b'{"v":NaN}', Wrong, "not whole"),
        (b'{"v":Infinity}', Wrong, "not whole"),
        (b'{"v":1.0}', Wrong, "not whole"),
        (b'{"v":1e2}', Wrong, "not whole"),
        (b'{"v":9223372036854775808}', Unreadable, r"2\^63"),
        (b'{"v":' + b"9" * 5000 + b"}", Unreadable, r"2\^63"),
        (b'{"v":-9223372036854775808}', Unreadable, r"2\^63"),
        (b'{"a":' * 9 + b"1" + b"}" * 9, Unreadable, "nested deeper"),
        (b"[" * 100_000, Unreadable, "nested deeper"),
        (b'{"a":"' + b"x" * MAX_JSON_BYTES + b'"}', Unreadable, "longer than"),
        (b'{ "v":1}', Wrong, "one compact spelling"),
        (b'{"v":1}\n', Wrong, "one compact spelling"),
        (b'{"v":-0}', Wrong, "one compact spelling"),
        (b'{"a":"\\u0041"}', Wrong, "one compact spelling"),
        (b'{"a":"\\/"}', Wrong, "one compact spelling"),
        (b'{"a":"\\ud800"}', Wrong, "not JSON in UTF-8"),
        (b'\xef\xbb\xbf{"v":1}', Wrong, "not JSON"),
        (b'{"a":"\xff"}', Wrong, "not UTF-8"),
        (b"[]", Wrong, "not a JSON object"),
        (b"", Wrong, "not JSON"),
        (b'{"v":1}{"v":1}', Wrong, "not JSON"),
        (b'{"a":"\x01"}', Wrong, "not JSON"),
    ],
)
def test_json_with_more_than_one_meaning_is_refused(data: bytes, error: type[Wrong], reason: str) -> None:
    with pytest.raises(error, match=reason) as raised:
        read_json(data, "record.json")
    assert type(raised.value) is error


def test_brackets_in_texts_do_not_count_as_depth() -> None:
    text = '[{"\\' * 50
    document = {"a": text, "b": [[["\\"]]], text: "x"}
    assert read_json(compact(document), "it") == document
    deep: Any = 1
    for _ in range(MAX_JSON_DEPTH):
        deep = {"a": deep}
    assert read_json(compact(deep), "it") == deep
