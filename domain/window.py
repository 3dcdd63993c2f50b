"""Until when may a Page write to a person because of what the person did?

The platform's standard messaging window: 24 hours from the person's act, by the time of the act and not of its
receipt (Messenger Platform, "Send a message", 5 May 2026). Reading, our own messages and echoes open nothing.
"""

from datetime import datetime, timedelta

WINDOW = timedelta(hours=24)
# An event this old is recorded, but neither answered nor the beginning of a window.
TOO_OLD = timedelta(hours=48)

OPENING_KINDS = frozenset({"message", "postback", "referral", "reaction", "message_request"})


def window_until(kind: str, at: datetime, received_at: datetime) -> datetime | None:
    """The end of the window that this act opens; None for acts that open none. `at` is never after `received_at`."""
    if kind not in OPENING_KINDS or received_at - at > TOO_OLD:
        return None
    return min(at, received_at) + WINDOW


def opens_anew(before: datetime | None, until: datetime | None, at: datetime) -> bool:
    """Whether an act at this time opened a window that was not open, and did not only make an open one longer."""
    return until is not None and (before is None or before <= at)


def is_open(until: datetime | None, *, now: datetime, newest_event: datetime, margin: timedelta) -> bool:
    """Whether a send may begin: a clock that went back never opens a window, so the greater time counts."""
    return until is not None and max(now, newest_event) < until - margin
