"""What does a Page's first privacy notice say, before its people write their own?

One Markdown file per language: headings, paragraphs, lists, nothing else. A line that begins with `[name]`
stands only where that condition holds. The notice says what this program does; what else a company does with
data, its people add and publish as the next version.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from domain.page import MarketingBasis, Page
from domain.texts import Texts, Value

LANGUAGES = ("de", "en", "es", "fr", "it", "pt")

_CONDITION = re.compile(r"\[([a-z_]+)\] ?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """How long what is kept, as the notice tells it."""

    horizon_days: int = 14
    retention_person_years: int = 3
    retention_inbox_days: int = 8
    retention_deliveries_months: int = 13
    retention_export_hours: int = 72
    retention_requests_years: int = 3
    retention_security_log_days: int = 30


def render_notice(language: str, values: Mapping[str, Value]) -> str:
    """The notice with every placeholder filled; raises LookupError for an unknown language or a missing value.

    Conditions are names in `values` too: an empty or zero value drops their lines.
    """
    if language not in _TEMPLATES:
        raise LookupError(f"there is no default notice in {language!r}; there are {', '.join(LANGUAGES)}")
    conditions, lines = _TEMPLATES[language]
    kept = [number for number, condition in enumerate(conditions) if condition is None or values.get(condition)]
    text = "\n".join(lines.text(str(number), **values) for number in kept)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def default_notices(page: Page, periods: Periods | None = None) -> dict[str, str]:
    """The first notice of a Page in every language."""
    values = _values(page, periods or Periods())
    return {language: render_notice(language, values) for language in LANGUAGES}


def _values(page: Page, periods: Periods) -> dict[str, Value]:
    return {
        "page": page.name,
        "controller": page.controller_name or page.name,
        "contact": page.controller_contact,
        "dpo": page.dpo_contact,
        "minimum_age": page.minimum_age,
        "first_name": int(page.use_first_name),
        "explicit": int(page.marketing_basis is MarketingBasis.EXPLICIT),
        "conversation_start": int(page.marketing_basis is MarketingBasis.CONVERSATION_START),
        "horizon_days": periods.horizon_days,
        "retention_person_years": periods.retention_person_years,
        "retention_inbox_days": periods.retention_inbox_days,
        "retention_deliveries_months": periods.retention_deliveries_months,
        "retention_export_hours": periods.retention_export_hours,
        "retention_requests_years": periods.retention_requests_years,
        "retention_security_log_days": periods.retention_security_log_days,
    }


def _read(language: str) -> tuple[tuple[str | None, ...], Texts]:
    """The condition of each line, None for most, and the lines as texts by their number."""
    body = resources.files(__name__).joinpath(f"{language}.md").read_text("utf-8")
    found = [(_CONDITION.match(line), line) for line in body.splitlines()]
    conditions = tuple(condition and condition[1] for condition, _ in found)
    lines = {str(at): line[condition.end() if condition else 0 :] for at, (condition, line) in enumerate(found)}
    return conditions, Texts.of(language, lines)


# Read when the program starts: a Page's first notice is written in the middle of a conversation.
_TEMPLATES = {tag: _read(tag) for tag in LANGUAGES}
