"""Where does a copy of each log's newest signed head lie, so that a database restored from a backup is noticed?

One small file per log, in a folder that is neither the database nor its backup. It is written after the signature:
a crash between the two leaves the older head there, which is as true as the newer one.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from domain.proof.checkpoint import Checkpoint
from domain.proof.errors import ProofError
from storage.durable_files import locked, replace_file
from storage.errors import StorageError

MAX_FILE_BYTES = 1_000_000
PATIENCE_SECONDS = 3.0


class HeadUnreadable(StorageError):
    """The copy is there and cannot be read: without it nobody knows what was signed already."""

    code = "storage.head_unreadable"

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"the copy of a log's head in {folder} cannot be read ({reason}); give the program's account the right "
            "to read it, nothing is signed until then"
        )


class HeadNotKept(StorageError):
    """The copy could not be written; what is there is older, or nothing."""

    code = "storage.head_not_kept"

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"the copy of a log's head cannot be written to {folder} ({reason}); give the program's account the right "
            "to write there, and room"
        )


@dataclass(frozen=True, slots=True)
class HeadFiles:
    """The copies of one machine, in a folder that is made when the first one is kept.

    `patience` is for how many seconds a write waits for another process that is writing.
    """

    folder: Path
    patience: float = PATIENCE_SECONDS

    async def newest(self, origin: str) -> list[bytes]:
        """The note that was kept last for this log, as it was kept; none before the first.

        Raises HeadUnreadable when there is one that cannot be read.
        """
        return await asyncio.to_thread(self._read, origin)

    async def keep(self, origin: str, note: bytes) -> None:
        """Durable once it returns; a larger head that is there already stays. Raises HeadNotKept."""
        await asyncio.to_thread(self._write, origin, note)

    def path(self, origin: str) -> Path:
        """The file of this log."""
        return self.folder / origin.replace("/", "~")

    def _read(self, origin: str) -> list[bytes]:
        try:
            with self.path(origin).open("rb") as file:
                return [file.read(MAX_FILE_BYTES)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise HeadUnreadable(self.folder, type(error).__name__) from None

    def _write(self, origin: str, note: bytes) -> None:
        path = self.path(origin)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A process that was frozen in there must not make the next one stand still with it: it tries again later.
            with locked(self.folder / ".lock", patience=self.patience):
                # Whoever was frozen between signing and here must not put an older head over a newer one.
                if size_of(note) > max((size_of(kept) for kept in self._read(origin)), default=-1):
                    replace_file(path, note, mode=0o600)
        except OSError as error:
            raise HeadNotKept(self.folder, type(error).__name__) from None


def size_of(note: bytes) -> int:
    """The size that a note states, believed as it stands; -1 for anything that is no head."""
    try:
        return Checkpoint.parse(note.partition(b"\n\n")[0] + b"\n").size
    except ProofError:
        return -1
