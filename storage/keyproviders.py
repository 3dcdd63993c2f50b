"""Where is the key ring kept, and may this start use it?

Two places: a file of its own outside the data folder (the default), or one environment variable, which cannot
be written back. Neither is ever the database or a backup of it.
"""

import asyncio
import contextlib
import os
import stat
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Self
from uuid import UUID

from storage import keyring_json
from storage.keycheck import check_ring
from storage.keyring import (
    KeyProvider,
    KeyRing,
    RandomBytes,
    RingHolder,
    RingMissing,
    RingMoved,
    RingReadOnly,
    RingUnreadable,
)

RING_VARIABLE = "ASSENT_KEYRING"


async def open_ring(
    provider: KeyProvider,
    *,
    checks: Mapping[int, bytes],
    install_id: UUID | None,
    random_bytes: RandomBytes,
    now: datetime,
) -> RingHolder:
    """The ring that fits this database; a new one is made only for a database that has sealed nothing yet.

    `checks` and `install_id` are what the database holds (none in a new one). Raises KeyRingError and writes
    nothing when the ring is missing or not the one the database was sealed with.
    """
    try:
        ring = await provider.load()
    except RingMissing:
        if checks or install_id is not None:
            raise
        ring = await provider.store(KeyRing.create(random_bytes, now))
    check_ring(ring, checks, install_id)
    return RingHolder(ring, provider)


class EnvKeys:
    """The ring in one environment variable: read once, then removed from the environment; never written."""

    def __init__(self, text: str) -> None:
        self._ring = keyring_json.decode(text)

    @property
    def read_only(self) -> bool:
        return True

    @classmethod
    def take(cls, environ: MutableMapping[str, str]) -> Self | None:
        """The provider, or None where the variable is not set or empty; children do not inherit it any more."""
        text = environ.pop(RING_VARIABLE, "").strip()
        return cls(text) if text else None

    async def load(self) -> KeyRing:
        return self._ring

    async def store(self, ring: KeyRing) -> KeyRing:
        raise RingReadOnly(f"the ring comes from {RING_VARIABLE}; set that to the new value, then start again")

    async def destroy(self, kid: int) -> KeyRing:
        if kid not in self._ring.kids:
            return self._ring
        return await self.store(self._ring)

    async def marker(self) -> object:
        return self._ring.revision

    def describe(self) -> str:
        return f"environment variable {RING_VARIABLE} (read-only)"


class FileKeys:
    """The ring in a file that only its owner can read, replaced as a whole and durable after each change."""

    def __init__(self, path: Path, *, data_folder: Path) -> None:
        self._path = path
        self._data_folder = data_folder

    @property
    def read_only(self) -> bool:
        return False

    async def load(self) -> KeyRing:
        return await asyncio.to_thread(self._read)

    async def store(self, ring: KeyRing) -> KeyRing:
        return await asyncio.to_thread(self._replace, ring)

    async def destroy(self, kid: int) -> KeyRing:
        return await asyncio.to_thread(self._destroy, kid)

    async def marker(self) -> object:
        return await asyncio.to_thread(self._state)

    def describe(self) -> str:
        return f"file {self._path}"

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> KeyRing:
        # The old file is overwritten after it was replaced: whoever had it open then looks again.
        with contextlib.suppress(RingUnreadable):
            return keyring_json.decode(self._bytes())
        return keyring_json.decode(self._bytes())

    def _bytes(self) -> bytes:
        self._refuse_beside_data()
        try:
            with self._path.open("rb") as file:
                _refuse_exposed(os.fstat(file.fileno()))
                return file.read()
        except FileNotFoundError:
            raise RingMissing(
                f"there is no key ring at {self._path}; bring it back from its own backup, "
                "or point ASSENT_KEYRING_FILE at it"
            ) from None
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise RingUnreadable(f"the key ring at {self._path} cannot be opened: {reason}") from None

    def _replace(self, ring: KeyRing) -> KeyRing:
        with self._alone():
            return self._write(ring)

    def _destroy(self, kid: int) -> KeyRing:
        with self._alone():
            ring = self._read()
            return self._write(ring.without_kek(kid)) if kid in ring.kids else ring

    def _write(self, ring: KeyRing) -> KeyRing:
        old = self._read() if self._path.exists() else None
        if (0 if old is None else old.revision) != ring.revision:
            raise RingMoved("another process changed the key ring meanwhile; load it and repeat the change")
        stored = ring.next_revision()
        fresh = self._path.with_name(f".{self._path.name}.new")
        fresh.unlink(missing_ok=True)  # left by a process that died here; the lock keeps others out
        _write_durably(fresh, keyring_json.encode(stored).encode())
        with _kept_open(self._path) as previous:
            os.replace(fresh, self._path)
            _sync_folder(self._path.parent)
            if previous is not None:
                _overwrite(previous)
        return stored

    def _refuse_beside_data(self) -> None:
        if self._path.resolve().is_relative_to(self._data_folder.resolve()):
            raise RingUnreadable(
                "the key ring must not lie in the data folder, whoever copies that would have the keys too; "
                "set ASSENT_KEYRING_FILE to a path outside of it"
            )

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time changes the ring."""
        self._refuse_beside_data()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._path.with_name(f".{self._path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(lock)
            yield
        finally:
            os.close(lock)


def _refuse_exposed(found: os.stat_result) -> None:
    if os.name != "posix":
        return  # access lists of other systems are not in the mode bits
    if found.st_uid not in {os.geteuid(), 0}:
        raise RingUnreadable("the key ring belongs to another account; make the program's account its owner")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise RingUnreadable("the key ring can be read by other accounts; run chmod 600 on it")


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _kept_open(path: Path) -> Iterator[int | None]:
    if os.name != "posix" or not path.exists():
        yield None  # other systems cannot replace an open file
        return
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _overwrite(descriptor: int) -> None:
    """Zeros over the replaced file, so that its keys do not stay in free blocks of the disk."""
    os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size), 0)
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
