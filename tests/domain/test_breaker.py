"""Does a campaign stop exactly when one error has become the rule among its newest messages?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.breaker import TOO_MANY, WINDOW, Breaker, Fault

FAULTS = (None, None, Fault(100), Fault(100, 2018001), Fault())


def run(outcomes):
    """When it tripped, and by what; None if it never did."""
    breaker = Breaker()
    for number, outcome in enumerate(outcomes):
        breaker = breaker.after(outcome)
        if breaker.tripped_by is not None:
            return number, breaker.tripped_by
    return None


@given(st.lists(st.sampled_from(FAULTS), max_size=120))
def test_it_trips_at_the_first_moment_at_which_half_of_the_newest_ended_with_one_error(outcomes):
    expected = None
    for number, outcome in enumerate(outcomes):
        newest = outcomes[max(0, number + 1 - WINDOW) : number + 1]
        if outcome is not None and newest.count(outcome) >= TOO_MANY:
            expected = (number, outcome)
            break
    assert run(outcomes) == expected


@given(st.lists(st.sampled_from(FAULTS), max_size=120))
def test_it_remembers_no_more_than_it_needs(outcomes):
    breaker = Breaker()
    for outcome in outcomes:
        breaker = breaker.after(outcome)
        assert len(breaker.newest) <= WINDOW


def test_a_message_that_is_wrong_for_everybody_costs_ten_people():
    assert run([Fault(100)] * 30) == (9, Fault(100))


def test_one_error_in_three_is_borne_and_one_in_two_is_not():
    assert run(([Fault(551, 1545041)] + [None] * 2) * 50) is None
    assert run([None, Fault(2)] * 50) is not None


def test_different_errors_are_not_added_up():
    assert run([Fault(100), Fault(551), Fault(2)] * 30) is None


@pytest.mark.parametrize(
    ("fault", "said"), [(Fault(100, 2018001), "100/2018001"), (Fault(2), "2"), (Fault(), "no_answer")]
)
def test_it_says_which_error(fault, said):
    assert str(fault) == said
