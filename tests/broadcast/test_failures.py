"""Does every refusal of the platform have a consequence, and may only the surely unsent go again?"""

from datetime import UTC, datetime, timedelta

import pytest

from broadcast.failures import of_answer, of_delivery
from domain.delivery import Declined, NotSent, Unsure
from messenger.errors import FailureKind, NextStep, SendFailure

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def failure(kind: FailureKind, **more) -> SendFailure:
    return SendFailure(kind=kind, next_step=NextStep.FIX, **more)


@pytest.mark.parametrize("kind", FailureKind)
@pytest.mark.parametrize("consequence_of", [of_delivery, of_answer])
def test_every_kind_has_a_consequence_and_only_the_unknown_is_unsure(kind, consequence_of):
    outcome = consequence_of(failure(kind, code=7, subcode=8), NOW).outcome
    assert isinstance(outcome, Unsure) == (kind is FailureKind.UNKNOWN)
    assert (outcome.error_code, outcome.error_subcode) == (7, 8)
    if isinstance(outcome, NotSent):
        assert outcome.retry_at >= NOW


def test_the_wait_the_platform_asks_for_is_kept():
    outcome = of_delivery(failure(FailureKind.LIMITED, retry_after=timedelta(minutes=7)), NOW).outcome
    assert outcome == NotSent("limited", NOW + timedelta(minutes=7))


@pytest.mark.parametrize(
    "kind", [FailureKind.TOKEN_DEAD, FailureKind.POLICY, FailureKind.PAGE_BLOCKED, FailureKind.PERMISSION_MISSING]
)
def test_what_concerns_the_page_pauses_it_and_keeps_the_message(kind):
    campaign = of_delivery(failure(kind), NOW)
    assert campaign.page == kind.value
    assert campaign.outcome == NotSent(kind.value, NOW), "claimable as soon as somebody resumes the Page"
    answer = of_answer(failure(kind), NOW)
    assert answer.outcome == NotSent(kind.value, NOW + timedelta(minutes=1)), "nobody need resume anything"


def test_only_what_concerns_the_person_marks_the_person():
    assert of_delivery(failure(FailureKind.PERSON_UNREACHABLE), NOW).person == "unreachable"
    assert of_delivery(failure(FailureKind.WINDOW_CLOSED), NOW).person is None
    assert of_delivery(failure(FailureKind.WINDOW_CLOSED), NOW).outcome == Declined("window_closed", skip=True)
