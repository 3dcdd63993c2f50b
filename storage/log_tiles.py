"""Which hashes does the log keep, and which files does it consist of for whoever reads it from outside?

Of each tile the widest form is kept: a narrower one is its beginning. Nothing here looks at what is signed; whoever
serves tiles asks for no more than a signed head covers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.proof.errors import TileError
from domain.proof.merkle import Coordinate, Read, root_coordinates, tree_root
from domain.proof.tiles import TILE_WIDTH, Tile, tile_hashes, tiles_needed
from storage.errors import StorageError

if TYPE_CHECKING:
    from storage.database import Transaction


class LogDamaged(StorageError):
    """What is stored of the tree does not fit together."""

    code = "storage.log_damaged"

    def __init__(self, log_id: int, size: int) -> None:
        super().__init__(
            f"the tiles of log {log_id} do not give the root that is stored for size {size}: rows were altered or "
            "lost. Restore the database, or run `assent proofs new-log --reason ...`; until then nothing is signed"
        )
        self.log_id = log_id
        self.size = size


@dataclass(frozen=True, slots=True)
class LogTileStore:
    async def reader(self, tx: "Transaction", log_id: int, size: int, coordinates: Iterable[Coordinate]) -> Read:
        """Reads the hashes at these coordinates of the tree of this size, after fetching the tiles they need.

        Reading raises LogDamaged where a tile is missing or cut.
        """
        contents = await self.contents(tx, log_id, tiles_needed(coordinates, size))
        read = tile_hashes(size, lambda tile: contents.get(tile, b""))

        def sound(level: int, index: int) -> bytes:
            try:
                return read(level, index)
            except TileError:
                raise LogDamaged(log_id, size) from None

        return sound

    async def root_at(self, tx: "Transaction", log_id: int, size: int) -> bytes:
        """The root of the first `size` entries, from the tiles; raises LogDamaged where they are not all there."""
        return tree_root(size, await self.reader(tx, log_id, size, root_coordinates(size)))

    async def contents(self, tx: "Transaction", log_id: int, tiles: Sequence[Tile]) -> dict[Tile, bytes]:
        """Contents of these hash tiles, those that are kept at least that wide."""
        rows = await tx.fetch(
            "select level, n, hashes from log_tile join unnest($2::int[], $3::bigint[]) as wanted(level, n) "
            "using (level, n) where log_id = $1",
            log_id,
            [tile.level for tile in tiles],
            [tile.n for tile in tiles],
        )
        kept = {(row["level"], row["n"]): row["hashes"] for row in rows}
        found = {tile: kept.get((tile.level, tile.n), b"")[: tile.width * 32] for tile in tiles}
        return {tile: content for tile, content in found.items() if len(content) == tile.width * 32}

    async def entries(self, tx: "Transaction", log_id: int, first: int, count: int) -> list[bytes]:
        """The entries from this index on, as many as there are of `count`."""
        rows = await tx.fetch(
            "select entry from log_entry where log_id = $1 and idx >= $2 and idx < $2 + $3 order by idx",
            log_id,
            first,
            count,
        )
        return [row["entry"] for row in rows]

    async def edge_widths(self, tx: "Transaction", log_id: int, level: int, size: int) -> list[int]:
        """How wide the last tile of this level was at each signed head up to this size, while it was not full."""
        shift = 8 * level
        first = (size >> shift) // TILE_WIDTH * TILE_WIDTH << shift
        rows = await tx.fetch(
            "select distinct ((size >> $2) & 255)::int as width from checkpoint "
            "where log_id = $1 and note is not null and size >= $3 and size <= $4 order by width",
            log_id,
            shift,
            first,
            size,
        )
        return [row["width"] for row in rows if row["width"]]
