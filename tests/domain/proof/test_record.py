"""A record is complete for its kind, has one spelling, and never shows more than happened."""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.page import MarketingBasis
from domain.proof.errors import RecordError
from domain.proof.record import ProofRecord
from domain.proof.record_json import decode, encode, format_time
from domain.proof.record_sections import (
    Anchor,
    AnchorMethod,
    Consent,
    Controller,
    Destroyed,
    EntryPoint,
    ImportClaim,
    LogChange,
    PrivacyNotice,
    RawCovers,
    RawEvent,
    Receipt,
    RecordKind,
    TimeUnit,
    format_indexes,
    parse_indexes,
)

from .samples import LOG, make_record

GOLDEN = Path(__file__).parents[2] / "vectors" / "records"

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TEXTS = st.text(min_size=1, max_size=30).filter(lambda text: not re.search("[\ud800-\udfff]", text))
LISTS = st.lists(TEXTS, min_size=1, max_size=3).map(tuple)
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
TIMES = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001  # the same
    timezones=st.just(UTC),
).map(lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000))
EVENT_TIMES = st.one_of(
    st.tuples(TIMES, st.sampled_from([TimeUnit.MILLISECONDS, TimeUnit.SECONDS])),
    st.just((None, TimeUnit.MISSING)),
)
UNITS = (TimeUnit.MILLISECONDS, TimeUnit.SECONDS)
LANGUAGES = st.sampled_from(["en", "de-AT", "zh-Hant-TW", "pt_BR"])
NOTICES = st.builds(
    PrivacyNotice, version=st.integers(1, 99), language=LANGUAGES, sha256=DIGESTS, mid=st.none() | TEXTS
)
CONSENTS = st.builds(
    Consent,
    topic=TEXTS,
    text=TEXTS,
    text_version=TEXTS,
    language=LANGUAGES,
    choice=TEXTS,
    minimum_age=st.none() | st.integers(13, 16),
)
RAW_EVENTS = st.builds(
    RawEvent,
    commitment=DIGESTS,
    covers=st.sampled_from(RawCovers),
    signature_header=DIGESTS.map("sha256={}".format),
    secret=TEXTS,
)
CONTROLLERS = st.builds(Controller, name=TEXTS, contact=TEXTS)
RECEIPTS = st.builds(Receipt, receipt_id=TEXTS, text_sha256=DIGESTS, mid=st.none() | TEXTS)
LOG_CHANGES = st.builds(
    LogChange,
    origin=TEXTS,
    vkey=TEXTS,
    previous_origin=st.none() | TEXTS,
    previous_size=st.none() | st.integers(0, 2**63 - 1),
    previous_root=st.none() | DIGESTS,
    reason=st.none() | TEXTS,
)


ANCHORS = st.builds(
    Anchor,
    method=st.sampled_from(AnchorMethod),
    authority=TEXTS,
    origin=TEXTS,
    size=st.integers(1, 2**63 - 1),
    root=DIGESTS,
    checkpoint_sha256=DIGESTS,
    answer_sha256=DIGESTS,
)
INDEX_SETS = st.sets(st.integers(0, 2**63 - 1), min_size=1, max_size=6)
DESTROYED = st.builds(Destroyed.of, TEXTS, INDEX_SETS)
CLAIMS = st.builds(ImportClaim, source=TEXTS, claimed_at=TIMES, statement=TEXTS)
COUNTS = st.dictionaries(st.sampled_from(["records", "messages", "files"]), st.integers(0, 10**9), min_size=1)


@st.composite
def ends(draw: st.DrawFn, kind: RecordKind) -> ProofRecord:
    """An erasure or expiry: it names entries and nobody."""
    return ProofRecord(
        kind=kind,
        record_id=draw(st.uuids()),
        event_time_unit=TimeUnit.MISSING,
        received_at=draw(TIMES),
        page_id="17",
        controller=draw(CONTROLLERS),
        unreadable_by=draw(TIMES),
        destroyed=tuple(draw(st.lists(DESTROYED, max_size=2))),
        waiting=tuple(draw(st.lists(DIGESTS, max_size=2))),
        counts=draw(COUNTS),
    )


@st.composite
def records(draw: st.DrawFn) -> ProofRecord:
    kind = draw(st.sampled_from(RecordKind))
    event_time, unit = draw(EVENT_TIMES)
    values: dict[str, Any] = {"event_time": event_time, "event_time_unit": unit, "received_at": draw(TIMES)}
    values["previous"] = tuple(draw(st.lists(st.uuids(), min_size=1, max_size=3)))
    if kind in {RecordKind.KEY_ROTATED, RecordKind.LOG_STARTED, RecordKind.LOG_DISCONTINUITY}:
        return ProofRecord(kind=kind, record_id=draw(st.uuids()), log=draw(LOG_CHANGES), **values)
    if kind is RecordKind.ANCHOR:
        values |= {"event_time": draw(TIMES), "event_time_unit": TimeUnit.MILLISECONDS}
        return ProofRecord(kind=kind, record_id=draw(st.uuids()), log_anchor=draw(ANCHORS), **values)
    if kind in {RecordKind.ERASURE_DONE, RecordKind.RECORD_EXPIRED}:
        return draw(ends(kind))
    values |= {"page_id": "17", "pii_principal_id": draw(DIGESTS), "controller": draw(CONTROLLERS)}
    values |= {"name_commitment": draw(st.none() | DIGESTS)}
    if draw(st.booleans()):
        values |= {"envelope_time": draw(TIMES), "envelope_time_unit": draw(st.sampled_from(UNITS))}
    values |= {"entry_point": draw(st.sampled_from(EntryPoint)), "raw_event": draw(RAW_EVENTS)}
    values |= {"privacy_notice": draw(NOTICES), "marketing_basis": MarketingBasis.EXPLICIT}
    values |= {"purposes": draw(LISTS), "lawful_basis": "eu-gdpr:A6-1-b", "withdrawal_method": draw(LISTS)}
    for name in ("personal_data", "storage_locations", "recipients"):
        values[name] = draw(LISTS)
    for name in ("retention", "jurisdiction"):
        values[name] = draw(st.none() | TEXTS)
    if kind in {RecordKind.CONSENT_GIVEN, RecordKind.CONSENT_REFUSED, RecordKind.CONSENT_WITHDRAWN}:
        values["consent"] = draw(CONSENTS)
    if kind is RecordKind.CONSENT_WITHDRAWN:
        values["topics"] = draw(LISTS)
    if kind is RecordKind.RECEIPT_SENT:
        values["receipt"] = draw(RECEIPTS)
    if kind is RecordKind.IMPORT_CLAIM:
        values["claim"] = draw(CLAIMS)
    if kind is RecordKind.CONVERSATION_STARTED:
        values["marketing_basis"] = draw(st.sampled_from(MarketingBasis))
    return ProofRecord(kind=kind, record_id=draw(st.uuids()), **values)


@given(indexes=INDEX_SETS)
def test_a_set_of_indexes_has_one_spelling(indexes: set[int]) -> None:
    ranges = parse_indexes(format_indexes(indexes))
    assert sum(high - low + 1 for low, high in ranges) == len(indexes)
    assert all(any(low <= index <= high for low, high in ranges) for index in indexes)


@pytest.mark.parametrize("text", ["1-1", "2,1", "1,2", "1-3,4", "01", "5-4", "1,1", "0-2,2"])
def test_another_spelling_of_a_set_of_indexes_is_refused(text: str) -> None:
    with pytest.raises(RecordError, match="ascending"):
        Destroyed(origin="log.example", indexes=text)


@settings(max_examples=150)
@given(record=records())
def test_a_record_is_read_as_it_was_written(record: ProofRecord) -> None:
    assert decode(encode(record)) == record


@settings(max_examples=150)
@given(record=records())
def test_only_a_consent_shows_marketing_consent(record: ProofRecord) -> None:
    shown = json.loads(encode(record))["shows"]
    assert (shown == "marketing consent") == (record.kind is RecordKind.CONSENT_GIVEN)
    assert (shown == "conversation start") == (record.kind is RecordKind.CONVERSATION_STARTED)


@pytest.mark.parametrize("kind", RecordKind)
def test_the_bytes_of_each_kind_are_frozen(kind: RecordKind) -> None:
    golden = (GOLDEN / f"{kind}.json").read_bytes()
    assert encode(make_record(kind)) == golden  # changes only with a new version of the form
    assert decode(golden) == make_record(kind)


def test_there_is_one_golden_file_for_each_kind_of_record() -> None:
    files = sorted(path.name for path in GOLDEN.iterdir())
    assert files == sorted(f"{kind}.json" for kind in RecordKind)
    assert len(files) == 13


def test_the_digest_of_a_question_is_computed_from_its_words() -> None:
    consent = json.loads(encode(make_record()))
    assert consent["event_state"] == "dpv:ConsentGiven"
    assert consent["consent"]["text_sha256"] == hashlib.sha256(consent["consent"]["text"].encode()).hexdigest()


def test_times_are_cut_to_milliseconds_and_written_in_utc() -> None:
    time = datetime(2026, 1, 2, 3, 4, 5, 678_999, tzinfo=UTC)
    assert format_time(time) == "2026-01-02T03:04:05.678Z"
    assert decode(encode(make_record(received_at=time))).received_at == time.replace(microsecond=678_000)


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        (RecordKind.CONVERSATION_STARTED, {"consent": make_record().consent}, "has no consent"),
        (RecordKind.CONVERSATION_STARTED, {"lawful_basis": "eu-gdpr:A6-1-a"}, "no consent as its lawful_basis"),
        (RecordKind.CONVERSATION_STARTED, {"raw_event": None}, "needs raw_event"),
        (RecordKind.CONSENT_GIVEN, {"marketing_basis": MarketingBasis.CONVERSATION_START}, "explicit act"),
        (RecordKind.CONSENT_GIVEN, {"marketing_basis": None}, "needs marketing_basis"),
        (RecordKind.CONSENT_GIVEN, {"privacy_notice": None}, "needs privacy_notice"),
        (RecordKind.CONSENT_GIVEN, {"purposes": ()}, "needs purposes"),
        (RecordKind.CONSENT_GIVEN, {"topics": ("news",)}, "has no topics"),
        (RecordKind.CONSENT_GIVEN, {"page_id": "a"}, "page_id has the wrong form"),
        (RecordKind.CONSENT_GIVEN, {"page_id": "1٢"}, "page_id has the wrong form"),
        (RecordKind.CONSENT_GIVEN, {"pii_principal_id": "AB" * 32}, "pii_principal_id has the wrong form"),
        (RecordKind.CONSENT_GIVEN, {"event_time": None}, "exactly when there is no event_time"),
        (RecordKind.CONSENT_GIVEN, {"event_time_unit": TimeUnit.MISSING}, "exactly when there is no event_time"),
        (RecordKind.CONSENT_GIVEN, {"envelope_time": NOON}, "stand together"),
        (RecordKind.CONSENT_GIVEN, {"envelope_time_unit": TimeUnit.SECONDS}, "stand together"),
        (
            RecordKind.CONSENT_GIVEN,
            {"envelope_time": NOON, "envelope_time_unit": TimeUnit.MISSING},
            "envelope_time_unit is a unit",
        ),
        (RecordKind.CONSENT_GIVEN, {"name_commitment": "Zoë"}, "name_commitment has the wrong form"),
        (RecordKind.CONSENT_GIVEN, {"purposes": ("",)}, "purposes is not a text"),
        (RecordKind.CONSENT_GIVEN, {"jurisdiction": "\ud800"}, "half a character"),
        (RecordKind.CONSENT_GIVEN, {"retention": "a" * 70_000}, "longer than"),
        (RecordKind.CONSENT_GIVEN, {"received_at": datetime(2026, 1, 1)}, "not a time in UTC"),  # noqa: DTZ001
        (
            RecordKind.CONSENT_GIVEN,
            {"received_at": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))},
            "not a time in UTC",
        ),
        (RecordKind.NOTICE_SHOWN, {"privacy_notice": None}, "needs privacy_notice"),
        (RecordKind.RECEIPT_SENT, {"previous": ()}, "needs previous"),
        (RecordKind.CONSENT_GIVEN, {"log": LogChange(origin="a", vkey="b")}, "has no log"),
        (RecordKind.ERASURE_DONE, {"pii_principal_id": "ab" * 32}, "has no pii_principal_id"),
        (RecordKind.LOG_STARTED, {"page_id": "17"}, "has no page_id"),
    ],
)
def test_records_that_break_the_rules_of_their_kind_are_refused(
    kind: RecordKind, change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RecordError, match=reason):
        make_record(kind, **change)


@pytest.mark.parametrize(
    "section",
    [
        lambda: PrivacyNotice(version=0, language="en", sha256="0" * 64),
        lambda: PrivacyNotice(version=True, language="en", sha256="0" * 64),
        lambda: PrivacyNotice(version=1, language="english language", sha256="0" * 64),
        lambda: PrivacyNotice(version=1, language="en", sha256="0" * 63),
        lambda: RawEvent(commitment="0" * 64, covers=RawCovers.BODY, signature_header="sha1=00", secret="a"),
        lambda: RawEvent(commitment="0" * 63, covers=RawCovers.BODY, signature_header=f"sha256={'0' * 64}", secret="a"),
        lambda: Controller(name="", contact="a"),
        lambda: LogChange(origin="a", vkey="b", previous_size=-1),
        lambda: Consent(topic="a", text="b", text_version="c", language="en", choice="d", minimum_age=-1),
    ],
)
def test_parts_with_wrong_values_are_refused(section: Any) -> None:
    with pytest.raises(RecordError):
        section()


def test_a_log_change_needs_no_page_and_no_person() -> None:
    record = ProofRecord(
        kind=RecordKind.LOG_STARTED,
        record_id=UUID(int=3),
        received_at=datetime(2027, 1, 1, tzinfo=UTC),
        event_time_unit=TimeUnit.MISSING,
        log=LogChange(origin=LOG.name, vkey=LOG.verifier.vkey, previous_origin="log.example/2025", previous_size=9),
    )
    assert decode(encode(record)) == record


GOOD = encode(make_record())


@pytest.mark.parametrize(
    "data",
    [
        *(
            b"",
            b"{}",
            b"[]",
            b"null",
            b"{" * 100_000,
            b"[" * 100_000,
            b'{"v":2}',
            b'{"v":true}',
            b"\xff",
            bytes(300_000),
        ),
        *(GOOD + b"\n", GOOD.replace(b'"v":1', b'"v":1.0'), GOOD.replace(b'"v":1', b'"v":1,"v":1')),
        *(GOOD.replace(b":", b": ", 1), GOOD.replace(b"}", b',"extra":1}'), GOOD.replace(b"news", b"n\\u0065ws")),
        *(GOOD.decode().encode("utf-16"), GOOD.replace(b"marketing consent", b"conversation start", 1)),
        *(GOOD.replace(b'"version":3', b'"version":' + b"9" * 5000), GOOD.replace(b'"version":3', b'"version":"3"')),
        *(golden.replace(b'"covers"', b'"hides"') for golden in [encode(make_record(RecordKind.CONVERSATION_STARTED))]),
        *(GOOD.replace(b"consent_given", b"consent_taken"), GOOD.replace(b'"page_id":"1', b'"page_id":["1"],"x":"')),
        *(GOOD.replace(b"May we", b"Might we"), GOOD.replace(b"01.123Z", b"01.1230Z"), GOOD.replace(b"Z", b"+00:00")),
        *(GOOD.replace(b'["keyword","link"]', b'"keyword"'), GOOD.replace(b'["keyword","link"]', b'[["keyword"]]')),
        *(
            GOOD.replace(b'"received_at"', b'"received"'),
            GOOD.replace(b'"ms"', b'{"a":1}'),
            GOOD.replace(b'"ms"', b"NaN"),
        ),
    ],
)
def test_bytes_that_are_no_record_in_its_one_form_are_refused(data: bytes) -> None:
    assert data != GOOD
    with pytest.raises(RecordError):
        decode(data)


@settings(max_examples=300)
@given(at=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_changed_bytes_are_another_record_or_a_named_error(at: int, byte: int, cut: bool) -> None:
    changed = GOOD[:at] if cut else GOOD[:at] + bytes([byte]) + GOOD[at + 1 :]
    try:
        record = decode(changed)
    except RecordError:
        return
    assert encode(record) == changed
    assert (record == make_record()) == (changed == GOOD)


def test_the_answer_of_a_person_is_not_in_the_repr_of_a_record() -> None:
    assert "Yes, please" not in repr(make_record())


def test_every_field_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs" / "proof-records.md").read_text(encoding="utf-8")
    sections = (PrivacyNotice, Consent, RawEvent, Controller, Receipt, LogChange, Anchor, Destroyed, ImportClaim)
    names = {"v", "type", "shows", "schema_version", "event_state", *ProofRecord.__dataclass_fields__} - {"kind"}
    names |= {name for section in sections for name in section.__dataclass_fields__}
    names |= {*RecordKind, *EntryPoint, *TimeUnit, *MarketingBasis, *AnchorMethod, *RawCovers}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
