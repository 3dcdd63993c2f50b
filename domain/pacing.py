"""How many messages may leave now, when may the next, and how long does a Page keep still?

The generic cell rate algorithm in whole nanoseconds of the caller's monotonic clock: the only state is the
moment at which the next message would be on time. A strict pace of n lets at most n messages go in any
second, wherever the second begins, bursts included.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

SECOND_NS = 1_000_000_000

# A Page above 40 messages a second is frozen by the platform, so no setting may go there; answers of the bot
# count too (Messenger Platform rate limits, 23 March 2026).
CEILING_PER_SECOND = 40
DEFAULT_PER_SECOND = 20
MEDIA_PER_SECOND = 5

HALVE_AT_PERCENT = 75
PAUSE_AT_PERCENT = 90
STOP_AT_PERCENT = 100
PAUSE_CAMPAIGNS = timedelta(minutes=5)
SHORTEST_STOP = timedelta(minutes=5)
LONGEST_STOP = timedelta(minutes=60)
# Limits that count by the second or minute are over soon; one that outlasts these stops is treated like the others.
FIRST_RATE_STOP = timedelta(seconds=15)
LONGEST_RATE_STOP = timedelta(seconds=60)
RATE_STOPS = 6

FIRST_BACK_OFF = timedelta(seconds=1)
LONGEST_BACK_OFF = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """One message each `interval_ns`, and up to `burst` at once after a rest. Build it with `strict` or `average`."""

    interval_ns: int
    burst: int = 1

    @classmethod
    def strict(cls, per_second: int, burst: int = 1) -> "Pace":
        """At most `per_second` in any second, a burst counted in; raises ValueError outside 1 to 40."""
        if not 1 <= per_second <= CEILING_PER_SECOND:
            raise ValueError(f"a pace is 1 to {CEILING_PER_SECOND} messages a second")
        if not 1 <= burst <= per_second:
            raise ValueError("a burst is at least 1 and at most the messages of a second")
        # After a burst the rest of the second has room for the difference only.
        return cls(interval_ns=-(-SECOND_NS // (per_second - burst + 1)), burst=burst)

    @classmethod
    def average(cls, interval: timedelta, burst: int) -> "Pace":
        """One for each interval over time and small bursts, as for one thread; no promise about a second."""
        if interval <= timedelta(0) or burst < 1:
            raise ValueError("an average pace needs an interval above zero and a burst of at least 1")
        return cls(interval_ns=interval // timedelta(microseconds=1) * 1_000, burst=burst)

    def slowed(self, times: int) -> "Pace":
        """The same pace this many times slower, without bursts."""
        return Pace(interval_ns=self.interval_ns * times, burst=1)

    @property
    def tolerance_ns(self) -> int:
        return self.interval_ns * (self.burst - 1)


@dataclass(frozen=True, slots=True)
class Permit:
    """How many may go now, when to ask again (never in the past), and the state to keep."""

    granted: int
    ask_again_ns: int
    due_ns: int


def take(pace: Pace, due_ns: int, now_ns: int, wanted: int) -> Permit:
    """Up to `wanted` permits now; `due_ns` is what the last permit left, `rested` to begin with."""
    due = max(due_ns, now_ns)
    room = (now_ns + pace.tolerance_ns - due) // pace.interval_ns + 1
    granted = min(max(wanted, 0), max(room, 0))
    due += granted * pace.interval_ns
    return Permit(granted, max(now_ns, due - pace.tolerance_ns), due)


def take_media(page: Pace, page_due_ns: int, media: Pace, media_due_ns: int, now_ns: int) -> tuple[Permit, Permit]:
    """One permit of both paces for an image, or none of either; refused, both say when to ask again."""
    whole, slow = take(page, page_due_ns, now_ns, 1), take(media, media_due_ns, now_ns, 1)
    if whole.granted and slow.granted:
        return whole, slow
    again = max(permit.ask_again_ns for permit in (whole, slow) if not permit.granted)
    return Permit(0, again, page_due_ns), Permit(0, again, media_due_ns)


def give_back(pace: Pace, due_ns: int, unused: int) -> int:
    """The state after permits were not used; only before anything else is taken."""
    return due_ns - unused * pace.interval_ns


def rested(now_ns: int) -> int:
    """The state of a Page that sent nothing in the last second."""
    return now_ns


def taken_over(pace: Pace, now_ns: int) -> int:
    """The state of a new owner of a lane, who cannot know what the old one sent: a full second of silence first."""
    return now_ns + SECOND_NS + pace.tolerance_ns


class Standing(StrEnum):
    """What a Page may do after the platform told how much of its allowance is used."""

    FULL_PACE = "full_pace"
    HALF_PACE = "half_pace"
    ANSWERS_ONLY = "answers_only"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Advice:
    """The standing, and how long it lasts unless the platform says something newer."""

    standing: Standing
    lasts: timedelta = timedelta(0)


def advise(percent: float, *, regain: timedelta | None = None) -> Advice:
    """What to do at this share of the allowance; how long a stop lasts is for `stop_for` to say."""
    if percent >= STOP_AT_PERCENT:
        return Advice(Standing.NOTHING)
    if percent >= PAUSE_AT_PERCENT:
        return Advice(Standing.ANSWERS_ONLY, max(PAUSE_CAMPAIGNS, regain or timedelta(0)))
    if percent >= HALVE_AT_PERCENT:
        return Advice(Standing.HALF_PACE, PAUSE_CAMPAIGNS)
    return Advice(Standing.FULL_PACE)


def stop_for(told: timedelta | None, *, in_a_row: int, by_rate: bool = False) -> timedelta:
    """How long nothing leaves after a limit: as long as the platform told, otherwise longer each time.

    `in_a_row` counts the stops from 1 since messages went well. `by_rate` is for limits on calls in a short time.
    """
    if told is not None and told > timedelta(0):
        return told
    if by_rate and in_a_row <= RATE_STOPS:
        return _doubled(FIRST_RATE_STOP, in_a_row, LONGEST_RATE_STOP)
    return _doubled(SHORTEST_STOP, in_a_row - RATE_STOPS if by_rate else in_a_row, LONGEST_STOP)


def _doubled(first: timedelta, in_a_row: int, longest: timedelta) -> timedelta:
    return min(first * (1 << min(max(in_a_row - 1, 0), 20)), longest)


def back_off(attempt: int, chance: float) -> timedelta:
    """How long to wait before repeating a call that surely had no effect; attempts count from 1.

    Between half and all of 1, 2, 4 ... seconds up to five minutes; `chance` from 0 to below 1 spreads the callers.
    """
    return _doubled(FIRST_BACK_OFF, attempt, LONGEST_BACK_OFF) * (0.5 + chance / 2)
