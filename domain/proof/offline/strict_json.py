"""Which JSON has one meaning only?

Compact UTF-8 in the one spelling that `json.dumps` gives without escapes for other scripts: no repeated keys, no
fractions, no numbers of 2^63 or more, no deep nesting. Two readers can never see two things in such a file.
"""

import json
import re
from typing import Any, NoReturn

from domain.proof.offline.errors import Unreadable, Wrong
from domain.proof.offline.notes import MAX_NUMBER

MAX_JSON_BYTES = 262_144
MAX_JSON_DEPTH = 8
_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS = re.compile(r"[][{}]")


def read_json(data: bytes, what: str) -> dict[str, Any]:
    """The object in these bytes; `what` names the file in the refusal."""
    if len(data) > MAX_JSON_BYTES:
        raise Unreadable(f"{what} is longer than {MAX_JSON_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Wrong(f"{what} is not UTF-8 at byte {error.start}") from None
    if _depth(text) > MAX_JSON_DEPTH:
        raise Unreadable(f"{what} is nested deeper than {MAX_JSON_DEPTH} levels")
    try:
        document = json.loads(
            text, object_pairs_hook=_object, parse_int=_whole, parse_float=_no_fraction, parse_constant=_no_fraction
        )
        spelled = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    except Wrong as error:
        raise type(error)(f"{what} {error}") from None
    except (ValueError, RecursionError):
        raise Wrong(f"{what} is not JSON in UTF-8") from None
    if not isinstance(document, dict):
        raise Wrong(f"{what} is not a JSON object")
    if spelled != data:
        raise Wrong(f"{what} is not in its one compact spelling")
    return document


def _depth(text: str) -> int:
    """How deep brackets nest outside of strings; counted before anything recursive looks at the text."""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Wrong("has the same key twice in one object")
    return found


def _whole(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > MAX_NUMBER:
        raise Unreadable("has a number of 2^63 or more")
    return int(digits)


def _no_fraction(_: str) -> NoReturn:
    raise Wrong("has a number that is not whole")
