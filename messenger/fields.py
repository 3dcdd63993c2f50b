"""How is one field of a webhook read, when the platform may write it in several ways?

Ids come as numbers or strings, numbers as strings, times in seconds or milliseconds. Every reader
here takes any JSON value and answers None for what it cannot use; none of them raises.
Text that could not be stored (lone surrogates, NUL) is made safe; an id that holds such is none.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from domain.ids import Mid
from domain.personal import Pii

ID_MAX_CHARS: Final = 256
SECONDS_BELOW: Final = 1_000_000_000_000

_ID = re.compile(r"[!-~]+", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.0{1,6})?", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)
_UNSAFE = re.compile("[\x00\ud800-\udfff]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The platform is of 2004; a stamp outside these years is a placeholder or in another unit.
_EARLIEST = datetime(2004, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class TimeUnit(StrEnum):
    """In which unit the platform wrote a time."""

    MILLISECONDS = "ms"
    SECONDS = "s"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time as read, with the unit it was taken to be in."""

    at: datetime | None
    unit: TimeUnit


NO_STAMP: Final = Stamp(None, TimeUnit.MISSING)


def members(value: Any) -> dict[str, Any]:
    """The object's members, or none of them."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A list as it is, a lone value as a list of one, null as an empty list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str | None:
    """Text that can be stored: lone surrogates and NUL are replaced by U+FFFD; numbers become text."""
    if isinstance(value, str):
        return _UNSAFE.sub("�", value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def private(value: Any) -> Pii[str] | None:
    """As `text`, wrapped."""
    found = text(value)
    return None if found is None else Pii(found)


def identifier(value: Any) -> str | None:
    """An id as text: printable ASCII without spaces; integers are written out."""
    if isinstance(value, bool):
        return None
    found = str(value) if isinstance(value, int) else value
    if not isinstance(found, str) or len(found) > ID_MAX_CHARS or _ID.fullmatch(found) is None:
        return None
    return found


def message_id(value: Any) -> Mid | None:
    """A message id: any printable ASCII, of any length, because the platform names no limit."""
    if isinstance(value, str) and _ID.fullmatch(value) is not None:
        return Mid(value)
    return None


def message_ids(value: Any) -> tuple[Mid, ...]:
    """The usable message ids of a list, or of a lone one."""
    found = (message_id(item) for item in items(value))
    return tuple(mid for mid in found if mid is not None)


def name(value: Any) -> str | None:
    """A word of the platform that may be counted and logged: letters, digits, `_` and `-`, at most 60."""
    if isinstance(value, str) and _NAME.fullmatch(value) is not None:
        return value
    return None


def number(value: Any) -> int | None:
    """A whole number, also from numeric text or from a real number without a fraction."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**18 else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 10**15 else None
    if isinstance(value, str) and _NUMBER.fullmatch(value) is not None:
        return int(value.partition(".")[0])
    return None


def flag(value: Any) -> bool:
    """True for true, 1 and their texts; anything else is False."""
    return value is True or (isinstance(value, str | int) and str(value).lower() in {"true", "1"})


def stamp(value: Any) -> Stamp:
    """A time: below 1,000,000,000,000 in seconds, else in milliseconds; implausible ones are missing."""
    found = number(value)
    if found is None or found <= 0:
        return NO_STAMP
    unit = TimeUnit.SECONDS if found < SECONDS_BELOW else TimeUnit.MILLISECONDS
    try:
        at = _EPOCH + timedelta(milliseconds=found * (1000 if unit is TimeUnit.SECONDS else 1))
    except OverflowError:
        return NO_STAMP
    return Stamp(at, unit) if _EARLIEST <= at < _LATEST else NO_STAMP
