"""Does each campaign get its share, and nobody more for having been idle?"""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from domain.sharing import HEAVIEST, LIGHTEST, Shares

ROOM = 20
weights = st.lists(st.integers(LIGHTEST, HEAVIEST), min_size=1, max_size=6)
rooms = st.lists(st.integers(1, ROOM), min_size=1, max_size=300)


def turn(shares: Shares[int], of: dict[int, int], room: int, sent: Counter[int]) -> Shares[int]:
    """One turn in which the next campaign takes all there is room for."""
    shares = shares.among(of)
    one = shares.order()[0]
    sent[one] += room
    return shares.given(one, room, weight=of[one], had_more=True)


@given(weights, rooms)
def test_campaigns_that_always_have_something_get_messages_by_their_weight(chosen, offered):
    of, sent, shares = dict(enumerate(chosen)), Counter[int](), Shares()
    for room in offered:
        shares = turn(shares, of, room, sent)
    for one, weight in of.items():
        for other, another in of.items():
            # Never further apart than one turn of the one that is ahead.
            assert sent[one] / weight - sent[other] / another <= ROOM / weight + 1e-6


@given(weights, rooms, st.integers(LIGHTEST, HEAVIEST))
def test_who_was_idle_or_is_new_does_not_catch_up(chosen, offered, weight):
    of, sent, shares = dict(enumerate(chosen)), Counter[int](), Shares()
    idle = len(chosen)
    for room in offered:
        shares = turn(shares, of, room, Counter()).among({**of, idle: weight})
        shares = shares.given(idle, 0, weight=weight, had_more=False)
    late = idle + 1
    everybody = {**of, idle: weight, late: weight}
    rival = next(one for one in shares.order() if one != idle)
    sent.clear()
    for _ in range(200):
        shares = turn(shares, everybody, 1, sent)
    for one in (idle, late):
        assert sent[one] / weight - sent[rival] / of[rival] <= 1 / weight + 1e-6


@given(weights)
def test_who_has_had_least_for_their_weight_is_next(chosen):
    shares = Shares({one: float(weight) for one, weight in enumerate(chosen)})
    assert [shares.had[one] for one in shares.order()] == sorted(map(float, chosen))
