"""Until when must a person's request for their data or its erasure be answered?

The month of Article 12(3) GDPR runs as Regulation 1182/71 counts: to the day of the same number in the next month, to
the month's last day where there is none, and on to the next working day where that is a weekend or a holiday.
"""

import calendar
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from domain.ids import LeadId, PageId
from domain.proof.entry import length_prefixed
from domain.tokens import RECEIPT_CODE_BYTES, receipt_code

MONTHS = 1
EXTENDED_MONTHS = 3
STATUS_LIFE = timedelta(days=90)
_STATUS_LABEL = b"assent/link/status/v1"
_SATURDAY = 5


class RequestKind(StrEnum):
    ACCESS = "access"
    ERASURE = "erasure"


class RequestSource(StrEnum):
    """The way in: the chat, the platform's deletion callback, an operator, or the end of the retention time."""

    CHAT = "chat"
    PLATFORM = "platform"
    CONSOLE = "console"
    RETENTION = "retention"


class RequestState(StrEnum):
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


OPEN = frozenset({RequestState.PENDING, RequestState.IN_PROGRESS})


class RefusalReason(StrEnum):
    """Why a request may be refused: Article 12(5), Article 17(3), or nobody is found whom it is about."""

    UNFOUNDED = "unfounded"
    EXCESSIVE = "excessive"
    LEGAL_HOLD = "legal_hold"
    NOT_MATCHED = "not_matched"


class ExtensionReason(StrEnum):
    """Why more time may be taken: Article 12(3) names these two."""

    COMPLEXITY = "complexity"
    NUMBER_OF_REQUESTS = "number_of_requests"


class Urgency(StrEnum):
    ON_TIME = "on_time"
    SEVEN_DAYS = "seven_days"
    TWO_DAYS = "two_days"
    OVERDUE = "overdue"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequest:
    """One request as stored; `steps` says what was done, with counts and dates and nothing about the person."""

    page_id: PageId
    request_id: UUID
    lead_id: LeadId | None
    kind: RequestKind
    source: RequestSource
    state: RequestState
    reason: str | None
    received_at: datetime
    due_at: datetime
    completed_at: datetime | None
    status_hash: bytes
    steps: Mapping[str, Any]

    def urgency(self, now: datetime) -> Urgency:
        """How pressing the request is; reminders are sent at seven and at two days."""
        if self.state not in OPEN:
            return Urgency.CLOSED
        left = self.due_at - now
        if left < timedelta(0):
            return Urgency.OVERDUE
        if left <= timedelta(days=2):
            return Urgency.TWO_DAYS
        return Urgency.SEVEN_DAYS if left <= timedelta(days=7) else Urgency.ON_TIME


def due_on(received: date, months: int, holidays: Collection[date]) -> date:
    """The last day for an answer to what was received that day."""
    years, month = divmod(received.month - 1 + months, 12)
    year = received.year + years
    last = calendar.monthrange(year, month + 1)[1]
    day = date(year, month + 1, min(received.day, last))
    while day.weekday() >= _SATURDAY or day in holidays:
        day += timedelta(days=1)
    return day


def due_at(received_at: datetime, zone: tzinfo, *, months: int = MONTHS, holidays: Collection[date] = ()) -> datetime:
    """The last second of the last day, as the Page's clock shows it; in UTC."""
    day = due_on(received_at.astimezone(zone).date(), months, holidays)
    return datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)


def may_extend(request: DataRequest, now: datetime) -> bool:
    """More time can be taken once, and only within the first month."""
    return request.state in OPEN and "extended" not in request.steps and now <= request.due_at


def status_code(key: bytes, request_id: UUID) -> str:
    """The code that opens the status page of a request: the same for the same link key, unguessable without it."""
    purpose_key = hmac.digest(key, _STATUS_LABEL + b"\x01", sha256)
    made = hmac.digest(purpose_key, length_prefixed(_STATUS_LABEL, request_id.bytes), sha256)
    return receipt_code(made[:RECEIPT_CODE_BYTES])


def status_hash(code: str) -> bytes:
    """What is stored of a status code: 160 unguessable bits need no key."""
    return sha256(_STATUS_LABEL + code.encode()).digest()
