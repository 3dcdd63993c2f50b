"""Which words does a person read, in which language, with which names put in?

Texts are plain: no markup, no expressions. A placeholder is `{name}`; a plural is a table keyed by CLDR
category and chosen by `count`. Values are put in once and never read again, so a name cannot become a
placeholder.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal

FALLBACK_LANGUAGE = "en"
PLURAL_CATEGORIES = frozenset({"zero", "one", "two", "few", "many", "other"})

Value: TypeAlias = str | int | date
Parts: TypeAlias = tuple[tuple[str, str], ...]

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_QUALITY = re.compile(r"q=([01](?:\.\d{0,3})?)")
_TAG = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,6}")


class TextError(LookupError):
    """A text or a value for it is missing or malformed; names the language, key and placeholder only."""


def utf16_length(text: str) -> int:
    """The length as the platform counts it: emoji and rare letters are two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """All texts of one language; build it with `of`, which refuses malformed texts.

    `own_name` is what speakers call the language. Nothing is read from disk once it is built.
    """

    language: str
    locale: Locale = field(compare=False)
    own_name: str = field(compare=False)
    parsed: Mapping[str, Parts | Mapping[str, Parts]] = field(compare=False, repr=False)

    @classmethod
    def of(cls, language: str, tree: Mapping[str, object]) -> "Texts":
        """The texts of a nested table; keys become dotted. Raises TextError for a stray brace or a wrong type."""
        locale = Locale.parse(language, sep="-")
        _warm(locale)
        return cls(
            language=language,
            locale=locale,
            own_name=own_name(language),
            parsed=dict(_flatten(language, tree, "")),
        )

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`, as the dir attribute wants it."""
        return "rtl" if self.locale.text_direction == "rtl" else "ltr"

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self.parsed)

    def text(self, key: str, /, **values: Value) -> str:
        """The text with its placeholders filled; numbers and dates as this language writes them.

        Raises TextError for an unknown key or a missing value.
        """
        parts = self._chosen(key, values)
        return "".join(literal + (self._shown(key, name, values) if name else "") for literal, name in parts)

    def placeholders(self, key: str) -> frozenset[str]:
        """The names a text needs; a plural table also needs `count`."""
        entry = self._entry(key)
        if isinstance(entry, tuple):
            return frozenset(name for _, name in entry if name)
        return frozenset({"count"}) | {name for parts in entry.values() for _, name in parts if name}

    def raw(self, key: str) -> tuple[str, ...]:
        """The text as written, one for each plural category; for checks of length and wording."""
        entry = self._entry(key)
        versions = [entry] if isinstance(entry, tuple) else list(entry.values())
        return tuple(
            "".join(literal + (f"{{{name}}}" if name else "") for literal, name in parts) for parts in versions
        )

    def listed(self, items: Iterable[str]) -> str:
        """The items as one enumeration: a, b and c."""
        return str(format_list(list(items), locale=self.locale))

    def _entry(self, key: str) -> Parts | Mapping[str, Parts]:
        try:
            return self.parsed[key]
        except KeyError:
            raise TextError(f"{self.language}: there is no text {key!r}") from None

    def _chosen(self, key: str, values: Mapping[str, Value]) -> Parts:
        entry = self._entry(key)
        if isinstance(entry, tuple):
            return entry
        count = values.get("count")
        if not isinstance(count, int):
            raise TextError(f"{self.language}: text {key!r} needs the number 'count'")
        return entry.get(self.locale.plural_form(count), entry["other"])

    def _shown(self, key: str, name: str, values: Mapping[str, Value]) -> str:
        match values.get(name):
            case str() as words:
                return words
            case int() as number:
                return str(format_decimal(number, locale=self.locale))
            case datetime() as moment:
                return str(format_date(moment.date(), format="long", locale=self.locale))
            case date() as day:
                return str(format_date(day, format="long", locale=self.locale))
            case _:
                raise TextError(f"{self.language}: text {key!r} needs a value for {{{name}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCatalog:
    """The texts of every language we have; English is always there."""

    by_language: Mapping[str, Texts]

    def __post_init__(self) -> None:
        if FALLBACK_LANGUAGE not in self.by_language:
            raise TextError(f"the texts of {FALLBACK_LANGUAGE!r} are missing")

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted(self.by_language))

    def choose(self, *wanted: str | None) -> Texts:
        """The texts of the first wanted language that we have, region ignored where needed; else English.

        Give the person's languages first and the Page's default last. Tags as the platform (`pt_BR`) or
        browsers (`pt-BR`) write them; unknown or odd ones are passed over.
        """
        for tag in wanted:
            for candidate in _narrowing(tag or ""):
                if candidate in self.by_language:
                    return self.by_language[candidate]
        return self.by_language[FALLBACK_LANGUAGE]


def accepted_languages(header: str) -> tuple[str, ...]:
    """The tags of an Accept-Language header, best first; odd parts are passed over."""
    weighed: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        tag, _, parameters = part.strip().partition(";")
        quality = _QUALITY.fullmatch(parameters.strip())
        weight = 1.0 if not parameters else float(quality[1]) if quality else 0.0
        if weight > 0 and _TAG.fullmatch(tag.strip()):
            weighed.append((weight, tag.strip()))
    return tuple(tag for _, tag in sorted(weighed, key=lambda pair: -pair[0]))


def own_name(language: str) -> str:
    """What speakers call their language; the tag itself where nobody knows."""
    try:
        name = Locale.parse(language, sep="-").get_display_name()
    except (UnknownLocaleError, ValueError):
        return language
    return (name or language).capitalize()


def _warm(locale: Locale) -> None:
    # Babel reads a language's file when it is first asked; that moment must not be in the middle of serving.
    format_date(date(2000, 1, 1), format="long", locale=locale)
    format_decimal(1, locale=locale)
    format_list(["a", "b"], locale=locale)
    locale.plural_form(1)


def _narrowing(tag: str) -> Iterator[str]:
    if not _TAG.fullmatch(tag):
        return
    parts = tag.replace("_", "-").lower().split("-")
    while parts:
        yield "-".join(parts)
        parts.pop()


def _flatten(
    language: str, tree: Mapping[str, object], prefix: str
) -> Iterator[tuple[str, Parts | Mapping[str, Parts]]]:
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if isinstance(value, str):
            yield key, _parse(language, key, value)
        elif isinstance(value, Mapping) and "other" in value and value.keys() <= PLURAL_CATEGORIES:
            yield key, {category: _parse(language, key, str(words)) for category, words in value.items()}
        elif isinstance(value, Mapping):
            yield from _flatten(language, value, f"{key}.")
        else:
            raise TextError(f"{language}: {key!r} must be a text")


def _parse(language: str, key: str, template: str) -> Parts:
    pieces = _PLACEHOLDER.split(template)
    if any("{" in literal or "}" in literal for literal in pieces[::2]):
        raise TextError(f"{language}: text {key!r} has a brace that is no placeholder")
    return tuple(zip(pieces[::2], [*pieces[1::2], ""], strict=True))
