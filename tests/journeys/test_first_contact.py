"""Does a first contact make one lead, open the window, and leave a proof that others can check?"""

import asyncio
import json
from datetime import timedelta

import pytest

from domain.proof.offline.steps import Brought
from domain.proof.offline.verdict import verify
from tests.journeys.world import World

WAYS = [
    ({"get_started": True}, "get_started"),
    ({"text": "hello"}, "message"),
    ({"get_started": {"referral": {"ref": "flyer", "source": "SHORTLINK", "type": "OPEN_THREAD"}}}, "get_started"),
    (
        {"text": "hi", "extra": {"message": {"referral": {"ad_id": "77", "source": "ADS", "type": "OPEN_THREAD"}}}},
        "ad",
    ),
    ({"referral": {"ref": "shop", "source": "SHORTLINK", "type": "OPEN_THREAD"}}, "referral"),
    ({"optin": {"ref": "website"}}, "plugin"),
]


@pytest.mark.parametrize(("act", "entry_point"), WAYS)
async def test_each_way_in_makes_a_lead_and_a_record_of_the_start(story: World, act, entry_point):
    psid = await story.follower()
    if "extra" in act:
        body = _ad_message(story.page_id, psid)
        await story.control("POST", "push", body=body)
    else:
        await story.say(psid, **act)

    async def known():
        return await story.lead(psid)

    lead = await story.until(known, "the lead")
    record = await _start_record(story, lead)
    assert record["entry_point"] == entry_point
    assert await story.value("select entry_point from lead where lead_id = $1", lead.lead_id) == entry_point
    assert record["shows"] == "conversation start"
    assert record["privacy_notice"]["version"] == 1
    assert record["privacy_notice"]["language"] == "en"
    assert record["event_time_unit"] == "ms"
    assert record["received_at"] >= record["event_time"]
    assert record["raw_event"]["signature_header"].startswith("sha256=")
    assert record["raw_event"]["covers"] == "body"
    assert len(record["raw_event"]["commitment"]) == 64
    assert record["raw_event"]["secret"]
    assert "consent" not in record


async def test_the_window_is_twenty_four_hours_from_the_event(story: World):
    psid = await story.follower()
    at = int((story.clock() - timedelta(hours=3)).timestamp() * 1000)
    await story.say(psid, text="hello", timestamp=at)

    async def known():
        return await story.lead(psid)

    lead = await story.until(known, "the lead")
    assert int(lead.window_until.timestamp() * 1000) == at + 24 * 3600 * 1000


async def test_a_time_in_seconds_is_understood_and_its_unit_is_recorded(story: World):
    psid = await story.follower()
    await story.say(psid, text="hello", seconds_timestamp=True)

    async def known():
        return await story.lead(psid)

    record = await _start_record(story, await story.until(known, "the lead"))
    assert record["event_time_unit"] == "s"


@pytest.mark.parametrize("again", range(10))
async def test_two_hundred_first_contacts_of_twenty_people_make_twenty_leads(story: World, again):
    people = [await story.follower(f"Person{number}") for number in range(20)]
    await asyncio.gather(*(story.say(people[number % 20], text=f"hello {number}", delay=0) for number in range(200)))

    async def kept():
        return await story.value("select count(*) from event_key") >= 200

    await story.until(kept, "all events")
    until = story.clock()

    async def handled():
        return not await story.value("select count(*) from inbox where received_at < $1", until)

    await story.until(handled, "the first contacts")
    assert await story.value("select count(*) from lead") == 20
    assert await story.value("select count(*) from lead_key") == 20
    assert await story.value("select count(*) from consent_record where kind = 'conversation_started'") == 20


async def test_a_delivery_that_comes_twice_acts_once(story: World):
    psid = await story.follower()
    await story.say(psid, text="hello", duplicate=True)
    await story.until_heard(psid, "bot")

    async def handled():
        return not await story.value("select count(*) from inbox")

    await story.until(handled, "an empty inbox")
    assert len(await story.heard(psid)) == 1


async def test_the_proof_of_a_start_verifies_and_says_which_of_the_two_it_shows(story: World):
    psid = await story.opted_in()
    lead = await story.lead(psid)

    async def logged():
        found = await story.runtime.proofs.records_of(lead.page_id, lead.lead_id)
        return found if len(found) >= 3 and not await story.unlogged() else None

    records = await story.until(logged, "the log")
    bundles = [await story.runtime.proofs.export(record_id) for record_id in records]
    shown = {bundle.kind: verify(bundle.content, Brought()) for bundle in bundles}
    assert {verdict.status for verdict in shown.values()} == {4}
    assert dict(shown["conversation_started"].fields)["shows"] == "conversation start"
    assert dict(shown["consent_given"].fields)["shows"] == "marketing consent"
    again = await story.runtime.proofs.export(records[0])
    assert again.content == bundles[0].content


async def test_the_receipt_in_the_chat_names_the_record(story: World):
    psid = await story.opted_in()
    receipt = (await story.until_heard(psid, "Receipt ")).rpartition("Receipt ")[2]

    async def logged():
        return not await story.unlogged()

    await story.until(logged, "the log")
    record_id = await story.runtime.proofs.find(receipt)
    proof = await story.runtime.proofs.export(record_id)
    assert proof.kind == "consent_given"


async def test_starting_again_makes_no_second_start(story: World):
    psid = await story.start()
    await story.say(psid, get_started=True)

    async def greeted_again():
        return len(await story.heard(psid)) == 2

    await story.until(greeted_again, "the second greeting")
    assert await story.value("select count(*) from consent_record where kind = 'conversation_started'") == 1


def _ad_message(page_id: str, psid: str) -> str:
    event = {
        "sender": {"id": psid},
        "recipient": {"id": page_id},
        "timestamp": 1790000000000,
        "message": {
            "mid": "m_ad_1",
            "text": "hi",
            "referral": {"ad_id": "77", "source": "ADS", "type": "OPEN_THREAD"},
        },
    }
    return json.dumps({"object": "page", "entry": [{"id": page_id, "time": 1790000000000, "messaging": [event]}]})


async def _start_record(story: World, lead) -> dict:
    store = story.runtime.store
    async with store.database.transaction() as tx:
        key = await store.leads.key_of(tx, lead.page_id, lead.lead_id)
        records = await store.consents.of_lead(tx, key, lead.page_id, lead.lead_id)
    [found] = [json.loads(record.record) for record in records if record.kind == "conversation_started"]
    return found
