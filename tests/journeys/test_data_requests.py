"""Can a person get a copy of everything and have it erased, without leaving the chat?"""

import json
import re
from datetime import timedelta

from domain.proof.record_json import decode
from domain.tokens import receipt_bytes
from tests.journeys.test_commands import run
from tests.journeys.world import World

EXPORT = re.compile(r"(http://127\.0\.0\.1:\d+/export/[A-Za-z0-9_-]+)\s+.*?([0-9A-Z]{4}-[0-9A-Z]{4})", re.DOTALL)


async def test_a_copy_of_everything_is_a_page_and_a_file_behind_link_and_code(story: World):
    psid = await story.opted_in("Zoë")

    async def named():
        lead = await story.lead(psid)
        return lead and lead.profile.first_name

    await story.until(named, "the first name")
    await story.say(psid, text="my data")
    link, code = EXPORT.search(await story.until_heard(psid, "Your data is ready")).groups()
    async with story.session.get(link) as answer:
        assert "Zoë" not in await answer.text()
    async with story.session.post(link, data={"code": "WRON-GCOD"}) as answer:
        assert "Zoë" not in await answer.text()
    async with story.session.post(link, data={"code": code}) as answer:
        assert answer.status == 200
        assert "Zoë" in await answer.text()
    async with story.session.post(link, data={"code": code, "file": "json"}) as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
        copy = json.loads(await answer.text())
    whole = json.dumps(copy, ensure_ascii=False)
    for kept in ("Zoë", psid, "consent_given", "conversation_started", "May Café Aurora send you"):
        assert kept in whole
    async with story.session.post(link, data={"code": code, "file": "json"}) as again:
        assert "Zoë" not in await again.text()
    assert await story.value("select archive_sealed is null and taken_at is not null from export_archive")


async def test_an_erasure_explains_asks_once_is_done_and_leaves_a_receipt(story: World):
    psid = await story.opted_in("Zoë")
    lead = await story.lead(psid)
    await story.say(psid, text="delete my data")
    explained = await story.until_heard(psid, "Delete everything")
    assert "Backups become unreadable by" in explained
    titles = [reply["title"] for reply in (await story.screen(psid))["quick_replies"]]
    assert titles == ["Save my data first", "Erase everything", "Cancel"]
    assert await story.value("select count(*) from lead_key") == 1
    await story.say(psid, quick_reply="Erase everything")
    receipt = await story.until_heard(psid, "has been deleted")
    assert "unreadable in every backup" in receipt
    for table in ("lead_key", "lead", "lead_topic"):
        assert await story.value(f"select count(*) from {table}") == 0
    assert await story.value("select count(*) from consent_record where record_sealed is not null") == 0
    status_url = re.search(r"http://\S+/status/\S+", receipt)[0]
    async with story.session.get(status_url) as answer:
        assert answer.status == 200
        assert psid not in await answer.text()

    async def logged():
        return not await story.unlogged()

    await story.until(logged, "the log")
    code = re.search(r"Receipt ([0-9A-Z]{4}(?:-[0-9A-Z]{4}){7})\n", receipt)[1]
    async with story.runtime.store.database.transaction() as tx:
        entry = await story.runtime.store.log.by_receipt(tx, receipt_bytes(code))
        said = decode((await story.runtime.store.log_records.get(tx, entry.entry_id)).record)
    assert said.shows == "erasure done"
    assert entry.entry_id not in [row["record_id"] for row in await story.rows("select record_id from consent_record")]
    request_id = await story.value("select request_id from data_request")
    status, out, _ = await run(story, "requests", "show", str(request_id))
    assert (status, f"receipt: {code}" in out) == (0, True)
    entries = await story.value("select count(*) from log_entry")
    assert entries >= await story.value("select count(*) from consent_record") + 1
    assert await story.lead(psid) is None
    await story.say(psid, text="hello again")

    async def known_again():
        return await story.lead(psid)

    again = await story.until(known_again, "the new lead")
    assert again.lead_id != lead.lead_id
    assert await story.value("select count(*) from lead_topic") == 0


async def test_the_copy_is_offered_first_and_cancel_changes_nothing(story: World):
    psid = await story.opted_in()
    await story.say(psid, text="delete my data")
    await story.until_heard(psid, "Delete everything")
    await story.say(psid, quick_reply="Save my data first")
    await story.until_heard(psid, "Your data is ready")
    await story.say(psid, text="cancel")
    await story.until_heard(psid, "nothing was deleted")
    assert await story.value("select count(*) from lead_key") == 1
    assert await story.value("select state from data_request where kind = 'erasure'") == "cancelled"


async def test_a_stop_made_before_an_erasure_outlives_it(story: World):
    psid = await story.opted_in()
    await story.say(psid, text="stop")
    await story.until_heard(psid, "no more offers")
    await story.say(psid, text="delete my data")
    await story.until_heard(psid, "Delete everything")
    await story.say(psid, quick_reply="Erase everything")
    await story.until_heard(psid, "has been deleted")
    assert await story.value("select count(*) from suppression") == 1


async def test_a_request_made_while_a_human_holds_the_thread_waits_for_an_operator(story: World):
    psid = await story.opted_in()
    await story.control("POST", "thread", page=story.page_id, psid=psid, action="reply", text="Mia here.", take=False)

    async def silenced():
        return await story.value("select human_until from lead")

    await story.until(silenced, "the silence")
    heard = len(await story.heard(psid))
    await story.say(psid, text="delete my data")
    await story.say(psid, text="my data")

    async def both():
        found = await story.rows("select kind, state from data_request order by kind")
        return found if len(found) == 2 else None

    found = await story.until(both, "both requests")
    assert [(row["kind"], row["state"]) for row in found] == [("access", "pending"), ("erasure", "pending")]
    assert len(await story.heard(psid)) == heard
    await story.runtime.retention.sweep(story.clock() + timedelta(days=8))
    assert await story.value("select count(*) from data_request where state = 'pending'") == 2


async def test_question_receipt_and_status_page_name_the_same_day(story: World):
    psid = await story.opted_in()
    await story.say(psid, text="delete my data")
    explained = await story.until_heard(psid, "Delete everything")
    day = re.search(r"unreadable by ([A-Z][a-z]+ \d+, \d{4})", explained)[1]
    await story.say(psid, quick_reply="Erase everything")
    receipt = await story.until_heard(psid, "has been deleted")
    assert f"by {day}" in receipt
    url = re.search(r"http://\S+/status/\S+", receipt)[0]
    async with story.session.get(url) as answer:
        assert day in await answer.text()
