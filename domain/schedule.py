"""When does a campaign begin: at which moment does a time of the clock come, and when is it too late?

The database answers the same for each person's own zone (`timestamp at time zone`); a test holds the two together.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo

# Later than this a start is not made up for by itself.
LATEST_START = timedelta(hours=1)
LONGEST_SPREAD = timedelta(days=7)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class TimeUnreadable(ValueError):
    """The words are no date with a time."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no time; write it like 2026-12-01 09:00")


class SpanUnreadable(ValueError):
    """The words are no span, or one that is too long."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no span; write it like 90m, 2h or 1d, at most {LONGEST_SPREAD.days}d")


def read_time(text: str) -> datetime:
    """A date and a time as people write them, with or without an offset; raises TimeUnreadable."""
    try:
        if len(text.strip()) <= len("2026-12-01"):
            raise ValueError
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise TimeUnreadable(text) from None


def read_span(text: str) -> timedelta:
    """A span like 90m, 2h or 1d, from a minute to a week; raises SpanUnreadable."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text.strip())
    span = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
    if span is None or span > LONGEST_SPREAD:
        raise SpanUnreadable(text)
    return span


def is_missed(start_at: datetime, now: datetime) -> bool:
    """Whether a start at that time is so long past that a person must say if it is still wanted."""
    return now - start_at > LATEST_START


def moment(wall: datetime, zone: tzinfo) -> datetime:
    """When this zone's clocks show that time; one with an offset of its own is that moment, wherever it is read.

    A time that the clock skips is as far behind the skip as it would have been without it; of a time that comes twice
    it is the second, so that nothing is sent before the hour that was meant.
    """
    if wall.tzinfo is not None:
        return wall.astimezone(UTC)
    first, second = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    # Put forward between the two, the first lies before the skip by the old clock; put back, the second is the later.
    return max(first.astimezone(UTC), second.astimezone(UTC))
