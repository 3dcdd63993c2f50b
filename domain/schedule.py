"""At which moment does a time of the clock come, where the clock is put forward and back?

The database answers the same for each person's own zone (`timestamp at time zone`); a test holds the two together.
"""

from datetime import UTC, datetime, tzinfo


class TimeUnreadable(ValueError):
    """The words are no date with a time."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no time; write it like 2026-12-01 09:00")


def read_time(text: str) -> datetime:
    """A date and a time as people write them, with or without an offset; raises TimeUnreadable."""
    try:
        if len(text.strip()) <= len("2026-12-01"):
            raise ValueError
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise TimeUnreadable(text) from None


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
