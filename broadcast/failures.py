"""What follows for a message, its person and its Page when the platform says no?

One table per kind of message. A message goes back to the queue only when it surely was not sent; everything that
concerns the whole Page pauses it, so that nobody else is tried in vain.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from domain.delivery import Declined, NotSent, Outcome, Unsure
from domain.eligibility import Reason
from messenger.errors import FailureKind, SendFailure

LEAST_WAIT: Final = timedelta(seconds=1)
ANSWER_WAIT: Final = timedelta(minutes=1)


class Course(Enum):
    """What becomes of the message."""

    UNKNOWN = auto()
    AGAIN = auto()
    AGAIN_WHEN_PAGE_WORKS = auto()
    SKIP = auto()
    REFUSE = auto()
    REFUSE_PERSON = auto()


_COURSES: Final[Mapping[FailureKind, Course]] = {
    FailureKind.UNKNOWN: Course.UNKNOWN,
    FailureKind.NOT_SENT: Course.AGAIN,
    FailureKind.LIMITED: Course.AGAIN,
    FailureKind.TEMPORARY: Course.AGAIN,
    FailureKind.WINDOW_CLOSED: Course.SKIP,
    FailureKind.PERSON_LIMITED: Course.SKIP,
    FailureKind.TOO_SOON: Course.SKIP,
    FailureKind.THREAD_CONTROLLED_ELSEWHERE: Course.SKIP,
    FailureKind.NOT_FOUND: Course.SKIP,
    FailureKind.REPLY_NOT_POSSIBLE: Course.SKIP,
    FailureKind.REGION_LIMITED: Course.SKIP,
    FailureKind.PERSON_UNREACHABLE: Course.REFUSE_PERSON,
    FailureKind.OPTED_OUT: Course.REFUSE_PERSON,
    FailureKind.PAGE_BLOCKED: Course.AGAIN_WHEN_PAGE_WORKS,
    FailureKind.POLICY: Course.AGAIN_WHEN_PAGE_WORKS,
    FailureKind.TOKEN_DEAD: Course.AGAIN_WHEN_PAGE_WORKS,
    FailureKind.PERMISSION_MISSING: Course.AGAIN_WHEN_PAGE_WORKS,
    FailureKind.LANE_CLOSED: Course.AGAIN_WHEN_PAGE_WORKS,
    FailureKind.ATTACHMENT_FAILED: Course.REFUSE,
    FailureKind.BAD_REQUEST: Course.REFUSE,
}
_REASONS: Final[Mapping[FailureKind, str]] = {
    FailureKind.WINDOW_CLOSED: Reason.WINDOW_CLOSED,
    FailureKind.THREAD_CONTROLLED_ELSEWHERE: Reason.HUMAN_TALKING,
    FailureKind.PERSON_UNREACHABLE: Reason.UNREACHABLE,
}
# Kinds that say something about the whole Page for a while, not only about this message.
_HOLDS: Final = frozenset({FailureKind.NOT_SENT, FailureKind.LIMITED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """`person` is why they are lost to campaigns, `page` why it pauses; `hold` when nothing of the Page may leave.

    A Page that pauses should not be resumed before `page_until`.
    """

    outcome: Outcome
    person: str | None = None
    page: str | None = None
    page_until: datetime | None = None
    hold: bool = False


def of_delivery(failure: SendFailure, now: datetime) -> Consequence:
    """What a failed campaign message means."""
    return _consequence(failure, now, page_wait=timedelta())


def of_answer(failure: SendFailure, now: datetime) -> Consequence:
    """What a failed bot answer means: like a campaign's, but it does not wait for somebody to resume the Page."""
    return _consequence(failure, now, page_wait=failure.retry_after or ANSWER_WAIT)


def _consequence(failure: SendFailure, now: datetime, page_wait: timedelta) -> Consequence:
    code, subcode = failure.code, failure.subcode
    reason = _REASONS.get(failure.kind, failure.kind.value)
    wait = max(LEAST_WAIT, failure.retry_after or LEAST_WAIT)
    match _COURSES[failure.kind]:
        case Course.UNKNOWN:
            return Consequence(outcome=Unsure("no_answer" if code is None else "unclear_answer", code, subcode))
        case Course.AGAIN:
            return Consequence(outcome=NotSent(reason, now + wait, code, subcode), hold=failure.kind in _HOLDS)
        case Course.AGAIN_WHEN_PAGE_WORKS:
            until = None if failure.retry_after is None else now + failure.retry_after
            return Consequence(outcome=NotSent(reason, now + page_wait, code, subcode), page=reason, page_until=until)
        case Course.SKIP:
            return Consequence(outcome=Declined(reason, True, code, subcode))
        case Course.REFUSE:
            return Consequence(outcome=Declined(reason, False, code, subcode))
        case Course.REFUSE_PERSON:
            return Consequence(outcome=Declined(reason, False, code, subcode), person=reason)
