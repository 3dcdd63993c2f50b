"""Where does the database come from when nobody names one?

From here: PostgreSQL's own programs under our supervision, reachable through a private socket only.
Whoever has the address of a server (DATABASE_URL) does not need this module.

One process owns the server of a home folder and holds a lock on it; others that want the same home
use that server and leave it alone. The server ends with its owner, also when the owner is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import fcntl
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote, urlsplit

import asyncpg

from storage.errors import boundary
from storage.server_binaries import choose
from storage.server_files import (
    DataDoesNotFit,
    Place,
    Record,
    ServerUnavailable,
    choose_place,
    follow_owner,
    forget,
    open_home,
    read_pid_file,
    socket_folder,
)
from storage.server_keeper import Keeper, Watcher, alive, end, has_death_signal, run_once, runs_in

log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

SUPERUSER = "postgres"
OWNER = "assent"  # role and database; no superuser, so that row security and grants bind it
PORT = 5432  # only part of the socket's name
_POLL_SECONDS = 0.03
_OTHERS_SECONDS = 60.0
_SETTLE_SECONDS = 1.0
_GUEST_SECONDS = 0.2  # an owner that is just being killed holds its lock a moment longer
_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "synchronous_commit": "on",
    # The server's log must never repeat what a row or a parameter holds.
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
_VOLATILE_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
}


class _Answer(enum.Enum):
    READY = enum.auto()
    UNPREPARED = enum.auto()  # it runs, but our role or database is not there yet
    WAKING = enum.auto()  # starting, recovering after a crash, or shutting down
    ABSENT = enum.auto()


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """The address of one database on a server; its text form holds a password and is never printed."""

    dsn: str = field(repr=False)

    def of_database(self, name: str) -> str:
        """The address of another database on the same server, for the same role."""
        return urlsplit(self.dsn)._replace(path="/" + quote(name, safe="")).geturl()


class EmbeddedServer:
    """PostgreSQL for one home folder: `start` gives an address, `stop` ends what `start` began.

    `volatile` is for tests: no fsync, and nothing is kept after `stop`. `throwaway` is for data that nobody
    misses: what does not fit the home folder is deleted, and all begins anew. `programs` names the only folder
    PostgreSQL may be taken from. `death_signal=False` uses the watcher of other systems on Linux.
    """

    def __init__(
        self,
        home: Path,
        *,
        volatile: bool = False,
        throwaway: bool = False,
        programs: Path | None = None,
        death_signal: bool | None = None,
    ) -> None:
        self._home = home.absolute()
        self._volatile = volatile
        self._throwaway = throwaway
        self._programs = programs
        self._death_signal = has_death_signal() if death_signal is None else death_signal
        self._lock_file: int | None = None
        self._place: Place | None = None
        self._socket: Path | None = None
        self._keeper: Keeper | None = None
        self._inherited: tuple[int, Watcher] | None = None

    @property
    def owned(self) -> bool:
        """True when `stop` will end the server; False when another process owns it."""
        return self._lock_file is not None

    async def start(self) -> str:
        """The address of the database `assent`, made when missing, on a server that answers.

        Waits as long as a crash recovery takes. Raises ServerUnavailable with advice.
        """
        try:
            with boundary():
                return await self._start()
        except BaseException:
            # Also when cancelled: a server half started would be left to nobody.
            await asyncio.shield(self.stop())
            raise

    async def _start(self) -> str:
        await _to_the_end(open_home, self._home)
        steady, patience = 0.0, _OTHERS_SECONDS
        while not await _to_the_end(self._take_lock):
            answer, socket = await self._ask_other()
            steady = steady + _POLL_SECONDS if answer is _Answer.READY else 0.0
            if steady > _GUEST_SECONDS and socket is not None:
                return self._address(socket, await asyncio.to_thread(self._record)).dsn
            if answer in (_Answer.ABSENT, _Answer.UNPREPARED):
                patience -= _POLL_SECONDS
            if patience < 0:
                raise ServerUnavailable(
                    f"Another program holds {self._home} but its database does not answer. End that program."
                )
            await asyncio.sleep(_POLL_SECONDS)
        return await self._own()

    async def stop(self) -> None:
        """Ends the server if this object owns it, and returns once it is gone; harmless when repeated."""
        if self.owned:
            await asyncio.to_thread(self._stop)

    # --- who owns it ---

    def _take_lock(self) -> bool:
        path = self._home / "server.lock"
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except PermissionError:
            raise ServerUnavailable(f"{path} belongs to another account. Start as its owner.") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        follow_owner(path, self._home)
        self._lock_file = lock
        return True

    def _record(self) -> Record:
        return Record.load(self._home) or Record()

    async def _ask_other(self) -> tuple[_Answer, Path | None]:
        """What the server of this home says to us, and where its socket lies."""
        record = await asyncio.to_thread(Record.load, self._home)
        if record is None or not record.files:
            return _Answer.ABSENT, None
        found = await asyncio.to_thread(read_pid_file, self._home / record.files / "data")
        if found is None:
            return _Answer.ABSENT, None
        return await self._ask(found[1], record), found[1]

    async def _ask(self, socket: Path, record: Record) -> _Answer:
        try:
            connection = await _connect(socket, OWNER, OWNER, record.password)
        except asyncpg.CannotConnectNowError:
            return _Answer.WAKING
        except asyncpg.TooManyConnectionsError:
            return _Answer.READY
        except (asyncpg.InvalidCatalogNameError, asyncpg.InvalidAuthorizationSpecificationError):
            return _Answer.UNPREPARED
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return _Answer.ABSENT
        await connection.close()
        return _Answer.READY

    def _address(self, socket: Path, record: Record) -> ServerAddress:
        return ServerAddress(f"postgresql://{OWNER}:{record.password}@/{OWNER}?host={quote(str(socket))}&port={PORT}")

    # --- the owner's part ---

    async def _own(self) -> str:
        try:
            return await self._own_data()
        except DataDoesNotFit:
            if not self._throwaway:
                raise
        await _to_the_end(self._begin_anew)
        return await self._own_data()

    async def _own_data(self) -> str:
        record = await asyncio.to_thread(self._record)
        place = self._place = await _to_the_end(choose_place, self._home, record, volatile=self._volatile)
        left_over = await self._left_over(place, record)
        if left_over:
            return self._address(left_over, record).dsn
        command = await _to_the_end(self._prepare, place, record)
        self._keeper = Keeper(command, place, death_signal=self._death_signal)
        await self._until_it_answers(self._keeper, record)
        return self._address(self._socket_in_use(), record).dsn

    async def _left_over(self, place: Place, record: Record) -> Path | None:
        """Takes over a server whose owner is gone; waits for one that is on its way out."""
        steady, patience = 0.0, _OTHERS_SECONDS
        while True:
            found = await asyncio.to_thread(read_pid_file, place.data)
            if found is None or not alive(found[0]):
                return None
            pid, socket = found
            answer = await self._ask(socket, record)
            if answer is _Answer.ABSENT:
                if not await asyncio.to_thread(runs_in, place.data):
                    # A number left from before a reboot now names somebody else's process.
                    await asyncio.to_thread((place.data / "postmaster.pid").unlink, missing_ok=True)
                    return None
                patience -= _POLL_SECONDS
            if patience < 0:
                raise ServerUnavailable(f"A PostgreSQL works in {place.data} but does not answer. End process {pid}.")
            steady = steady + _POLL_SECONDS if answer in (_Answer.READY, _Answer.UNPREPARED) else 0.0
            if steady > _SETTLE_SECONDS:
                await self._take_over(pid, socket, place, record)
                return socket
            await asyncio.sleep(_POLL_SECONDS)

    async def _take_over(self, pid: int, socket: Path, place: Place, record: Record) -> None:
        self._inherited = (pid, await asyncio.to_thread(Watcher, place, pid))
        self._socket = socket
        await self._provide_database(record)
        log.info("server.taken_over", extra={"pid": pid})

    def _prepare(self, place: Place, record: Record) -> list[str]:
        """The data folder exists, made by the same major version; gives the server's command line."""
        written = place.data / "PG_VERSION"
        major = int(written.read_text(encoding="ascii")) if written.is_file() else None
        programs = choose(major, place, only=self._programs)
        if major is None:
            _make_data_folder(programs.folder, programs.major, place, record, volatile=self._volatile)
        if record.major != programs.major:
            record.major = programs.major
            record.save(self._home)
        self._socket = socket_folder(place)
        settings = _SETTINGS | (_VOLATILE_SETTINGS if self._volatile else {})
        options = {**settings, "unix_socket_directories": str(self._socket)}
        command = [str(programs.folder / "postgres"), "-D", str(place.data)]
        return command + [part for name, value in options.items() for part in ("-c", f"{name}={value}")]

    async def _until_it_answers(self, keeper: Keeper, record: Record) -> None:
        socket = self._socket_in_use()
        while True:
            answer = await self._ask(socket, record)
            if answer in (_Answer.READY, _Answer.UNPREPARED):
                keeper.accepted()
                await self._provide_database(record)
                return
            if keeper.failure:
                raise ServerUnavailable(keeper.failure)
            await asyncio.sleep(_POLL_SECONDS)

    async def _provide_database(self, record: Record) -> None:
        try:
            connection = await _connect(self._socket_in_use(), SUPERUSER, SUPERUSER, record.superuser_password)
        except asyncpg.InvalidAuthorizationSpecificationError:
            raise self._foreign_data() from None
        try:
            if not await connection.fetchval("select 1 from pg_roles where rolname = $1", OWNER):
                # A password of hexadecimal digits only; utility statements take no parameters.
                await connection.execute(f"create role {OWNER} login createdb password '{record.password}'")
            if not await connection.fetchval("select 1 from pg_database where datname = $1", OWNER):
                await connection.execute(f"create database {OWNER} owner {OWNER}")
        finally:
            await connection.close()

    def _foreign_data(self) -> DataDoesNotFit:
        record, files = self._home / "server.json", self._place.files if self._place else self._home
        return DataDoesNotFit(
            f"The passwords in {record} are not those of the database in {files}, which an earlier installation "
            f"in {self._home} has left. Put the server.json of that installation back, from a copy of {self._home}. "
            f"If nobody needs its data any more, delete {files} and {record}, and start again."
        )

    def _socket_in_use(self) -> Path:
        if self._socket is None:
            raise RuntimeError("the server was not started")
        return self._socket

    def _stop(self) -> None:
        self._end_server()
        if self._place and self._volatile:
            forget(self._place, self._home)
        if self._lock_file is not None:
            os.close(self._lock_file)
        self._place = self._lock_file = None

    def _begin_anew(self) -> None:
        """Deletes the data and the record of it; the lock on the home folder stays ours."""
        self._end_server()
        if self._place:
            forget(self._place, self._home)
        (self._home / "server.json").unlink(missing_ok=True)
        self._place = None

    def _end_server(self) -> None:
        if self._keeper:
            self._keeper.stop()
        if self._inherited and self._place:
            pid, watcher = self._inherited
            end(pid, self._place)
            watcher.dismiss()
        if self._place and self._socket and self._socket.parent != self._place.files:
            with contextlib.suppress(OSError):
                self._socket.rmdir()  # empty once the server is gone, unless it is not ours
        self._keeper = self._inherited = self._socket = None


async def _to_the_end(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """In a thread that is never left behind: a cancelled caller still waits for it."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
    except OSError as refused:
        raise ServerUnavailable(f"The embedded database cannot be prepared: {refused}. Mend that first.") from None


async def _connect(socket: Path, user: str, database: str, password: str) -> Any:
    return await asyncpg.connect(
        host=str(socket), port=PORT, user=user, database=database, password=password, timeout=10
    )


def _make_data_folder(programs: Path, major: int, place: Place, record: Record, *, volatile: bool) -> None:
    """Made beside its place and moved there when whole, so that a crash leaves no half database."""
    fresh = place.files / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    secret = place.files / "superuser.new"
    with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as out:
        out.write(record.superuser_password)
    place.account.own(secret)
    command = [str(programs / "initdb"), "-D", str(fresh), f"--username={SUPERUSER}", f"--pwfile={secret}"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"]
    command += ["--no-sync"] if volatile else ["--data-checksums"]
    try:
        for locale in _locales(major):
            made = run_once([*command, *locale], place.account)
            if made.returncode == 0:
                fresh.rename(place.data)
                return
    finally:
        secret.unlink(missing_ok=True)
    raise ServerUnavailable(f"PostgreSQL could not make its data folder in {place.files}: {made.stderr.strip()[-400:]}")


def _locales(major: int) -> list[list[str]]:
    """Sorts by code point everywhere alike: no update of the system's locales can bend an index."""
    if major >= 17:
        return [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
    return [["--locale=C.UTF-8"], ["--locale=C"]]
