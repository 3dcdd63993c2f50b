"""How much may a Page send before the platform slows it, refuses it or freezes it?

Rates per second are real time; the 24-hour and ten-minute counts follow the platform's movable clock.
"""

from __future__ import annotations

import json
import math
from collections import deque
from dataclasses import dataclass

from simulator.errors import GraphError

DAY_MINUTES = 24 * 60
PROFILE_CALLS = 10
PROFILE_SPAN_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The platform's numbers for one Page; `per_day` of None means 200 calls for each engaged person."""

    enforced: bool = True
    per_second: int = 300
    media_per_second: int = 10
    freeze_above: int = 40
    freeze_seconds: float = 10.0
    per_engaged_day: int = 200
    per_day: int | None = None
    usage_percent: int | None = None


class _Second:
    """How many things happened in the second that ends now."""

    def __init__(self) -> None:
        self._moments: deque[float] = deque()

    def count(self, mono: float) -> int:
        moments = self._moments
        while moments and moments[0] <= mono - 1.0:
            moments.popleft()
        return len(moments)

    def add(self, mono: float) -> None:
        self._moments.append(mono)


class PageMeter:
    """Counts one Page's calls and refuses those over a limit; a refused call prolongs a freeze."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.frozen_until = 0.0
        self.busiest_second = 0
        self._calls = _Second()
        self._media = _Second()
        self._messages = _Second()
        self._minutes: deque[list[int]] = deque()
        self._today = 0
        self._profile: deque[float] = deque()

    def count_call(self, now: float, engaged: int) -> None:
        """Counts a call of any kind towards the rolling day; raises GraphError when the day is used up."""
        minute = int(now // 60)
        while self._minutes and self._minutes[0][0] <= minute - DAY_MINUTES:
            self._today -= self._minutes.popleft()[1]
        if self._minutes and self._minutes[-1][0] == minute:
            self._minutes[-1][1] += 1
        else:
            self._minutes.append([minute, 1])
        self._today += 1
        if self.limits.enforced and self._today > self.allowance(engaged):
            raise GraphError("messenger_use")

    def admit_send(self, mono: float, *, message: bool, media: bool) -> None:
        """Lets a Send API call through or raises GraphError; only messages can freeze the Page."""
        limits = self.limits
        calls, media_calls = self._calls.count(mono), self._media.count(mono)
        if limits.enforced:
            if self.frozen_until > mono:
                self._freeze(mono)
            if calls >= limits.per_second or (media and media_calls >= limits.media_per_second):
                raise GraphError("custom_limit")
        self._calls.add(mono)
        if media:
            self._media.add(mono)
        if message:
            self._count_message(mono)

    def _count_message(self, mono: float) -> None:
        rate = self._messages.count(mono) + 1
        self._messages.add(mono)
        self.busiest_second = max(self.busiest_second, rate)
        if self.limits.enforced and rate > self.limits.freeze_above:
            self._freeze(mono)

    def _freeze(self, mono: float) -> None:
        self.frozen_until = mono + self.limits.freeze_seconds
        raise GraphError("messenger_use", "(#80006) This Page cannot send: its volume is too high")

    def admit_profile_call(self, now: float) -> None:
        """Ten calls of the Messenger Profile API in ten minutes; raises GraphError beyond."""
        while self._profile and self._profile[0] <= now - PROFILE_SPAN_SECONDS:
            self._profile.popleft()
        if self.limits.enforced and len(self._profile) >= PROFILE_CALLS:
            raise GraphError("custom_limit")
        self._profile.append(now)

    def allowance(self, engaged: int) -> int:
        """Calls allowed in any 24 hours."""
        if self.limits.per_day is not None:
            return self.limits.per_day
        return self.limits.per_engaged_day * max(engaged, 1)

    def usage_header(self, page_id: str, engaged: int, mono: float) -> str | None:
        """X-Business-Use-Case-Usage in percent and minutes, or None while too few calls were made."""
        frozen = self.limits.enforced and self.frozen_until > mono
        percent = self.limits.usage_percent
        if percent is None:
            percent = 100 * self._today // max(self.allowance(engaged), 1)
        if frozen:
            percent = max(percent, 100)
        if percent < 1:
            return None
        minutes = math.ceil((self.frozen_until - mono) / 60) if frozen else (60 if percent >= 100 else 0)
        usage = {
            "type": "messenger",
            "call_count": percent,
            "total_cputime": percent // 4,
            "total_time": percent // 4,
            "estimated_time_to_regain_access": minutes,
        }
        return json.dumps({page_id: [usage]})
