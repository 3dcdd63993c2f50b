"""How is a filter over people written?

    (tag = vip or field.city = "Berlin") and first_contact within 30 days and not window = closed

`and` binds closer than `or`. A fault names the place where the text stopped making sense. What is printed reads as the
same filter again.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, NoReturn, assert_never

from domain.audience import (
    EVERYBODY,
    Either,
    Every,
    FieldIs,
    FieldKind,
    FieldKnown,
    FieldValue,
    Filter,
    FirstContact,
    FirstContactWithin,
    Is,
    Not,
    Order,
    Segment,
    Subject,
)
from domain.proof.record_sections import EntryPoint

MOST_CHARACTERS = 2000
MOST_CONDITIONS = 50
DEEPEST = 20
MOST_DAYS = 36500
MOST_VALUE_CHARACTERS = 200
LABEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")
LANGUAGE = re.compile(r"[a-z]{2,3}")
NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\\n]|\\["\\])*")|(?P<sign>!=|<=|>=|[=<>()])|(?P<word>[\w.+-]+)|(?P<end>$))'
)
_KEYWORDS = frozenset({"and", "or", "not", "within", "known"})
_SUBJECTS = "tag, topic, field.NAME, first_contact, entry_point, language, window or segment"


class AudienceRefused(ValueError):
    """The text is no filter; the message says what was expected, where, and shows the place."""

    code: ClassVar[str] = "audience.refused"

    def __init__(self, expected: str, text: str, place: int) -> None:
        start = max(0, place - 40)
        super().__init__(f"the filter: {expected}, at character {place + 1}: {text[start:place]}>>>{text[place:][:40]}")
        self.place = place


def parse(text: str) -> Filter:
    """The filter that is written there, everybody for an empty text; raises AudienceRefused."""
    if len(text) > MOST_CHARACTERS:
        raise AudienceRefused(f"is longer than {MOST_CHARACTERS} characters", text, MOST_CHARACTERS)
    reader = _Reader(text, _tokens(text))
    if reader.now.kind == "end":
        return EVERYBODY
    found = reader.either(0)
    if reader.now.kind != "end":
        reader.refuse("expected `and`, `or` or the end")
    return found


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


def _tokens(text: str) -> list[_Token]:
    found, place = [], 0
    while True:
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            place += len(text[place:]) - len(text[place:].lstrip())
            unended = text[place : place + 1] == '"'
            raise AudienceRefused("this text in quotes has no end" if unended else "cannot read this", text, place)
        kind = match.lastgroup
        found.append(_Token(kind, match.group(kind), match.start(kind)))
        if kind == "end":
            return found
        place = match.end()


class _Reader:
    """Goes through the tokens once, from left to right."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0
        self.conditions = 0

    @property
    def now(self) -> _Token:
        return self.tokens[self.at]

    def refuse(self, expected: str, token: _Token | None = None) -> NoReturn:
        raise AudienceRefused(expected, self.text, (token or self.now).place)

    def take(self) -> _Token:
        token = self.now
        if token.kind != "end":
            self.at += 1
        return token

    def took(self, word: str) -> bool:
        found = self.now.kind != "text" and self.now.text == word
        self.at += found
        return found

    def either(self, depth: int) -> Filter:
        parts = [self.every(depth)]
        while self.took("or"):
            parts.append(self.every(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def every(self, depth: int) -> Filter:
        parts = [self.one(depth)]
        while self.took("and"):
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def one(self, depth: int) -> Filter:
        if depth > DEEPEST:
            self.refuse(f"is nested deeper than {DEEPEST} levels")
        if self.took("not"):
            return Not(self.one(depth + 1))
        if self.took("("):
            inside = self.either(depth + 1)
            if not self.took(")"):
                self.refuse("expected `)`, `and` or `or`")
            return inside
        return self.condition()

    def condition(self) -> Filter:
        self.conditions += 1
        if self.conditions > MOST_CONDITIONS:
            self.refuse(f"has more than {MOST_CONDITIONS} conditions")
        subject = self.take()
        name = subject.text if subject.kind == "word" else ""
        if name.startswith("field."):
            return self.field(subject)
        if name == "first_contact":
            return self.first_contact()
        if name == "segment":
            return Segment(self.label())
        if name not in list(Subject):
            self.refuse(f"expected {_SUBJECTS}", subject)
        return self.the_same(Subject(name))

    def sign(self, allowed: tuple[str, ...]) -> str:
        token = self.take()
        if token.kind != "sign" or token.text not in allowed:
            self.refuse(f"expected {' or '.join(allowed)}", token)
        return token.text

    def label(self) -> str:
        token = self.take()
        if token.kind != "word" or not LABEL.fullmatch(token.text) or token.text in _KEYWORDS:
            self.refuse("expected a name of lower-case letters, digits, - and _", token)
        return token.text

    def the_same(self, subject: Subject) -> Filter:
        sign = self.sign(("=", "!="))
        place = self.now
        match subject:
            case Subject.TAG | Subject.TOPIC:
                value = self.label()
            case Subject.ENTRY_POINT:
                value = self.among(tuple(EntryPoint))
            case Subject.WINDOW:
                value = self.among(("open", "closed"))
            case Subject.LANGUAGE:
                value = self.take().text
                if not LANGUAGE.fullmatch(value):
                    self.refuse("expected a language code of two or three letters", place)
        return _signed(Is(subject, value), sign)

    def among(self, values: tuple[str, ...]) -> str:
        token = self.take()
        if token.kind != "word" or token.text not in values:
            self.refuse(f"expected one of {', '.join(values)}", token)
        return str(token.text)

    def first_contact(self) -> Filter:
        if self.took("within"):
            token = self.take()
            if not re.fullmatch(r"[1-9]\d{0,4}", token.text, re.ASCII) or int(token.text) > MOST_DAYS:
                self.refuse(f"expected a number of days from 1 to {MOST_DAYS}", token)
            if not (self.took("days") or self.took("day")):
                self.refuse("expected `days`")
            return FirstContactWithin(int(token.text))
        sign = self.sign(("=", "!=", "<", "<=", ">", ">="))
        token = self.now
        value = self.value()
        if not isinstance(value, date):
            self.refuse("expected a date like 2026-01-31", token)
        return _signed(FirstContact(_order(sign), value), sign)

    def field(self, subject: _Token) -> Filter:
        name = subject.text.removeprefix("field.")
        if not FIELD.fullmatch(name):
            self.refuse("expected field. and a name that begins with a letter", subject)
        if self.took("known"):
            return FieldKnown(name)
        sign = self.sign(("=", "!=", "<", "<=", ">", ">="))
        return _signed(FieldIs(name, _order(sign), self.value()), sign)

    def value(self) -> FieldValue:
        token = self.take()
        if token.kind == "text":
            return re.sub(r'\\(["\\])', r"\1", token.text[1:-1])
        if token.kind != "word" or token.text in _KEYWORDS:
            self.refuse("expected a value: a word, text in quotes, a number or a date", token)
        if _DATE.fullmatch(token.text) and token.text.isascii():
            return _day(token.text) or self.refuse("this day is in no calendar", token)
        if NUMBER.fullmatch(token.text) and token.text.isascii():
            return Decimal(token.text)
        if not token.text[0].isalpha():
            self.refuse("this is neither number nor date; put text in quotes", token)
        return token.text


def read_value(kind: FieldKind, text: str) -> FieldValue | None:
    """What is to be kept in a field of this kind; None where the text is no such value."""
    match kind:
        case FieldKind.NUMBER:
            return Decimal(text) if text.isascii() and NUMBER.fullmatch(text) else None
        case FieldKind.DATE:
            return _day(text)
        case FieldKind.LANGUAGE:
            return text if LANGUAGE.fullmatch(text) else None
        case FieldKind.TEXT:
            return text if text.isprintable() and 1 <= len(text) <= MOST_VALUE_CHARACTERS else None
        case _:
            assert_never(kind)


def _day(text: str) -> date | None:
    if not (text.isascii() and _DATE.fullmatch(text)):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _order(sign: str) -> Order:
    return Order.EQUAL if sign == "!=" else Order(sign)


def _signed(condition: Filter, sign: str) -> Filter:
    return Not(condition) if sign == "!=" else condition


def printed(wanted: Filter) -> str:
    """The one text for this filter; `parse` reads it as the same filter."""
    match wanted:
        case Every(parts):
            return " and ".join(_inside(part) for part in parts)
        case Either(parts):
            return " or ".join(_inside(part) for part in parts)
        case Not(Is() | FirstContact(order=Order.EQUAL) | FieldIs(order=Order.EQUAL) as part):
            return _condition(part, "!=")
        case Not(part):
            return f"not {_inside(part)}"
        case _:
            return _condition(wanted, None)


def _inside(part: Filter) -> str:
    return f"({printed(part)})" if isinstance(part, Every | Either) else printed(part)


def _condition(condition: Filter, sign: str | None) -> str:
    match condition:
        case Is(subject, value):
            return f"{subject} {sign or '='} {value}"
        case FirstContact(order, day):
            return f"first_contact {sign or order} {day.isoformat()}"
        case FirstContactWithin(days):
            return f"first_contact within {days} days"
        case FieldIs(name, order, value):
            return f"field.{name} {sign or order} {_printed_value(value)}"
        case FieldKnown(name):
            return f"field.{name} known"
        case Segment(name):
            return f"segment {name}"
        case _:
            raise TypeError(type(condition).__name__)


def _printed_value(value: FieldValue) -> str:
    match value:
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case date():
            return value.isoformat()
        case _:
            return f"{value:f}"
