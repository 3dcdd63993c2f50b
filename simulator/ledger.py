"""What happened here, in order? The append-only truth that crash tests are judged by.

One JSON object a line. Each has `line` (1, 2, 3 ... over the file's whole life), `kind`, `mono` (seconds of
this machine's monotonic clock) and `wall` (seconds since 1970, real time, unmoved by the platform's clock).
A line is handed to the operating system before `write` returns, so it outlives this process.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KEPT_RECENT = 200


class Ledger:
    """Append-only; a file when a path is given, else in memory."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.recent_calls: deque[dict[str, Any]] = deque(maxlen=KEPT_RECENT)
        self._lines: list[bytes] = []
        self._file: int | None = None
        self._count = 0

    def open(self) -> None:
        """Goes on after the lines that an earlier run left; drops a line that it could not finish.

        Reads the whole file, so call it off the loop.
        """
        if self.path is not None and self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._count, whole_bytes = _whole_lines(self.path)
            # A write of one line ends in the page cache within microseconds; O_NONBLOCK says that it is
            # meant to happen on the loop, so that the line is there before the answer is.
            flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0)
            self._file = os.open(self.path, flags, 0o600)
            os.ftruncate(self._file, whole_bytes)
        self.write("start", pid=os.getpid())

    def close(self) -> None:
        """Writes no more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def write(self, kind: str, **fields: Any) -> int:
        """Appends one line and returns its number."""
        self._count += 1
        entry = {"line": self._count, "kind": kind, "mono": time.monotonic(), "wall": time.time(), **fields}
        text = json.dumps(entry, separators=(",", ":")).encode("ascii") + b"\n"
        if self._file is not None:
            os.write(self._file, text)
        elif self.path is None:
            self._lines.append(text)
        if kind == "call":
            self.recent_calls.append(entry)
        return self._count

    def read(
        self,
        *,
        since: int = 0,
        kind: str | None = None,
        page: str | None = None,
        psid: str | None = None,
        limit: int = 100_000,
    ) -> list[dict[str, Any]]:
        """Lines after number `since` that match, oldest first; reads the file, so call it off the loop."""
        found: list[dict[str, Any]] = []
        for text in self._after(since):
            entry: dict[str, Any] = json.loads(text)
            if kind is not None and entry["kind"] != kind:
                continue
            if page is not None and entry.get("page") != page:
                continue
            if psid is not None and entry.get("psid") != psid:
                continue
            found.append(entry)
            if len(found) >= limit:
                break
        return found

    def _after(self, since: int) -> Iterator[bytes]:
        if self.path is None:
            yield from self._lines[since : self._count]
            return
        with self.path.open("rb") as lines:
            for number, text in enumerate(lines, start=1):
                if number > since and text.endswith(b"\n"):
                    yield text


def _whole_lines(path: Path) -> tuple[int, int]:
    count = size = 0
    if path.exists():
        with path.open("rb") as lines:
            for text in lines:
                if text.endswith(b"\n"):
                    count += 1
                    size += len(text)
    return count, size
