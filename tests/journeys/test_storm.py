"""Does a storm of limits on one Page of five silence that Page at once, and leave the others as they are?

Minutes of this pass quickly in tests/broadcast/test_comeback.py; here is the whole product for half a minute.
"""

import asyncio
import time
from dataclasses import replace

import pytest

from domain.ids import PageId
from tests.journeys.crowds import another_page, crowd, got, sends
from tests.journeys.world import World

PEOPLE = 180
PACE = 4
STORM_SECONDS = 12


async def campaign_on(page: World) -> None:
    store = page.runtime.store
    known = await store.pages.get(PageId(page.page_id))
    await store.pages.put(replace(known, pace=PACE))
    await crowd(page, PEOPLE)
    await page.campaigns.start(PageId(page.page_id), await page.campaign(), now=page.clock())


async def rate(page: World, since: float, until: float) -> float:
    """Messages a second that the platform took for the Page."""
    taken = [call["arrived"] for call in await sends(page) if call["accepted"]]
    return sum(since <= moment < until for moment in taken) / (until - since)


async def at_pace(page: World) -> float:
    """Waits until the Page sends at its whole pace; the moment."""

    async def look():
        now = time.monotonic()
        return await rate(page, now - 4, now) >= 0.85 * PACE and now

    return await page.until(look, "the whole pace", patience=60)


@pytest.mark.timeout(150)
async def test_a_storm_on_one_page_of_five_silences_it_for_as_long_as_it_must_and_touches_no_other(story):
    others = [await another_page(story, f"30000000000000{number}") for number in range(4)]
    for page in (story, *others):
        await campaign_on(page)
    for page in (story, *others):
        await at_pace(page)

    began = time.monotonic()
    rule = {"fault": "error", "code": 613, "edge": "messages"}
    await story.control("POST", "faults", page=story.page_id, rules=[rule])
    await asyncio.sleep(STORM_SECONDS)
    await story.control("DELETE", "faults", page=story.page_id)
    ended = time.monotonic()
    refused = [call for call in await sends(story) if not call["accepted"]]
    assert 1 <= len(refused) <= 2 * PACE, "calls made while limited would prolong the limit"
    assert all(call["arrived"] < began + 10 for call in refused)
    now = await at_pace(story)
    assert now - ended < 60
    assert len([call for call in await sends(story) if not call["accepted"]]) == len(refused)
    for page in others:
        for since in range(int(began), int(now) - 4, 4):
            assert await rate(page, since, since + 4) >= 0.75 * PACE
        assert await page.runtime.store.limits.get(PageId(page.page_id)) is None
        assert set((await got(page)).values()) == {1}
    assert set((await got(story)).values()) == {1}
