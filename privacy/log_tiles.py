"""What may somebody outside read of the logs: signed heads, hashes and commitments, as files of the C2SP tile layout?

Nothing beyond the newest signed head is handed out. What is handed out under one path never changes, but for
`checkpoint`; a partial tile is there for every signed size, for it is the beginning of a wider one.
"""

from dataclasses import dataclass

from domain.proof.errors import TileError
from domain.proof.tiles import ENTRIES, TILE_WIDTH, Tile, encode_entries, parse_tile_path
from storage.database import Transaction
from storage.store import Store


@dataclass(frozen=True, slots=True)
class LogTiles:
    """The files of every log of this installation, by the number of the log."""

    store: Store

    async def checkpoint(self, log_id: int) -> bytes | None:
        """The newest signed head; None for a log that is not here, or signed nothing yet."""
        async with self.store.database.connection() as connection:
            newest = await self.store.log.newest_checkpoint(connection, log_id)
        return None if newest is None or newest.note is None else newest.note.encode()

    async def tile(self, log_id: int, path: str) -> bytes | None:
        """The hash tile or entry bundle of this path (`tile/...`); None unless a signed head covers it whole."""
        try:
            tile = parse_tile_path(path)
        except TileError:
            return None
        async with self.store.database.transaction() as tx:
            newest = await self.store.log.newest_checkpoint(tx, log_id)
            if newest is None or not within(tile, newest.size):
                return None
            return (await self.contents(tx, log_id, [tile])).get(tile)

    async def contents(self, tx: Transaction, log_id: int, tiles: list[Tile]) -> dict[Tile, bytes]:
        """What these tiles and bundles hold; those that are not stored whole are left out."""
        hashes = [tile for tile in tiles if tile.level != ENTRIES]
        found = await self.store.log.tiles.contents(tx, log_id, hashes) if hashes else {}
        for tile in tiles:
            if tile.level == ENTRIES:
                entries = await self.store.log.tiles.entries(tx, log_id, tile.n * TILE_WIDTH, tile.width)
                if len(entries) == tile.width:
                    found[tile] = encode_entries(entries)
        return found


def within(tile: Tile, size: int) -> bool:
    """Whether a tree of this size has the whole tile."""
    return tile.n * TILE_WIDTH + tile.width <= size >> (8 * max(tile.level, 0))
