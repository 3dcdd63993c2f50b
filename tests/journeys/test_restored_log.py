"""Do people get what they ask for while the log of a restored database stands still, and is nothing lost of it?"""

import json
import logging
import os

import pytest

from app import log_lane
from app.services import welcome
from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from privacy.log_signing import newest_signer
from tests.journeys.test_commands import run
from tests.journeys.world import World

pytestmark = pytest.mark.timeout(240)


async def test_consents_and_erasures_go_on_and_are_in_the_new_log_once_it_is_begun(
    story: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(log_lane, "STANDSTILL_SECONDS", 0.2)
    await story.opted_in("Zoë")

    async def waiting() -> int:
        return int(await story.value("select count(*) from log_pending"))

    async def logged() -> bool:
        return not await waiting()

    await story.until(logged, "the log")
    log, outside = story.runtime.store.log, story.runtime.sequencer.outside
    async with story.runtime.store.database.connection() as connection:
        [before] = await log.heads(connection)
    assert before.vkey in welcome(story.runtime, await story.runtime.sequencer.vkey())
    _, signer = newest_signer(story.runtime.store.keys.ring, before.origin)
    lost = Checkpoint(origin=before.origin, size=before.size + 100, root=os.urandom(32))
    assert outside.own is not None
    await outside.own.keep(before.origin, sign_checkpoint(lost, signer))

    psid = await story.opted_in("Noah")
    await story.say(psid, text="delete my data")
    await story.until_heard(psid, "Delete everything")
    await story.say(psid, quick_reply="Erase everything")
    assert "unreadable in every backup" in await story.until_heard(psid, "has been deleted")
    assert await waiting() > 3

    def findings() -> list[logging.LogRecord]:
        return [record for record in caplog.records if record.msg == "log.rollback_found"]

    async def noticed() -> bool:
        return bool(findings())

    await story.until(noticed, "the standstill to be told")
    found = findings()[0]
    fields = {name: found.__dict__[name] for name in ("state", "log", "outside")}
    assert fields == {"state": "shorter", "log": before.log_id, "outside": lost.size}
    assert found.levelno == logging.ERROR
    _, out, _ = await run(story, "check")
    assert f"a head over {lost.size} was signed" in out

    stood = await waiting()
    status, out, _ = await run(story, "proofs", "new-log", "--reason", "restored", "--json")
    assert (status, json.loads(out)["continues_at_size"]) == (0, lost.size)
    await story.until(logged, "the new log")
    async with story.runtime.store.database.connection() as connection:
        old, new = await log.heads(connection)
    assert (old.size, old.closed_reason, new.closed_at) == (before.size, "restored", None)
    assert new.size >= stood + 1
