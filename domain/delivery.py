"""What became of one campaign message to one person?

An attempt is one call to the platform, known by an id of its own that travels with the message and comes back on its
echo. An outcome says only what is certain: a message is `Unsure` until somebody proves that it left or that it did not.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from domain.ids import Mid

METADATA_PREFIX = "assent1."


class DeliveryState(StrEnum):
    QUEUED = "queued"
    AWAITING_WINDOW = "awaiting_window"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    EXPIRED = "expired"


SETTLED = frozenset({DeliveryState.SENT, DeliveryState.REFUSED, DeliveryState.SKIPPED, DeliveryState.EXPIRED})
# A campaign is finished when nothing of it is open; an unknown message is settled by its echo, however late.
OPEN = frozenset({DeliveryState.QUEUED, DeliveryState.AWAITING_WINDOW, DeliveryState.SENDING})

# Why a message that surely was not sent may be tried again when somebody asks for it. What the person or the law said
# is not among it, and neither is what may have been sent.
RETRIED = frozenset(
    {
        *("window_closed", "human_talking", "unreachable", "frequency_cap", "quiet_hours", "page_restricted"),
        *("not_sent", "limited", "temporary", "too_soon", "person_limited", "not_found", "reply_not_possible"),
        *("attachment_failed", "bad_request", "message_invalid", "unreadable"),
    }
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The platform took the message and named it."""

    mid: Mid


@dataclass(frozen=True, slots=True)
class NotSent:
    """Surely not sent and worth another try, not before `retry_at`."""

    reason: str
    retry_at: datetime
    error_code: int | None = None
    error_subcode: int | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """Surely not sent, and not to be tried again. `skip` when the person could not be written to now."""

    reason: str
    skip: bool = False
    error_code: int | None = None
    error_subcode: int | None = None


@dataclass(frozen=True, slots=True)
class Unsure:
    """May have been sent: never tried again by itself."""

    reason: str
    error_code: int | None = None
    error_subcode: int | None = None


Outcome: TypeAlias = Accepted | NotSent | Declined | Unsure


def metadata_of(attempt_id: UUID) -> str:
    """What an outgoing message carries, so that its echo names the attempt."""
    return METADATA_PREFIX + attempt_id.hex


def attempt_of(metadata: str | None) -> UUID | None:
    """The attempt an echo belongs to; None when the message is not one of ours."""
    if metadata is None or not metadata.startswith(METADATA_PREFIX):
        return None
    digits = metadata.removeprefix(METADATA_PREFIX)
    if len(digits) != 32 or not all(character in "0123456789abcdef" for character in digits):
        return None
    return UUID(hex=digits)
