"""What does a file of consents claimed from elsewhere say, line by line, and which lines cannot be taken?

JSON lines: `psid`, `claimed_at`, `statement`, and `topics` if any. A fault names the line and what is wrong with it,
never a value: the values are about people.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.campaign import TOPIC
from domain.ids import Psid, Topic
from domain.personal import Pii

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_STATEMENT = 4_000
MAX_SOURCE = 200
MAX_TOPICS = 20
EARLIEST_YEAR = 2004
"""No platform of this kind was there before."""
CLOCKS = timedelta(minutes=5)
"""How far another machine's clock may be ahead of ours."""
_PSID = re.compile(r"[1-9][0-9]{0,31}", re.ASCII)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_FIELDS = {"psid", "claimed_at", "statement", "topics"}


class FaultKind(StrEnum):
    """Why a line cannot be taken."""

    NOT_JSON = "this is not one JSON object"
    UNKNOWN_FIELD = "there is a field other than psid, claimed_at, statement and topics, or one twice"
    PSID = "psid is missing, or no text of digits"
    CLAIMED_AT = "claimed_at is missing, or no ISO 8601 time since 2004 with its offset from UTC"
    IN_FUTURE = "claimed_at lies in the future"
    STATEMENT = "statement is missing, empty, longer than 4,000 characters or holds control characters"
    TOPICS = "topics is no list of at most 20 different names in lower-case letters, digits, - and _"
    ERASED = "this person was erased in the last days and is not taken in again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A line that cannot be taken, by its number from 1 on."""

    line: int
    kind: FaultKind

    def __str__(self) -> str:
        return f"line {self.line}: {self.kind.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLine:
    """What somebody says about one person; the time is in UTC, to the millisecond."""

    line: int
    psid: Pii[Psid]
    claimed_at: datetime
    statement: str = field(repr=False)
    topics: tuple[Topic, ...] = ()


class _Bad(Exception):
    def __init__(self, kind: FaultKind) -> None:
        super().__init__(kind.value)
        self.kind = kind


def read_claims(content: bytes, now: datetime) -> tuple[list[ClaimLine], list[Fault]]:
    """Every line that can be taken and every fault, in order; empty lines are passed over."""
    claims: list[ClaimLine] = []
    faults: list[Fault] = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            claims.append(_claim(number, line, now))
        except _Bad as bad:
            faults.append(Fault(line=number, kind=bad.kind))
    return claims, faults


def good_source(text: str) -> bool:
    """Whether this can be named as the source of claims."""
    return 1 <= len(text.strip()) <= MAX_SOURCE and text.isprintable()


def _claim(number: int, line: bytes, now: datetime) -> ClaimLine:
    found = _object(line)
    if found.keys() - _FIELDS:
        raise _Bad(FaultKind.UNKNOWN_FIELD)
    psid = found.get("psid")
    if not isinstance(psid, str) or not _PSID.fullmatch(psid):
        raise _Bad(FaultKind.PSID)
    return ClaimLine(
        line=number,
        psid=Pii(Psid(psid)),
        claimed_at=_time(found.get("claimed_at"), now),
        statement=_statement(found.get("statement")),
        topics=_topics(found.get("topics", [])),
    )


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise _Bad(FaultKind.NOT_JSON) from None
    if not isinstance(found, dict):
        raise _Bad(FaultKind.NOT_JSON)
    return found


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Bad(FaultKind.UNKNOWN_FIELD)
        found[name] = value
    return found


def _refused(constant: str) -> object:
    raise ValueError(constant)


def _time(value: object, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        utc = None if moment is None or moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        utc = None
    if utc is None or utc.year < EARLIEST_YEAR:
        raise _Bad(FaultKind.CLAIMED_AT)
    if utc > now + CLOCKS:
        raise _Bad(FaultKind.IN_FUTURE)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def _statement(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_STATEMENT:
        raise _Bad(FaultKind.STATEMENT)
    if _CONTROL.search(value):
        raise _Bad(FaultKind.STATEMENT)
    return value


def _topics(value: object) -> tuple[Topic, ...]:
    if not isinstance(value, list) or len(value) > MAX_TOPICS:
        raise _Bad(FaultKind.TOPICS)
    named = [one for one in value if isinstance(one, str) and TOPIC.fullmatch(one)]
    if len(named) != len(value) or len(set(named)) != len(named):
        raise _Bad(FaultKind.TOPICS)
    return tuple(Topic(one) for one in named)
