"""How does a folder get a checkpoint that another program, or another machine, then keeps?

A file for each checkpoint, whole or not there, named by origin and size. The folder has to be there already: a share
that is not mounted must not turn into a folder on this very disk.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from domain.proof.checkpoint import Checkpoint
from domain.proof.note import signed_text
from domain.proof.record_sections import AnchorMethod
from privacy.anchors.port import Answer, Misconfigured, Trouble, TryAgain
from storage.durable_files import replace_file


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderAnchor:
    """A folder whose content somebody else carries away."""

    folder: Path
    interval: timedelta
    clock: Callable[[], datetime]

    @property
    def method(self) -> AnchorMethod:
        return AnchorMethod.FOLDER

    @property
    def authority(self) -> str:
        return "folder"

    async def anchor(self, note: bytes) -> Answer:
        """Durable in the folder; the time is our own. Raises Misconfigured where the name holds another tree."""
        await asyncio.to_thread(self._write, note)
        return Answer(time=self.clock(), note=note)

    def _write(self, note: bytes) -> None:
        text = signed_text(note)
        path = self.folder / file_name(Checkpoint.parse(text))
        try:
            if not self.folder.is_dir():
                raise Misconfigured(Trouble.FOLDER_MISSING)
            if path.exists() and not path.read_bytes().startswith(text + b"\n"):
                raise Misconfigured(Trouble.OTHER_TREE)
            replace_file(path, note)
        except PermissionError:
            raise Misconfigured(Trouble.FOLDER_REFUSED) from None
        except OSError:
            raise TryAgain(Trouble.FOLDER_REFUSED) from None


def file_name(checkpoint: Checkpoint) -> str:
    """The name of a checkpoint's file; sorted by name, the files of a log are sorted by size."""
    return f"{_plain(checkpoint.origin)}-{checkpoint.size:012d}.checkpoint"


def file_pattern(origin: str) -> str:
    """Matches the files of this log, and of no other of the same installation."""
    return f"{_plain(origin)}-{'[0-9]' * 12}.checkpoint"


def _plain(origin: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "_", origin)
