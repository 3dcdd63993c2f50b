"""How is a parsed delivery written down, so that it can be frozen in a file and read by a person?"""

import dataclasses
import hashlib
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from domain.personal import Pii
from messenger.envelope import BodyUnreadable, Incoming, ParsedDelivery, parse_delivery

PAYLOADS = Path(__file__).parent.parent / "vectors" / "payloads"


def names() -> list[str]:
    """Every situation that has a body, in order."""
    return sorted(path.stem for path in PAYLOADS.glob("*.json"))


def body_of(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def outcome_of(body: bytes) -> dict[str, Any]:
    """What parsing gives, as plain JSON with personal values shown: they are invented."""
    try:
        return _delivery(parse_delivery(body))
    except BodyUnreadable as refused:
        return {"unreadable": refused.reason.value}


def _delivery(parsed: ParsedDelivery) -> dict[str, Any]:
    return {
        "holds_one_person": parsed.holds_one_person,
        "events": [_incoming(one) for one in parsed.events],
        "ignored": dict(sorted(parsed.ignored.items())),
        "broken": [
            {"page_id": one.page_id, "reason": one.reason.value, "raw": _shortened(one.raw.reveal("golden file"))}
            for one in parsed.broken
        ],
    }


def _incoming(incoming: Incoming) -> dict[str, Any]:
    event = {field.name: _plain(getattr(incoming.event, field.name)) for field in dataclasses.fields(incoming.event)}
    return {
        "kind": incoming.kind.value,
        "page_id": incoming.page_id,
        "psid": _plain(incoming.psid),
        "user_ref": _plain(incoming.user_ref),
        "event_time": _plain(incoming.event_time),
        "time_unit": incoming.time_unit.value,
        "time_source": incoming.time_source.value,
        "envelope_time": _plain(incoming.envelope_time),
        "is_standby": incoming.is_standby,
        "names_other_page": incoming.names_other_page,
        "dedupe_material_sha256": hashlib.sha256(incoming.dedupe_material.reveal("golden file")).hexdigest(),
        "event": {type(incoming.event).__name__: event},
    }


def _plain(value: object) -> Any:
    if isinstance(value, Pii):
        return _plain(value.reveal("golden file"))
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


def _shortened(raw: bytes) -> str:
    text = raw.decode("ascii")
    return text if len(text) <= 600 else f"{text[:200]}... {len(text)} bytes, {hashlib.sha256(raw).hexdigest()}"
