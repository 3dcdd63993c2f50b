"""How is the log of a live database read for its audit?"""

from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from domain.proof.tiles import TILE_WIDTH, Tile
from privacy.audit.tree import LeafTile
from storage.log_reader import LogReader

RANGE = 64 * TILE_WIDTH


@dataclass(slots=True, kw_only=True)
class LiveTree:
    """Entries, tiles and checkpoints of one log, read in ranges."""

    reader: LogReader
    log_id: int
    _heads: list[tuple[int, bytes]] = field(default_factory=list)
    _sizes: list[int] = field(default_factory=list)

    async def leaf_tiles(self, size: int) -> AsyncIterator[LeafTile]:
        """A range of tiles at a time, with the checkpoints over it."""
        for low in range(0, size, RANGE):
            high = min(low + RANGE, size)
            entries: list[bytes | None]
            rows = await self.reader.entries(self.log_id, low, high)
            if len(rows) == high - low:
                entries = [row["entry"] for row in rows]
            else:
                found = {row["idx"]: row["entry"] for row in rows}
                entries = [found.get(index) for index in range(low, high)]
            first = low // TILE_WIDTH
            tiles = await self.reader.tiles(self.log_id, 0, first, -(-high // TILE_WIDTH))
            heads = await self.reader.heads(self.log_id, low, high)
            self._heads, self._sizes = [(row["size"], row["root"]) for row in heads], [row["size"] for row in heads]
            for at in range(0, high - low, TILE_WIDTH):
                n = first + at // TILE_WIDTH
                yield LeafTile(n=n, entries=entries[at : at + TILE_WIDTH], stored=tiles.get(n))

    async def stored(self, tile: Tile) -> bytes | None:
        """What is kept for a tile above the leaves."""
        return (await self.reader.tiles(self.log_id, tile.level, tile.n, tile.n + 1)).get(tile.n)

    async def heads(self, low: int, high: int) -> Sequence[tuple[int, bytes]]:
        """The checkpoints over the range that is being read."""
        sizes = self._sizes
        return self._heads[bisect_right(sizes, low) : bisect_right(sizes, high)]
