"""Can an operator see who was not reached, try again, and be told the truth about who may have got it twice?"""

import csv
import json
from pathlib import Path

from domain.ids import PageId
from tests.journeys.test_commands import run
from tests.journeys.world import World


async def finished(story: World, number: int) -> dict:
    async def look():
        _, out, _ = await run(story, "campaigns", "report", str(number), "--json")
        found = json.loads(out)
        return found if found["state"] == "finished" else None

    return await story.until(look, "the end of the campaign", patience=60)


async def reached(story: World, psid: str, words: str) -> int:
    calls = await story.ledger(kind="call")
    assert calls
    return sum(words in text for text in await story.heard(psid))


async def test_what_is_unknown_is_sent_again_by_a_person_who_was_told_the_risk(story: World, tmp_path: Path):
    psid = await story.opted_in("Mira")
    await story.control("POST", "faults", page=story.page_id, rates={"accepted_and_cut": 1.0, "echo_lost": 1.0})
    number = await story.campaign("Tea for two")
    await story.campaigns.start(PageId(story.page_id), number, now=story.clock())
    report = await finished(story, number)
    assert [row["state"] for row in report["counts"]] == ["unknown"]
    await story.control("DELETE", "faults")
    asked = ("campaigns", "send-again", str(number), "--all-unknown", "--reason", "the network was down")
    status, out, _ = await run(story, *asked)
    assert (status, "0 messages would be sent again" in out) == (0, True)
    await story.value("update delivery set sending_at = sending_at - interval '11 minutes' returning 1")

    async def overdue():
        _, out, _ = await run(story, *asked, "--json")
        return json.loads(out)["would_be_queued"] == 1

    await story.until(overdue, "the end of the wait for an echo", patience=40)
    assert await reached(story, psid, "Tea for two") == 1
    status, out, _ = await run(story, *asked, "--yes")
    assert (status, "1 messages are sent again" in out) == (0, True)
    report = await finished(story, number)
    assert [(row["state"], row["people"]) for row in report["counts"]] == [("sent", 1)]
    assert (report["adds_up"], report["sent_again"], report["came_twice"]) == (True, 1, 0)
    # It was accepted the first time too, and its echo lost: the risk that the operator was told of.
    assert await reached(story, psid, "Tea for two") == 2
    assert await story.value("select action from audit_entry") == "messages.sent_again"


async def test_who_was_not_reached_is_listed_and_tried_again_when_the_reason_is_over(story: World, tmp_path: Path):
    psid = await story.opted_in("Mira")
    await story.opted_in("Noah")
    lead = await story.lead(psid)
    assert lead is not None
    await story.value(
        "update lead set human_until = now() + interval '1 day' where lead_id = $1 returning 1", lead.lead_id
    )
    number = await story.campaign("Tea for two")
    await story.campaigns.start(PageId(story.page_id), number, now=story.clock())
    await finished(story, number)
    status, out, _ = await run(story, "campaigns", "report", str(number), "--list", "human_talking", "--json")
    assert [one["lead_id"] for one in json.loads(out)["people"]] == [str(lead.lead_id)]
    status, _, err = await run(story, "campaigns", "report", str(number), "--list", "asleep")
    assert (status, "human_talking" in err) == (1, True)
    file = tmp_path / "all.csv"
    for expected in (0, 1):
        status, _, err = await run(story, "campaigns", "report", str(number), "--csv", str(file))
        assert status == expected
    assert "is there already" in err
    assert file.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
    assert sorted(row["state"] for row in rows) == ["sent", "skipped"]
    again = ("campaigns", "retry", str(number), "--reason", "human_talking")
    status, out, _ = await run(story, *again, "--json")
    assert json.loads(out)["would_be_queued"] == {"human_talking": 1}
    status, _, err = await run(story, "campaigns", "retry", str(number), "--reason", "stopped")
    assert (status, "is not tried again" in err) == (2, True)
    await story.value("update lead set human_until = null returning 1")
    status, out, _ = await run(story, *again, "--yes")
    assert (status, "1 messages are tried again" in out) == (0, True)
    await story.until_heard(psid, "Tea for two")
    report = await finished(story, number)
    assert [(row["state"], row["people"]) for row in report["counts"]] == [("sent", 2)]
