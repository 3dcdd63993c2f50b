"""What do the other records of the same person change about what a record shows?

A withdrawal after it, or a notice shown before any answer. Everything follows from kinds, times and places of the
records in the bundle; what is not in the bundle is not known here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

NOTICE_WITHIN = timedelta(hours=24)
"""How long after the first words of a conversation a notice still belongs to its beginning."""

_ANSWERS = ("consent_given", "consent_refused", "consent_withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A record by its kind, its time (of the event, else of its receipt), its place, and the topics that it names."""

    kind: str
    time: str
    origin: str
    index: int
    topics: Sequence[str] = ()

    def later_than(self, other: "Act") -> bool:
        """Whether it came after the other: by time; at one and the same time by the place in the log."""
        if self.time != other.time:
            return self.time > other.time
        return self.origin == other.origin and self.index > other.index


def act_of(record: Mapping[str, Any], origin: str, index: int) -> Act:
    """What counts of a record here."""
    consent = record.get("consent")
    topics = record.get("topics") or ([consent["topic"]] if isinstance(consent, Mapping) and "topic" in consent else [])
    time = str(record.get("event_time") or record.get("received_at"))
    return Act(kind=str(record["type"]), time=time, origin=origin, index=index, topics=tuple(topics))


def withdrawal_of(main: Act, related: Iterable[Act]) -> Act | None:
    """The first later record that takes back what the main one gave; None for records that give nothing."""
    if main.kind not in ("consent_given", "conversation_started"):
        return None
    found = [act for act in related if act.later_than(main) and _takes_back(act, main)]
    return min(found, key=lambda act: (act.time, act.origin, act.index), default=None)


def notice_came_first(start: Act, related: Sequence[Act]) -> bool:
    """Whether the notice was shown at the start, at most a day after it and before every answer in the bundle."""
    answers = [act for act in related if act.kind in _ANSWERS]
    return any(
        act.kind == "notice_shown"
        and not start.later_than(act)
        and _instant(act.time) - _instant(start.time) <= NOTICE_WITHIN
        and all(answer.later_than(act) for answer in answers)
        for act in related
    )


def _takes_back(act: Act, main: Act) -> bool:
    if main.kind == "conversation_started":
        return act.kind == "consent_withdrawn"
    named = set(main.topics) & set(act.topics)
    # A withdrawal that names no topic is one of everything.
    return (act.kind == "consent_withdrawn" and (bool(named) or not act.topics)) or (
        act.kind == "consent_refused" and bool(named)
    )


def _instant(time: str) -> datetime:
    return datetime.fromisoformat(time)
