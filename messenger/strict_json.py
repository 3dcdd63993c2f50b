"""How is JSON from outside read so that one bad value spoils only its own event?

Python's reader lets NaN, infinite numbers and repeated keys pass and breaks on very long numbers.
Here each of them becomes a `Flaw` that stands in the parsed tree in place of the value, keeps what
was written, and is found again with `first_flaw`. A flaw never looks like a usable value.
"""

import json
import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

BODY_MAX_BYTES: Final = 4 * 1024 * 1024
INTEGER_MAX_DIGITS: Final = 4300


class Unreadable(StrEnum):
    """Why a whole body holds nothing that can be read."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    NOT_AN_OBJECT = "not_an_object"
    TOO_MANY_UPDATES = "too_many_updates"


class BodyUnreadable(Exception):
    """The body as a whole is no delivery: answer the platform, set the bytes aside, look at `reason`."""

    def __init__(self, reason: Unreadable) -> None:
        super().__init__(f"webhook body unreadable: {reason.value}; set it aside for a person to look at")
        self.reason = reason


class FlawKind(StrEnum):
    """What strict JSON does not allow and Python's reader does."""

    NOT_A_NUMBER = "not_a_number"
    REPEATED_KEY = "repeated_key"
    HUGE_INTEGER = "huge_integer"


@dataclass(frozen=True, slots=True)
class Flaw:
    """A value that must not be used; `written` is what stood there."""

    kind: FlawKind
    written: Any = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBody:
    """The parsed tree; `flawed` spares a clean body the search for flaws."""

    tree: dict[str, Any] = field(repr=False)
    flawed: bool


class _Reader:
    def __init__(self) -> None:
        self.flawed = False

    def flaw(self, kind: FlawKind, written: object) -> Flaw:
        self.flawed = True
        return Flaw(kind, written)

    def members(self, pairs: list[tuple[str, Any]]) -> Any:
        found = dict(pairs)
        if len(found) != len(pairs):
            return self.flaw(FlawKind.REPEATED_KEY, [list(pair) for pair in pairs])
        return found

    def constant(self, name: str) -> Flaw:
        return self.flaw(FlawKind.NOT_A_NUMBER, name)

    def real(self, text: str) -> float | Flaw:
        number = float(text)
        return number if math.isfinite(number) else self.flaw(FlawKind.NOT_A_NUMBER, text)

    def integer(self, text: str) -> int | Flaw:
        if len(text) > INTEGER_MAX_DIGITS:
            return self.flaw(FlawKind.HUGE_INTEGER, text)
        return int(text)


def read_body(body: bytes) -> ReadBody:
    """The JSON object in the body, flaws marked in place; raises BodyUnreadable when there is none."""
    if len(body) > BODY_MAX_BYTES:
        raise BodyUnreadable(Unreadable.TOO_LARGE)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise BodyUnreadable(Unreadable.NOT_UTF8) from None
    reader = _Reader()
    tree = _parse(text, reader)
    if isinstance(tree, Flaw) or not isinstance(tree, dict):
        raise BodyUnreadable(Unreadable.NOT_AN_OBJECT)
    return ReadBody(tree=tree, flawed=reader.flawed)


def first_flaw(tree: object) -> FlawKind | None:
    """The first flaw anywhere inside, found without recursion."""
    waiting: list[object] = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Flaw):
            return value.kind
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return None


def write_json(tree: object, *, sort_keys: bool = False) -> bytes:
    """ASCII JSON without spaces; flaws appear as what stood there. May raise RecursionError."""
    return (_SORTED if sort_keys else _PLAIN).encode(tree).encode("ascii")


def _parse(text: str, reader: _Reader) -> Any:
    try:
        try:
            return _decode(text, reader, own_integers=False)
        except json.JSONDecodeError:
            raise
        except ValueError:
            # Python refuses integers of more than 4,300 digits: read again, slower, and mark them.
            return _decode(text, reader, own_integers=True)
    except json.JSONDecodeError:
        raise BodyUnreadable(Unreadable.NOT_JSON) from None
    except RecursionError:
        raise BodyUnreadable(Unreadable.TOO_DEEP) from None


def _decode(text: str, reader: _Reader, *, own_integers: bool) -> Any:
    return json.JSONDecoder(
        object_pairs_hook=reader.members,
        parse_constant=reader.constant,
        parse_float=reader.real,
        parse_int=reader.integer if own_integers else None,
    ).decode(text)


def _written(value: object) -> object:
    if isinstance(value, Flaw):
        return {f"${value.kind.value}": value.written}
    raise TypeError(f"{type(value).__name__} is not JSON")


# Built once: json.dumps would build one for every event.
_PLAIN: Final = json.JSONEncoder(separators=(",", ":"), default=_written)
_SORTED: Final = json.JSONEncoder(separators=(",", ":"), default=_written, sort_keys=True)
