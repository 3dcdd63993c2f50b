"""How is a file written so that it is whole or not there, whenever the machine stops?

Written beside its place, flushed to the disk, moved over the old one, and the folder flushed as well: a reader sees the
old content or the new, never a part, and what was told as done survives a cut of power.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


_POLL_SECONDS = 0.01


def replace_file(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """The whole content is at `path` once this returns; until then the old one is. One writer at a time."""
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    _flush_folder(path.parent)


def create_file(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """A new file with the whole content; raises FileExistsError, and leaves what is there alone."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(fresh, path)
    finally:
        fresh.unlink()
    _flush_folder(path.parent)


@contextlib.contextmanager
def locked(path: Path, *, patience: float | None = None) -> Iterator[None]:
    """Alone among all threads and processes that lock this path; the file itself stays empty.

    Raises an OSError when somebody else is still inside after so many seconds of `patience`, if it has an end.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if patience is None:
            _lock(descriptor)
        else:
            _lock_within(descriptor, patience)
        yield
    finally:
        os.close(descriptor)


def _lock_within(descriptor: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            return _try_lock(descriptor)
        except OSError:
            if time.monotonic() >= end:
                raise
        time.sleep(_POLL_SECONDS)


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # other systems have no such call, and write folders through
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
