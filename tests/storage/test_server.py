"""Does the embedded PostgreSQL start, stay, end and refuse as it should?"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from storage.server import EmbeddedServer, ServerAddress
from storage.server_binaries import Binaries, _everywhere, _private_copy
from storage.server_files import Account, Place, ServerUnavailable, _roomy_memory
from storage.server_keeper import alive, end

ROOT = Path(__file__).parents[2]
OWNER_SCRIPT = """
import asyncio, sys
from pathlib import Path
from storage.server import EmbeddedServer
async def own():
    server = EmbeddedServer(Path(sys.argv[1]), death_signal=sys.argv[2] == "signal")
    print(await server.start(), server.owned, flush=True)
    await asyncio.Event().wait()
asyncio.run(own())
"""
PROGRAMS = list({found.folder: found for found in _everywhere() if found.major >= 15}.values())


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Where it is quick: making a data folder writes a thousand small files."""
    roomy = _roomy_memory(Account(uid=0, gid=0, switch=False))
    above = Path(tempfile.mkdtemp(prefix="assent-test-", dir=roomy[0])) if roomy else tmp_path
    above.chmod(0o711)
    home = above / "home"
    yield home
    if (home / "server.json").is_file():
        pid = _postmaster(home)
        if pid and alive(pid):
            end(pid, Place(account=Account(uid=0, gid=0, switch=False), files=_files(home)))
        shutil.rmtree(_files(home), ignore_errors=True)  # as root the files may lie outside the home
    shutil.rmtree(above, ignore_errors=True)


@asynccontextmanager
async def running(home: Path, **options: Any) -> AsyncIterator[tuple[EmbeddedServer, str]]:
    server = EmbeddedServer(home, **options)
    dsn = await server.start()
    try:
        yield server, dsn
    finally:
        await server.stop()


async def ask(dsn: str, query: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def until(condition: Any) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is awaited has no event of its own
            await asyncio.sleep(0.02)


def _socket_folder(dsn: str) -> Path:
    return Path(parse_qs(urlsplit(dsn).query)["host"][0])


def _files(home: Path) -> Path:
    return home / str(json.loads((home / "server.json").read_text())["files"])


def _postmaster(home: Path) -> int | None:
    try:
        return int((_files(home) / "data" / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, IndexError, ValueError):
        return None


def _running_postmaster(home: Path) -> int:
    pid = _postmaster(home)
    assert pid
    return pid


@asynccontextmanager
async def other_owner(home: Path, ending: str = "signal") -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER_SCRIPT, str(home), ending, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert owner.stdout
        dsn, owned = (await owner.stdout.readline()).decode().split()
        assert owned == "True"
        yield owner, dsn
    finally:
        if owner.returncode is None:
            owner.kill()
        await owner.wait()


@pytest.mark.parametrize(
    "programs", PROGRAMS, ids=lambda found: f"{found.major}-{'wheel' if found.wheel else 'system'}"
)
async def test_every_postgresql_of_this_machine_serves_a_new_home_and_keeps_its_rows(
    home: Path, programs: Binaries
) -> None:
    async with running(home, programs=programs.folder) as (_, dsn):
        assert await ask(dsn, "select current_setting('server_version_num')::int / 10000") == programs.major
        await ask(dsn, "create table kept as select 42 as answer")
    async with running(home) as (_, dsn):  # the same major version is found again, whatever is newest
        assert await ask(dsn, "select answer from kept") == 42
        assert await ask(dsn, "select 'a' < 'B'") is False  # sorted by code point


async def test_the_server_listens_on_a_private_socket_only_and_logs_no_values(home: Path) -> None:
    async with running(home) as (_, dsn):
        assert await ask(dsn, "show listen_addresses") == ""
        assert await ask(dsn, "show synchronous_commit") == "on"
        assert await ask(dsn, "select usesuper from pg_user where usename = current_user") is False
        folder = _socket_folder(dsn)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (_files(home) / "data").stat().st_mode & 0o777 == 0o700
        assert (home / "server.json").stat().st_mode & 0o777 == 0o600
        await ask(dsn, "create table person (name text primary key)")
        await ask(dsn, "insert into person values ('Zoë Canary')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await ask(dsn, "insert into person values ('Zoë Canary')")
        assert "Canary" not in (_files(home) / "server.log").read_text()


async def test_a_wrong_password_is_refused(home: Path) -> None:
    async with running(home) as (_, dsn):
        password = dsn.split(":")[2].split("@")[0]
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(dsn.replace(password, "0" * 64))
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(dsn.replace(password, "0" * 64).replace("//assent:", "//postgres:"))


async def test_the_server_never_runs_as_root(home: Path) -> None:
    async with running(home):
        status = subprocess.run(
            ["ps", "-o", "uid=", "-p", str(_running_postmaster(home))], capture_output=True, text=True, check=True
        )
        assert int(status.stdout) != 0


async def test_a_volatile_server_leaves_nothing(home: Path) -> None:
    async with running(home, volatile=True) as (_, dsn):
        assert await ask(dsn, "show fsync") == "off"
        files = _files(home)
    assert not files.exists()
    assert [path.name for path in home.iterdir()] == ["server.lock"]


async def test_a_lasting_database_is_never_opened_for_tests(home: Path) -> None:
    async with running(home, volatile=True):
        pass
    async with running(home) as (_, dsn):
        assert await ask(dsn, "show fsync") == "on"
    with pytest.raises(ServerUnavailable, match="meant to last"):
        await EmbeddedServer(home, volatile=True).start()
    assert (_files(home) / "data" / "PG_VERSION").is_file()


async def test_of_two_that_want_one_home_one_owns_and_the_other_uses(home: Path) -> None:
    first, second = EmbeddedServer(home), EmbeddedServer(home)
    addresses = await asyncio.gather(first.start(), second.start())
    assert addresses[0] == addresses[1]
    assert sorted([first.owned, second.owned]) == [False, True]
    owner, guest = (first, second) if first.owned else (second, first)
    await guest.stop()
    assert await ask(addresses[0], "select 1") == 1
    await owner.stop()
    await owner.stop()
    with pytest.raises(OSError, match="No such file"):
        await ask(addresses[0], "select 1")


async def test_a_server_of_another_process_is_used_and_left_alone(home: Path) -> None:
    async with other_owner(home) as (_, dsn):
        async with running(home) as (guest, address):
            assert (guest.owned, address) == (False, dsn)
        assert await ask(dsn, "select 1") == 1


@pytest.mark.parametrize("ending", ["signal", "watcher"])
async def test_the_server_ends_with_a_killed_owner_and_keeps_what_was_acknowledged(home: Path, ending: str) -> None:
    async with other_owner(home, ending) as (owner, dsn):
        await ask(dsn, "create table kept as select 42 as answer")
        server = _running_postmaster(home)
        owner.kill()
        await until(lambda: not alive(server))
    async with running(home) as (heir, dsn):
        assert heir.owned
        assert await ask(dsn, "select answer from kept") == 42


@pytest.mark.parametrize("attempt", range(3))
async def test_a_restart_at_once_after_a_killed_owner_succeeds(home: Path, attempt: int) -> None:
    async with other_owner(home) as (owner, dsn):
        await ask(dsn, f"create table kept as select {attempt} as answer")
        owner.kill()
        async with running(home) as (heir, dsn):
            assert heir.owned
            assert await ask(dsn, "select answer from kept") == attempt


async def test_a_restart_at_once_after_owner_and_server_were_killed_succeeds(home: Path) -> None:
    async with other_owner(home) as (owner, dsn):
        connection = await asyncpg.connect(dsn)
        await connection.execute("create table kept as select generate_series(1, 10000) as number")
        server = _running_postmaster(home)
        owner.send_signal(signal.SIGSTOP)  # it must not restart the server in between
        os.kill(server, signal.SIGKILL)
        owner.kill()
        async with running(home) as (_, dsn):
            assert await ask(dsn, "select count(*) from kept") == 10000
        connection.terminate()


async def test_a_killed_server_comes_back_at_the_same_address(home: Path) -> None:
    async with running(home) as (_, dsn):
        await ask(dsn, "create table kept as select 42 as answer")
        killed = _running_postmaster(home)
        os.kill(killed, signal.SIGKILL)
        await until(lambda: _postmaster(home) not in (None, killed))
        async with asyncio.timeout(30):
            while True:
                try:
                    assert await ask(dsn, "select answer from kept") == 42
                    break
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    await asyncio.sleep(0.02)


async def test_a_left_over_server_is_taken_over_and_ended(home: Path) -> None:
    async with running(home) as (_, dsn):
        files = _files(home)
        command = shlex.split((files / "data" / "postmaster.opts").read_text())
    uid, gid = _owner(files)
    account = Account(uid=uid, gid=gid, switch=os.geteuid() == 0)
    left = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True, **account.arguments())
    try:
        await until(lambda: "ready" in _pid_file(files))
        async with running(home) as (heir, address):
            assert heir.owned
            assert address == dsn
            assert await ask(dsn, "select 1") == 1
        assert left.wait(10) == 0
    finally:
        left.kill()


def _pid_file(files: Path) -> str:
    try:
        return (files / "data" / "postmaster.pid").read_text()
    except OSError:
        return ""


async def test_a_process_number_of_before_a_reboot_does_not_block_the_start(home: Path) -> None:
    async with running(home):
        written = _pid_file(_files(home)).splitlines()
    stale = _files(home) / "data" / "postmaster.pid"
    stale.write_text("\n".join([str(os.getpid()), *written[1:]]) + "\n")
    shutil.chown(stale, *_owner(_files(home)))
    async with running(home) as (_, dsn):
        assert await ask(dsn, "select 1") == 1


def _owner(path: Path) -> tuple[int, int]:
    return path.stat().st_uid, path.stat().st_gid


async def test_data_of_a_missing_major_version_is_refused_and_left_untouched(home: Path) -> None:
    async with running(home):
        pass
    version = _files(home) / "data" / "PG_VERSION"
    version.write_text("14\n")
    with pytest.raises(ServerUnavailable, match=r"made by PostgreSQL 14.*Install PostgreSQL 14 again"):
        await EmbeddedServer(home).start()
    assert version.read_text() == "14\n"


async def test_another_major_version_by_name_is_refused(home: Path) -> None:
    oldest, newest = (pick(PROGRAMS, key=lambda found: found.major) for pick in (min, max))
    assert oldest.major != newest.major, "the development requirements carry two major versions"
    async with running(home, programs=oldest.folder):
        pass
    with pytest.raises(ServerUnavailable, match=f"made by PostgreSQL {oldest.major}, but .* offers {newest.major}"):
        await EmbeddedServer(home, programs=newest.folder).start()


async def test_a_machine_without_programs_gets_advice(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ServerUnavailable, match=r"has no PostgreSQL.*DATABASE_URL"):
        await EmbeddedServer(home, programs=tmp_path).start()


async def test_a_missing_data_folder_is_not_replaced_by_an_empty_one(home: Path) -> None:
    async with running(home):
        pass
    data = _files(home) / "data"
    data.rename(data.with_name("elsewhere"))
    with pytest.raises(ServerUnavailable, match=r"is not there\. Put the folder back"):
        await EmbeddedServer(home).start()
    assert not data.exists()


async def test_a_half_made_data_folder_is_made_again(home: Path) -> None:
    async with running(home):
        pass
    files, record = _files(home), json.loads((home / "server.json").read_text())
    (files / "data").rename(files / "data.new")
    (home / "server.json").write_text(json.dumps(record | {"major": None}))
    async with running(home) as (_, dsn):
        assert await ask(dsn, "select 1") == 1


async def test_a_damaged_record_is_reported(home: Path) -> None:
    home.mkdir(mode=0o711)
    (home / "server.json").write_text("{half")
    with pytest.raises(ServerUnavailable, match=r"server\.json is damaged"):
        await EmbeddedServer(home).start()
    (home / "server.json").unlink()


async def test_passwords_that_do_not_fit_are_reported(home: Path) -> None:
    async with running(home):
        pass
    record = json.loads((home / "server.json").read_text())
    wrong = {"password": "0" * 64, "superuser_password": "1" * 64}
    (home / "server.json").write_text(json.dumps(record | wrong))
    with pytest.raises(ServerUnavailable, match=r"passwords .* are not those"):
        await EmbeddedServer(home).start()


@pytest.mark.parametrize("place", ["inside", "outside"])
async def test_data_that_outlived_its_secret_is_named_with_both_folders_and_goes_only_if_it_is_throwaway(
    home: Path, place: str
) -> None:
    if place == "outside":  # as root; for everybody else it lies inside all the same
        home.parent.chmod(0o700)
    async with running(home) as (_, dsn):
        await ask(dsn, "create table kept as select 42 as answer")
    files = _files(home)
    if files.is_relative_to(home):
        (home / "server.json").unlink()
    else:
        shutil.rmtree(home)
    for _ in range(2):  # the second time a record is there, with passwords that fit nothing
        with pytest.raises(ServerUnavailable, match=r"are not those of the database") as refused:
            await EmbeddedServer(home).start()
        assert f"delete {files} and {home / 'server.json'}" in str(refused.value)
    assert (files / "data" / "PG_VERSION").is_file()
    async with running(home, throwaway=True) as (_, dsn):
        assert await ask(dsn, "select to_regclass('kept')") is None
        assert _files(home) == files
    async with running(home, throwaway=True) as (_, dsn):  # what fits stays
        await ask(dsn, "create table kept as select 43 as answer")
    async with running(home, throwaway=True) as (_, dsn):
        assert await ask(dsn, "select answer from kept") == 43
    shutil.rmtree(files)
    async with running(home, throwaway=True) as (_, dsn):  # and a record without its data is no hindrance either
        assert await ask(dsn, "select to_regclass('kept')") is None
    shutil.rmtree(_files(home))


@pytest.mark.parametrize("name", ["h" * 120, "with space", "comma,quote'at@percent%zoë"])
async def test_a_home_with_a_long_or_odd_path_works(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    async with running(home, death_signal=False) as (_, dsn):
        assert await ask(dsn, "select 1") == 1
        folder = _socket_folder(dsn)
        files = _files(home)
    if folder.parent != files:
        assert not folder.exists()
    shutil.rmtree(files)


async def test_a_home_below_a_closed_folder_works_and_opens_no_folder(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    home = closed / "home"
    async with running(home) as (_, dsn):
        assert await ask(dsn, "select 1") == 1
    assert closed.stat().st_mode & 0o777 == 0o700
    async with running(home) as (_, dsn):
        assert await ask(dsn, "select 1") == 1
    shutil.rmtree(_files(home))


async def test_a_moved_home_still_works(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    async with running(before) as (_, dsn):
        await ask(dsn, "create table kept as select 42 as answer")
    before.rename(after)
    async with running(after) as (_, dsn):
        assert await ask(dsn, "select answer from kept") == 42
    shutil.rmtree(_files(after))


async def test_a_home_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerUnavailable, match="Choose another"):
        await EmbeddedServer(tmp_path / "file" / "home").start()


@pytest.mark.parametrize("moment", ["server.lock", "server.json", "postgres/data.new", "postgres/data/postmaster.pid"])
async def test_a_start_cancelled_at_any_moment_leaves_no_server_and_no_lock(home: Path, moment: str) -> None:
    starting = asyncio.create_task(EmbeddedServer(home).start())
    await until(lambda: (home / moment).exists() or (home / "postgres/data/PG_VERSION").exists())
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert _postmaster(home) is None
    async with running(home) as (heir, dsn):
        assert heir.owned
        assert await ask(dsn, "select 1") == 1


def test_a_private_copy_of_the_wheels_programs_runs_by_itself(tmp_path: Path) -> None:
    carried = [found for found in PROGRAMS if found.wheel]
    assert carried, "the development requirements carry a wheel with PostgreSQL"
    account = Account(uid=os.geteuid(), gid=os.getegid(), switch=False)
    place = Place(account=account, files=tmp_path)
    for found in carried:
        assert found.wheel
        copy = _private_copy(found, found.wheel, place)
        assert copy == _private_copy(found, found.wheel, place)
        for program in ("postgres", "initdb"):
            answer = subprocess.run([copy.folder / program, "--version"], capture_output=True, text=True, check=True)
            assert f"(PostgreSQL) {found.major}." in answer.stdout


def test_an_address_prints_no_password() -> None:
    address = ServerAddress("postgresql://assent:secret@/assent?host=/run/x&port=5432")
    assert "secret" not in repr(address)
    assert address.of_database("other") == "postgresql://assent:secret@/other?host=/run/x&port=5432"
