"""How much of its allowance has the Page used, as the platform says beside an answer?"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from messenger import fields
from messenger.strict_json import BodyUnreadable, read_body

_BUSINESS: Final = "X-Business-Use-Case-Usage"
_PLAIN: Final = ("X-App-Usage", "X-Page-Usage")
_SHARES: Final = ("call_count", "total_cputime", "total_time")
_SECONDS = re.compile(r"[0-9]{1,6}", re.ASCII)
_HEADER_MAX_CHARS: Final = 16_384
_REGAIN_MAX: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The fullest of all allowances named: `percent` may pass 100; calls while full prolong the limit."""

    percent: int
    regain_minutes: int

    @property
    def regain(self) -> timedelta | None:
        """How long until calls are allowed again; None when they are allowed now."""
        return timedelta(minutes=self.regain_minutes) if self.regain_minutes else None


def read_usage(headers: Mapping[str, str]) -> Usage | None:
    """The usage in these headers, None when the platform named none. Never raises."""
    shares: list[int] = []
    minutes = [0]
    for record in _records(headers):
        shares.extend(fields.number(record.get(share)) or 0 for share in _SHARES)
        minutes.append(fields.number(record.get("estimated_time_to_regain_access")) or 0)
    if not shares:
        return None
    longest = min(max(minutes), int(_REGAIN_MAX.total_seconds()) // 60)
    return Usage(percent=max(0, *shares), regain_minutes=max(0, longest))


def read_retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """`Retry-After` in seconds; the platform does not document it, but an intermediary may send it."""
    text = headers.get("Retry-After", "")
    if _SECONDS.fullmatch(text) is None:
        return None
    return min(timedelta(seconds=int(text)), _REGAIN_MAX)


def _records(headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for name in _PLAIN:
        found = _members(headers.get(name))
        if found:
            yield found
    for value in _members(headers.get(_BUSINESS)).values():
        for record in fields.items(value):
            yield fields.members(record)


def _members(text: str | None) -> dict[str, Any]:
    if not text or len(text) > _HEADER_MAX_CHARS:
        return {}
    try:
        return read_body(text.encode("utf-8", "replace")).tree
    except BodyUnreadable:
        return {}
