"""How does the whole log become a folder of static files that anybody can serve or check?

Each file is written whole or not at all, those that are there already are left alone, and the head comes last: whoever
reads the folder while it grows, or after a crash, finds every tile its head asks for.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.proof.checkpoint import Checkpoint, open_cosigned
from domain.proof.encoding import HASH_BYTES
from domain.proof.entry import ENTRY_BYTES
from domain.proof.errors import ProofError
from domain.proof.keys import Verifier
from domain.proof.note import MAX_NOTE_BYTES
from domain.proof.tiles import ENTRIES, TILE_WIDTH, Tile, tile_path
from privacy.log_tiles import LogTiles
from storage.database import Transaction
from storage.durable_files import replace_file
from storage.log import LogHead, StoredCheckpoint
from storage.log_tiles import LogDamaged

CHECKPOINT = "checkpoint"
_AT_ONCE = 64
_LENGTH_BYTES = 2


class ExportRefused(ProofError):
    """The folder cannot take the log; the text says why and what to do."""

    code = "log.export_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedLog:
    """A log whose files are all in `folder` now; `written` of them are new."""

    log_id: int
    origin: str
    size: int
    folder: Path
    written: int


@dataclass(frozen=True, slots=True)
class TileExport:
    """Writes every log into a folder of its own below one folder, named by its number."""

    tiles: LogTiles

    async def run(self, folder: Path) -> list[ExportedLog]:
        """Everything up to the newest signed heads; may be repeated, and goes on where it broke off.

        Raises ExportRefused for a folder that cannot be written, or that holds another history of one of the logs.
        """
        store = self.tiles.store
        async with store.database.connection() as connection:
            heads = await store.log.heads(connection)
        exported = []
        for head in heads:
            async with store.database.connection() as connection:
                newest = await store.log.newest_checkpoint(connection, head.log_id)
            if newest is not None:
                exported.append(await self._export(head, newest, folder / str(head.log_id)))
        return exported

    async def _export(self, head: LogHead, newest: StoredCheckpoint, folder: Path) -> ExportedLog:
        store = self.tiles.store
        async with store.database.transaction() as tx:
            keys = [Verifier.from_vkey(key.vkey) for key in await store.log.keys.of_log(tx, head.log_id)]
            there = await asyncio.to_thread(_head_of, folder, keys)
            if there is not None:
                await self._refuse_other(tx, head, newest, there)
            wanted = [tile async for tile in self._wanted(tx, newest)]
        missing = await asyncio.to_thread(_missing, folder, wanted)
        for at in range(0, len(missing), _AT_ONCE):
            await self._write(head, newest, folder, missing[at : at + _AT_ONCE])
        if there is None or there.size < newest.size:
            note = (newest.note or "").encode()
            await asyncio.to_thread(_write_all, folder, {CHECKPOINT: note})
        return ExportedLog(
            log_id=head.log_id, origin=head.origin, size=newest.size, folder=folder, written=len(missing)
        )

    async def _refuse_other(self, tx: Transaction, head: LogHead, newest: StoredCheckpoint, there: Checkpoint) -> None:
        log = self.tiles.store.log
        grows = there.size <= newest.size
        if not grows or await log.tiles.root_at(tx, head.log_id, there.size) != there.root:
            raise ExportRefused(
                f"the folder holds {there.size} entries of log {head.log_id} that are not in the database: the "
                "database is older, or another one. Keep the folder, it shows what was signed; `assent check` says more"
            )

    async def _wanted(self, tx: Transaction, newest: StoredCheckpoint) -> AsyncIterator[Tile]:
        """Every full tile, and of the last one of each level the width it had at each signed head."""
        level = 0
        while count := newest.size >> (8 * level):
            widths = await self.tiles.store.log.tiles.edge_widths(tx, newest.log_id, level, newest.size)
            for kind in (level, ENTRIES) if level == 0 else (level,):
                for n in range(count // TILE_WIDTH):
                    yield Tile(kind, n, TILE_WIDTH)
                for width in widths:
                    yield Tile(kind, count // TILE_WIDTH, width)
            level += 1

    async def _write(self, head: LogHead, newest: StoredCheckpoint, folder: Path, tiles: list[Tile]) -> None:
        async with self.tiles.store.database.transaction() as tx:
            found = await self.tiles.contents(tx, head.log_id, tiles)
        if len(found) != len(tiles):
            raise LogDamaged(head.log_id, newest.size)
        await asyncio.to_thread(_write_all, folder, {tile_path(*tile): content for tile, content in found.items()})


def _head_of(folder: Path, keys: Sequence[Verifier]) -> Checkpoint | None:
    """The head of an earlier export; raises ExportRefused when what lies there is no head of this log."""
    try:
        with (folder / CHECKPOINT).open("rb") as file:
            note = file.read(MAX_NOTE_BYTES)
        return open_cosigned(note, keys).checkpoint
    except FileNotFoundError:
        return None
    except (OSError, ProofError):
        raise ExportRefused(
            f"the checkpoint in {folder} cannot be read, or is of another log; choose an empty folder"
        ) from None


def _missing(folder: Path, tiles: Sequence[Tile]) -> list[Tile]:
    """Those that are not there whole; what is there was written at once, and never changes."""

    def size_of(tile: Tile) -> int:
        return tile.width * (ENTRY_BYTES + _LENGTH_BYTES if tile.level == ENTRIES else HASH_BYTES)

    def is_there(tile: Tile) -> bool:
        try:
            return (folder / tile_path(*tile)).stat().st_size == size_of(tile)
        except OSError:
            return False

    return [tile for tile in tiles if not is_there(tile)]


def _write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, content)
    except OSError as error:
        raise ExportRefused(f"cannot write to {folder} ({type(error).__name__}); give it room and rights") from None
