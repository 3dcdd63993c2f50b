"""What does a thief carry away, and how is it cut into pieces that can be searched?"""

import io
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from app.logs import ROOMS, LogFormat, configure_logs
from storage.server_files import Record

BLOCK_BYTES = 8192
WAL_HEADER_BYTES = 24


@dataclass(slots=True, kw_only=True)
class Loot:
    """Dumps of a running server, then its files and all others below a folder.

    Blocks of the data that were the same before anything was planted are left out: they cannot hold it.
    """

    root: Path
    server_files: Path
    known: frozenset[int]
    dumps: dict[str, bytes] = field(default_factory=dict)
    _files: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def beside(cls, root: Path) -> "Loot":
        """For the server in `root`; what lies in its data folder now counts as known."""
        record = Record.load(root / "server")
        assert record
        files = root / "server" / record.files
        known = frozenset(hash(block) for path in _below(files / "data") for block in _blocks(path.read_bytes()))
        return cls(root=root, server_files=files, known=known)

    async def dump(self, dsn: str, *, table: str | None = None) -> None:
        """A plain dump and a custom one with what its own program makes of it; without programs, every table."""
        programs = Path((self.server_files / "data" / "postmaster.opts").read_text().split()[0]).parent
        if not (programs / "pg_dump").is_file():
            self.dumps["copy"] = await _copied(dsn)
            return
        only = [f"--table={table}"] if table else []
        self.dumps["plain dump"] = _output(programs / "pg_dump", dsn, *only)
        custom = self.root / "custom.dump"
        _output(programs / "pg_dump", dsn, *only, "--format=custom", f"--file={custom}")
        self.dumps["custom dump"] = _output(programs / "pg_restore", "--file=-", str(custom))

    def take_files(self) -> None:
        """Everything on disk; the server must have ended, so that all it knew is there."""
        data = self.server_files / "data"
        for path in {*_below(self.root), *_below(self.server_files)}:
            inside = path.is_relative_to(data)
            place = f"data/{path.relative_to(data)}" if inside else str(path)
            self._files[place] = self._new_in(path) if inside else path.read_bytes()

    def pieces(self) -> Iterator[tuple[str, bytes]]:
        """All of it by name, and the names."""
        yield from self.dumps.items()
        yield from self._files.items()
        yield "file names", "\n".join(self._files).encode()

    def _new_in(self, path: Path) -> bytes:
        # What continues over a page of the log is interrupted by the page's header.
        skipped = WAL_HEADER_BYTES if path.parent.name == "pg_wal" else 0
        return b"".join(block[skipped:] for block in _blocks(path.read_bytes()) if hash(block) not in self.known)


def _below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _blocks(content: bytes) -> Iterator[bytes]:
    return (content[at : at + BLOCK_BYTES] for at in range(0, len(content), BLOCK_BYTES))


def _output(program: Path, *arguments: str) -> bytes:
    return subprocess.run([program, *arguments], check=True, stdout=subprocess.PIPE).stdout


async def _copied(dsn: str) -> bytes:
    parts: list[bytes] = []

    async def keep(part: bytes) -> None:
        parts.append(part)

    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "select format('%I.%I', schemaname, tablename) from pg_tables "
            "where schemaname not in ('pg_catalog', 'information_schema')"
        )
        for (table,) in tables:
            await connection.copy_from_query(f"select * from {table}", output=keep)
    finally:
        await connection.close()
    return b"".join(parts)


@contextmanager
def logged_to(path: Path) -> Iterator[None]:
    """The program's own log at DEBUG goes to this file; the logging of before is put back."""
    root = logging.getLogger()
    names = {*ROOMS, *(name for name in logging.root.manager.loggerDict)}
    kept = {name: (logging.getLogger(name).level, list(logging.getLogger(name).handlers)) for name in names}
    level, handlers = root.level, list(root.handlers)
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    raising = logging.raiseExceptions
    lines = io.StringIO()  # written to the file at the end: the event loop must not wait for a disk
    configure_logs(logging.DEBUG, LogFormat.JSON, lines)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        logging.raiseExceptions = raising
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, (old, those) in kept.items():
            logging.getLogger(name).setLevel(old)
            logging.getLogger(name).handlers[:] = those
        path.write_text(lines.getvalue(), encoding="utf-8")
