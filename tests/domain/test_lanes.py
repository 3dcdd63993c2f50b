"""Does the pack of rules allow a lane exactly while an entry says so, and never what is dead?"""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.eligibility import LANE_OF, Rule
from domain.lanes import (
    NOT_BUILT,
    PACK,
    ContentKind,
    Entry,
    Lane,
    Refusal,
    Source,
    Use,
    judge,
    refusal_of_campaign,
    standings,
    usable,
)
from domain.window import WINDOW

TODAY = datetime(2026, 11, 25, tzinfo=UTC)
TICK = timedelta(microseconds=1)
NARROWED = datetime(2026, 2, 10, tzinfo=UTC)
TAGS_ENDED = datetime(2026, 4, 27, tzinfo=UTC)
TAGS = (Lane.CONFIRMED_EVENT_UPDATE, Lane.ACCOUNT_UPDATE, Lane.POST_PURCHASE_UPDATE)
REGIONS = ("EU", "DE", "UK", "GB", "JP", "KR", "AU", "US", "BR", "CA", "unknown")
CHANGES = sorted({moment for entry in PACK for moment in (entry.since, entry.until) if moment})
lanes, contents, regions = st.sampled_from(Lane), st.sampled_from(ContentKind), st.sampled_from(REGIONS)
moments = st.one_of(
    st.sampled_from([change + step for change in CHANGES for step in (-TICK, timedelta(), TICK)]),
    st.integers(-800, 800).map(lambda days: TODAY + timedelta(days=days)),
)


def use(lane: Lane, content: ContentKind = ContentKind.PROMOTIONAL, **changes) -> Use:
    return Use(lane=lane, content=content, **{"campaign": True, "page_region": "US", **changes})


def said(entry: Entry, lane: Lane, content: ContentKind, campaign: bool, page: str, person: str | None) -> bool:
    """What an entry says, its time aside, written the other way round: which of its words speak against it."""
    page, person = ({"DE": "EU", "GB": "UK"}.get(region or "", region) for region in (page, person))
    against = [
        entry.lane != lane,
        content not in entry.contents,
        campaign and not entry.for_campaigns,
        entry.pages is not None and page not in entry.pages,
        person is not None and bool(entry.not_to) and person in {*entry.not_to, "unknown"},
    ]
    return not any(against)


@given(lanes, contents, st.booleans(), regions, st.none() | regions, moments)
def test_a_lane_is_allowed_exactly_while_an_entry_that_says_so_is_valid(lane, content, campaign, page, person, at):
    found = judge(use(lane, content, campaign=campaign, page_region=page, person_region=person), at)
    allowing = [
        entry
        for entry in PACK
        if said(entry, lane, content, campaign, page, person) and (entry.since or at) <= at < (entry.until or at + TICK)
    ]
    assert found in allowing if allowing else isinstance(found, Refusal)


@given(st.sampled_from(TAGS), contents, st.booleans(), regions, moments)
@example(TAGS[0], ContentKind.TRANSACTIONAL, True, "US", TAGS_ENDED)
def test_no_dead_tag_is_ever_allowed_from_its_end_on(lane, content, campaign, page, at):
    found = judge(use(lane, content, campaign=campaign, page_region=page), at)
    if at >= TAGS_ENDED:
        assert found is Refusal.ENDED
    else:
        assert isinstance(found, Entry) == (content is ContentKind.TRANSACTIONAL)
    assert isinstance(usable(use(lane, content, campaign=campaign, page_region=page), at), Refusal)


def test_the_changes_of_the_pack_are_the_ones_we_know_and_each_tips_at_its_instant():
    assert CHANGES == [NARROWED, TAGS_ENDED]
    for tag in TAGS:
        asked = use(tag, ContentKind.TRANSACTIONAL)
        assert isinstance(judge(asked, TAGS_ENDED - TICK), Entry)
        assert judge(asked, TAGS_ENDED) is Refusal.ENDED
    american, german = use(Lane.RECURRING_TOKEN), use(Lane.RECURRING_TOKEN, page_region="DE")
    assert isinstance(judge(american, NARROWED - TICK), Entry)
    assert judge(american, NARROWED) is Refusal.PAGE_REGION_EXCLUDED
    assert [judge(german, at).id for at in (NARROWED - TICK, NARROWED)] == [
        "recurring_token_everywhere",
        "recurring_token",
    ]


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (use(Lane.UTILITY_TEMPLATE), Refusal.CONTENT_EXCLUDED),
        (use(Lane.HUMAN_AGENT, ContentKind.HUMAN_ANSWER), Refusal.NOT_FOR_CAMPAIGNS),
        (use(Lane.HUMAN_AGENT, campaign=False), Refusal.CONTENT_EXCLUDED),
        (use(Lane.PRIVATE_REPLY), Refusal.NOT_FOR_CAMPAIGNS),
        (use(Lane.PAID_MARKETING, page_region="EU"), Refusal.PAGE_REGION_EXCLUDED),
        (use(Lane.PAID_MARKETING, page_region="unknown"), Refusal.REGION_UNKNOWN),
        (use(Lane.PAID_MARKETING, page_region=""), Refusal.REGION_UNKNOWN),
        (use(Lane.PAID_MARKETING, person_region="fr"), Refusal.PERSON_REGION_EXCLUDED),
        (use(Lane.PAID_MARKETING, page_region="AU", person_region="AU"), Refusal.PERSON_REGION_EXCLUDED),
        (use(Lane.PAID_MARKETING, person_region="unknown"), Refusal.REGION_UNKNOWN),
        (use(Lane.PAID_MARKETING, person_region="BR"), Refusal.NOT_BUILT),
        (use(Lane.RECURRING_TOKEN, page_region="gb"), Refusal.NOT_BUILT),
    ],
)
def test_each_refusal_says_what_stands_in_the_way(asked, refusal):
    assert usable(asked, TODAY) is refusal


def test_a_lane_before_its_first_entry_is_not_yet_and_one_without_any_has_no_entry():
    later = Entry(
        id="later",
        lane=Lane.OPEN_WINDOW,
        contents=frozenset(ContentKind),
        source=Source("a page", date(2026, 1, 1)),
        since=TODAY,
    )
    assert refusal_of_campaign("EU", TODAY - TICK, [later]) is Refusal.NOT_YET
    assert refusal_of_campaign("EU", TODAY, [later]) is None
    assert refusal_of_campaign("EU", TODAY, []) is Refusal.NO_ENTRY


@pytest.mark.parametrize("region", REGIONS)
def test_every_stored_rule_rests_on_an_entry_that_lets_a_campaign_promote_now(region):
    assert {rule.value for rule in Rule} == {"open_window", "open_window_conversation_start"}
    for rule in Rule:
        entry = usable(use(LANE_OF[rule], page_region=region), TODAY)
        assert isinstance(entry, Entry)
        assert (entry.lane, entry.within) == (LANE_OF[rule], WINDOW)


def test_ids_are_unique_and_every_lane_but_the_open_window_says_why_it_is_not_built():
    assert len({entry.id for entry in PACK}) == len(PACK)
    assert set(NOT_BUILT) == set(Lane) - {Lane.OPEN_WINDOW}


def test_the_standing_of_each_lane_tells_the_platform_from_the_program():
    found = {one.lane: (one.platform, one.campaign) for one in standings("EU", TODAY)}
    assert found == {
        Lane.OPEN_WINDOW: (None, None),
        Lane.UTILITY_TEMPLATE: (None, Refusal.CONTENT_EXCLUDED),
        Lane.RECURRING_TOKEN: (None, Refusal.NOT_BUILT),
        Lane.PAID_MARKETING: (Refusal.PAGE_REGION_EXCLUDED, Refusal.PAGE_REGION_EXCLUDED),
        Lane.HUMAN_AGENT: (None, Refusal.CONTENT_EXCLUDED),
        Lane.PRIVATE_REPLY: (None, Refusal.NOT_FOR_CAMPAIGNS),
        **dict.fromkeys(TAGS, (Refusal.ENDED, Refusal.ENDED)),
    }
    assert all(one.entry is not None and one.entry.lane is one.lane for one in standings("unknown", TODAY))
