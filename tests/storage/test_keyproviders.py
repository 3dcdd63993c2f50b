"""Does the key ring survive crashes, other processes and careless file modes, and nothing else?"""

import asyncio
import secrets
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import keyring_json
from storage.keycheck import check_ring
from storage.keyproviders import RING_VARIABLE, EnvKeys, FileKeys, open_ring
from storage.keyring import KeyMismatch, KeyRing, RingHolder, RingMissing, RingMoved, RingReadOnly, RingUnreadable

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def make_ring() -> KeyRing:
    return KeyRing.create(secrets.token_bytes, NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keyring.json"


@pytest.fixture
def provider(tmp_path: Path, path: Path) -> FileKeys:
    return FileKeys(path, data_folder=tmp_path / "data")


async def test_a_stored_ring_is_loaded_with_the_next_revision(provider: FileKeys) -> None:
    ring = make_ring()
    stored = await provider.store(ring)
    assert stored == ring.next_revision() == await provider.load()


async def test_only_the_owner_can_read_the_file(provider: FileKeys, path: Path) -> None:
    await provider.store(make_ring())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o777])
async def test_a_ring_open_to_other_accounts_is_refused(provider: FileKeys, path: Path, mode: int) -> None:
    await provider.store(make_ring())
    path.chmod(mode)
    with pytest.raises(RingUnreadable, match="chmod 600"):
        await provider.load()


async def test_a_missing_ring_is_missing_and_nothing_is_made(provider: FileKeys, path: Path) -> None:
    with pytest.raises(RingMissing):
        await provider.load()
    assert not path.parent.exists()


async def test_a_ring_inside_the_data_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RingUnreadable, match="data folder"):
        await FileKeys(tmp_path / "data" / ".." / "data" / "ring.json", data_folder=tmp_path / "data").load()


async def test_a_ring_that_a_link_leads_into_the_data_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "keys").symlink_to(tmp_path / "data")
    provider = FileKeys(tmp_path / "keys" / "ring.json", data_folder=tmp_path / "data")
    with pytest.raises(RingUnreadable, match="data folder"):
        await provider.store(make_ring())
    assert list((tmp_path / "data").iterdir()) == []


async def test_a_change_on_an_outdated_ring_is_refused(provider: FileKeys) -> None:
    first = await provider.store(make_ring())
    await provider.store(first.rotate_kek(secrets.token_bytes, NOW))
    with pytest.raises(RingMoved):
        await provider.store(first.rotate_kek(secrets.token_bytes, NOW))


async def test_a_second_new_ring_never_replaces_the_first(provider: FileKeys) -> None:
    await provider.store(make_ring())
    with pytest.raises(RingMoved):
        await provider.store(make_ring())


async def test_a_replaced_file_is_overwritten(provider: FileKeys, path: Path) -> None:
    ring = await provider.store(make_ring())
    with path.open("rb") as old:
        await provider.store(ring.rotate_kek(secrets.token_bytes, NOW))
        assert set(old.read()) == {0}


async def test_what_a_crash_left_beside_the_ring_does_no_harm(provider: FileKeys, path: Path) -> None:
    ring = await provider.store(make_ring())
    path.with_name(f".{path.name}.new").write_text("half a ri")
    assert await provider.load() == ring
    await provider.store(ring)
    assert sorted(found.name for found in path.parent.iterdir()) == [f".{path.name}.lock", path.name]


async def test_destroying_a_key_removes_it_from_the_file_and_can_be_repeated(provider: FileKeys, path: Path) -> None:
    ring = await provider.store(make_ring().rotate_kek(secrets.token_bytes, NOW))
    gone = keyring_json.encode(ring).split('"secret":"')[1][:44]
    assert gone in path.read_text()
    assert (await provider.destroy(1)).kids == {2}
    assert (await provider.destroy(1)).kids == {2}
    assert gone not in path.read_text()


async def test_a_reader_in_the_middle_of_many_changes_always_gets_a_whole_ring(provider: FileKeys) -> None:
    holder = RingHolder(await provider.store(make_ring()), provider)

    async def change() -> None:
        for _ in range(20):
            await holder.change(lambda ring: ring.rotate_kek(secrets.token_bytes, NOW))

    async def read() -> None:
        for _ in range(40):
            assert len((await provider.load()).keks) >= 1

    await asyncio.gather(change(), read(), read())


async def test_changes_of_two_processes_both_count(provider: FileKeys, path: Path, tmp_path: Path) -> None:
    await provider.store(make_ring())
    program = (
        "import asyncio, secrets, sys\n"
        "from datetime import UTC, datetime\n"
        "from pathlib import Path\n"
        "from storage.keyproviders import FileKeys\n"
        "from storage.keyring import RingHolder\n"
        "async def main():\n"
        "    provider = FileKeys(Path(sys.argv[1]), data_folder=Path(sys.argv[2]))\n"
        "    holder = RingHolder(await provider.load(), provider)\n"
        "    for _ in range(10):\n"
        "        await holder.change(lambda ring: ring.rotate_kek(secrets.token_bytes, datetime.now(UTC)))\n"
        "asyncio.run(main())\n"
    )

    def run() -> None:
        command = [sys.executable, "-c", program, str(path), str(tmp_path / "data")]
        subprocess.run(command, check=True, cwd=Path(__file__).parents[2])

    await asyncio.gather(asyncio.to_thread(run), asyncio.to_thread(run))
    assert (await provider.load()).active.kid == 21


async def test_a_process_notices_the_change_of_another(provider: FileKeys) -> None:
    stored = await provider.store(make_ring())
    mine, theirs = RingHolder(stored, provider), RingHolder(stored, provider)
    assert not await mine.reload_if_changed()
    await theirs.change(lambda ring: ring.rotate_kek(secrets.token_bytes, NOW))
    assert await mine.reload_if_changed()
    assert mine.ring == theirs.ring
    assert not await mine.reload_if_changed()


async def test_a_holder_lets_go_of_a_destroyed_key(provider: FileKeys) -> None:
    holder = RingHolder(await provider.store(make_ring()), provider)
    await holder.change(lambda ring: ring.rotate_kek(secrets.token_bytes, NOW))
    assert (await holder.destroy(1)).kids == holder.ring.kids == {2}


async def test_the_variable_is_read_once_and_removed() -> None:
    ring = make_ring()
    environ = {RING_VARIABLE: keyring_json.encode(ring), "OTHER": "stays"}
    provider = EnvKeys.take(environ)
    assert provider is not None
    assert environ == {"OTHER": "stays"}
    assert await provider.load() == ring
    assert EnvKeys.take(environ) is None
    assert EnvKeys.take({"ASSENT_KEYRING": " "}) is None


async def test_a_ring_from_the_environment_cannot_be_written() -> None:
    provider = EnvKeys(keyring_json.encode(make_ring().rotate_kek(secrets.token_bytes, NOW)))
    with pytest.raises(RingReadOnly):
        await provider.store(await provider.load())
    with pytest.raises(RingReadOnly):
        await provider.destroy(1)
    assert (await provider.destroy(9)).kids == {1, 2}
    assert not await RingHolder(await provider.load(), provider).reload_if_changed()


async def test_descriptions_hold_no_key(provider: FileKeys) -> None:
    ring = await provider.store(make_ring())
    described = provider.describe() + EnvKeys(keyring_json.encode(ring)).describe()
    assert keyring_json.encode(ring)[200:220] not in described


async def test_the_first_start_makes_a_ring(provider: FileKeys) -> None:
    holder = await open_ring(provider, checks={}, install_id=None, random_bytes=secrets.token_bytes, now=NOW)
    assert holder.ring == await provider.load()
    assert holder.ring.revision == 1


async def test_a_later_start_takes_the_ring_that_is_there(provider: FileKeys) -> None:
    ring = await provider.store(make_ring())
    checks = check_ring(ring, {}, None)
    holder = await open_ring(
        provider, checks=checks, install_id=ring.install_id, random_bytes=secrets.token_bytes, now=NOW
    )
    assert holder.ring == ring


async def test_a_lost_ring_stops_the_start_and_no_new_one_is_made(provider: FileKeys, path: Path) -> None:
    ring = make_ring()
    for checks, install_id in ((check_ring(ring, {}, None), None), ({}, ring.install_id)):
        with pytest.raises(RingMissing):
            await open_ring(provider, checks=checks, install_id=install_id, random_bytes=secrets.token_bytes, now=NOW)
    assert not path.exists()


async def test_a_foreign_ring_stops_the_start_and_stays_as_it_is(provider: FileKeys, path: Path) -> None:
    await provider.store(make_ring())
    before = path.read_bytes()
    with pytest.raises(KeyMismatch):
        await open_ring(
            provider,
            checks=check_ring(make_ring(), {}, None),
            install_id=None,
            random_bytes=secrets.token_bytes,
            now=NOW,
        )
    assert path.read_bytes() == before
