"""Does a pace hold in any second, whoever asks when and for how many?"""

from __future__ import annotations

from bisect import bisect_left
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import pacing
from domain.pacing import (
    CEILING_PER_SECOND,
    SECOND_NS,
    Advice,
    Pace,
    Standing,
    advise,
    back_off,
    rested,
    stop_for,
    take,
    take_media,
    taken_over,
)


@st.composite
def strict_paces(draw: st.DrawFn) -> tuple[int, Pace]:
    per_second = draw(st.integers(1, CEILING_PER_SECOND))
    return per_second, Pace.strict(per_second, burst=draw(st.integers(1, per_second)))


GAPS = st.lists(
    st.tuples(st.integers(0, SECOND_NS) | st.sampled_from([0, 1, 25_000_000, SECOND_NS]), st.integers(0, 100)),
    min_size=1,
    max_size=150,
)


def sent_times(pace: Pace, asks: list[tuple[int, int]], due_ns: int = 0) -> list[int]:
    times: list[int] = []
    now = 0
    for gap, wanted in asks:
        now += gap
        permit = take(pace, due_ns, now, wanted)
        times += [now] * permit.granted
        due_ns = permit.due_ns
    return times


def most_in_any_second(times: list[int]) -> int:
    return max((place - bisect_left(times, at - SECOND_NS + 1) + 1 for place, at in enumerate(times)), default=0)


@given(strict_paces(), GAPS)
def test_no_second_holds_more_than_a_strict_pace(pace: tuple[int, Pace], asks: list[tuple[int, int]]) -> None:
    assert most_in_any_second(sent_times(pace[1], asks)) <= pace[0] <= CEILING_PER_SECOND


@given(strict_paces())
def test_who_asks_again_when_told_gets_the_whole_pace(pace: tuple[int, Pace]) -> None:
    due, now, times = rested(0), 0, []
    while now < 20 * SECOND_NS:
        permit = take(pace[1], due, now, 1_000)
        times += [now] * permit.granted
        due, now = permit.due_ns, max(permit.ask_again_ns, now + (0 if permit.granted else 1))
    even = pace[0] - pace[1].burst + 1
    assert len(times) >= 19 * even
    assert most_in_any_second(times) <= pace[0]


@given(strict_paces(), st.integers(0, 10**18), st.integers(0, 10**18), st.integers(-5, 500))
def test_a_permit_never_gives_more_than_wanted_and_never_asks_for_the_past(
    pace: tuple[int, Pace], due: int, now: int, wanted: int
) -> None:
    permit = take(pace[1], due, now, wanted)
    assert 0 <= permit.granted <= max(wanted, 0)
    assert permit.ask_again_ns >= now
    assert permit.due_ns >= due


@given(strict_paces(), st.integers(0, 10**18), st.integers(0, 10**18))
def test_at_the_moment_named_there_is_a_permit_and_just_before_there_is_none(
    pace: tuple[int, Pace], due: int, now: int
) -> None:
    later = take(pace[1], due, now, 1_000)
    assert later.ask_again_ns > now
    assert take(pace[1], later.due_ns, later.ask_again_ns, 1).granted == 1
    assert take(pace[1], later.due_ns, later.ask_again_ns - 1, 1).granted == 0


@given(strict_paces(), GAPS, GAPS)
def test_two_owners_of_a_lane_one_after_the_other_stay_within_the_pace(
    pace: tuple[int, Pace], first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    before = sent_times(pace[1], first)
    switch = sum(gap for gap, _ in first)
    after = sent_times(
        pace[1],
        [(gap + (switch if place == 0 else 0), n) for place, (gap, n) in enumerate(second)],
        taken_over(pace[1], switch),
    )
    assert most_in_any_second(before + after) <= pace[0]


@given(strict_paces(), st.integers(0, 10**15), st.integers(1, 40))
def test_permits_given_back_can_be_taken_again(pace: tuple[int, Pace], now: int, wanted: int) -> None:
    permit = take(pace[1], rested(now), now, wanted)
    back = pacing.give_back(pace[1], permit.due_ns, permit.granted)
    assert take(pace[1], back, now, wanted) == permit


@given(strict_paces(), GAPS)
def test_half_the_pace_is_at_most_half_the_messages(pace: tuple[int, Pace], asks: list[tuple[int, int]]) -> None:
    assert most_in_any_second(sent_times(pace[1].slowed(2), asks)) <= -(-pace[0] // 2)


@given(st.integers(1, 10), GAPS)
def test_an_average_pace_holds_over_time(burst: int, asks: list[tuple[int, int]]) -> None:
    times = sent_times(Pace.average(timedelta(seconds=1), burst), asks)
    total = sum(gap for gap, _ in asks)
    assert len(times) <= total // SECOND_NS + burst


@pytest.mark.parametrize(("per_second", "burst"), [(0, 1), (41, 1), (-1, 1), (300, 1), (20, 0), (20, 21)])
def test_no_setting_goes_above_the_ceiling(per_second: int, burst: int) -> None:
    with pytest.raises(ValueError, match=r"at least|1 to 40"):
        Pace.strict(per_second, burst)


@pytest.mark.parametrize(("interval", "burst"), [(timedelta(0), 1), (timedelta(seconds=-1), 1), (timedelta(1), 0)])
def test_an_average_pace_needs_sense(interval: timedelta, burst: int) -> None:
    with pytest.raises(ValueError, match="average"):
        Pace.average(interval, burst)


@pytest.mark.parametrize(
    ("percent", "standing"),
    [
        (0, Standing.FULL_PACE),
        (74.9, Standing.FULL_PACE),
        (75, Standing.HALF_PACE),
        (89.9, Standing.HALF_PACE),
        (90, Standing.ANSWERS_ONLY),
        (99.9, Standing.ANSWERS_ONLY),
        (100, Standing.NOTHING),
        (250, Standing.NOTHING),
    ],
)
def test_the_share_of_the_allowance_decides(percent: float, standing: Standing) -> None:
    assert advise(percent).standing is standing


@given(st.floats(0, 300), st.floats(0, 300))
def test_more_usage_never_allows_more(one: float, other: float) -> None:
    order = list(Standing)
    low, high = sorted([one, other])
    assert order.index(advise(low).standing) <= order.index(advise(high).standing)


def test_the_platforms_own_time_counts_before_ours() -> None:
    assert stop_for(timedelta(minutes=17), in_a_row=9) == timedelta(minutes=17)
    assert stop_for(timedelta(seconds=2), in_a_row=9, by_rate=True) == timedelta(seconds=2)
    assert stop_for(timedelta(0), in_a_row=1) == timedelta(minutes=5)
    assert advise(95, regain=timedelta(minutes=17)) == Advice(Standing.ANSWERS_ONLY, timedelta(minutes=17))


def test_stops_in_a_row_grow_from_five_minutes_to_an_hour() -> None:
    minutes = [stop_for(None, in_a_row=n) // timedelta(minutes=1) for n in range(1, 8)]
    assert minutes == [5, 10, 20, 40, 60, 60, 60]


def test_stops_for_calls_in_a_short_time_are_short_for_five_minutes_and_then_like_the_others() -> None:
    seconds = [stop_for(None, in_a_row=n, by_rate=True) // timedelta(seconds=1) for n in range(1, 13)]
    assert seconds == [15, 30, 60, 60, 60, 60, 300, 600, 1200, 2400, 3600, 3600]


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_back_off_is_between_half_and_all_of_its_step_and_never_above_five_minutes(
    attempt: int, chance: float
) -> None:
    step = min(2.0 ** min(attempt - 1, 20), 300.0)
    assert step / 2 <= back_off(attempt, chance).total_seconds() <= step


@given(strict_paces(), st.lists(st.tuples(st.integers(0, SECOND_NS // 4), st.booleans()), min_size=1, max_size=200))
def test_images_keep_their_pace_inside_that_of_the_page(strict: tuple[int, Pace], asks: list[tuple[int, bool]]) -> None:
    per_second, page = strict
    media = Pace.strict(pacing.MEDIA_PER_SECOND)
    page_due = media_due = now = 0
    all_times: list[int] = []
    images: list[int] = []
    for gap, is_image in asks:
        now += gap
        if is_image:
            whole, slow = take_media(page, page_due, media, media_due, now)
            assert whole.granted == slow.granted
            assert whole.granted or whole.ask_again_ns == slow.ask_again_ns > now
            media_due = slow.due_ns
            images += [now] * slow.granted
        else:
            whole = take(page, page_due, now, 1)
        page_due = whole.due_ns
        all_times += [now] * whole.granted
    assert most_in_any_second(images) <= pacing.MEDIA_PER_SECOND
    assert most_in_any_second(all_times) <= per_second


@given(st.integers(0, 2 * SECOND_NS), st.integers(0, 2 * SECOND_NS))
def test_a_refused_image_is_granted_when_it_asks_again_and_costs_nothing(page_due: int, media_due: int) -> None:
    page, media = Pace.strict(20), Pace.strict(pacing.MEDIA_PER_SECOND)
    whole, slow = take_media(page, page_due, media, media_due, SECOND_NS)
    if not whole.granted:
        assert (whole.due_ns, slow.due_ns) == (page_due, media_due)
        again = take_media(page, page_due, media, media_due, whole.ask_again_ns)
        assert [permit.granted for permit in again] == [1, 1]
