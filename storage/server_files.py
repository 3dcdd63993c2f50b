"""Under which account does the embedded PostgreSQL run, and where do its files lie?

Nothing here opens a folder to more people: where the account cannot reach the home folder, the
server's files move to a folder it can reach, and the record in the home folder says where.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from storage.errors import StorageError

DURABLE_ROOT = Path("/var/lib/assent")
MEMORY_ROOM_BYTES = 4 * 2**30
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT_BYTES = 107  # sockaddr_un of Linux holds 108 with its closing zero; others hold 104
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")  # commas, quotes and @ mean something to libpq and postgres
_UNPRIVILEGED = ("postgres", "nobody")


class ServerUnavailable(StorageError):
    """The embedded PostgreSQL cannot run here; the text says what to do."""

    code = "storage.server_unavailable"


class DataDoesNotFit(ServerUnavailable):
    """The home folder's record and the data that lies in its place are not of one installation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The operating-system account PostgreSQL runs under; `switch` when it is not our own."""

    uid: int
    gid: int
    switch: bool

    def arguments(self) -> dict[str, Any]:
        """Popen arguments that start a program as this account, in a folder everybody can enter."""
        if not self.switch:
            return {"cwd": "/"}
        return {"cwd": "/", "user": self.uid, "group": self.gid, "extra_groups": []}

    def may(self, flag: str, path: Path) -> bool:
        """Asks the system itself (`test -r`, `-w`, `-x` as that account), so access lists count too."""
        return self._runs(["test", flag, os.fspath(path)])

    def usable(self) -> bool:
        """False where the system forbids the change of account (a container without that right)."""
        return not self.switch or self._runs(["true"])

    def _runs(self, command: list[str]) -> bool:
        try:
            ended = subprocess.run(command, check=False, capture_output=True, **self.arguments())  # noqa: S603 - our words
        except (OSError, subprocess.SubprocessError):
            return False
        return ended.returncode == 0

    def own(self, path: Path) -> None:
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def make_private(self, folder: Path) -> None:
        """The folder exists, belongs to the account, and nobody else can enter it."""
        folder.mkdir(mode=0o700, exist_ok=True)
        self.own(folder)
        folder.chmod(0o700)


@dataclass(slots=True, kw_only=True)
class Record:
    """What the home folder remembers of its server, kept in one file of mode 0600.

    `files` is relative while they lie inside the home folder, so that the whole can be moved.
    """

    files: str = ""
    major: int | None = None
    volatile: bool = False
    superuser_password: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    password: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)

    @classmethod
    def load(cls, home: Path) -> Record | None:
        try:
            text = (home / "server.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            raise ServerUnavailable(
                f"{home / 'server.json'} is damaged. Restore it from a backup, or set DATABASE_URL."
            ) from None

    def save(self, home: Path) -> None:
        """Durable and whole or not there at all, whenever the machine stops."""
        fresh = home / "server.json.new"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            json.dump(asdict(self), out)
            out.flush()
            os.fsync(out.fileno())
        follow_owner(fresh, home)
        fresh.replace(home / "server.json")
        folder = os.open(home, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where everything of one server lies."""

    account: Account
    files: Path

    @property
    def data(self) -> Path:
        return self.files / "data"

    @property
    def log(self) -> Path:
        return self.files / "server.log"


def follow_owner(path: Path, home: Path) -> None:
    """A file that root puts into somebody's home stays usable for that somebody."""
    if os.geteuid() == 0:
        owner = home.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def open_home(home: Path) -> None:
    """The home folder exists and is ours to write in.

    As root it is made with 0711: PostgreSQL's account may pass through to its own folder inside,
    nobody may list it. A folder that exists keeps its mode.
    """
    try:
        home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    except OSError as refused:
        raise ServerUnavailable(f"Cannot make the folder {home} ({refused.strerror}). Choose another.") from None
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        raise ServerUnavailable(f"{home} belongs to another account. Start as its owner, or choose another folder.")


def choose_place(home: Path, record: Record, *, volatile: bool) -> Place:
    """The place the record names, or a new one that PostgreSQL's account can reach; saves the record."""
    if volatile and record.files and not record.volatile:
        raise ServerUnavailable(f"{home} holds a database that is meant to last. Choose another folder for tests.")
    if record.files and volatile == record.volatile and (not volatile or (home / record.files).is_dir()):
        files = home / record.files
        if record.major is not None and not (files / "data" / "PG_VERSION").is_file():
            raise DataDoesNotFit(
                f"The database of {home} should lie in {files}, but it is not there. Put the folder back "
                f"(a mounted volume may be missing), or restore a backup. "
                f"To begin anew, delete {home / 'server.json'}."
            )
        account = _account(files if files.is_dir() else None)
        account.make_private(files)
        return Place(account=account, files=files)
    inside = home / "postgres"
    account = _account(inside if inside.is_dir() else None)
    files = _reachable_folder(home, inside, account, volatile=volatile)
    record.files, record.major = os.fspath(files.relative_to(home) if files == inside else files), None
    record.volatile = volatile
    record.save(home)
    return Place(account=account, files=files)


def _account(files: Path | None) -> Account:
    """Our own account; as root the one that owns the data already, else an unprivileged one."""
    if os.geteuid() != 0:
        return Account(uid=os.geteuid(), gid=os.getegid(), switch=False)
    owner = files.stat() if files else None
    if owner and owner.st_uid != 0:
        found = [(owner.st_uid, owner.st_gid)]
    else:
        found = []
        for name in _UNPRIVILEGED:
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                found.append((entry.pw_uid, entry.pw_gid))
    for uid, gid in found:
        account = Account(uid=uid, gid=gid, switch=True)
        if account.usable():
            return account
    raise ServerUnavailable(
        "PostgreSQL refuses to run as root, and this system does not allow a change to another account. "
        "Start Assent as an ordinary user, or set DATABASE_URL."
    )


def _reachable_folder(home: Path, inside: Path, account: Account, *, volatile: bool) -> Path:
    if volatile:
        return _temporary_folder(account, [*_roomy_memory(account), *_temporary_roots()])
    account.make_private(inside)
    if account.may("-w", inside):
        return inside
    with contextlib.suppress(OSError):
        inside.rmdir()
    outside = DURABLE_ROOT / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    try:
        DURABLE_ROOT.mkdir(mode=0o711, parents=True, exist_ok=True)
        account.make_private(outside)
    except OSError:
        pass
    else:
        if account.may("-w", outside):
            return outside
    raise ServerUnavailable(
        f"PostgreSQL's account can reach neither {home} nor {DURABLE_ROOT}. "
        "Start Assent as an ordinary user, choose a folder others may pass through, or set DATABASE_URL."
    )


def _roomy_memory(account: Account) -> list[str]:
    """A file system in memory, where a copied database takes a tenth of the time; containers keep it tiny."""
    memory = "/dev/shm"  # noqa: S108 - mkdtemp makes it safe
    try:
        room = os.statvfs(memory)
    except OSError:
        return []
    # An account that needs its own copy of the programs must be able to run them there.
    closed = account.switch and bool(room.f_flag & os.ST_NOEXEC)
    return [memory] if room.f_bavail * room.f_frsize >= MEMORY_ROOM_BYTES and not closed else []


def _temporary_roots() -> list[str]:
    return [tempfile.gettempdir(), "/tmp", "/var/tmp"]  # noqa: S108 - mkdtemp makes it safe


def _temporary_folder(account: Account, roots: list[str]) -> Path:
    for parent in dict.fromkeys(roots):
        with contextlib.suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix="assent-", dir=parent))
            account.own(folder)
            if account.may("-w", folder):
                return folder
            folder.rmdir()
    raise ServerUnavailable("No temporary folder is open to PostgreSQL's account. Set TMPDIR to one that is.")


def socket_folder(place: Place) -> Path:
    """A private folder whose socket path fits into the kernel's limit, inside the files if it can."""
    usual = place.files / "socket"
    if _fits(usual):
        place.account.make_private(usual)
        for left in usual.iterdir():
            left.unlink()  # a killed server's; the data folder's own lock guards the data
        return usual
    short = _temporary_folder(place.account, _temporary_roots())
    if _fits(short):
        return short
    short.rmdir()
    folder = Path(tempfile.mkdtemp(prefix="assent-", dir="/tmp"))  # the shortest there is; mkdtemp makes it safe
    place.account.own(folder)
    return folder


def _fits(folder: Path) -> bool:
    path = os.fspath(folder / SOCKET_NAME)
    limit = SOCKET_PATH_LIMIT_BYTES if os.uname().sysname == "Linux" else SOCKET_PATH_LIMIT_BYTES - 4
    return len(os.fsencode(path)) <= limit and _PLAIN_PATH.fullmatch(path) is not None


def forget(place: Place, home: Path) -> None:
    """Removes a server's files for good; the home folder itself stays."""
    shutil.rmtree(place.files, ignore_errors=True)
    (home / "server.json").unlink(missing_ok=True)


def read_pid_file(data: Path) -> tuple[int, Path] | None:
    """The server's process number and socket folder as it wrote them itself; None without a whole file."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return (int(lines[0]), Path(lines[4])) if len(lines) > 4 and lines[4] else None
    except (OSError, ValueError):
        return None
