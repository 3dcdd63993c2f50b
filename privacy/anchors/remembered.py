"""What do the authorities remember of the log, when it is asked whether the database went back?

A folder that was carried nowhere, and every witness, hold the newest checkpoint they got. Nothing of it is believed
before the log's own signature is checked.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yarl import URL

from privacy.anchors.calls import Caller
from privacy.anchors.folder import file_pattern
from privacy.anchors.port import AnchorFailed
from privacy.outside_heads import OutsideUnavailable

LOOK_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderMemory:
    """The folder that gets checkpoints."""

    folder: Path

    async def newest(self, origin: str) -> Sequence[bytes]:
        """The largest checkpoint of this log that is there."""
        try:
            return await asyncio.to_thread(self._read, origin)
        except OSError:
            raise OutsideUnavailable from None

    def _read(self, origin: str) -> list[bytes]:
        if not self.folder.is_dir():
            raise FileNotFoundError
        # Names of one log differ in their sizes only, which are padded: the last by name is the largest.
        files = sorted(self.folder.glob(file_pattern(origin)))
        return [file.read_bytes() for file in files[-1:]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessMemory:
    """A witness, asked for what it cosigned last."""

    url: URL
    caller: Caller

    async def newest(self, origin: str) -> Sequence[bytes]:
        """The checkpoint it cosigned last; none of a log it does not know."""
        name = hashlib.sha256(origin.encode()).hexdigest()
        try:
            answer = await self.caller.get(self.url / name / "checkpoint")
        except AnchorFailed:
            raise OutsideUnavailable from None
        if answer.status == 404:
            return []
        if answer.status != 200:
            raise OutsideUnavailable
        return [answer.body]
