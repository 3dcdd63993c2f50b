"""Is every request due on the day that the law counts?"""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.data_request import (
    EXTENDED_MONTHS,
    DataRequest,
    RequestKind,
    RequestSource,
    RequestState,
    Urgency,
    due_at,
    due_on,
    may_extend,
    status_code,
    status_hash,
)
from domain.ids import PageId
from domain.tokens import in_one_word, read_receipt_code

HOLIDAYS = frozenset(
    date.fromisoformat(day)
    for day in ("2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-12-25", "2027-01-01", "2027-03-29")
)
# (received, months, due): counted by hand; 2026-11-23 is a Monday.
TABLE = [
    ("2026-11-23", 1, "2026-12-23"),
    ("2026-11-24", 1, "2026-12-24"),
    ("2026-11-25", 1, "2026-12-28"),  # 25 December is a holiday, a Friday
    ("2026-11-26", 1, "2026-12-28"),  # a Saturday
    ("2026-11-27", 1, "2026-12-28"),  # a Sunday
    ("2026-11-30", 1, "2026-12-30"),
    ("2026-12-01", 1, "2027-01-04"),  # New Year is a holiday, then a weekend
    ("2026-12-02", 1, "2027-01-04"),
    ("2026-12-31", 1, "2027-02-01"),  # 31 January is a Sunday
    ("2027-01-28", 1, "2027-03-01"),  # 28 February is a Sunday
    ("2027-01-29", 1, "2027-03-01"),  # there is no 29 February
    ("2027-01-31", 1, "2027-03-01"),
    ("2026-01-31", 1, "2026-03-02"),  # 28 February is a Saturday
    ("2026-01-30", 1, "2026-03-02"),
    ("2026-01-28", 1, "2026-03-02"),
    ("2026-01-27", 1, "2026-02-27"),
    ("2028-01-31", 1, "2028-02-29"),  # a leap year
    ("2028-01-30", 1, "2028-02-29"),
    ("2028-01-29", 1, "2028-02-29"),
    ("2028-01-28", 1, "2028-02-28"),
    ("2028-02-29", 1, "2028-03-29"),
    ("2024-01-31", 1, "2024-02-29"),
    ("2026-03-03", 1, "2026-04-07"),  # Good Friday, weekend, Easter Monday
    ("2026-03-02", 1, "2026-04-02"),
    ("2026-03-04", 1, "2026-04-07"),
    ("2026-03-06", 1, "2026-04-07"),
    ("2026-03-07", 1, "2026-04-07"),
    ("2027-02-28", 1, "2027-03-30"),  # a Sunday, then Easter Monday
    ("2026-03-31", 1, "2026-04-30"),  # there is no 31 April
    ("2026-04-01", 1, "2026-05-04"),  # 1 May is a holiday, a Friday
    ("2026-05-31", 1, "2026-06-30"),
    ("2026-07-31", 1, "2026-08-31"),
    ("2026-08-31", 1, "2026-09-30"),
    ("2026-10-31", 1, "2026-11-30"),
    ("2026-10-14", 1, "2026-11-16"),  # a Saturday
    ("2026-11-23", 3, "2027-02-23"),
    ("2026-11-30", 3, "2027-03-01"),  # there is no 30 February, 28 is a Sunday
    ("2027-11-30", 3, "2028-02-29"),
    ("2026-10-31", 3, "2027-02-01"),
    ("2026-12-31", 3, "2027-03-31"),
    ("2026-01-06", 3, "2026-04-07"),  # Easter Monday
]


@pytest.mark.parametrize(("received", "months", "due"), TABLE)
def test_a_request_is_due_when_the_table_says(received: str, months: int, due: str) -> None:
    assert due_on(date.fromisoformat(received), months, HOLIDAYS) == date.fromisoformat(due)


def test_the_table_has_more_than_forty_dates() -> None:
    assert len(TABLE) > 40


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from([1, 3]), st.frozensets(st.dates(), max_size=5))
def test_due_days_are_working_days_at_most_some_days_after_the_month(
    received: date, months: int, holidays: frozenset[date]
) -> None:
    due = due_on(received, months, holidays)
    assert due.weekday() < 5
    assert due not in holidays
    assert timedelta(28) <= due - received <= timedelta(31 * months + 9)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_who_asks_later_is_answered_no_earlier(received: date) -> None:
    assert due_on(received, 1, ()) <= due_on(received + timedelta(days=1), 1, ())


def test_the_day_is_counted_by_the_clock_of_the_page() -> None:
    late_evening = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    berlin = due_at(late_evening, ZoneInfo("Europe/Berlin"), holidays=HOLIDAYS)
    lima = due_at(late_evening, ZoneInfo("America/Lima"), holidays=HOLIDAYS)
    assert berlin == datetime(2026, 12, 24, 22, 59, 59, tzinfo=UTC)
    assert lima == datetime(2026, 12, 24, 4, 59, 59, tzinfo=UTC)


def make_request(**changes: object) -> DataRequest:
    received = datetime(2026, 11, 23, 12, tzinfo=UTC)
    values: dict[str, object] = {
        "page_id": PageId("1"),
        "request_id": UUID(int=1),
        "lead_id": None,
        "kind": RequestKind.ACCESS,
        "source": RequestSource.CHAT,
        "state": RequestState.PENDING,
        "reason": None,
        "received_at": received,
        "due_at": due_at(received, UTC),
        "completed_at": None,
        "status_hash": bytes(32),
        "steps": {},
    }
    return DataRequest(**(values | changes))  # type: ignore[arg-type]  # changes are fields of it


@pytest.mark.parametrize(
    ("days_left", "urgency"),
    [
        (8, Urgency.ON_TIME),
        (7, Urgency.SEVEN_DAYS),
        (2, Urgency.TWO_DAYS),
        (0, Urgency.TWO_DAYS),
        (-1, Urgency.OVERDUE),
    ],
)
def test_reminders_come_at_seven_and_two_days_and_then_it_is_overdue(days_left: int, urgency: Urgency) -> None:
    request = make_request()
    assert request.urgency(request.due_at - timedelta(days=days_left)) is urgency
    assert make_request(state=RequestState.COMPLETED).urgency(request.due_at) is Urgency.CLOSED


def test_more_time_is_taken_once_and_only_within_the_first_month() -> None:
    request = make_request()
    assert may_extend(request, request.due_at)
    assert not may_extend(request, request.due_at + timedelta(seconds=1))
    assert not may_extend(make_request(steps={"extended": {}}), request.received_at)
    assert not may_extend(make_request(state=RequestState.REFUSED), request.received_at)
    assert EXTENDED_MONTHS == 3


@given(st.binary(min_size=32, max_size=32), st.uuids())
def test_a_status_code_is_the_same_again_and_reads_back_from_an_address(key: bytes, request_id: UUID) -> None:
    code = status_code(key, request_id)
    assert code == status_code(key, request_id) == read_receipt_code(in_one_word(code))
    assert code != status_code(bytes(32 * [key[0] ^ 1]), request_id)
    assert len(status_hash(code)) == 32
