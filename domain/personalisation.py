"""How does a name get into a campaign text, and nothing else with it?

A variable is `{{first_name|there}}`: a name from a fixed list and the words for people without one. The
scanner is ours; no template language and no `str.format` ever sees what marketers or people write. A value
is put in once, cleaned: it cannot bring a line break, a link, a mention or another variable.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import regex  # type: ignore[import-untyped]  # the library ships no types

from domain.texts import utf16_length

NAMES = frozenset({"first_name"})

VALUE_GRAPHEMES = 60
VALUE_UTF16 = 120
GRAPHEME_UTF16 = 24
TEMPLATE_UTF16 = 4_000

_GRAPHEME = regex.compile(r"\X")
_VARIABLE = re.compile(r"\{\{\s*([^{}|]*?)\s*(?:\|([^{}|]*))?\}\}")
# Whatever makes an address or a mention of a word: dots inside it, slashes, colons, at signs; and braces.
_LINKING = re.compile(r"[.．。｡․](?=\S)|[/\\⁄∕／＼@＠{}<>]|[:：](?=\S)")
_JOINERS = "\u200c\u200d"


class TemplateRefused(ValueError):
    """The template cannot be used; `position` counts characters from 1, the text repeats no content."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(f"position {position}: {problem}")
        self.position = position
        self.problem = problem


class TooLong(ValueError):
    """The rendered text is longer than the platform takes."""

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(f"the text is {length} characters long, {limit} are allowed; shorten it")
        self.length = length
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Variable:
    """A place for a value, and what stands there without one."""

    name: str
    fallback: str


@dataclass(frozen=True, slots=True)
class Template:
    """A checked text: literal pieces and variables in their order."""

    pieces: tuple[str | Variable, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(piece.name for piece in self.pieces if isinstance(piece, Variable))


@lru_cache(maxsize=256)
def parse(template: str) -> Template:
    """The template in pieces; raises TemplateRefused where a variable is unknown, open or without fallback."""
    if utf16_length(template) > TEMPLATE_UTF16:
        raise TemplateRefused(1, f"the text is longer than {TEMPLATE_UTF16} characters")
    pieces: list[str | Variable] = []
    at = 0
    for found in _VARIABLE.finditer(template):
        pieces += _literal(template, at, found.start())
        pieces.append(_variable(found))
        at = found.end()
    pieces += _literal(template, at, len(template))
    return Template(tuple(pieces))


def render(template: Template, values: Mapping[str, str | None], *, limit: int | None = None) -> str:
    """The text with cleaned values, or the fallback for a missing or empty one; raises TooLong above the limit."""
    text = "".join(
        piece if isinstance(piece, str) else clean(values.get(piece.name) or "") or piece.fallback
        for piece in template.pieces
    )
    if limit is not None and (length := utf16_length(text)) > limit:
        raise TooLong(length, limit)
    return text


def personalise(template: str, *, first_name: str | None) -> str:
    """The text for one person; raises TemplateRefused for a template that the editor would not have taken."""
    return render(parse(template), {"first_name": first_name})


def fitting(template: str, *, first_name: str | None, limit: int) -> str:
    """The text for one person; the words for people without a name where theirs would not fit."""
    text = personalise(template, first_name=first_name)
    return text if utf16_length(text) <= limit else personalise(template, first_name=None)


def graphemes(text: str) -> int:
    """How many letters and pictures a person sees."""
    return len(_GRAPHEME.findall(text))


def longest(template: str) -> str:
    """A text as long as the longest one the template can give; for checks before anybody is written to."""
    return "".join(
        piece if isinstance(piece, str) else max("n" * VALUE_UTF16, piece.fallback, key=utf16_length)
        for piece in parse(template).pieces
    )


def clean(value: str) -> str:
    """A value that is safe inside a sentence: one line, no link, at most 60 graphemes and 120 UTF-16 units."""
    visible = "".join(_visible(char) for char in unicodedata.normalize("NFC", value[:2_000]))
    return _cut(" ".join(_LINKING.sub(" ", visible).split()))


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if char in _JOINERS:
        return char
    if category in {"Cf", "Cs", "Co", "Cn"}:
        return ""
    return " " if category in {"Cc", "Zl", "Zp", "Zs"} else char


def _cut(text: str) -> str:
    kept: list[str] = []
    room = VALUE_UTF16
    for grapheme in _GRAPHEME.findall(text)[:VALUE_GRAPHEMES]:
        length = utf16_length(grapheme)
        # A letter under dozens of marks is a prank: it would cover the lines around it.
        if length > GRAPHEME_UTF16:
            continue
        if length > room:
            break
        kept.append(grapheme)
        room -= length
    return " ".join("".join(kept).split()).strip(_JOINERS)


def _literal(template: str, start: int, end: int) -> list[str]:
    literal = template[start:end]
    for braces in ("{{", "}}"):
        if braces in literal:
            raise TemplateRefused(
                start + literal.index(braces) + 1,
                "these braces belong to no variable; write {{first_name|there}} or remove them",
            )
    return [literal] if literal else []


def _variable(found: re.Match[str]) -> Variable:
    name, fallback = found[1], found[2]
    position = found.start() + 1
    if name not in NAMES:
        raise TemplateRefused(position, f"there is no such variable; allowed: {', '.join(sorted(NAMES))}")
    if fallback is None or not fallback.strip():
        raise TemplateRefused(position, f"say what stands there without a value, as in {{{{{name}|there}}}}")
    if not fallback.isprintable():
        raise TemplateRefused(position, "the words for people without a value must be one line of plain text")
    return Variable(name, fallback.strip())
