"""Does a time of the clock become one moment, also where clocks are put forward and back?"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.schedule import SpanUnreadable, TimeUnreadable, is_missed, moment, read_span, read_time

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime.fromisoformat("2020-01-01 00:00")
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Europe/Dublin", "UTC"]


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        ("2026-12-01 09:00", "2026-12-01 08:00"),
        ("2026-07-01 09:00", "2026-07-01 07:00"),
        ("2026-03-29 02:30", "2026-03-29 01:30"),  # skipped: half an hour behind the skip
        ("2026-10-25 02:30", "2026-10-25 01:30"),  # comes twice: the second
        ("2026-12-01T09:00+05:30", "2026-12-01 03:30"),
    ],
)
def test_a_time_in_berlin_is_one_moment(wall, utc):
    assert moment(read_time(wall), BERLIN) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-12-01", "09:00", "2026-13-01 09:00"])
def test_what_is_no_time_is_refused_with_an_example(text):
    with pytest.raises(TimeUnreadable, match="2026-12-01 09:00"):
        read_time(text)


@pytest.mark.parametrize(
    ("text", "span"), [("90m", timedelta(minutes=90)), ("2h", timedelta(hours=2)), (" 7d ", timedelta(days=7))]
)
def test_a_span_is_a_number_and_a_unit(text, span):
    assert read_span(text) == span


@pytest.mark.parametrize("text", ["", "2", "h", "0h", "-1h", "8d", "99999d", "2 h", "1.5h", "2h30m"])
def test_what_is_no_span_or_too_long_is_refused_with_an_example(text):
    with pytest.raises(SpanUnreadable, match="90m, 2h or 1d"):
        read_span(text)


def test_a_start_is_made_up_for_within_the_hour_and_not_later():
    at = datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert not is_missed(at, at + timedelta(hours=1))
    assert is_missed(at, at + timedelta(hours=1, seconds=1))


@given(
    st.integers(0, 10 * 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes)),
    st.sampled_from(ZONES).map(ZoneInfo),
)
def test_the_clock_shows_that_time_then_or_skips_it(wall, zone):
    found = moment(wall, zone)
    shown = found.astimezone(zone).replace(tzinfo=None)
    if shown != wall:
        assert timedelta() < shown - wall <= timedelta(hours=1)
        hidden = {(found + timedelta(minutes=m)).astimezone(zone).replace(tzinfo=None) for m in range(-120, 121)}
        assert wall.replace(second=0) not in hidden
