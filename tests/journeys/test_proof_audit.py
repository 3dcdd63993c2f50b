"""Does an officer who asks for an audit learn whether all is well, and what is not?"""

import json

from tests.journeys.test_commands import run
from tests.journeys.world import World


async def test_an_audit_by_command_passes_and_then_names_what_was_changed(story: World):
    await story.opted_in("Zoë")
    psid = await story.opted_in("Mira")
    await story.say(psid, text="delete my data")
    await story.until_heard(psid, "Delete everything")
    await story.say(psid, quick_reply="Erase everything")
    await story.until_heard(psid, "has been deleted")

    async def logged():
        return not await story.unlogged()

    await story.until(logged, "the log")
    _, out, _ = await run(story, "proofs", "checkpoint", "--json")
    vkey = json.loads(out)[0]["vkey"]
    status, out, err = await run(story, "proofs", "audit", "--vkey", vkey, "--json")
    report = json.loads(out)
    assert (status, report["good"], report["findings"]) == (0, True, []), err
    counts = report["counts"]
    assert counts["entries"] == counts["opened"] + counts["named_as_destroyed"] > 6
    assert counts["named_as_destroyed"] >= 3
    assert (await run(story, "proofs", "account", "--reason", "nothing"))[1] == "There is nothing to name.\n"
    await story.rows("update notice set body = 'We keep nothing.' where language = 'en'")
    status, out, _ = await run(story, "proofs", "audit")
    assert status == 1
    assert "notice_changed" in out
    assert psid not in out
