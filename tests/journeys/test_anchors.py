"""Do checkpoints leave the house while the product works, and does an operator see who holds them?"""

import asyncio
import contextlib
import json
import zipfile
from typing import NamedTuple

import pytest

from app.demo import free_port
from domain.proof.checkpoint import open_checkpoint
from domain.proof.keys import Verifier
from tests.journeys.test_commands import run
from tests.journeys.world import World, world
from tests.privacy.anchors.stand import WITNESS, witness_stand
from tests.tsa import Authority, responder

METHODS = {"folder", "rfc3161", "witness"}
LOCAL = {"FB_GRAPH_URL": "http://127.0.0.1:9"}


class Anchored(NamedTuple):
    story: World
    settings: dict[str, str]


@pytest.fixture
async def anchored(database_dsn, tmp_path):
    """A world with a folder, a time-stamping authority, and a witness that comes a little later."""
    port = free_port(0)
    authority = await asyncio.to_thread(Authority.make, tmp_path / "tsa")
    (tmp_path / "out").mkdir()
    (tmp_path / "policy.txt").write_text(f"witness one {WITNESS.verifier.vkey} http://127.0.0.1:{port}\nquorum none\n")
    async with contextlib.AsyncExitStack() as stack:
        tsa = await stack.enter_async_context(responder(authority))
        settings = {
            "ASSENT_CHECKPOINT_FOLDER": str(tmp_path / "out"),
            "ASSENT_TSA_URLS": tsa.url,
            "ASSENT_TSA_ROOTS": str(authority.folder / "root.pem"),
            "ASSENT_WITNESS_POLICY": str(tmp_path / "policy.txt"),
        }
        story = await stack.enter_async_context(world(database_dsn, tmp_path, **settings))
        await story.opted_in()
        vkey = await story.until(lambda: story.value("select vkey from log"), "the log")
        await stack.enter_async_context(
            witness_stand(tmp_path / "witness", Verifier.from_vkey(vkey), story.clock, port=port)
        )
        yield Anchored(story, {**settings, **LOCAL})


async def test_checkpoints_leave_the_house_and_who_holds_them_is_shown(anchored, tmp_path):
    story, settings = anchored

    async def held():
        return {row["method"] for row in await story.rows("select method from anchor")} == METHODS

    await story.until(held, "anchors by all three", patience=60)
    verifier = Verifier.from_vkey(await story.value("select vkey from log"))
    for file in (tmp_path / "out").iterdir():
        assert open_checkpoint(file.read_bytes(), verifier).size > 0

    status, out, _ = await run(story, "proofs", "anchors", "--json", **settings)
    assert status == 0
    assert {(one["method"], one["authority"], one["overdue"]) for one in json.loads(out)} == {
        ("folder", "folder", False),
        ("rfc3161", "127.0.0.1", False),
        ("witness", WITNESS.name, False),
    }
    _, out, _ = await run(
        story, "proofs", "export", "--every", "consent_given", "--to", str(tmp_path), "--json", **settings
    )
    [file] = json.loads(out)
    with zipfile.ZipFile(file) as bundle:
        methods = {name[11:-11] for name in bundle.namelist() if name.endswith(".checkpoint")}
        assert WITNESS.verifier.vkey in bundle.read("policy.txt").decode()
    assert methods == METHODS
    _, out, _ = await run(story, "check", "--json", **settings)
    assert [one["ok"] for one in json.loads(out) if one["name"].startswith("anchor ")] == [True] * 3


async def test_what_happened_since_the_last_stamp_is_stamped_for_its_export_and_verifies_as_anchored(
    anchored, tmp_path
):
    story, settings = anchored

    async def stamped():
        return await story.value("select count(*) from anchor where method = 'rfc3161'")

    await story.until(stamped, "a stamp", patience=30)
    await story.opted_in("Mira")
    out_folder = tmp_path / "proofs"
    status, out, err = await run(
        story, "proofs", "export", "--every", "consent_given", "--to", str(out_folder), "--json", **settings
    )
    assert status == 0, err
    files = json.loads(out)
    assert len(files) == 2
    vkey = await story.value("select vkey from log")
    keys = ("--vkey", vkey, "--tsa-root", settings["ASSENT_TSA_ROOTS"])
    nothing = {"DATABASE_URL": "", "ASSENT_HOME": ""}
    status, out, err = await run(story, "proofs", "verify", *files, *keys, **nothing)
    assert status == 0, out + err
    assert await story.value("select count(*) from anchor where method = 'rfc3161'") == 2


async def test_an_authority_that_is_overdue_fails_the_check_and_not_the_readiness(anchored):
    story, settings = anchored

    async def held():
        return await story.value("select count(*) from anchor where method = 'folder'")

    await story.until(held, "an anchor")
    await story.rows("update anchor_state set last_kept_at = last_kept_at - interval '3 days' returning 1")
    status, out, _ = await run(story, "check", "--json", **settings)
    by_name = {one["name"]: one for one in json.loads(out)}
    assert status == 1
    assert not by_name["anchor folder folder"]["ok"]
    assert "overdue" in by_name["anchor folder folder"]["detail"]
    async with story.session.get(f"{story.runtime.public_url}/readyz") as answer:
        assert answer.status == 200


async def test_without_authorities_the_check_says_that_nobody_outside_holds_the_log(story):
    _, out, _ = await run(story, "check", "--json", **LOCAL)
    found = next(one for one in json.loads(out) if one["name"] == "anchors")
    assert (found["ok"], "nobody outside" in found["detail"]) == (True, True)
    status, out, _ = await run(story, "proofs", "anchors")
    assert (status, out.strip()) == (0, "Nobody outside holds the log's checkpoints.")
