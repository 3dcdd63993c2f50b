"""What does a proof record say, and which bytes are committed to the log?

A conversation start and a marketing consent are two facts. `shows` is derived from the kind of a
record and from nothing else, so no setting can make the one look like the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.page import MarketingBasis
from domain.proof.encoding import MAX_NUMBER
from domain.proof.errors import RecordError
from domain.proof.record_sections import (
    PAGE_ID,
    SHA256,
    STORE_NAME,
    Anchor,
    Consent,
    Controller,
    Destroyed,
    EntryPoint,
    ImportClaim,
    LogChange,
    PrivacyNotice,
    RawEvent,
    Receipt,
    RecordKind,
    TimeUnit,
    check_number,
    check_text,
    check_time,
)

SCHEMA_VERSION = 1
PROFILE = "dpv-27560:record-eu-gdpr"

SHOWS = {
    RecordKind.CONVERSATION_STARTED: "conversation start",
    RecordKind.NOTICE_SHOWN: "notice shown",
    RecordKind.CONSENT_GIVEN: "marketing consent",
    RecordKind.CONSENT_REFUSED: "refusal of marketing consent",
    RecordKind.CONSENT_WITHDRAWN: "withdrawal of marketing consent",
    RecordKind.RECEIPT_SENT: "receipt sent",
    RecordKind.ERASURE_DONE: "erasure done",
    RecordKind.KEY_ROTATED: "change of the log's key",
    RecordKind.LOG_STARTED: "start of a log",
    RecordKind.LOG_DISCONTINUITY: "break in a log",
    RecordKind.RECORD_EXPIRED: "record expired",
    RecordKind.ANCHOR: "anchor of the log",
    RecordKind.IMPORT_CLAIM: "import claim",
}

EVENT_STATES = {
    RecordKind.NOTICE_SHOWN: "dpv:ConsentRequested",
    RecordKind.CONSENT_GIVEN: "dpv:ConsentGiven",
    RecordKind.CONSENT_REFUSED: "dpv:ConsentRefused",
    RecordKind.CONSENT_WITHDRAWN: "dpv:ConsentWithdrawn",
}

_LOG_KINDS = {RecordKind.KEY_ROTATED, RecordKind.LOG_STARTED, RecordKind.LOG_DISCONTINUITY, RecordKind.ANCHOR}
# These name entries, and nobody: not even a commitment to a person stands in them.
_END_KINDS = {RecordKind.ERASURE_DONE, RecordKind.RECORD_EXPIRED}
_PERSON = {"page_id", "pii_principal_id", "controller"}
_ANY_ACT = {"entry_point", "privacy_notice", "raw_event", "lawful_basis", "marketing_basis"}
_ANY_ACT |= {"jurisdiction", "retention", "withdrawal_method", "purposes", "personal_data"}
_ANY_ACT |= {"storage_locations", "recipients", "event_time", "previous", "name_commitment"}
_ANY_ACT |= {"envelope_time", "envelope_time_unit"}

_NEEDS: dict[RecordKind, set[str]] = {
    RecordKind.CONVERSATION_STARTED: _PERSON | {"entry_point", "raw_event", "marketing_basis"},
    RecordKind.NOTICE_SHOWN: _PERSON | {"privacy_notice"},
    RecordKind.CONSENT_GIVEN: _PERSON
    | {"entry_point", "privacy_notice", "consent", "purposes", "lawful_basis", "marketing_basis"}
    | {"withdrawal_method"},
    RecordKind.CONSENT_REFUSED: _PERSON | {"entry_point", "privacy_notice", "consent"},
    RecordKind.CONSENT_WITHDRAWN: _PERSON | {"entry_point"},
    RecordKind.RECEIPT_SENT: _PERSON | {"receipt", "previous"},
    RecordKind.ERASURE_DONE: {"page_id", "controller", "unreadable_by"},
    RecordKind.RECORD_EXPIRED: {"page_id", "controller", "unreadable_by"},
    RecordKind.ANCHOR: {"log_anchor", "event_time"},
    RecordKind.IMPORT_CLAIM: _PERSON | {"entry_point", "claim"},
    RecordKind.KEY_ROTATED: {"log"},
    RecordKind.LOG_STARTED: {"log"},
    RecordKind.LOG_DISCONTINUITY: {"log"},
}
_MAY: dict[RecordKind, set[str]] = {
    RecordKind.CONSENT_WITHDRAWN: {"consent", "topics"},
    RecordKind.ERASURE_DONE: {"destroyed", "waiting", "counts", "entry_point", "jurisdiction"},
    RecordKind.RECORD_EXPIRED: {"destroyed", "waiting", "counts", "entry_point", "jurisdiction"},
    RecordKind.IMPORT_CLAIM: {"topics"},
}
_OPTIONAL = (
    *("page_id", "pii_principal_id", "event_time", "envelope_time", "envelope_time_unit", "entry_point"),
    *("privacy_notice", "consent", "topics", "raw_event", "receipt", "log", "controller", "purposes", "lawful_basis"),
    *("marketing_basis", "personal_data", "storage_locations", "recipients", "withdrawal_method"),
    *("retention", "jurisdiction", "unreadable_by", "previous", "name_commitment"),
    *("log_anchor", "claim", "destroyed", "waiting", "counts"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRecord:
    """One fact about one person at one Page, or about the log itself; raises RecordError when incomplete.

    Which fields a kind needs and may have is checked here. `event_time` is the event's own, `envelope_time` that of
    the delivery around it, `received_at` our clock's; none stands in for another. Times are written to the millisecond
    and cut, not rounded. `topics` of a withdrawal names what is withdrawn; none means everything.
    """

    kind: RecordKind
    record_id: UUID
    received_at: datetime
    page_id: str | None = None
    pii_principal_id: str | None = None
    name_commitment: str | None = None
    event_time: datetime | None = None
    event_time_unit: TimeUnit
    envelope_time: datetime | None = None
    envelope_time_unit: TimeUnit | None = None
    entry_point: EntryPoint | None = None
    privacy_notice: PrivacyNotice | None = None
    consent: Consent | None = None
    topics: tuple[str, ...] = ()
    raw_event: RawEvent | None = None
    receipt: Receipt | None = None
    log: LogChange | None = None
    controller: Controller | None = None
    purposes: tuple[str, ...] = ()
    lawful_basis: str | None = None
    marketing_basis: MarketingBasis | None = None
    personal_data: tuple[str, ...] = ()
    storage_locations: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    withdrawal_method: tuple[str, ...] = ()
    retention: str | None = None
    jurisdiction: str | None = None
    unreadable_by: datetime | None = None
    previous: tuple[UUID, ...] = ()
    log_anchor: Anchor | None = None
    claim: ImportClaim | None = None
    destroyed: tuple[Destroyed, ...] = ()
    waiting: tuple[str, ...] = ()
    counts: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        self._check_presence()
        self._check_values()
        self._check_meaning()

    @property
    def shows(self) -> str:
        """What the record shows, in words; a conversation start never shows consent."""
        return SHOWS[self.kind]

    @property
    def event_state(self) -> str | None:
        """The consent status in terms of the Data Privacy Vocabulary, where there is one."""
        return EVENT_STATES.get(self.kind)

    def _check_presence(self) -> None:
        needs = _NEEDS[self.kind]
        may = needs | _MAY.get(self.kind, set())
        if self.kind in _LOG_KINDS:
            may |= {"event_time", "previous"}
        elif self.kind not in _END_KINDS:
            may |= _ANY_ACT
        for name in _OPTIONAL:
            value = getattr(self, name)
            present = value is not None and value != ()
            if present and name not in may:
                raise RecordError(f"a record of kind {self.kind} has no {name}")
            if not present and name in needs:
                raise RecordError(f"a record of kind {self.kind} needs {name}")

    def _check_values(self) -> None:
        patterns = {"page_id": PAGE_ID, "pii_principal_id": SHA256, "name_commitment": SHA256}
        for name in (*patterns, "lawful_basis", "retention", "jurisdiction"):
            if getattr(self, name) is not None:
                check_text(getattr(self, name), name, patterns.get(name))
        lists = ("topics", "purposes", "personal_data", "storage_locations", "recipients")
        for name in (*lists, "withdrawal_method"):
            for item in getattr(self, name):
                check_text(item, name)
        for item in self.waiting:
            check_text(item, "waiting", SHA256)
        for name, number in (self.counts or {}).items():
            check_text(name, "counts", STORE_NAME)
            check_number(number, "counts", 0, MAX_NUMBER)
        check_time(self.received_at, "received_at")
        for name in ("event_time", "envelope_time", "unreadable_by"):
            if getattr(self, name) is not None:
                check_time(getattr(self, name), name)

    def _check_meaning(self) -> None:
        if (self.event_time is None) != (self.event_time_unit is TimeUnit.MISSING):
            raise RecordError("event_time_unit is 'missing' exactly when there is no event_time")
        if (self.envelope_time is None) != (self.envelope_time_unit is None):
            raise RecordError("envelope_time and envelope_time_unit stand together")
        if self.envelope_time_unit is TimeUnit.MISSING:
            raise RecordError("envelope_time_unit is a unit")
        if self.kind is RecordKind.CONSENT_GIVEN and self.marketing_basis is not MarketingBasis.EXPLICIT:
            raise RecordError("a marketing consent is an explicit act: marketing_basis is 'explicit'")
        starts = self.kind is RecordKind.CONVERSATION_STARTED
        if starts and self.lawful_basis and self.lawful_basis.startswith("eu-gdpr:A6-1-a"):
            raise RecordError("a conversation start has no consent as its lawful_basis")
