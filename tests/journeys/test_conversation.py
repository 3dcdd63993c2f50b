"""Does the bot say what it is, ask once with two equal choices, record the answer, and answer everything else?"""

import json
from datetime import timedelta

import pytest

from tests.journeys.world import World


async def test_the_bot_says_that_it_is_a_bot_who_runs_it_and_asks_with_two_equal_choices(story: World):
    psid = await story.follower("Zoë")
    await story.say(psid, get_started=True)
    greeting = await story.until_heard(psid, "bot")
    assert "Aurora Coffee GmbH" in greeting
    assert "/privacy/en" in greeting
    replies = (await story.screen(psid))["quick_replies"]
    assert [reply["title"] for reply in replies] == ["Yes, please", "No, thanks"]


@pytest.mark.parametrize(
    ("act", "state", "kind"),
    [
        ({"quick_reply": "Yes, please"}, "given", "consent_given"),
        ({"quick_reply": "No, thanks"}, "refused", "consent_refused"),
        ({"text": "yes please"}, "given", "consent_given"),
        ({"text": "nein danke"}, "refused", "consent_refused"),
    ],
)
async def test_a_yes_or_no_is_recorded_with_the_words_that_were_shown(story: World, act, state, kind):
    psid = await story.start()
    await story.say(psid, **act)

    async def answered():
        return await story.value("select state from lead_topic where topic = 'offers'")

    assert await story.until(answered, "the answer") == state
    record = await _record(story, psid, kind)
    assert record["consent"]["text"].startswith("May Café Aurora send you offers and news")
    assert record["privacy_notice"]["version"] == 1
    shown = await story.rows("select body from shown_text")
    assert [row["body"] for row in shown] == [record["consent"]["text"]]


async def test_a_yes_without_an_open_question_is_no_consent(story: World):
    psid = await story.start()
    await story.say(psid, quick_reply="No, thanks")
    await story.until_heard(psid, "you will not get")
    await story.say(psid, text="yes")
    await story.until_heard(psid, "did not understand")
    assert await story.value("select state from lead_topic") == "refused"


@pytest.mark.parametrize("way", ["quick_reply", "postback"])
async def test_a_marketers_button_called_yes_answers_no_question(story: World, way):
    psid = await story.start()
    before = await story.value("select window_until from lead")
    await story.say(psid, **{way: {"title": "Yes, please", "payload": "campaign:12:assent:consent"}})
    await story.until_heard(psid, "Here is what I can do")
    assert await story.value("select state from lead_topic") is None
    assert await story.value("select window_until from lead") > before


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ({"text": "what are your opening hours?"}, "did not understand"),
        ({"attachment": "image"}, "cannot look at files"),
        ({"sticker": True}, "cannot look at files"),
        ({"text": "help"}, "Here is what I can do"),
        ({"text": "can I talk to a human"}, "can answer you here"),
        ({"postback": "SOMEBODY_ELSES_BUTTON"}, "did not understand"),
    ],
)
async def test_every_other_input_gets_an_answer(story: World, act, words):
    psid = await story.start()
    await story.say(psid, **act)
    await story.until_heard(psid, words)


async def test_echoes_are_never_answered(story: World):
    psid = await story.opted_in()

    async def settled():
        return not await story.value("select count(*) from inbox")

    await story.until(settled, "an empty inbox")
    assert len(await story.heard(psid)) == 2


async def test_a_human_in_the_inbox_silences_the_bot_while_stop_words_still_count(story: World):
    psid = await story.opted_in()
    await story.control(
        "POST", "thread", page=story.page_id, psid=psid, action="reply", text="Hello, Mia here.", take=False
    )

    async def silenced():
        return await story.value("select human_until from lead")

    await story.until(silenced, "the silence")
    heard = len(await story.heard(psid))
    await story.say(psid, text="is the terrace open?")
    await story.say(psid, text="STOP")

    async def stopped():
        return await story.value("select state = 'withdrawn' from lead_topic")

    await story.until(stopped, "the withdrawal")
    assert len(await story.heard(psid)) == heard
    await story.move_clock(timedelta(hours=13))
    await story.say(psid, text="hello again?")
    await story.until_heard(psid, "did not understand")


async def test_a_stop_in_standby_is_recorded_and_nothing_is_answered(story: World):
    psid = await story.opted_in()
    heard = len(await story.heard(psid))
    await story.say(psid, text="stop", standby=True)

    async def stopped():
        return await story.value("select state = 'withdrawn' from lead_topic")

    await story.until(stopped, "the withdrawal")
    assert len(await story.heard(psid)) == heard
    assert await story.value("select count(*) from suppression") == 1


async def test_the_notice_is_recorded_as_shown_when_its_echo_comes(story: World):
    psid = await story.start()

    async def shown():
        return await story.value("select count(*) = 1 from consent_record where kind = 'notice_shown'")

    await story.until(shown, "the record of the notice")
    record = await _record(story, psid, "notice_shown")
    sent = [bubble for bubble in await story.bubbles(psid) if bubble["from"] != "follower"]
    assert record["privacy_notice"]["mid"] == sent[0]["mid"]


async def test_an_event_older_than_two_days_is_recorded_but_neither_answered_nor_a_window(story: World):
    psid = await story.follower()
    old = int((story.clock() - timedelta(hours=49)).timestamp() * 1000)
    await story.say(psid, text="hello", timestamp=old)

    async def known():
        return await story.lead(psid)

    lead = await story.until(known, "the lead")
    assert lead.window_until is None
    assert await story.heard(psid) == []


async def _record(story: World, psid: str, kind: str) -> dict:
    lead = await story.lead(psid)
    store = story.runtime.store
    async with store.database.transaction() as tx:
        key = await store.leads.key_of(tx, lead.page_id, lead.lead_id)
        records = await store.consents.of_lead(tx, key, lead.page_id, lead.lead_id)
    [found] = [json.loads(record.record) for record in records if record.kind == kind]
    return found
