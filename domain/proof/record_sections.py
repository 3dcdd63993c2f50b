"""What parts is a proof record made of?

Every field and its term in ISO/IEC TS 27560 and the Data Privacy Vocabulary is in
docs/proof-records.md. All values are checked when a part is made, so a record that exists can be
written down; texts of errors name the field and never its value.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from domain.proof.encoding import MAX_NUMBER
from domain.proof.errors import RecordError

MAX_TEXT_BYTES = 65_536

SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*", re.ASCII)
PAGE_ID = re.compile(r"[0-9]{1,32}", re.ASCII)
INDEXES = re.compile(r"[0-9]+(?:-[0-9]+)?(?:,[0-9]+(?:-[0-9]+)?)*", re.ASCII)
STORE_NAME = re.compile(r"[a-z_]{1,40}", re.ASCII)


class RecordKind(StrEnum):
    CONVERSATION_STARTED = "conversation_started"
    NOTICE_SHOWN = "notice_shown"
    CONSENT_GIVEN = "consent_given"
    CONSENT_REFUSED = "consent_refused"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    RECEIPT_SENT = "receipt_sent"
    ERASURE_DONE = "erasure_done"
    KEY_ROTATED = "key_rotated"
    LOG_STARTED = "log_started"
    LOG_DISCONTINUITY = "log_discontinuity"
    RECORD_EXPIRED = "record_expired"
    ANCHOR = "anchor"
    IMPORT_CLAIM = "import_claim"


class AnchorMethod(StrEnum):
    """By which way something outside of our hands holds a checkpoint."""

    RFC3161 = "rfc3161"
    WITNESS = "witness"
    MAIL = "mail"
    FOLDER = "folder"


class EntryPoint(StrEnum):
    """The way by which the person's act reached us."""

    GET_STARTED = "get_started"
    MESSAGE = "message"
    REFERRAL = "referral"
    AD = "ad"
    PLUGIN = "plugin"
    ICE_BREAKER = "ice_breaker"
    MENU = "menu"
    QUICK_REPLY = "quick_reply"
    POSTBACK = "postback"
    KEYWORD = "keyword"
    LINK = "link"
    OPTIN = "optin"
    CALLBACK = "callback"
    CONSOLE = "console"


class RawCovers(StrEnum):
    """What is kept of a delivery: all of it where it concerns one person, else the one event."""

    EVENT = "event"
    BODY = "body"


class TimeUnit(StrEnum):
    """In which unit the platform sent a time; it means milliseconds and sometimes sends seconds."""

    MILLISECONDS = "ms"
    SECONDS = "s"
    MISSING = "missing"


def check_text(value: object, where: str, pattern: re.Pattern[str] | None = None) -> None:
    """Raises RecordError unless the value is a text that UTF-8 can hold and that fits the pattern."""
    if not isinstance(value, str) or not value:
        raise RecordError(f"{where} is not a text, or empty")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise RecordError(f"{where} holds half a character, which UTF-8 cannot write")
    if len(value) > MAX_TEXT_BYTES:
        raise RecordError(f"{where} is longer than {MAX_TEXT_BYTES} characters")
    if pattern and not pattern.fullmatch(value):
        raise RecordError(f"{where} has the wrong form")


def check_number(value: object, where: str, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise RecordError(f"{where} is not a whole number from {low} to {high}")


def check_time(value: object, where: str) -> None:
    if not isinstance(value, datetime) or value.utcoffset() is None or value.utcoffset():
        raise RecordError(f"{where} is not a time in UTC")


def _check_texts(section: object, where: str, patterns: dict[str, re.Pattern[str]] | None = None) -> None:
    """Every field of the section that is set and not a number is a proper text."""
    for entry in fields(section):  # type: ignore[arg-type]  # only dataclasses of this file come here
        value = getattr(section, entry.name)
        if value is not None and not isinstance(value, int):
            check_text(value, f"{where}.{entry.name}", (patterns or {}).get(entry.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyNotice:
    """The notice that stood when it happened; `mid` is the message that showed it, where one did."""

    version: int
    language: str
    sha256: str
    mid: str | None = None

    def __post_init__(self) -> None:
        check_number(self.version, "privacy_notice.version", 1, MAX_NUMBER)
        _check_texts(self, "privacy_notice", {"language": LANGUAGE, "sha256": SHA256})


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The question as it was shown, and the answer; `text_sha256` is computed, never given.

    `choice` is what the person tapped or typed, in the words they saw.
    """

    topic: str
    text: str
    text_sha256: str = field(init=False)
    text_version: str
    language: str
    choice: str = field(repr=False)
    minimum_age: int | None = None

    def __post_init__(self) -> None:
        check_text(self.text, "consent.text")
        object.__setattr__(self, "text_sha256", hashlib.sha256(self.text.encode()).hexdigest())
        if self.minimum_age is not None:
            check_number(self.minimum_age, "consent.minimum_age", 0, 99)
        for name in ("topic", "text_version", "choice"):
            check_text(getattr(self, name), f"consent.{name}")
        check_text(self.language, "consent.language", LANGUAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEvent:
    """A commitment to what is kept of the platform's delivery, under a nonce of its own; no plain digest.

    `signature_header` was made over the whole body, also where only the event is kept. `secret` is the name
    (fingerprint) of the app secret that it was checked with.
    """

    commitment: str
    covers: RawCovers
    signature_header: str
    secret: str

    def __post_init__(self) -> None:
        signature = re.compile(r"sha256=[0-9a-f]{64}", re.ASCII)
        _check_texts(self, "raw_event", {"commitment": SHA256, "signature_header": signature})


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """Who answers for the data."""

    name: str
    contact: str

    def __post_init__(self) -> None:
        _check_texts(self, "controller")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The confirmation that went back to the person; `mid` once the platform told it."""

    receipt_id: str
    text_sha256: str
    mid: str | None = None

    def __post_init__(self) -> None:
        _check_texts(self, "receipt", {"text_sha256": SHA256})


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChange:
    """What happened to the log itself: which log and key, and where its predecessor ended."""

    origin: str
    vkey: str
    previous_origin: str | None = None
    previous_vkey: str | None = None
    previous_size: int | None = None
    previous_root: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        _check_texts(self, "log", {"previous_root": SHA256})
        if self.previous_size is not None:
            check_number(self.previous_size, "log.previous_size", 0, MAX_NUMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """Which checkpoint an authority outside of our hands holds; the digests are of the files in a bundle.

    `authority` is a host or key name, never an address of a person.
    """

    method: AnchorMethod
    authority: str
    origin: str
    size: int
    root: str
    checkpoint_sha256: str
    answer_sha256: str | None = None

    def __post_init__(self) -> None:
        digests = dict.fromkeys(("root", "checkpoint_sha256", "answer_sha256"), SHA256)
        _check_texts(self, "anchor", digests)
        check_number(self.size, "anchor.size", 1, MAX_NUMBER)
        if self.method is AnchorMethod.RFC3161 and self.answer_sha256 is None:
            raise RecordError("an anchor by rfc3161 has the answer_sha256 of its token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroyed:
    """Entries of one log that nobody can open any more; `indexes` as `0-3,7`, ascending."""

    origin: str
    indexes: str

    def __post_init__(self) -> None:
        _check_texts(self, "destroyed", {"indexes": INDEXES})
        parse_indexes(self.indexes)

    @classmethod
    def of(cls, origin: str, indexes: Iterable[int]) -> "Destroyed":
        return cls(origin=origin, indexes=format_indexes(indexes))


def format_indexes(indexes: Iterable[int]) -> str:
    """The one spelling of a set of indexes: ascending, neighbours joined to a range."""
    ranges: list[list[int]] = []
    for index in sorted(set(indexes)):
        if ranges and ranges[-1][1] + 1 == index:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


def parse_indexes(text: str) -> list[tuple[int, int]]:
    """First and last index of each range; raises RecordError unless it is the one spelling."""
    ranges = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        ranges.append((int(low), int(high or low)))
    ordered = all(before[1] + 1 < after[0] for before, after in pairwise(ranges))
    spelled = ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)
    if not ordered or any(low > high for low, high in ranges) or spelled != text or ranges[-1][1] > MAX_NUMBER:
        raise RecordError("destroyed.indexes is not an ascending list of numbers and ranges")
    return ranges


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportClaim:
    """What somebody else says about a consent that was given elsewhere; nothing here shows the act."""

    source: str
    claimed_at: datetime
    statement: str
    statement_sha256: str = field(init=False)

    def __post_init__(self) -> None:
        check_text(self.source, "claim.source")
        check_text(self.statement, "claim.statement")
        check_time(self.claimed_at, "claim.claimed_at")
        object.__setattr__(self, "statement_sha256", hashlib.sha256(self.statement.encode()).hexdigest())
