"""Can more messages than the ceiling arrive in one second, whatever stalls on their way?"""

from hypothesis import given
from hypothesis import strategies as st

from domain.arrivals import Arrivals
from domain.pacing import SECOND_NS

CEILING = 8
MOMENTS = st.lists(
    st.tuples(
        st.integers(0, SECOND_NS // 2),  # how long after the one before it comes to the gate
        st.integers(0, 3 * SECOND_NS),  # how long its answer takes
        st.floats(0, 1),  # where between begin and answer it arrives
    ),
    max_size=120,
)


def arrivals_of(calls: list[tuple[int, int, float]], gate: Arrivals) -> list[int]:
    """The moments at which the calls arrive when each waits for the gate, one after the other."""
    now, ends, arrived = 0, [], []

    def until(moment: int) -> None:
        for end in sorted(one for one in ends if one <= moment):
            gate.end(end)
            ends.remove(end)

    for pause, took, part in calls:
        now += pause
        until(now)
        while (free := gate.free_at(now)) > now:
            now = free
            until(now)
        gate.begin()
        ends.append(now + took)
        arrived.append(now + int(took * part))
    return sorted(arrived)


def most_in_a_second(moments: list[int]) -> int:
    return max((sum(first <= other < first + SECOND_NS for other in moments) for first in moments), default=0)


@given(MOMENTS)
def test_no_second_holds_more_than_the_ceiling(calls):
    assert most_in_a_second(arrivals_of(calls, Arrivals(CEILING))) <= CEILING


def test_without_the_gate_a_stall_would_break_the_ceiling():
    stalled = [(SECOND_NS // 10, SECOND_NS - number * SECOND_NS // 10, 1.0) for number in range(10)]
    even = [(SECOND_NS // 10, 0, 0.0)] * 10
    assert most_in_a_second(arrivals_of([*stalled, *even], Arrivals(1_000))) > CEILING
    assert most_in_a_second(arrivals_of([*stalled, *even], Arrivals(CEILING))) <= CEILING


def test_quick_answers_at_a_lower_pace_never_wait():
    gate = Arrivals(CEILING)
    for number in range(100):
        now = number * SECOND_NS // (CEILING - 1)
        assert gate.free_at(now) == now
        gate.begin()
        gate.end(now + SECOND_NS // 1_000)


def test_unanswered_calls_hold_up_the_next_and_nothing_else_is_needed_to_go_on():
    gate = Arrivals(2)
    gate.begin()
    gate.begin()
    assert gate.free_at(0) > 0
    gate.end(5)
    assert gate.free_at(6) == 5 + SECOND_NS
    assert gate.free_at(5 + SECOND_NS) == 5 + SECOND_NS
