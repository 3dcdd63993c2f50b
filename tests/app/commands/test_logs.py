"""Can an operator see the keys and heads of the log, change its key, and go on after a restore?"""

import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.proof.checkpoint import open_checkpoint
from domain.proof.keys import Verifier
from domain.proof.record_sections import RecordKind
from storage import keyring_json
from storage.keyproviders import EnvKeys
from storage.keyring import KeyRing
from tests.app.commands.program import Ended, assent
from tests.privacy.log_world import Copy, LogWorld, open_log_world

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def world(database_dsn: str, tmp_path: Path) -> AsyncIterator[LogWorld]:
    async with open_log_world(database_dsn, tmp_path) as one:
        one.now = datetime.now(UTC)
        yield one


async def run(world: LogWorld, *arguments: str, **settings: str) -> Ended:
    """A command over the world's database, keys and copies of heads."""
    file = str(world.folder / "keys" / "keyring.json")
    return await assent(
        world.folder, *arguments, **{"DATABASE_URL": world.database.dsn, "ASSENT_KEYRING_FILE": file, **settings}
    )


async def test_checkpoint_shows_each_log_with_keys_size_and_age(world: LogWorld) -> None:
    await world.logged(3)
    await world.sequencer.rotate_key()
    ended = await run(world, "proofs", "checkpoint", "--json")
    [shown] = json.loads(ended.stdout)
    assert [key["state"] for key in shown["keys"]] == ["retiring", "signing"]
    assert (shown["entries"], shown["size"], shown["closed"]) == (5, 5, None)
    assert 0 <= shown["age_seconds"] < 120
    for key in shown["keys"]:
        assert open_checkpoint(shown["checkpoint"].encode(), Verifier.from_vkey(key["vkey"])).size == 5
    text = (await run(world, "proofs", "checkpoint")).stdout
    assert "5 entries, newest head over 5, signed 0:0" in text
    assert f"key, signing: {shown['vkey']}" in text
    assert "key, retiring (until 20" in text


async def test_without_a_log_checkpoint_says_when_one_begins(world: LogWorld) -> None:
    assert "begins when a worker runs" in (await run(world, "proofs", "checkpoint")).stdout


async def test_the_key_of_the_log_is_known_before_its_first_entry(world: LogWorld) -> None:
    before = json.loads((await run(world, "keys", "status", "--json", PUBLIC_URL="https://log.example")).stdout)
    await world.logged(1)
    after = json.loads((await run(world, "keys", "status", "--json")).stdout)
    assert before["log_key"] == after["log_key"] == (await world.head()).vkey


async def test_rotate_log_lets_a_new_key_sign_and_prints_it(world: LogWorld) -> None:
    await world.logged(2)
    ended = await run(world, "keys", "rotate-log")
    head = await world.head()
    assert (ended.status, ended.stdout.splitlines()[-1]) == (0, head.vkey)
    assert head.size == 4
    assert await world.kept(head) == 4
    await world.check()


async def test_rotate_log_of_a_ring_from_the_environment_prints_the_ring_first(
    database_dsn: str, tmp_path: Path
) -> None:
    made = KeyRing.create(os.urandom, datetime.now(UTC)).with_log_seed("log", os.urandom(32)).next_revision()
    async with open_log_world(database_dsn, tmp_path, EnvKeys(keyring_json.encode(made))) as world:
        world.now = datetime.now(UTC)
        await world.logged(2)
        printed = await run(world, "keys", "rotate-log", ASSENT_KEYRING=keyring_json.encode(made))
        assert (printed.status, "Run `assent keys rotate-log` again" in printed.stderr) == (0, True)
        ring = printed.stdout.strip()
        assert set(keyring_json.decode(ring).log_seeds) == {"log", "log-2"}
        assert await world.value("select count(*) from log_key") == 1
        assert (await run(world, "keys", "rotate-log", ASSENT_KEYRING=ring)).status == 0
        assert await world.value("select count(*) from log_key") == 2
        # A ring from the environment has no folder of its own: the copies lie in the data folder.
        assert [path.name for path in (tmp_path / "data" / "checkpoints").glob("*~*")]


async def test_the_doctor_fails_after_a_restore_until_a_new_log_was_begun(world: LogWorld) -> None:
    await world.logged(2)
    copy = await Copy(world).take()
    await world.logged(3)
    await copy.restore()
    checked = await run(world, "check")
    assert (checked.status, "FAIL log: the database holds 3 entries of log" in checked.stdout) == (1, True)
    assert "assent proofs new-log --reason" in checked.stdout
    refused = await run(world, "keys", "rotate-log")
    assert (refused.status, "a head over 6 was signed" in refused.stderr) == (1, True)
    begun = await run(world, "proofs", "new-log", "--reason", "restored from a dump", "--json")
    said = json.loads(begun.stdout)
    head = await world.head()
    assert (said["origin"], said["vkey"], said["continues_at_size"]) == (head.origin, head.vkey, 6)
    record = await world.first_record(head.log_id)
    assert (record.kind, record.log.reason) == (RecordKind.LOG_DISCONTINUITY, "restored from a dump")
    assert "ok   log: " in (await run(world, "check")).stdout
    shown = json.loads((await run(world, "proofs", "checkpoint", "--json")).stdout)
    assert [one["closed"] for one in shown] == ["restored from a dump", None]


async def test_new_log_wants_a_reason_and_a_checkpoint_of_ours(world: LogWorld, tmp_path: Path) -> None:
    await world.logged(2)
    assert (await run(world, "proofs", "new-log")).status == 2
    assert (await run(world, "proofs", "new-log", "--reason", " ")).status == 2
    file = tmp_path / "note"
    assert (await run(world, "proofs", "new-log", "--reason", "x", "--checkpoint", str(file))).status == 2
    file.write_bytes(b"nonsense")
    refused = await run(world, "proofs", "new-log", "--reason", "x", "--checkpoint", str(file))
    assert (refused.status, "bears no signature" in refused.stderr) == (1, True)
    assert len(await world.heads()) == 1


async def test_the_loss_of_the_key_is_said_by_the_doctor_and_mended_by_a_new_log(world: LogWorld) -> None:
    await world.logged(2)
    file = world.folder / "keys" / "keyring.json"
    document = json.loads(file.read_text())
    document["log_seeds"] = {}
    file.write_text(json.dumps(document))
    checked = await run(world, "check")
    assert "FAIL log: the key log that signs the log is not in the key ring" in checked.stdout
    assert (await run(world, "proofs", "new-log", "--reason", "the key is lost")).status == 0
    assert await world.value("select seed_name from log_key order by log_id desc limit 1") == "log-2"
    assert "ok   log: " in (await run(world, "check")).stdout


async def test_tiles_writes_every_log_into_a_folder(world: LogWorld, tmp_path: Path) -> None:
    none = await run(world, "proofs", "tiles", "--to", str(tmp_path / "static"))
    assert (none.status, none.stdout) == (0, "There is no signed log yet.\n")
    await world.logged(300)
    log_id = (await world.head()).log_id
    [said] = json.loads((await run(world, "proofs", "tiles", "--to", str(tmp_path / "static"), "--json")).stdout)
    assert (said["log"], said["size"], said["new"]) == (log_id, 301, 5)
    assert (tmp_path / "static" / str(log_id) / "tile" / "entries" / "000").stat().st_size == 256 * 35
    vkey = (await world.head()).vkey
    for folder in (tmp_path / "static", tmp_path / "static" / str(log_id)):
        audited = await run(world, "proofs", "audit", "--folder", str(folder), "--vkey", vkey)
        assert (audited.status, "Nothing wrong was found." in audited.stdout) == (0, True)
    (tmp_path / "file").write_bytes(b"")
    refused = await run(world, "proofs", "tiles", "--to", str(tmp_path / "file"))
    assert (refused.status, "choose an empty folder" in refused.stderr) == (1, True)
