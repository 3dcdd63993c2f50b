"""What did processes promise before they died? Lines in a file, each whole, whatever happens to who wrote it."""

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Book:
    """Acts that were acknowledged, and every note that was signed or seen, in the order of writing."""

    path: Path

    def acknowledge(self, record_id: UUID) -> None:
        self._write({"act": str(record_id)})

    def note(self, note: bytes) -> None:
        """A signature that exists: whoever made or saw it may have shown it to anybody."""
        self._write({"note": base64.b64encode(note).decode()})

    def acts(self) -> list[UUID]:
        return [UUID(line["act"]) for line in self._lines() if "act" in line]

    def notes(self) -> list[bytes]:
        return list(dict.fromkeys(base64.b64decode(line["note"]) for line in self._lines() if "note" in line))

    def _write(self, line: dict[str, Any]) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")  # one call: it is in the file, or not at all
        finally:
            os.close(descriptor)

    def _lines(self) -> Iterator[dict[str, Any]]:
        if self.path.exists():
            with self.path.open("rb") as file:
                yield from map(json.loads, file)
