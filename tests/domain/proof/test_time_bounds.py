"""A record can be as old as an event may wait, and no newer than a checkpoint that somebody outside held over it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.proof.findings import FindingKind
from domain.proof.time_bounds import CLOCKS, LONGEST_WAIT, Bounds

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
POINTS = st.lists(st.tuples(st.integers(0, 50), st.integers(-1000, 1000).map(lambda h: NOW + timedelta(hours=h))))


@given(POINTS, POINTS, st.integers(0, 60))
def test_the_bounds_are_the_tightest_of_all_that_apply(
    after: list[tuple[int, datetime]], before: list[tuple[int, datetime]], index: int
) -> None:
    bounds = Bounds.of(after, before)
    assert bounds.not_before(index) == max((moment for start, moment in after if start <= index), default=None)
    assert bounds.not_after(index) == min((moment for size, moment in before if size > index), default=None)


def test_an_event_may_wait_and_no_longer() -> None:
    bounds = Bounds.of([(10, NOW)], [])
    assert bounds.judge(10, NOW - LONGEST_WAIT) is None
    assert bounds.judge(10, NOW - LONGEST_WAIT - timedelta(seconds=1)) is FindingKind.BACKDATED
    assert bounds.judge(9, NOW - timedelta(days=400)) is None


def test_a_record_from_after_its_anchor_is_found_beyond_what_clocks_may_differ() -> None:
    bounds = Bounds.of([], [(10, NOW)])
    assert bounds.judge(9, NOW + CLOCKS) is None
    assert bounds.judge(9, NOW + CLOCKS + timedelta(seconds=1)) is FindingKind.POSTDATED
    assert bounds.judge(10, NOW + timedelta(days=9)) is None
