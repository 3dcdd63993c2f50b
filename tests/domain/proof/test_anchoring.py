"""Does every authority get its turn, no oftener than it should, and is silence noticed?"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.proof.anchoring import LONGEST_PAUSE, Standing, Turn, overdue_by, pause_after, turn

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

intervals = st.timedeltas(min_value=timedelta(seconds=10), max_value=timedelta(days=2))
ages = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30))


def test_an_authority_that_never_had_a_checkpoint_gets_the_first_one():
    assert turn(Standing(interval=HOUR), size=1, now=NOW) is Turn.DUE


def test_an_empty_log_is_anchored_by_nobody():
    assert turn(Standing(interval=HOUR), size=0, now=NOW) is Turn.COVERED


def test_a_clock_that_went_back_makes_nobody_wait_for_it():
    standing = Standing(interval=HOUR, covered=1, kept_at=NOW + timedelta(days=300))
    assert turn(standing, size=2, now=NOW) is Turn.DUE


@given(interval=intervals, covered=st.integers(0, 1000), size=st.integers(0, 1000), age=ages)
def test_its_turn_has_come_exactly_when_there_is_something_new_and_the_interval_is_over(interval, covered, size, age):
    standing = Standing(interval=interval, covered=covered, kept_at=NOW - age)
    due = turn(standing, size=size, now=NOW) is Turn.DUE
    assert due == (size > covered and age >= interval)


@given(interval=intervals, failures=st.integers(1, 10**6), since=ages)
def test_after_failures_it_is_left_alone_for_a_while_and_not_for_longer_than_its_interval(interval, failures, since):
    pause = pause_after(failures, interval)
    assert pause <= min(interval, LONGEST_PAUSE)
    assert pause_after(failures + 1, interval) >= pause
    standing = Standing(interval=interval, tried_at=NOW - since, failures=failures)
    assert turn(standing, size=1, now=NOW) is (Turn.DUE if since >= pause else Turn.BACKING_OFF)


@given(interval=intervals, steps=st.lists(st.tuples(ages, st.booleans()), max_size=60))
def test_followed_over_time_it_is_never_asked_oftener_than_the_rule_allows(interval, steps):
    """A walk of looks at any times, each of which goes well or not."""
    now, standing, size = NOW, Standing(interval=interval), 1
    asked: list[tuple[datetime, bool, int]] = []
    for pause, good in steps:
        now += pause / 1000
        if turn(standing, size=size, now=now) is not Turn.DUE:
            continue
        asked.append((now, good, standing.failures))
        if good:
            standing = Standing(interval=interval, covered=size, kept_at=now, tried_at=now)
            size += 1  # the anchor's own entry
        else:
            standing = Standing(
                interval=interval,
                covered=standing.covered,
                kept_at=standing.kept_at,
                tried_at=now,
                failures=standing.failures + 1,
            )
    for (before, good, failures), (after, _, _) in pairwise(asked):
        assert after - before >= (interval if good else pause_after(failures + 1, interval))


@given(interval=intervals, age=ages)
def test_an_alarm_is_due_from_twice_the_interval_on_and_grows_by_one_each_interval(interval, age):
    overdue = overdue_by(NOW - age, NOW, interval, NOW)
    assert (overdue > 0) == (age >= 2 * interval)
    assert overdue_by(NOW - age, NOW, interval, NOW + interval) == age // interval + 1 or age < interval


def test_an_authority_that_never_did_well_is_overdue_from_its_first_try_on():
    assert overdue_by(None, NOW - 3 * HOUR, HOUR, NOW) == 3
    assert overdue_by(None, NOW - HOUR, HOUR, NOW) == 0
