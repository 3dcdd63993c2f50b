"""Does a window open by the person's act only, end a day later, and never open because a clock moved?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.eligibility import WINDOW_MARGIN
from domain.window import OPENING_KINDS, TOO_OLD, WINDOW, is_open, window_until

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # bounds must be naive
KINDS = st.sampled_from(sorted(OPENING_KINDS))


@given(KINDS, MOMENTS, st.timedeltas(timedelta(0), TOO_OLD))
def test_a_window_ends_a_day_after_the_act_however_late_we_heard_of_it(
    kind: str, at: datetime, delay: timedelta
) -> None:
    assert window_until(kind, at, at + delay) == at + WINDOW


@given(KINDS, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_an_act_from_the_future_counts_from_its_receipt(kind: str, received: datetime, ahead: timedelta) -> None:
    assert window_until(kind, received + ahead, received) == received + WINDOW


@given(KINDS, MOMENTS, st.timedeltas(timedelta(microseconds=1), timedelta(days=400)))
def test_an_act_older_than_two_days_opens_nothing(kind: str, at: datetime, beyond: timedelta) -> None:
    assert window_until(kind, at, at + TOO_OLD + beyond) is None


@pytest.mark.parametrize("kind", ["read", "delivery", "echo", "optin", "optout", "handover", "", "comment"])
def test_what_is_no_act_towards_the_page_opens_nothing(kind: str) -> None:
    assert window_until(kind, NOON, NOON) is None


@given(MOMENTS, st.timedeltas(-timedelta(days=3), timedelta(days=3)), st.timedeltas(timedelta(0), timedelta(days=5)))
def test_a_clock_that_goes_back_never_opens_a_window(until: datetime, away: timedelta, back: timedelta) -> None:
    newest = until + away
    assume(not is_open(until, now=newest, newest_event=newest, margin=WINDOW_MARGIN))
    assert not is_open(until, now=newest - back, newest_event=newest, margin=WINDOW_MARGIN)


@given(MOMENTS, MOMENTS)
def test_no_send_begins_in_the_last_five_minutes(until: datetime, now: datetime) -> None:
    open_ = is_open(until, now=now, newest_event=now - WINDOW, margin=WINDOW_MARGIN)
    assert open_ is (until - now > timedelta(minutes=5))


def test_without_a_window_nothing_is_open() -> None:
    assert not is_open(None, now=NOON, newest_event=NOON, margin=timedelta(0))
