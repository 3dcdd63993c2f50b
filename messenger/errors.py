"""What does a refusal of the platform mean, and what is to be done next?

Only `code` and `error_subcode` decide: texts are localized and change, and may hold personal data,
so they are never kept. `_RULES` is the whole table, read most exact first: code with subcode, a
subcode that means the same under any code, then the code alone.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from messenger import fields
from messenger.strict_json import BodyUnreadable, read_body
from messenger.usage import Usage

_TRACE = re.compile(r"[A-Za-z0-9_/+=-]{1,80}", re.ASCII)


class FailureKind(StrEnum):
    """What went wrong. Only UNKNOWN may have been sent all the same."""

    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    LIMITED = "limited"
    TEMPORARY = "temporary"
    WINDOW_CLOSED = "window_closed"
    PERSON_UNREACHABLE = "person_unreachable"
    PERSON_LIMITED = "person_limited"
    OPTED_OUT = "opted_out"
    TOO_SOON = "too_soon"
    LANE_CLOSED = "lane_closed"
    THREAD_CONTROLLED_ELSEWHERE = "thread_controlled_elsewhere"
    PAGE_BLOCKED = "page_blocked"
    POLICY = "policy"
    TOKEN_DEAD = "token_dead"  # noqa: S105  a kind of failure, not a password
    PERMISSION_MISSING = "permission_missing"
    NOT_FOUND = "not_found"
    ATTACHMENT_FAILED = "attachment_failed"
    REPLY_NOT_POSSIBLE = "reply_not_possible"
    REGION_LIMITED = "region_limited"
    BAD_REQUEST = "bad_request"


class NextStep(StrEnum):
    """What whoever called does now."""

    RETRY_LATER = "retry_later"
    RECONCILE = "reconcile"
    SKIP = "skip"
    STOP_PERSON = "stop_person"
    PAUSE_PAGE = "pause_page"
    PAUSE_LANE = "pause_lane"
    FIX = "fix"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendFailure:
    """Why a call did not end in success, without any text of the platform.

    `next_step` comes first; `retries` says how often the same call may be repeated after it, and
    `then` what follows when those are used up. `retry_after` is the least time to wait, for the
    Page when the platform told how long it is limited or when it is paused, for the person when
    they are to be left alone for a while.
    """

    kind: FailureKind
    next_step: NextStep
    retries: int = 0
    then: NextStep = NextStep.FIX
    retry_after: timedelta | None = None
    code: int | None = None
    subcode: int | None = None
    http_status: int | None = None
    fbtrace_id: str | None = None
    usage: Usage | None = None

    @property
    def may_have_been_sent(self) -> bool:
        """Whether repeating the send before it is reconciled could reach the person twice."""
        return self.kind is FailureKind.UNKNOWN

    def __str__(self) -> str:
        code = "none" if self.code is None else str(self.code)
        subcode = "" if self.subcode is None else f"/{self.subcode}"
        trace = "" if self.fbtrace_id is None else f", trace {self.fbtrace_id}"
        return f"{self.kind.value} (code {code}{subcode}{trace}); next: {self.next_step.value}"


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: FailureKind
    step: NextStep
    retries: int = 0
    then: NextStep = NextStep.FIX
    wait: timedelta | None = None


BUSY_WAIT: Final = timedelta(minutes=5)
POLICY_WAIT: Final = timedelta(hours=6)
PERSON_WAIT: Final = timedelta(days=1)

_UNKNOWN = _Rule(FailureKind.UNKNOWN, NextStep.RECONCILE, 2, NextStep.SKIP)
_NOT_SENT = _Rule(FailureKind.NOT_SENT, NextStep.RETRY_LATER, 3, NextStep.SKIP, timedelta(seconds=1))
_LIMITED = _Rule(FailureKind.LIMITED, NextStep.RETRY_LATER, 10, NextStep.SKIP)
_WINDOW_CLOSED = _Rule(FailureKind.WINDOW_CLOSED, NextStep.SKIP)
_UNREACHABLE = _Rule(FailureKind.PERSON_UNREACHABLE, NextStep.STOP_PERSON)
_TOO_SOON = _Rule(FailureKind.TOO_SOON, NextStep.SKIP)
_ELSEWHERE = _Rule(FailureKind.THREAD_CONTROLLED_ELSEWHERE, NextStep.SKIP)
_PAGE_BLOCKED = _Rule(FailureKind.PAGE_BLOCKED, NextStep.PAUSE_PAGE)
_TOKEN_DEAD = _Rule(FailureKind.TOKEN_DEAD, NextStep.PAUSE_PAGE)
_PERMISSION = _Rule(FailureKind.PERMISSION_MISSING, NextStep.PAUSE_PAGE)
_BAD_REQUEST = _Rule(FailureKind.BAD_REQUEST, NextStep.FIX)
_ATTACHMENT = _Rule(FailureKind.ATTACHMENT_FAILED, NextStep.FIX)
_FETCH_FAILED = _Rule(FailureKind.ATTACHMENT_FAILED, NextStep.RETRY_LATER, 1, NextStep.FIX, timedelta(seconds=5))
_NO_REPLY = _Rule(FailureKind.REPLY_NOT_POSSIBLE, NextStep.SKIP)
_THREAD_BUSY = _Rule(FailureKind.TEMPORARY, NextStep.RETRY_LATER, 3, NextStep.SKIP, BUSY_WAIT)
_NO_PROFILE = _Rule(FailureKind.NOT_FOUND, NextStep.IGNORE)

_RULES: Final[dict[tuple[int | None, int | None], _Rule]] = {
    (1, None): _Rule(FailureKind.UNKNOWN, NextStep.RECONCILE, 2, NextStep.FIX),
    (2, None): _UNKNOWN,
    (2, 2018344): _BAD_REQUEST,
    (3, None): _PERMISSION,
    (4, None): _LIMITED,
    (4, 2018354): _TOO_SOON,
    (9, 2018352): _TOO_SOON,
    (10, None): _PERMISSION,
    (10, 1404170): _Rule(FailureKind.LANE_CLOSED, NextStep.PAUSE_LANE),
    (10, 1545041): _WINDOW_CLOSED,
    (10, 1893015): _Rule(FailureKind.OPTED_OUT, NextStep.STOP_PERSON),
    (10, 1893063): _PAGE_BLOCKED,
    (10, 2018065): _WINDOW_CLOSED,
    (10, 2018108): _UNREACHABLE,
    (10, 2018278): _WINDOW_CLOSED,
    (10, 2018336): _Rule(FailureKind.REGION_LIMITED, NextStep.IGNORE),
    (10, 2534022): _WINDOW_CLOSED,
    (17, None): _LIMITED,
    (32, None): _LIMITED,
    (100, None): _BAD_REQUEST,
    (100, 33): _Rule(FailureKind.NOT_FOUND, NextStep.SKIP),
    (100, 2018001): _UNREACHABLE,
    (100, 2018008): _FETCH_FAILED,
    (100, 2018074): _ATTACHMENT,
    (100, 2018109): _ATTACHMENT,
    (100, 2018294): _FETCH_FAILED,
    (102, None): _TOKEN_DEAD,
    (190, None): _TOKEN_DEAD,
    (200, 1545041): _UNREACHABLE,
    (341, None): _LIMITED,
    (368, None): _Rule(FailureKind.POLICY, NextStep.PAUSE_PAGE, wait=POLICY_WAIT),
    (506, None): _LIMITED,
    (551, None): _UNREACHABLE,
    (613, None): _LIMITED,
    (613, 1893016): _TOO_SOON,
    (613, 2018338): _Rule(FailureKind.PERSON_LIMITED, NextStep.STOP_PERSON, wait=PERSON_WAIT),
    (803, None): _Rule(FailureKind.NOT_FOUND, NextStep.SKIP),
    (1200, None): _Rule(FailureKind.UNKNOWN, NextStep.RECONCILE, 3, NextStep.SKIP),
    (2022, None): _PAGE_BLOCKED,
    (2500, None): _BAD_REQUEST,
    (10303, None): _Rule(FailureKind.BAD_REQUEST, NextStep.IGNORE),
    (10900, None): _NO_REPLY,
    (10903, None): _NO_REPLY,
    (10904, None): _NO_REPLY,
    (36000, None): _ATTACHMENT,
    (80001, None): _LIMITED,
    (80002, None): _LIMITED,
    (80006, None): _LIMITED,
    (9000001, None): _NO_PROFILE,
    # The platform shows these sometimes as the code and sometimes under another one.
    (None, 2018218): _NO_PROFILE,
    (None, 2018247): _BAD_REQUEST,
    (None, 2018300): _ELSEWHERE,
    (None, 2018321): _THREAD_BUSY,
    (None, 2300052): _TOO_SOON,
    (None, 2534029): _PAGE_BLOCKED,
    (None, 2534037): _ELSEWHERE,
    (None, 2534122): _PAGE_BLOCKED,
}


class CallFailed(Exception):
    """A read or a set-up call failed; `failure` says what to do. Sends return theirs instead."""

    def __init__(self, failure: SendFailure) -> None:
        super().__init__(f"platform call failed: {failure}")
        self.failure = failure


def not_sent() -> SendFailure:
    """The call never left: no connection, no such host, no trust in the certificate."""
    return _made(_NOT_SENT)


def token_unusable() -> SendFailure:
    """The token cannot even be put into a header: nothing was sent, the Page must be connected again."""
    return _made(_TOKEN_DEAD)


def outcome_unknown(http_status: int | None = None) -> SendFailure:
    """The call may have been done: it left, and no answer that says so or denies it came back."""
    return _made(_UNKNOWN, http_status=http_status)


def read_answer(
    http_status: int, body: bytes, *, usage: Usage | None = None, retry_after: timedelta | None = None
) -> dict[str, Any] | SendFailure:
    """The members of a good answer, or the failure; an `error` member decides under any HTTP status."""
    try:
        tree = read_body(body).tree
    except BodyUnreadable:
        tree = None
    error = None if tree is None else tree.get("error")
    if tree is not None and error is None and 200 <= http_status < 300:
        return tree
    return _failure(http_status, fields.members(error), usage, retry_after)


def _failure(
    http_status: int, error: dict[str, Any], usage: Usage | None, retry_after: timedelta | None
) -> SendFailure:
    code, subcode = fields.number(error.get("code")), fields.number(error.get("error_subcode"))
    rule = _known_rule(code, subcode)
    if rule is None or (rule is _BAD_REQUEST and http_status == 429):
        rule = _rule_by_status(http_status, is_transient=fields.flag(error.get("is_transient")), told=bool(error))
    trace = error.get("fbtrace_id")
    waits = [wait for wait in (rule.wait, retry_after, _regain(rule, usage)) if wait is not None]
    return SendFailure(
        kind=rule.kind,
        next_step=rule.step,
        retries=rule.retries,
        then=rule.then,
        retry_after=max(waits, default=None),
        code=code,
        subcode=subcode,
        http_status=http_status,
        fbtrace_id=trace if isinstance(trace, str) and _TRACE.fullmatch(trace) else None,
        usage=usage,
    )


def _known_rule(code: int | None, subcode: int | None) -> _Rule | None:
    if code is None:
        return None
    found = (
        _RULES.get((code, subcode))
        or (_RULES.get((None, subcode)) if subcode is not None else None)
        or _RULES.get((None, code))
        or _RULES.get((code, None))
    )
    if found is None and 200 <= code <= 299:
        return _PERMISSION
    return found


def _rule_by_status(http_status: int, *, is_transient: bool, told: bool) -> _Rule:
    """For errors without a known code: refused for sure only where the status leaves no doubt."""
    if http_status == 429:
        return _LIMITED
    if is_transient or http_status >= 500 or http_status == 408:
        return _UNKNOWN
    if http_status >= 300 or told:
        # The platform said no in words we do not know, or never got to the send at all.
        return _BAD_REQUEST
    return _UNKNOWN


def _regain(rule: _Rule, usage: Usage | None) -> timedelta | None:
    return usage.regain if usage is not None and rule.kind is FailureKind.LIMITED else None


def _made(rule: _Rule, *, http_status: int | None = None) -> SendFailure:
    return SendFailure(
        kind=rule.kind,
        next_step=rule.step,
        retries=rule.retries,
        then=rule.then,
        retry_after=rule.wait,
        http_status=http_status,
    )
