"""Whom does a campaign speak to?

A filter over the people of a Page, as a value. The topic of the campaign decides who of them gave permission; whoever
the filter chooses and is not written to still has a row, with the reason. domain/audience_text.py reads and prints the
form that marketers write, storage/audiences.py asks the database the same question, and a test holds the two together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias, assert_never
from zoneinfo import ZoneInfo


class Subject(StrEnum):
    """What is the same or is not."""

    TAG = "tag"
    TOPIC = "topic"
    ENTRY_POINT = "entry_point"
    LANGUAGE = "language"
    WINDOW = "window"


class Order(StrEnum):
    EQUAL = "="
    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="


class FieldKind(StrEnum):
    """What the values of a declared field are. There is one field of kind language, and its name is `language`."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    LANGUAGE = "language"


FieldValue: TypeAlias = str | Decimal | date


@dataclass(frozen=True, slots=True)
class Is:
    """Has this tag, said yes to this topic, came in this way, has this language, or a window that is `open`."""

    subject: Subject
    value: str


@dataclass(frozen=True, slots=True)
class FirstContact:
    """The day of the first contact by the Page's clock."""

    order: Order
    day: date


@dataclass(frozen=True, slots=True)
class FirstContactWithin:
    days: int


@dataclass(frozen=True, slots=True)
class FieldIs:
    """False of whoever has no value in this field."""

    name: str
    order: Order
    value: FieldValue


@dataclass(frozen=True, slots=True)
class FieldKnown:
    name: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A filter that was given a name; `expanded` puts it in."""

    name: str


@dataclass(frozen=True, slots=True)
class Not:
    part: "Filter"


@dataclass(frozen=True, slots=True)
class Every:
    """Holds where all parts hold; of no parts, for everybody."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple["Filter", ...]


Condition: TypeAlias = Is | FirstContact | FirstContactWithin | FieldIs | FieldKnown | Segment
Filter: TypeAlias = Condition | Not | Every | Either

EVERYBODY = Every(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a filter looks at; `language` is their own, or the Page's where it is not known."""

    tags: frozenset[str]
    topics: frozenset[str]
    fields: Mapping[str, FieldValue]
    first_contact: datetime
    entry_point: str | None
    language: str
    window_open: bool


def matches(wanted: Filter, person: Person, *, now: datetime, zone: ZoneInfo) -> bool:
    """Whether the filter chooses the person; `zone` is the Page's. Segments must have been put in."""
    match wanted:
        case Every(parts):
            return all(matches(part, person, now=now, zone=zone) for part in parts)
        case Either(parts):
            return any(matches(part, person, now=now, zone=zone) for part in parts)
        case Not(part):
            return not matches(part, person, now=now, zone=zone)
        case FirstContact(order, day):
            return _holds(person.first_contact.astimezone(zone).date(), order, day)
        case FirstContactWithin(days):
            return person.first_contact > now - timedelta(days=days)
        case FieldIs(name, order, value):
            return name in person.fields and _holds(person.fields[name], order, value)
        case FieldKnown(name):
            return name in person.fields
        case Is(subject, value):
            return _is(subject, value, person)
        case Segment(name):
            raise ValueError(f"segment {name} was not put in")
        case _:
            assert_never(wanted)


def _is(subject: Subject, value: str, person: Person) -> bool:
    match subject:
        case Subject.TAG:
            return value in person.tags
        case Subject.TOPIC:
            return value in person.topics
        case Subject.ENTRY_POINT:
            return value == person.entry_point
        case Subject.LANGUAGE:
            return value == person.language
        case Subject.WINDOW:
            return person.window_open is (value == "open")
        case _:
            assert_never(subject)


def _holds(one: FieldValue, order: Order, other: FieldValue) -> bool:
    """False between values of different kinds; texts are only the same or not."""
    if order is Order.EQUAL:
        return type(one) is type(other) and one == other
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return _ordered(one.compare(other), order)
    if isinstance(one, date) and isinstance(other, date):
        return _ordered(Decimal((one - other).days), order)
    return False


def _ordered(difference: Decimal, order: Order) -> bool:
    match order:
        case Order.BELOW:
            return difference < 0
        case Order.AT_MOST:
            return difference <= 0
        case Order.ABOVE:
            return difference > 0
        case Order.AT_LEAST:
            return difference >= 0
        case _:
            return difference == 0


def conditions(wanted: Filter) -> Iterator[Condition]:
    """Every single condition, in the order of the text."""
    match wanted:
        case Every(parts) | Either(parts):
            for part in parts:
                yield from conditions(part)
        case Not(part):
            yield from conditions(part)
        case _:
            yield wanted


def expanded(wanted: Filter, segments: Mapping[str, Filter]) -> Filter:
    """The filter with every known segment put in; segments themselves are kept expanded, so one step is enough."""
    match wanted:
        case Every(parts):
            return Every(tuple(expanded(part, segments) for part in parts))
        case Either(parts):
            return Either(tuple(expanded(part, segments) for part in parts))
        case Not(part):
            return Not(expanded(part, segments))
        case Segment(name):
            return segments.get(name, wanted)
        case _:
            return wanted


def faults_of_names(wanted: Filter, *, tags: frozenset[str], fields: Mapping[str, FieldKind]) -> list[str]:
    """What the filter names that the Page does not have, one sentence each."""
    found: dict[str, None] = {}
    for condition in conditions(wanted):
        match condition:
            case Segment(name):
                found[f"there is no segment {name}; `assent segments list` shows those that are"] = None
            case Is(Subject.TAG, value) if value not in tags:
                found[f"there is no tag {value}; nobody was ever given it"] = None
            case FieldKnown(name) | FieldIs(name) if name not in fields:
                found[f"there is no field {name}; `assent fields list` shows those that are declared"] = None
            case FieldIs(name, order, value):
                if fault := _fault_of_kind(name, fields[name], order, value):
                    found[fault] = None
            case _:
                pass
    return list(found)


def _fault_of_kind(name: str, kind: FieldKind, order: Order, value: FieldValue) -> str | None:
    match kind:
        case FieldKind.NUMBER:
            return None if isinstance(value, Decimal) else f"field {name} holds numbers; compare it with one, like 18"
        case FieldKind.DATE:
            fits = isinstance(value, date)
            return None if fits else f"field {name} holds dates; compare it with one, like 2026-01-31"
        case FieldKind.TEXT | FieldKind.LANGUAGE:
            if not isinstance(value, str):
                return f'field {name} holds text; put the value in quotes, like "{value}"'
            return None if order is Order.EQUAL else f"field {name} holds text; only = and != can be asked of it"
        case _:
            assert_never(kind)
