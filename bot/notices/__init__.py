"""What does a Page's first privacy notice say, before its people write their own?

One Markdown file per language: headings, paragraphs, lists, nothing else. A line that begins with `[name]`
stands only where that condition holds. The notice says what this program does; what else a company does with
data, its people add and publish as the next version.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
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
    """The notice with every placeholder filled; raises TextError for an unknown language's file or a missing value.

    Conditions are names in `values` too: an empty or zero value drops their lines.
    """
    lines = [kept for line in _template(language).splitlines() if (kept := _kept(line, values)) is not None]
    text = Texts.of(language, {"notice": "\n".join(lines)}).text("notice", **values)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def load_notices() -> None:
    """Reads the files once, so that no notice is read from a disk later."""
    for language in LANGUAGES:
        _template(language)


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


def _kept(line: str, values: Mapping[str, Value]) -> str | None:
    condition = _CONDITION.match(line)
    if condition is None:
        return line
    return line[condition.end() :] if values.get(condition[1]) else None


@cache
def _template(language: str) -> str:
    if language not in LANGUAGES:
        raise LookupError(f"there is no default notice in {language!r}; there are {', '.join(LANGUAGES)}")
    return resources.files(__name__).joinpath(f"{language}.md").read_text("utf-8")
