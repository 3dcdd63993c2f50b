"""What is a campaign, and which way may it go?"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, TypeVar

from domain.content import Content
from domain.ids import CampaignId, PageId, Topic
from domain.sharing import HEAVIEST, LIGHTEST, USUAL

T = TypeVar("T")

NAME_CHARACTERS = 120
TOPIC = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
LANGUAGE = re.compile(r"[a-z]{2,3}")


class CampaignState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


STEPS: Mapping[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset({CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.CANCELLED}),
    # To itself: it is given another time. Paused before it began, it can be given one too.
    CampaignState.SCHEDULED: frozenset(
        {CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.CANCELLED}
    ),
    CampaignState.RUNNING: frozenset({CampaignState.PAUSED, CampaignState.FINISHED, CampaignState.CANCELLED}),
    CampaignState.PAUSED: frozenset({CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.CANCELLED}),
    CampaignState.FINISHED: frozenset(),
    CampaignState.CANCELLED: frozenset(),
}


def sources(target: CampaignState) -> list[CampaignState]:
    """The states from which a campaign may go there."""
    return [state for state, targets in STEPS.items() if target in targets]


class CampaignRefused(ValueError):
    """The campaign cannot be made or started as it is; `faults` says what to change, one sentence each."""

    code: ClassVar[str] = "campaign.refused"

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCampaign:
    """What a marketer hands in: one content per language, the Page's own language among them; a text is one too.

    With `wait_until`, a person whose window is closed is sent the campaign when they next write, until then.
    `audience` is a filter as domain/audience_text.py reads it; empty for everybody.
    """

    page_id: PageId
    name: str
    topic: Topic
    texts: Mapping[str, Content | str]
    wait_until: datetime | None = None
    audience: str = ""
    weight: int = USUAL

    @property
    def contents(self) -> Mapping[str, Content]:
        return {
            language: Content(text=content) if isinstance(content, str) else content
            for language, content in self.texts.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """`audience_size` is None until it began, which froze its audience."""

    page_id: PageId
    campaign_id: CampaignId
    name: str
    topic: Topic
    state: CampaignState
    paused_cause: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    audience_size: int | None
    wait_until: datetime | None
    start_at: datetime | None = None

    @property
    def begun(self) -> bool:
        """Its audience is frozen, and will never be again."""
        return self.audience_size is not None


def faults_of_form(new: NewCampaign, page_language: str) -> list[str]:
    """What is wrong with name, topic and languages; the texts themselves are judged where they are rendered."""
    faults = []
    if not 1 <= len(new.name.strip()) <= NAME_CHARACTERS:
        faults.append(f"give the campaign a name of 1 to {NAME_CHARACTERS} characters")
    if not TOPIC.fullmatch(new.topic):
        faults.append("name the topic in lower-case letters, digits, - and _, at most 40")
    if page_language not in new.texts:
        faults.append(f"write the text in the Page's language, {page_language}")
    if not LIGHTEST <= new.weight <= HEAVIEST:
        faults.append(f"give a weight from {LIGHTEST} to {HEAVIEST}; {USUAL} is usual")
    faults += [
        f"{tag!r} is no language code; use two or three letters" for tag in new.texts if not LANGUAGE.fullmatch(tag)
    ]
    return faults


def text_for(texts: Mapping[str, T], language: str | None, page_language: str) -> tuple[str, T]:
    """The language and content a person gets: their own where it was written, else the Page's."""
    chosen = (language or "").partition("_")[0].partition("-")[0].lower()
    return (chosen, texts[chosen]) if chosen in texts else (page_language, texts[page_language])
