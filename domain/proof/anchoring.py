"""When is it an authority's turn to get a checkpoint, and when has it been silent for too long?

An anchor is itself an entry of the log, so a log that anybody anchors goes on being anchored, also while no person does
anything. That is wanted: the last anchor before a record says that the record is not older.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
OVERDUE_INTERVALS = 2


class Turn(StrEnum):
    """Whether an authority gets the newest checkpoint now, and else why not."""

    DUE = "due"
    COVERED = "covered"
    WAITING = "waiting"
    BACKING_OFF = "backing_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of one authority and one log: entries covered, and when; failures since it last went well."""

    interval: timedelta
    covered: int = 0
    kept_at: datetime | None = None
    tried_at: datetime | None = None
    failures: int = 0


def turn(standing: Standing, *, size: int, now: datetime) -> Turn:
    """Whether the authority gets the signed checkpoint of this size now."""
    if size <= standing.covered:
        return Turn.COVERED
    if standing.failures and not _over(standing.tried_at, pause_after(standing.failures, standing.interval), now):
        return Turn.BACKING_OFF
    return Turn.DUE if _over(standing.kept_at, standing.interval, now) else Turn.WAITING


def pause_after(failures: int, interval: timedelta) -> timedelta:
    """How long an authority is left alone after this many failures in a row; never longer than its interval."""
    return min(FIRST_PAUSE * (1 << min(max(failures - 1, 0), 20)), LONGEST_PAUSE, interval)


def overdue_by(kept_at: datetime | None, first_tried_at: datetime, interval: timedelta, now: datetime) -> int:
    """How many whole intervals ago it last went well; 0 while that is no reason for an alarm."""
    intervals = (now - (kept_at or first_tried_at)) // interval
    return intervals if intervals >= OVERDUE_INTERVALS else 0


def _over(since: datetime | None, span: timedelta, now: datetime) -> bool:
    """Whether the span is over; a clock that went back makes nobody wait for it to come round again."""
    return since is None or now < since or now - since >= span
