"""What does the program know of a Facebook Page, and on which basis may it send?"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.ids import PageId
from domain.personal import Pii


class MarketingBasis(StrEnum):
    """What must be proven before a campaign may reach a person of this Page."""

    EXPLICIT = "explicit"
    CONVERSATION_START = "conversation_start"


class BasisRefused(ValueError):
    """The Page's region does not allow the basis that was asked for."""


class QuietRefused(ValueError):
    """This is no span of hours."""


QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


def read_quiet(text: str) -> tuple[int, int] | tuple[None, None]:
    """From and until in minutes after midnight, over midnight if the second is smaller; `off` for none."""
    if text == "off":
        return None, None
    found = QUIET.fullmatch(text)
    if found is None or found[1] + found[2] == found[3] + found[4]:
        raise QuietRefused(f"{text!r} is no span of hours; write it like 22:00-08:00, or off")
    return int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])


def check_basis(basis: MarketingBasis, region: str) -> None:
    """Raises BasisRefused where starting a conversation cannot count as consent: the EU, or nobody knows where."""
    if basis is MarketingBasis.CONVERSATION_START and region in {"EU", "unknown"}:
        raise BasisRefused(
            f"marketing_basis=conversation_start is refused for region {region}: set the Page's region first, "
            "or keep marketing_basis=explicit"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One connected Page with its settings; `pace` is messages per second, `token` the platform's access token.

    A paused one should not be resumed before `resume_after`. `frequency_hours` is the least time between two campaign
    messages to a person, None for no cap; `quiet_from` and `quiet_until` are minutes after midnight by each person's
    clock; a yes under a notice older than `consent_from_notice` permits nothing.
    """

    page_id: PageId
    name: str
    region: str
    language: str
    time_zone: str
    controller_name: str
    controller_contact: str
    dpo_contact: str
    marketing_basis: MarketingBasis
    minimum_age: int
    pace: int
    takeover_hours: int
    use_first_name: bool
    state: str
    paused_cause: str | None
    token: Pii[str]
    connected_at: datetime
    frequency_hours: int | None = None
    quiet_from: int | None = None
    quiet_until: int | None = None
    consent_from_notice: int = 0
    resume_after: datetime | None = None
