"""What does a record say, and does it say it as its kind must?

Version 1. A conversation start and a marketing consent are two facts: what a record shows follows from its kind alone,
a consent is an explicit act, and a start never names consent as its basis. A field that is not known here is refused,
because it could say anything.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.proof.offline.errors import Wrong
from domain.proof.offline.notes import MAX_NUMBER
from domain.proof.offline.strict_json import read_json

RECORD_VERSION = 1
RECORD_PROFILE = "dpv-27560:record-eu-gdpr"
KIND_SHOWS = {
    "conversation_started": "conversation start",
    "notice_shown": "notice shown",
    "consent_given": "marketing consent",
    "consent_refused": "refusal of marketing consent",
    "consent_withdrawn": "withdrawal of marketing consent",
    "receipt_sent": "receipt sent",
    "erasure_done": "erasure done",
    "record_expired": "record expired",
    "anchor": "anchor of the log",
    "key_rotated": "change of the log's key",
    "log_started": "start of a log",
    "log_discontinuity": "break in a log",
    "import_claim": "import claim",
}
KIND_STATES = {
    "notice_shown": "dpv:ConsentRequested",
    "consent_given": "dpv:ConsentGiven",
    "consent_refused": "dpv:ConsentRefused",
    "consent_withdrawn": "dpv:ConsentWithdrawn",
}

_PERSON = {"page_id", "pii_principal_id", "controller"}
_CONSENT = _PERSON | {"entry_point", "privacy_notice", "consent"}
KIND_NEEDS = {
    "conversation_started": _PERSON | {"entry_point", "raw_event", "marketing_basis"},
    "notice_shown": _PERSON | {"privacy_notice"},
    "consent_given": _CONSENT | {"purposes", "lawful_basis", "marketing_basis", "withdrawal_method"},
    "consent_refused": _CONSENT,
    "consent_withdrawn": _PERSON | {"entry_point"},
    "receipt_sent": _PERSON | {"receipt", "previous"},
    "erasure_done": {"page_id", "controller", "unreadable_by"},
    "record_expired": {"page_id", "controller", "unreadable_by"},
    "anchor": {"log_anchor", "event_time"},
    "key_rotated": {"log"},
    "log_started": {"log"},
    "log_discontinuity": {"log"},
    "import_claim": _PERSON | {"entry_point", "claim"},
}
# What else a record of the kind may have. A part in the wrong place would change what it seems to show.
_ACT_MAY = {"entry_point", "privacy_notice", "raw_event", "lawful_basis", "marketing_basis", "jurisdiction"}
_ACT_MAY |= {"retention", "withdrawal_method", "purposes", "personal_data", "storage_locations", "recipients"}
_ACT_MAY |= {"event_time", "envelope_time", "envelope_time_unit", "previous", "name_commitment"}
_LOG_MAY = {"event_time", "previous"}
_END_MAY = {"destroyed", "waiting", "counts", "jurisdiction"}
KIND_MAY = dict.fromkeys(KIND_SHOWS, _ACT_MAY) | {
    "consent_withdrawn": _ACT_MAY | {"consent", "topics"},
    "import_claim": _ACT_MAY | {"topics"},
    "erasure_done": _END_MAY | {"entry_point"},
    "record_expired": _END_MAY | {"entry_point"},
    "anchor": _LOG_MAY,
    "key_rotated": _LOG_MAY,
    "log_started": _LOG_MAY,
    "log_discontinuity": _LOG_MAY,
}
NEEDED_ALWAYS = {"v", "type", "shows", "schema_version", "record_id", "event_time_unit", "received_at"}
_TEXTS = ["text"]
RECORD_FORMS: dict[str, Any] = {
    "v": "number", "type": "text", "shows": "text", "schema_version": "text", "event_state": "text",
    "record_id": "uuid", "page_id": "page", "pii_principal_id": "hash", "name_commitment": "hash",
    "event_time": "time", "event_time_unit": "text", "envelope_time": "time",
    "envelope_time_unit": "text", "received_at": "time",
    "entry_point": "text",
    "privacy_notice": {"version": "number", "language": "text", "sha256": "hash", "mid?": "text"},
    "consent": {
        "topic": "text", "text": "text", "text_sha256": "hash", "text_version": "text", "language": "text",
        "choice": "text", "minimum_age?": "number",
    },
    "topics": _TEXTS,
    "raw_event": {"commitment": "hash", "covers": "text", "signature_header": "text", "secret": "text"},
    "receipt": {"receipt_id": "text", "text_sha256": "hash", "mid?": "text"},
    "log": {
        "origin": "text", "vkey": "text", "previous_origin?": "text", "previous_vkey?": "text",
        "previous_size?": "number", "previous_root?": "hash", "reason?": "text",
    },
    "log_anchor": {
        "method": "text", "authority": "text", "origin": "text", "size": "number", "root": "hash",
        "checkpoint_sha256": "hash", "answer_sha256?": "hash",
    },
    "claim": {"source": "text", "claimed_at": "time", "statement": "text", "statement_sha256": "hash"},
    "controller": {"name": "text", "contact": "text"},
    "destroyed": [{"origin": "text", "indexes": "indexes"}],
    "waiting": ["hash"],
    "counts": "counts",
    "purposes": _TEXTS, "lawful_basis": "text", "marketing_basis": "text", "personal_data": _TEXTS,
    "storage_locations": _TEXTS, "recipients": _TEXTS, "withdrawal_method": _TEXTS, "retention": "text",
    "jurisdiction": "text", "unreadable_by": "time", "previous": ["uuid"],
}  # fmt: skip
_PATTERNS = {
    "text": re.compile(r".+", re.DOTALL),
    "hash": re.compile(r"[0-9a-f]{64}", re.ASCII),
    "page": re.compile(r"[0-9]{1,32}", re.ASCII),
    "uuid": re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII),
    "time": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z", re.ASCII),
    "indexes": re.compile(r"(?:[0-9]{1,19}(?:-[0-9]{1,19})?)(?:,[0-9]{1,19}(?:-[0-9]{1,19})?)*", re.ASCII),
}


@dataclass(frozen=True, slots=True)
class Record:
    """A record whose form and meaning were checked; `document` is its JSON."""

    document: dict[str, Any] = field(repr=False)

    @property
    def kind(self) -> str:
        return str(self.document["type"])

    def text(self, name: str) -> str | None:
        """A field at the top as text; None where the record has none."""
        value = self.document.get(name)
        return None if value is None else str(value)

    def part(self, name: str) -> dict[str, Any]:
        """A part that the kind needs, such as `log_anchor`."""
        found: dict[str, Any] = self.document[name]
        return found


def read_record(data: bytes, what: str = "the record") -> Record:
    """The record in these bytes; `what` names the file in the refusal."""
    document = read_json(data, what)
    try:
        _check_record(document)
    except Wrong as error:
        raise Wrong(f"{what}: {error}") from None
    return Record(document)


def _check_record(document: Mapping[str, Any]) -> None:
    if document.get("v") != RECORD_VERSION or isinstance(document.get("v"), bool):
        raise Wrong(f"it is not of version {RECORD_VERSION}, the only one known here")
    kind = document.get("type")
    if not isinstance(kind, str) or kind not in KIND_SHOWS:
        raise Wrong("its type is none of the known kinds")
    needed = NEEDED_ALWAYS | KIND_NEEDS[kind]
    for name in sorted(needed - document.keys()):
        raise Wrong(f"a record of kind {kind} needs {name}")
    for name, value in document.items():
        if name not in RECORD_FORMS:
            raise Wrong("it has a field that is not known in its version")
        if name not in needed | KIND_MAY[kind] | {"event_state"}:
            raise Wrong(f"a record of kind {kind} has no {name}")
        _check_form(name, value, RECORD_FORMS[name])
    _check_meaning(kind, document)


def _check_meaning(kind: str, document: Mapping[str, Any]) -> None:
    if document["schema_version"] != RECORD_PROFILE:
        raise Wrong("its schema_version is not the profile of its version")
    if document["shows"] != KIND_SHOWS[kind] or document.get("event_state") != KIND_STATES.get(kind):
        raise Wrong(f"it says that it shows something else than a record of kind {kind} does")
    unit = document["event_time_unit"]
    if unit not in ("ms", "s", "missing") or (unit == "missing") != ("event_time" not in document):
        raise Wrong("event_time_unit is ms, s, or missing exactly when there is no event_time")
    if document.get("envelope_time_unit", "ms") not in ("ms", "s"):
        raise Wrong("envelope_time_unit is neither ms nor s")
    if ("envelope_time" in document) != ("envelope_time_unit" in document):
        raise Wrong("envelope_time and envelope_time_unit stand together")
    if document.get("raw_event", {}).get("covers", "event") not in ("event", "body"):
        raise Wrong("raw_event.covers is neither event nor body")
    if kind == "consent_given" and document["marketing_basis"] != "explicit":
        raise Wrong("a marketing consent is an explicit act: marketing_basis is explicit")
    if kind == "conversation_started" and str(document.get("lawful_basis", "")).startswith("eu-gdpr:A6-1-a"):
        raise Wrong("a conversation start has no consent as its lawful_basis")
    for part, words in (("consent", "text"), ("claim", "statement")):
        if part in document:
            digest = hashlib.sha256(document[part][words].encode()).hexdigest()
            if document[part][f"{words}_sha256"] != digest:
                raise Wrong(f"{part}.{words}_sha256 is not the digest of {part}.{words}")


def _check_form(where: str, value: Any, form: Any) -> None:
    if isinstance(form, dict):
        _check_part(where, value, form)
    elif isinstance(form, list):
        if not isinstance(value, list) or not value:
            raise Wrong(f"{where} is no list, or empty")
        for item in value:
            _check_form(where, item, form[0])
    elif form == "number":
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_NUMBER:
            raise Wrong(f"{where} is no whole number from 0 on")
    elif form == "counts":
        if not isinstance(value, dict):
            raise Wrong(f"{where} is no object of counts")
        for count in value.values():
            _check_form(where, count, "number")
    elif not isinstance(value, str) or not _PATTERNS[form].fullmatch(value):
        raise Wrong(f"{where} has the wrong form")
    elif form == "time":
        _check_moment(where, value)


def _check_part(where: str, value: Any, form: Mapping[str, Any]) -> None:
    if not isinstance(value, dict):
        raise Wrong(f"{where} is no object")
    known = {name.rstrip("?"): inner for name, inner in form.items()}
    for name in value:
        if name not in known:
            raise Wrong(f"{where} has a field that is not known in its version")
    for name in form:
        if not name.endswith("?") and name not in value:
            raise Wrong(f"{where} needs {name}")
    for name, item in value.items():
        _check_form(f"{where}.{name}", item, known[name])


def _check_moment(where: str, value: str) -> None:
    try:
        datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: DTZ007 - only whether it exists
    except ValueError:
        raise Wrong(f"{where} is no moment that exists") from None
