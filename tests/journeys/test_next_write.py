"""Does a campaign that waits for people reach exactly those who write, once, after the bot's answer, in time?"""

import asyncio
import random
from datetime import timedelta

from domain.campaign import CampaignState, NewCampaign
from domain.ids import CampaignId, PageId, Topic
from tests.journeys.world import World, text_of

PEOPLE, WRITERS, DAYS = 200, 60, 3
COFFEE = "a coffee is on us"


async def waiting_campaign(story: World, text: str, days: float) -> CampaignId:
    new = NewCampaign(
        page_id=PageId(story.page_id),
        name="Spring",
        topic=Topic("offers"),
        texts={"en": text},
        wait_until=story.clock() + timedelta(days=days),
    )
    campaign = await story.campaigns.create(new, now=story.clock())
    await story.campaigns.start(new.page_id, campaign, now=story.clock())
    return campaign


async def crowd(story: World, people: int) -> list[str]:
    few = asyncio.Semaphore(25)

    async def one(number: int) -> str:
        async with few:
            return await story.opted_in(f"Person{number}")

    return list(await asyncio.gather(*(one(number) for number in range(people))))


async def test_of_many_people_exactly_those_who_write_get_it_once_inside_their_window(story: World):
    people = await crowd(story, PEOPLE)
    await story.move_clock(timedelta(hours=30))
    campaign = await waiting_campaign(story, f"Hi {{{{first_name|there}}}}, {COFFEE}.", DAYS)
    page_id = PageId(story.page_id)
    assert (await story.campaigns.status(page_id, campaign)).report.counts == {
        "awaiting_window": {"window_closed": PEOPLE}
    }
    writers = random.Random(30).sample(people, WRITERS)
    for day in range(DAYS):
        today = writers[day::DAYS]
        await asyncio.gather(*(story.say(psid, text="what does a cake cost?") for psid in today))
        # Some go on talking: it is still the same window.
        await asyncio.gather(*(story.say(psid, text="and a tart?") for psid in today[::4]))
        so_far = sum(len(writers[past::DAYS]) for past in range(day + 1))

        async def all_of_today(expected: int = so_far):
            status = await story.campaigns.status(page_id, campaign)
            return status.report.of("sent") == expected

        await story.until(all_of_today, "everybody who wrote today", patience=60)
        await story.move_clock(timedelta(hours=24))

    async def over():
        return (await story.campaigns.status(page_id, campaign)).campaign.state is CampaignState.FINISHED

    await story.until(over, "the end of the campaign", patience=60)
    status = await story.campaigns.status(page_id, campaign)
    assert status.report.counts == {
        "sent": {"": WRITERS},
        "expired": {"window_closed": PEOPLE - WRITERS},
    }
    assert status.adds_up
    for psid in people:
        bubbles = await story.bubbles(psid)
        got = [place for place, bubble in enumerate(bubbles) if COFFEE in text_of(bubble)]
        assert len(got) == (1 if psid in writers else 0)
        if got:
            earlier = bubbles[got[0] - 1]
            assert earlier["from"] != "follower", "the bot's answer goes first"
    calls = [call for call in await story.ledger(kind="call") if call["path"].endswith("/messages")]
    assert [call["code"] for call in calls if not call["accepted"]] == [], "no call came outside of a window"


async def test_the_oldest_campaign_goes_first_and_each_opened_window_brings_one(story: World):
    psid = await story.opted_in()
    await story.move_clock(timedelta(hours=30))
    await waiting_campaign(story, "the first offer", 9)
    await waiting_campaign(story, "the second offer", 9)

    async def offers() -> list[str]:
        return [text[:16].strip() for text in await story.heard(psid) if "offer" in text and text.startswith("the ")]

    await story.say(psid, text="hello?")
    await story.until_heard(psid, "the first offer")
    for words in ("are you there?", "what does a cake cost?"):
        before = len(await story.heard(psid))
        await story.say(psid, text=words)

        async def answered(before: int = before):
            return len(await story.heard(psid)) > before

        await story.until(answered, "the answer")
    # Longer than the lane's next looks for whom nothing woke.
    await asyncio.sleep(2)
    assert await offers() == ["the first offer"]
    await story.move_clock(timedelta(hours=30))
    await asyncio.sleep(1)
    assert await offers() == ["the first offer"]
    await story.say(psid, text="hello again")
    await story.until_heard(psid, "the second offer")
    assert await offers() == ["the first offer", "the second offer"]
