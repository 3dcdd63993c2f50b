"""Does a stop end everything at once, by word, button and link, and stay until a new yes?"""

import asyncio
import re

import pytest

from broadcast.campaigns import CampaignStatus
from domain.delivery import DeliveryState
from domain.ids import PageId
from tests.journeys.world import World

LINK = re.compile(r"http://127\.0\.0\.1:\d+/u/\S+")


@pytest.mark.parametrize(
    "word", ["STOP", "stop!!", "ＳＴＯＰ", "st\u200bop", "Arrêter", "unsubscribe 🛑", "СТОП", "abmelden"]
)
async def test_a_stop_word_ends_all_marketing_and_is_confirmed_once(story: World, word: str):
    psid = await story.opted_in()
    await story.say(psid, text=word)
    await story.until_heard(psid, "will send you no more offers")
    assert await story.value("select state from lead_topic") == "withdrawn"
    assert await story.value("select count(*) from suppression") == 1
    await story.say(psid, text=word)
    await story.until_heard(psid, "You had already stopped")
    assert len([text for text in await story.heard(psid) if "no more offers or campaigns. If" in text]) == 1


async def test_a_later_message_never_undoes_a_stop_and_only_a_new_yes_does(story: World):
    psid = await story.opted_in()
    await story.say(psid, text="stop")
    await story.until_heard(psid, "will send you no more offers")
    await story.say(psid, text="what does a cake cost?")
    await story.until_heard(psid, "did not understand")
    assert await story.value("select count(*) from suppression") == 1
    await story.say(psid, text="START")
    await story.until_heard(psid, "Welcome back!")
    assert await story.value("select count(*) from suppression") == 1
    await story.say(psid, quick_reply="Yes, please")

    async def lifted():
        return await story.value("select count(*) = 0 from suppression")

    await story.until(lifted, "the end of the suppression")
    assert await story.value("select state from lead_topic") == "given"


async def test_a_yes_that_is_older_than_the_stop_does_not_undo_it(story: World):
    psid = await story.start()
    payload = (await story.screen(psid))["quick_replies"][0]["payload"]
    earlier = int(story.clock().timestamp() * 1000)
    await story.say(psid, text="stop")
    await story.until_heard(psid, "no more offers")
    await story.say(psid, quick_reply={"title": "Yes, please", "payload": payload}, timestamp=earlier)

    async def recorded():
        return await story.value("select count(*) = 1 from consent_record where kind = 'consent_given'")

    await story.until(recorded, "the record of the late yes")
    assert await story.value("select state from lead_topic") == "withdrawn"
    assert await story.value("select count(*) from suppression") == 1


async def test_the_link_of_a_campaign_message_shows_a_page_and_only_its_button_stops(story: World):
    psid = await story.opted_in("Mira")
    link = await _campaign_link(story, psid)
    async with story.session.get(link) as answer:
        page = await answer.text()
        assert answer.status == 200
        assert psid not in page
        assert "Mira" not in page
    async with story.session.head(link) as answer:
        assert answer.status == 200
    report = await story.control("POST", "crawl", times=2)
    assert report
    assert await story.value("select count(*) from suppression") == 0
    async with story.session.post(link) as answer:
        assert answer.status == 200
        assert "stopped" in (await answer.text()).lower()
    assert await story.value("select count(*) from suppression") == 1
    assert await story.value("select state from lead_topic") == "withdrawn"
    assert await story.value("select count(*) from consent_record where kind = 'consent_withdrawn'") == 1
    async with story.session.post(link) as again:
        assert again.status == 200
    assert await story.value("select count(*) from suppression") == 1


async def test_a_damaged_link_tells_nothing_and_does_nothing(story: World):
    psid = await story.opted_in()
    link = await _campaign_link(story, psid)
    async with story.session.post(f"{link[:-2]}xx") as answer:
        assert answer.status in {200, 404}
        assert psid not in await answer.text()
    assert await story.value("select count(*) from suppression") == 0


async def test_the_button_of_a_campaign_message_stops(story: World):
    psid = await story.opted_in()
    await _campaign_link(story, psid)
    [button] = [one for bubble in await story.bubbles(psid) for one in bubble["buttons"] if one["type"] == "postback"]
    assert button["title"] == "Stop messages"
    await story.say(psid, postback={"title": button["title"], "payload": button["payload"]})
    await story.until_heard(psid, "will send you no more offers")
    assert await story.value("select count(*) from suppression") == 1


async def test_a_stop_reaches_a_campaign_that_is_half_sent(story: World):
    people = await asyncio.gather(*(story.opted_in(f"Person{number}") for number in range(40)))
    campaign = await story.campaign()
    await story.campaigns.start(PageId(story.page_id), campaign, now=story.clock())

    async def begun():
        return await story.value("select count(*) > 0 from delivery where state in ('sending', 'sent')")

    await story.until(begun, "the first send")
    [last] = await story.rows("select lead_id from delivery where state = 'queued' order by seq desc limit 1")
    lead_of = {(await story.lead(psid)).lead_id: psid for psid in people}
    stopped = lead_of[last["lead_id"]]
    await story.say(stopped, text="STOP", wait=True)

    async def finished() -> CampaignStatus | None:
        status = await story.campaigns.status(PageId(story.page_id), campaign)
        return (
            status
            if not status.report.of(DeliveryState.QUEUED) and not status.report.of(DeliveryState.SENDING)
            else None
        )

    status = await story.until(finished, "the campaign")
    assert status.report.counts[DeliveryState.SKIPPED]["stopped"] == 1
    assert status.adds_up
    assert not [text for text in await story.heard(stopped) if "coffee is on us" in text]


async def _campaign_link(story: World, psid: str) -> str:
    campaign = await story.campaign()
    await story.campaigns.start(PageId(story.page_id), campaign, now=story.clock())
    text = await story.until_heard(psid, "coffee is on us")
    return LINK.search(text)[0].rstrip(".,;:)")


async def test_a_stop_button_tapped_in_a_thread_that_stands_by_counts_though_it_comes_without_payload(story: World):
    psid = await story.opted_in()
    await story.control(
        "POST",
        "say",
        page=story.page_id,
        psid=psid,
        event={
            "sender": {"id": psid},
            "recipient": {"id": story.page_id},
            "timestamp": int(story.clock().timestamp() * 1000),
            "postback": {"mid": "m_standby_stop", "title": "Stop messages"},
        },
        standby=True,
    )

    async def stopped():
        return await story.value("select state = 'withdrawn' from lead_topic")

    await story.until(stopped, "the withdrawal")
    assert await story.value("select count(*) from suppression") == 1
