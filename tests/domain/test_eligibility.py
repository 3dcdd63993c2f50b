"""Is everybody refused for the right reason, and nobody let through who should not be?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.consent import ConsentAct
from domain.eligibility import WINDOW_MARGIN, Eligible, Facts, Reason, Refused, Rule, decide
from domain.page import MarketingBasis

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FINE = Facts(
    page_connected=True,
    basis=MarketingBasis.EXPLICIT,
    erased=False,
    suppressed=None,
    restricted=False,
    answer=ConsentAct.GIVEN,
    conversation_started=True,
    unreachable=False,
    human_until=None,
    window_until=NOW + timedelta(hours=20),
    newest_event=NOW - timedelta(hours=4),
)
times = st.none() | st.integers(-100_000, 100_000).map(lambda seconds: NOW + timedelta(seconds=seconds))
facts = st.builds(
    Facts,
    page_connected=st.booleans(),
    basis=st.sampled_from(MarketingBasis),
    erased=st.booleans(),
    suppressed=st.sampled_from([None, "stop", "under_age", "erased"]),
    restricted=st.booleans(),
    answer=st.none() | st.sampled_from(ConsentAct),
    conversation_started=st.booleans(),
    unreachable=st.booleans(),
    human_until=times,
    window_until=times,
    newest_event=times.map(lambda time: time or NOW),
)


def reason(**changes: object) -> Reason | None:
    decision = decide(replace(FINE, **changes), NOW)
    return decision.reason if isinstance(decision, Refused) else None


def test_a_person_who_said_yes_is_reached_inside_the_window():
    assert decide(FINE, NOW) == Eligible(Rule.OPEN_WINDOW)


def test_each_obstacle_has_its_reason():
    assert reason(page_connected=False) is Reason.PAGE_RESTRICTED
    assert reason(erased=True) is Reason.ERASED
    assert reason(suppressed="stop") is Reason.STOPPED
    assert reason(suppressed="erased") is Reason.STOPPED
    assert reason(suppressed="under_age") is Reason.UNDER_AGE
    assert reason(restricted=True) is Reason.RESTRICTED
    assert reason(answer=ConsentAct.REFUSED) is Reason.NO_CONSENT
    assert reason(answer=ConsentAct.WITHDRAWN) is Reason.NO_CONSENT
    assert reason(unreachable=True) is Reason.UNREACHABLE
    assert reason(human_until=NOW + timedelta(seconds=1)) is Reason.HUMAN_TALKING
    assert reason(window_until=None) is Reason.WINDOW_CLOSED


def test_withdrawn_lead_is_refused_even_inside_the_window_and_on_any_basis():
    assert reason(answer=ConsentAct.WITHDRAWN, basis=MarketingBasis.CONVERSATION_START) is Reason.NO_CONSENT


def test_a_conversation_start_permits_only_where_the_page_says_so():
    silent = replace(FINE, answer=None)
    assert decide(silent, NOW) == Refused(Reason.NO_CONSENT)
    allowed = replace(silent, basis=MarketingBasis.CONVERSATION_START)
    assert decide(allowed, NOW) == Eligible(Rule.OPEN_WINDOW_STARTED)
    assert decide(replace(allowed, conversation_started=False), NOW) == Refused(Reason.NO_CONSENT)


def test_the_last_five_minutes_of_a_window_are_not_used():
    assert reason(window_until=NOW + WINDOW_MARGIN) is Reason.WINDOW_CLOSED
    assert reason(window_until=NOW + WINDOW_MARGIN + timedelta(seconds=1)) is None


def test_a_human_who_left_the_thread_is_no_obstacle():
    assert reason(human_until=NOW) is None


@given(facts)
def test_nobody_suppressed_restricted_erased_or_without_permission_is_ever_eligible(case):
    if isinstance(decide(case, NOW), Eligible):
        assert case.page_connected
        assert not case.erased
        assert case.suppressed is None
        assert not case.restricted
        assert case.answer is ConsentAct.GIVEN or (
            case.answer is None and case.basis is MarketingBasis.CONVERSATION_START and case.conversation_started
        )
        assert case.window_until is not None
        assert case.window_until > NOW + WINDOW_MARGIN


@given(facts, st.integers(0, 1_000_000))
def test_a_clock_that_goes_back_opens_no_window(case, seconds):
    case = replace(case, newest_event=NOW)
    earlier = NOW - timedelta(seconds=seconds)
    closed = decide(case, NOW) == Refused(Reason.WINDOW_CLOSED)
    assert not closed or not isinstance(decide(case, earlier), Eligible)


@given(facts)
def test_waiting_is_offered_only_for_what_may_pass(case):
    decision = decide(case, NOW)
    if isinstance(decision, Refused) and decision.passing:
        assert decision.reason not in {Reason.STOPPED, Reason.ERASED, Reason.RESTRICTED, Reason.NO_CONSENT}
