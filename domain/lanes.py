"""Through which lanes does the platform let a message to a person, of what kind, where and since when?

The platform's rules as dated data, each entry with the page of Meta that says so. A rule that changes is a new entry
and an end for the old one; none is rewritten, so that what was allowed on a day can be looked up later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from domain.window import WINDOW


class Lane(StrEnum):
    """A way in which a message gets through."""

    OPEN_WINDOW = "open_window"
    UTILITY_TEMPLATE = "utility_template"
    RECURRING_TOKEN = "recurring_token"  # noqa: S105 - a lane, not a password
    PAID_MARKETING = "paid_marketing"
    HUMAN_AGENT = "human_agent"
    PRIVATE_REPLY = "private_reply"
    CONFIRMED_EVENT_UPDATE = "confirmed_event_update"
    ACCOUNT_UPDATE = "account_update"
    POST_PURCHASE_UPDATE = "post_purchase_update"


class ContentKind(StrEnum):
    PROMOTIONAL = "promotional"
    TRANSACTIONAL = "transactional"
    HUMAN_ANSWER = "human_answer"


class Refusal(StrEnum):
    """Why a lane cannot be used."""

    NO_ENTRY = "no_entry"
    NOT_YET = "not_yet"
    ENDED = "ended"
    CONTENT_EXCLUDED = "content_excluded"
    NOT_FOR_CAMPAIGNS = "not_for_campaigns"
    REGION_UNKNOWN = "region_unknown"
    PAGE_REGION_EXCLUDED = "page_region_excluded"
    PERSON_REGION_EXCLUDED = "person_region_excluded"
    NOT_BUILT = "not_built"


@dataclass(frozen=True, slots=True)
class Source:
    """A page of Meta, and the day on which Meta changed it last when it was read."""

    title: str
    dated: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One rule from `since` (None: since before our sources) to just before `until` (None: open).

    `pages` are the regions whose Pages may use it, None for all; `not_to` those whose people it does not reach;
    `within` the time after the person's act; `needs` what else the platform asks for.
    """

    id: str
    lane: Lane
    contents: frozenset[ContentKind]
    source: Source
    for_campaigns: bool = True
    pages: frozenset[str] | None = None
    not_to: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    within: timedelta | None = None
    needs: str = ""

    def valid(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


Pack: TypeAlias = Sequence[Entry]

_EVERYTHING = frozenset(ContentKind)
_PROMOTIONAL = frozenset({ContentKind.PROMOTIONAL})
_TRANSACTIONAL = frozenset({ContentKind.TRANSACTIONAL})
_SEND = Source("Send a message", date(2026, 5, 5))
_FAQ = Source("Marketing Messages FAQ", date(2026, 3, 31))
_RECURRING_NEEDS = "an app that used Recurring Notifications before 2025-09-01, and the person's token"
_RECURRING_NARROWED = datetime(2026, 2, 10, tzinfo=UTC)
_TAGS_ENDED = datetime(2026, 4, 27, tzinfo=UTC)
# Europe, the United Kingdom, Japan, South Korea and Australia: kept on the free product, left out of the paid one.
_FREE_REGIONS = frozenset({"AU", "EU", "JP", "KR", "UK"})
_PAID_COUNTRIES = frozenset(
    (
        "AU",
        "BR",
        "CL",
        "CO",
        "HK",
        "IN",
        "ID",
        "IL",
        "MY",
        "MX",
        "NZ",
        "PE",
        "PH",
        "SA",
        "SG",
        "TW",
        "TH",
        "AE",
        "US",
        "VN",
    )
)

PACK: Final[Pack] = (
    Entry(id="open_window", lane=Lane.OPEN_WINDOW, contents=_EVERYTHING, source=_SEND, within=WINDOW),
    Entry(
        id="utility_template",
        lane=Lane.UTILITY_TEMPLATE,
        contents=_TRANSACTIONAL,
        source=Source("Send a utility message", date(2026, 3, 13)),
        needs="an approved template and pages_utility_messaging; not confirmed for every region",
    ),
    Entry(
        id="recurring_token_everywhere",
        lane=Lane.RECURRING_TOKEN,
        contents=_PROMOTIONAL,
        source=_FAQ,
        until=_RECURRING_NARROWED,
        needs=_RECURRING_NEEDS,
    ),
    Entry(
        id="recurring_token",
        lane=Lane.RECURRING_TOKEN,
        contents=_PROMOTIONAL,
        source=_FAQ,
        pages=_FREE_REGIONS,
        since=_RECURRING_NARROWED,
        needs=_RECURRING_NEEDS,
    ),
    Entry(
        id="paid_marketing",
        lane=Lane.PAID_MARKETING,
        contents=_PROMOTIONAL,
        source=Source("Marketing Messages overview", date(2026, 4, 17)),
        pages=_PAID_COUNTRIES,
        not_to=_FREE_REGIONS,
        needs="a tech provider's app with advanced access, an ad account that pays, and the person's subscription",
    ),
    Entry(
        id="human_agent",
        lane=Lane.HUMAN_AGENT,
        contents=frozenset({ContentKind.HUMAN_ANSWER}),
        source=_SEND,
        for_campaigns=False,
        within=timedelta(days=7),
        needs="the Human Agent feature, and a human who writes",
    ),
    Entry(
        id="private_reply",
        lane=Lane.PRIVATE_REPLY,
        contents=_EVERYTHING,
        source=_SEND,
        for_campaigns=False,
        within=timedelta(days=7),
        needs="a comment or visitor post that was not answered privately before",
    ),
    *(
        Entry(id=lane.value, lane=lane, contents=_TRANSACTIONAL, source=_SEND, until=_TAGS_ENDED)
        for lane in (Lane.CONFIRMED_EVENT_UPDATE, Lane.ACCOUNT_UPDATE, Lane.POST_PURCHASE_UPDATE)
    ),
)

_TAG: Final = "the platform refuses message tags"
NOT_BUILT: Final[Mapping[Lane, str]] = {
    Lane.UTILITY_TEMPLATE: "templates can neither be made nor sent here",
    Lane.RECURRING_TOKEN: "closed for new apps, so no tokens are collected",
    Lane.PAID_MARKETING: "it is bought through an ad account, which this program has not",
    Lane.HUMAN_AGENT: "people answer in Meta's own inbox",
    Lane.PRIVATE_REPLY: "comments are not read",
    Lane.CONFIRMED_EVENT_UPDATE: _TAG,
    Lane.ACCOUNT_UPDATE: _TAG,
    Lane.POST_PURCHASE_UPDATE: _TAG,
}

_EU = frozenset(
    (
        "AT",
        "BE",
        "BG",
        "HR",
        "CY",
        "CZ",
        "DK",
        "EE",
        "FI",
        "FR",
        "DE",
        "GR",
        "HU",
        "IE",
        "IT",
        "LV",
        "LT",
        "LU",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SK",
        "SI",
        "ES",
        "SE",
    )
)
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What somebody wants to send; a `person_region` of None asks about the Page alone."""

    lane: Lane
    content: ContentKind
    campaign: bool
    page_region: str
    person_region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStanding:
    """How a lane stands for a Page: what the platform says to some use of it, and what a campaign would be told."""

    lane: Lane
    entry: Entry | None
    platform: Refusal | None
    campaign: Refusal | None


def judge(use: Use, at: datetime, pack: Pack = PACK) -> Entry | Refusal:
    """The entry that allows this use at this moment, or why none does; asks nothing about this program."""
    of_lane = [entry for entry in pack if entry.lane is use.lane]
    valid = [entry for entry in of_lane if entry.valid(at)]
    if not valid:
        if not of_lane:
            return Refusal.NO_ENTRY
        return Refusal.NOT_YET if any(entry.since and at < entry.since for entry in of_lane) else Refusal.ENDED
    refusals = []
    for entry in valid:
        refusal = _obstacle(entry, use)
        if refusal is None:
            return entry
        refusals.append(refusal)
    return refusals[0]


def usable(use: Use, at: datetime, pack: Pack = PACK) -> Entry | Refusal:
    """Like `judge`, and refused too where this program does not send through the lane."""
    found = judge(use, at, pack)
    return Refusal.NOT_BUILT if isinstance(found, Entry) and use.lane in NOT_BUILT else found


def refusal_of_campaign(
    page_region: str, at: datetime, pack: Pack = PACK, lane: Lane = Lane.OPEN_WINDOW
) -> Refusal | None:
    """Why no campaign of the Page may send through the lane at this moment; None when it may."""
    found = usable(Use(lane=lane, content=ContentKind.PROMOTIONAL, campaign=True, page_region=page_region), at, pack)
    return found if isinstance(found, Refusal) else None


def standings(page_region: str, at: datetime, pack: Pack = PACK) -> list[LaneStanding]:
    """Every lane, as it stands for a Page of this region."""
    return [_standing(lane, page_region, at, pack) for lane in Lane]


def _standing(lane: Lane, page_region: str, at: datetime, pack: Pack) -> LaneStanding:
    found = [
        judge(Use(lane=lane, content=content, campaign=False, page_region=page_region), at, pack)
        for content in ContentKind
    ]
    allowing = next((one for one in found if isinstance(one, Entry)), None)
    refused = [one for one in found if isinstance(one, Refusal) and one is not Refusal.CONTENT_EXCLUDED]
    of_lane = [entry for entry in pack if entry.lane is lane]
    return LaneStanding(
        lane=lane,
        # Where nothing allows it, the rule that is valid says why, or the newest one.
        entry=allowing or next((entry for entry in of_lane if entry.valid(at)), of_lane[-1] if of_lane else None),
        platform=None if allowing else refused[0],
        campaign=refusal_of_campaign(page_region, at, pack, lane),
    )


def _obstacle(entry: Entry, use: Use) -> Refusal | None:
    if use.content not in entry.contents:
        return Refusal.CONTENT_EXCLUDED
    if use.campaign and not entry.for_campaigns:
        return Refusal.NOT_FOR_CAMPAIGNS
    page = region_of(use.page_region)
    if entry.pages is not None and page not in entry.pages:
        return Refusal.REGION_UNKNOWN if page == UNKNOWN else Refusal.PAGE_REGION_EXCLUDED
    if use.person_region is None or not entry.not_to:
        return None
    person = region_of(use.person_region)
    if person == UNKNOWN:
        return Refusal.REGION_UNKNOWN
    return Refusal.PERSON_REGION_EXCLUDED if person in entry.not_to else None


def region_of(text: str) -> str:
    """A Page's region or a country's code as the entries name it: members of the EU are EU, GB is UK."""
    region = text.strip().upper()
    if not region or region == UNKNOWN.upper():
        return UNKNOWN
    return "EU" if region in _EU else {"GB": "UK"}.get(region, region)
