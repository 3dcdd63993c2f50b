"""Does an exported log hold together, for somebody who has its files and its key and nothing else?

The layout of C2SP tlog-tiles: `checkpoint`, `tile/<level>/...`, `tile/entries/...`. Entries say nothing without what
opens them, so only the log itself is checked here. Needs no database, no settings and no network.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.proof.checkpoint import Checkpoint, open_cosigned
from domain.proof.encoding import HASH_BYTES
from domain.proof.errors import ProofError, TileError
from domain.proof.findings import Finding, FindingKind
from domain.proof.keys import KeyType, Verifier
from domain.proof.log import LogKey
from domain.proof.log_chain import ExpectedRoot
from domain.proof.note import MAX_NOTE_BYTES
from domain.proof.tiles import (
    ENTRIES,
    MAX_ENTRY_BYTES,
    TILE_WIDTH,
    Tile,
    decode_entries,
    parse_tile_path,
    tile_path,
)
from privacy.audit.book import FindingBook
from privacy.audit.heads import HeadChecks
from privacy.audit.kept import KeptCheckpoint, expectations
from privacy.audit.report import AuditReport, LogSummary, summed_up
from privacy.audit.tree import LeafTile, TreeCheck

_BUNDLE_BYTES = TILE_WIDTH * (MAX_ENTRY_BYTES + 2)


class FolderUnreadable(ProofError):
    """This is no folder of an exported log, or it is signed by no key that is trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderAudit:
    """Audits the log in this folder; `trusted` are the keys that may have signed it."""

    folder: Path
    trusted: Sequence[Verifier]

    async def run(self, *, limit: int, kept: Sequence[KeptCheckpoint] = ()) -> AuditReport:
        """All findings, at most `limit` of them shown; raises FolderUnreadable when there is no log to check."""
        head = await asyncio.to_thread(self.head)
        tree = FolderTree(folder=self.folder)
        book = FindingBook(limit=limit)
        keys = [key for key in self.trusted if key.name == head.origin and key.key_type is KeyType.ED25519]
        spans = [LogKey(vkey=key.vkey, seed_name="", from_size=0) for key in keys]
        heads = HeadChecks(origin=head.origin, keys=spans)
        expected = [
            ExpectedRoot(
                origin=head.origin,
                size=head.size,
                root=head.root,
                otherwise=Finding(kind=FindingKind.CHECKPOINT_CONTRADICTED, origin=head.origin, index=head.size),
            ),
            *expectations(kept, {head.origin: head.size}, [heads], book),
        ]
        check = TreeCheck(origin=head.origin, size=head.size, source=tree, expected=expected, limit=limit)
        result = await check.run()
        book.merge(result.book)
        tiles = result.tiles + await asyncio.to_thread(tree.others, head, book)
        return summed_up(
            book,
            logs=[LogSummary(origin=head.origin, size=head.size, root=result.root.hex())],
            counts={"entries": head.size, "tiles": tiles, "checkpoints": 1 + len(kept)},
            records=Counter(),
            audit_chain=None,
            limit=limit,
        )

    def head(self) -> Checkpoint:
        """Blocks. The signed head of the folder; raises FolderUnreadable."""
        note = _read(self.folder / "checkpoint", MAX_NOTE_BYTES)
        if note is None:
            raise FolderUnreadable(
                "there is no file `checkpoint` in this folder, nor an exported log in one right below it"
            )
        try:
            return open_cosigned(note, self.trusted).checkpoint
        except ProofError as error:
            raise FolderUnreadable(f"the checkpoint of this folder: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderTree:
    """The files of one log."""

    folder: Path

    async def leaf_tiles(self, size: int) -> AsyncIterator[LeafTile]:
        """Entry bundles beside the tiles of the lowest level."""
        for n in range(-(-size // TILE_WIDTH)):
            width = min(TILE_WIDTH, size - n * TILE_WIDTH)
            yield await asyncio.to_thread(self._leaf_tile, n, width)

    async def stored(self, tile: Tile) -> bytes | None:
        """The file of this tile; of an unfinished one that of its width, else a wider one."""
        return await asyncio.to_thread(self._tile, tile)

    async def heads(self, low: int, high: int) -> Sequence[tuple[int, bytes]]:
        """The checkpoint of the folder is among the expected roots."""
        return ()

    def _leaf_tile(self, n: int, width: int) -> LeafTile:
        bundle = _read(self.folder / tile_path(ENTRIES, n, width), _BUNDLE_BYTES)
        entries: Sequence[bytes | None] = [None] * width
        if bundle is not None:
            try:
                entries = decode_entries(bundle, width)
            except TileError:
                bundle = None
        return LeafTile(n=n, entries=entries, stored=self._tile(Tile(0, n, width)))

    def _tile(self, tile: Tile) -> bytes | None:
        return _read(self.folder / tile_path(*tile), TILE_WIDTH * HASH_BYTES)

    # Files besides those of the newest tree

    def others(self, head: Checkpoint, book: FindingBook) -> int:
        """How many narrower tiles are kept; findings for those that are no beginning of the wide one, or of no tree."""
        count = 0
        for path, tile in self._files():
            widest = _widest(tile, head.size)
            if widest is None or tile.width > widest.width:
                book.add(Finding(kind=FindingKind.TILE_UNEXPECTED, origin=head.origin, row=path))
            elif tile.width < widest.width:
                count += 1
                self._compare(head, tile, widest, path, book)
        return count

    def _compare(self, head: Checkpoint, tile: Tile, widest: Tile, path: str, book: FindingBook) -> None:
        narrow, wide = self._hashes(tile), self._hashes(widest)
        if wide is None or narrow == wide[: tile.width]:
            return
        found = narrow or []
        at = next((at for at, one in enumerate(wide[: tile.width]) if found[at : at + 1] != [one]), 0)
        first = (tile.n * TILE_WIDTH + at) * TILE_WIDTH ** max(tile.level, 0)
        book.add(Finding(kind=FindingKind.TILE_CHANGED, origin=head.origin, index=first, row=path))

    def _hashes(self, tile: Tile) -> list[bytes] | None:
        if tile.level == ENTRIES:
            bundle = _read(self.folder / tile_path(*tile), _BUNDLE_BYTES)
            try:
                return None if bundle is None else list(decode_entries(bundle, tile.width))
            except TileError:
                return None
        content = self._tile(tile)
        if content is None or len(content) != tile.width * HASH_BYTES:
            return None
        return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]

    def _files(self) -> Iterator[tuple[str, Tile]]:
        for file in (self.folder / "tile").rglob("*"):
            path = file.relative_to(self.folder).as_posix()
            if file.is_file():
                try:
                    yield path, parse_tile_path(path)
                except TileError:
                    continue


def _widest(tile: Tile, size: int) -> Tile | None:
    """The tile of this level and number as it is in a tree of this size; None when there is none."""
    count = (size >> 8 * max(tile.level, 0)) - tile.n * TILE_WIDTH
    return Tile(tile.level, tile.n, min(TILE_WIDTH, count)) if count > 0 else None


def _read(file: Path, at_most: int) -> bytes | None:
    """The file, unless it is not there or larger than any of its kind."""
    try:
        if file.stat().st_size > at_most:
            return None
        return file.read_bytes()
    except OSError:
        return None


def trusted_keys(verifiers: Iterable[Verifier]) -> Mapping[str, frozenset[str]]:
    """The log keys among these, by origin, as the audit of a database takes them."""
    found: dict[str, set[str]] = {}
    for verifier in verifiers:
        if verifier.key_type is KeyType.ED25519:
            found.setdefault(verifier.name, set()).add(verifier.vkey)
    return {name: frozenset(vkeys) for name, vkeys in found.items()}
