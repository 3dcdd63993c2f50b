"""Where can a process die? Before each write, around each commit, each signature, each file and each anchor.

The steps of the product are wrapped from outside; it knows nothing of this. Each moment that is passed is one hit, and
at the chosen one a signal is sent: to the process itself, of which nothing runs any more, or which stands still until
it is continued; or to the database server.
"""

import asyncio
import contextlib
import os
import re
import stat
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import wraps
from signal import SIGKILL, Signals
from typing import Any

import asyncpg

TABLES = (
    "consent_record", "log_pending", "log_record", "log", "log_key", "log_entry", "log_tile", "checkpoint", "anchor",
    "anchor_state",
)  # fmt: skip
_WRITE = re.compile(r"\s*(?:with \w+ as \(\s*)?(insert|update|delete)(?: into| from)? (\w+)", re.IGNORECASE)
# What a transaction is about, by the first of these writes that it did.
_ABOUT = {
    "insert consent_record": "an act",
    "insert anchor": "an anchor",
    "insert log": "a new log",
    "insert log_entry": "entries",
    "update checkpoint": "a signature",
}


@dataclass(slots=True, kw_only=True)
class Points:
    """Counts the moments that fit `pattern`, and sends the signal at number `at`, after telling which it was.

    `victims` are other processes that get it instead of this one.
    """

    at: int
    tell: Callable[[dict[str, Any]], None]
    sends: Signals = SIGKILL
    victims: Sequence[int] = ()
    pattern: str = "*"
    counting: bool = True
    hits: int = 0
    written: list[str] = field(default_factory=list)

    def here(self, name: str, leave: Callable[[], object] | None = None) -> None:
        """One moment; `leave` makes of things what only a death in the middle of a step leaves."""
        if not self.counting or not fnmatch(name, self.pattern):
            return
        self.hits += 1
        if self.hits != self.at:
            return
        if leave is not None and self.sends is SIGKILL:
            leave()
        self.tell({"struck": name})
        for victim in self.victims or (os.getpid(),):
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, self.sends)
        time.sleep(0.01)  # whoever is only stopped may run a moment longer in this thread

    def watch(self) -> None:
        """Wraps what every part of the product uses: statements, commits, and files that must last."""
        for name in ("execute", "executemany", "fetch", "fetchrow", "fetchval"):
            self._watch_statements(name)
        self._watch_files()

    def around(self, owner: Any, name: str, step: str) -> None:
        """Wraps one more step of the product, a coroutine function."""
        real = getattr(owner, name)

        @wraps(real)
        async def watched(*args: Any, **kwargs: Any) -> Any:
            self.here(f"{step}: before")
            result = await real(*args, **kwargs)
            self.here(f"{step}: after")
            return result

        setattr(owner, name, watched)

    def _watch_statements(self, name: str) -> None:
        real = getattr(asyncpg.Connection, name)

        @wraps(real)
        async def watched(connection: Any, query: str, *args: Any, **kwargs: Any) -> Any:
            if query == "COMMIT;" and self.written:
                return await self._commit(real(connection, query, *args, **kwargs))
            if query == "ROLLBACK;":
                self.written.clear()
            found = _WRITE.match(query)
            if found and found[2] in TABLES:
                self.written.append(f"{found[1]} {found[2]}")
                self.here(f"{self.written[-1]}: before")
            return await real(connection, query, *args, **kwargs)

        setattr(asyncpg.Connection, name, watched)

    async def _commit(self, committing: Any) -> Any:
        about = next((about for write, about in _ABOUT.items() if write in self.written), "others")
        self.written.clear()
        self.here(f"commit of {about}: before")
        sent = asyncio.ensure_future(committing)
        await asyncio.sleep(0)  # the words are in the socket now; whether they are obeyed is up to the server
        self.here(f"commit of {about}: on its way")
        result = await sent
        self.here(f"commit of {about}: after")
        return result

    def _watch_files(self) -> None:
        replace, fsync = os.replace, os.fsync

        def replaced(*args: Any, **kwargs: Any) -> None:
            self.here("file put in place: before")
            replace(*args, **kwargs)
            self.here("file put in place: after")

        def forced(descriptor: int) -> None:
            at = os.fstat(descriptor)
            if stat.S_ISDIR(at.st_mode):
                self.here("folder forced to disk: before")
                fsync(descriptor)
                self.here("folder forced to disk: after")
                return
            self.here("file written by half", lambda: os.ftruncate(descriptor, at.st_size // 2))
            self.here("file written")
            fsync(descriptor)
            self.here("file forced to disk")

        os.replace, os.fsync = replaced, forced
