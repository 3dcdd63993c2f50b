"""Which bytes are a record, and which record is in these bytes?

Compact UTF-8 JSON with the keys in the order below. Each record has one spelling: `decode` refuses
any other, so two readers can never see two things in one file.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.page import MarketingBasis
from domain.proof.errors import RecordError
from domain.proof.record import PROFILE, SCHEMA_VERSION, ProofRecord
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
)

MAX_RECORD_BYTES = 262_144


def encode(record: ProofRecord) -> bytes:
    """The bytes to commit and to hand over; equal records give equal bytes."""
    document: dict[str, object] = {
        "v": SCHEMA_VERSION,
        "type": record.kind.value,
        "shows": record.shows,
        "schema_version": PROFILE,
        "event_state": record.event_state,
    }
    document |= {name: _plain(getattr(record, name)) for name in _FIELDS}
    present = {key: value for key, value in document.items() if value is not None and value != []}
    return json.dumps(present, ensure_ascii=False, separators=(",", ":")).encode()


def decode(data: bytes) -> ProofRecord:
    """The record in these bytes; raises RecordError unless they are exactly what `encode` gives for it."""
    if len(data) > MAX_RECORD_BYTES:
        raise RecordError(f"the record is longer than {MAX_RECORD_BYTES} bytes")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise RecordError("the record is not JSON in UTF-8") from None
    if not isinstance(document, dict):
        raise RecordError("the record is not a JSON object")
    if document.get("v") != SCHEMA_VERSION:
        raise RecordError(f"the record is not of version {SCHEMA_VERSION}, the only one known here")
    record = _record(document)
    if encode(record) != data:
        raise RecordError("the record is not in the one exact form of its version")
    return record


def format_time(time: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and Z; finer parts are cut."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def _plain(value: object) -> object:
    match value:
        case StrEnum():
            return value.value
        case UUID():
            return str(value)
        case datetime():
            return format_time(value)
        case tuple():
            return [_plain(item) for item in value]
        case _ if is_dataclass(value):
            plain = {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}
            return {name: item for name, item in plain.items() if item is not None}
        case Mapping():
            return dict(value)
    return value


def _record(document: Mapping[str, object]) -> ProofRecord:
    values: dict[str, Any] = {"kind": _read("type", RecordKind, document.get("type"))}
    for name, reader in _FIELDS.items():
        if name in document:
            values[name] = _read(name, reader, document[name])
    for name in ("record_id", "received_at", "event_time_unit"):
        if name not in values:
            raise RecordError(f"the record has no {name}")
    return ProofRecord(**values)


def _read(name: str, reader: Callable[[Any], object], value: object) -> object:
    try:
        return reader(value)
    except RecordError:
        raise
    except (TypeError, ValueError, AttributeError, KeyError, OverflowError):
        raise RecordError(f"{name} of the record has the wrong form") from None


def _time(value: str) -> datetime:
    return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def _uuids(value: list[str]) -> tuple[UUID, ...]:
    return tuple(UUID(item) for item in value)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(value)


def _same(value: object) -> object:
    return value


def _consent(value: dict[str, Any]) -> Consent:
    return Consent(**{key: item for key, item in value.items() if key != "text_sha256"})


def _claim(value: dict[str, Any]) -> ImportClaim:
    given = {key: item for key, item in value.items() if key != "statement_sha256"}
    return ImportClaim(**{**given, "claimed_at": _time(value["claimed_at"])})


_FIELDS: dict[str, Callable[[Any], object]] = {
    "record_id": UUID,
    "page_id": _same,
    "pii_principal_id": _same,
    "name_commitment": _same,
    "event_time": _time,
    "event_time_unit": TimeUnit,
    "envelope_time": _time,
    "envelope_time_unit": TimeUnit,
    "received_at": _time,
    "entry_point": EntryPoint,
    "privacy_notice": lambda value: PrivacyNotice(**value),
    "consent": _consent,
    "topics": _texts,
    "raw_event": lambda value: RawEvent(**{**value, "covers": RawCovers(value["covers"])}),
    "receipt": lambda value: Receipt(**value),
    "log": lambda value: LogChange(**value),
    "controller": lambda value: Controller(**value),
    "purposes": _texts,
    "lawful_basis": _same,
    "marketing_basis": MarketingBasis,
    "personal_data": _texts,
    "storage_locations": _texts,
    "recipients": _texts,
    "withdrawal_method": _texts,
    "retention": _same,
    "jurisdiction": _same,
    "unreadable_by": _time,
    "previous": _uuids,
    "log_anchor": lambda value: Anchor(**{**value, "method": AnchorMethod(value["method"])}),
    "claim": _claim,
    "destroyed": lambda value: tuple(Destroyed(**item) for item in value),
    "waiting": _texts,
    "counts": dict,
}
