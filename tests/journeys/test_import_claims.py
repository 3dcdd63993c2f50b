"""What becomes of somebody whose consent was claimed from elsewhere, and who then writes?"""

import json
from pathlib import Path

from domain.ids import PageId
from tests.journeys.test_commands import run
from tests.journeys.world import World


async def test_an_imported_person_gets_no_campaign_and_is_greeted_and_asked_when_they_write(
    story: World, tmp_path: Path
):
    psid = await story.follower("Mira")
    claim = {"psid": psid, "claimed_at": "2024-03-01T10:00:00Z", "statement": "Ticked the box.", "topics": ["offers"]}
    file = tmp_path / "claims.jsonl"
    file.write_text(json.dumps(claim) + "\n{}\n" + json.dumps(claim | {"psid": "x"}) + "\n", encoding="utf-8")
    status, out, err = await run(story, "leads", "import", str(file), "--source", "newsletter of 2024")
    assert (status, out) == (1, "")
    assert [one[:12] for one in err.splitlines()[:2]] == ["line 2: psid", "line 3: psid"]
    assert "Nothing was written." in err
    assert psid not in err
    assert await story.value("select count(*) from lead") == 0

    arguments = ("leads", "import", str(file), "--source", "newsletter of 2024", "--skip-bad", "--json")
    status, out, _ = await run(story, *arguments)
    done = json.loads(out)
    assert (status, done["people"], done["claims"], [one["line"] for one in done["left_out"]]) == (0, 1, 1, [2, 3])
    status, out, _ = await run(story, *arguments)
    assert (json.loads(out)["claims"], json.loads(out)["repeated"]) == (0, 1)

    campaign = await story.campaign()
    await story.campaigns.start(PageId(story.page_id), campaign, now=story.clock())
    assert await story.value("select reason from delivery") == "no_consent"

    await story.say(psid, text="hello")
    await story.until_heard(psid, "May Café Aurora send you")
    kinds = [row["kind"] for row in await story.rows("select kind from consent_record order by received_at, kind")]
    assert kinds[:2] == ["import_claim", "conversation_started"]
    assert not (await story.lead(psid)).profile.imported
    await story.say(psid, quick_reply="Yes, please")
    await story.until_heard(psid, "Thank you!")
    starts = "select count(*) from consent_record where kind = 'conversation_started'"
    assert await story.value(starts) == 1
    assert (await run(story, "leads", "import", str(tmp_path / "none"), "--source", "x"))[0] == 2
