"""How is the transparency log kept so that it can only grow, and never fork?

Facts put commitments into the waiting list; `sequence` gives a batch of them their indexes, writes entries, tiles and
the new head, all in one transaction under a lock on the log's row. A checkpoint is stored before it is signed, so a
crash can never leave a signature over a tree that the database does not hold.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from domain.proof.entry import leaf_hash
from domain.proof.merkle import EMPTY_ROOT, Coordinate, Frontier, append, root_coordinates
from domain.proof.tiles import Tile, grown_tiles, partial_tiles, tile_hashes, tiles_needed
from storage.errors import RowMissing

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHead:
    """One log and its newest tree."""

    log_id: int
    origin: str
    vkey: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheckpoint:
    """A tree head as stored; `note` is None until it is signed."""

    log_id: int
    size: int
    root: bytes
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """Where an entry stands."""

    log_id: int
    index: int
    entry_id: UUID
    entry: bytes


@dataclass(frozen=True, slots=True)
class LogStore:
    async def open_log(self, tx: "Transaction", *, log_id: int, origin: str, vkey: str, now: datetime) -> LogHead:
        """The log of this id, made empty when it is not there yet; its origin and key never change."""
        await tx.execute(
            "with opened as (insert into log (log_id, origin, vkey, root, opened_at, year) "
            "values ($1, $2, $3, $4, $5, $1::integer) on conflict do nothing returning log_id, vkey) "
            "insert into log_key (log_id, vkey, seed_name, from_size) select log_id, vkey, 'log', 0 from opened",
            log_id,
            origin,
            vkey,
            EMPTY_ROOT,
            now,
        )
        head = await self.head(tx, log_id)
        if head is None:
            raise RowMissing("a log that was just opened")
        return head

    async def head(self, tx: "Transaction", log_id: int) -> LogHead | None:
        row = await tx.fetchrow("select log_id, origin, vkey, size, root from log where log_id = $1", log_id)
        return None if row is None else LogHead(**row)

    async def heads(self, tx: "Transaction") -> list[LogHead]:
        """Every log of this installation, oldest first."""
        rows = await tx.fetch("select log_id, origin, vkey, size, root from log order by log_id")
        return [LogHead(**row) for row in rows]

    async def waiting(self, tx: "Transaction") -> int:
        """How many commitments have no index yet."""
        return int(await tx.fetchval("select count(*) from log_pending"))

    async def sequence(self, tx: "Transaction", log_id: int, *, limit: int, now: datetime) -> LogHead | None:
        """Gives up to `limit` waiting entries their indexes; None when none waits.

        The lock on the log's row makes it the only sequencer until the transaction ends.
        """
        head = await tx.fetchrow(
            "select log_id, origin, vkey, size, root from log where log_id = $1 for update", log_id
        )
        if head is None:
            raise RowMissing("the log to sequence")
        rows = await tx.fetch(
            "delete from log_pending where entry_id in "
            "(select entry_id from log_pending order by position limit $1) returning entry_id, entry, position",
            limit,
        )
        if not rows:
            return None
        batch = sorted(rows, key=lambda row: row["position"])
        grown = await self._grow(tx, LogHead(**head), [leaf_hash(row["entry"]) for row in batch])
        await tx.execute(
            "insert into log_entry (log_id, idx, entry_id, entry) select $1, * from unnest($2::bigint[], $3::uuid[], "
            "$4::bytea[])",
            log_id,
            list(range(head["size"], grown.size)),
            [row["entry_id"] for row in batch],
            [row["entry"] for row in batch],
        )
        await tx.execute("update log set size = $2, root = $3 where log_id = $1", log_id, grown.size, grown.root)
        await tx.execute(
            "insert into checkpoint (log_id, size, root, stored_at) values ($1, $2, $3, $4)",
            log_id,
            grown.size,
            grown.root,
            now,
        )
        return grown

    async def _grow(self, tx: "Transaction", head: LogHead, leaves: Sequence[bytes]) -> LogHead:
        read = await self.reader(tx, head.log_id, head.size, root_coordinates(head.size))
        peaks = tuple(read(level, index) for level, index in root_coordinates(head.size))
        frontier, completed = append(Frontier(size=head.size, hashes=peaks), leaves)
        edge = await self._tiles(tx, head.log_id, partial_tiles(head.size))
        tiles = grown_tiles(head.size, frontier.size, completed, edge)
        await tx.executemany(
            "insert into log_tile (log_id, level, n, hashes) values ($1, $2, $3, $4) "
            "on conflict (log_id, level, n) do update set hashes = excluded.hashes",
            [(head.log_id, tile.level, tile.n, content) for tile, content in tiles.items()],
        )
        return LogHead(log_id=head.log_id, origin=head.origin, vkey=head.vkey, size=frontier.size, root=frontier.root)

    async def reader(
        self, tx: "Transaction", log_id: int, size: int, coordinates: Iterable[Coordinate]
    ) -> "Callable[[int, int], bytes]":
        """Reads the hashes at these coordinates of the tree of this size, after fetching the tiles they need."""
        contents = await self._tiles(tx, log_id, tiles_needed(coordinates, size))
        return tile_hashes(size, contents.__getitem__)

    async def _tiles(self, tx: "Transaction", log_id: int, tiles: Sequence[Tile]) -> dict[Tile, bytes]:
        """Contents of these tiles; a narrower tile is the beginning of the wider one that is kept."""
        rows = await tx.fetch(
            "select level, n, hashes from log_tile join unnest($2::int[], $3::bigint[]) as wanted(level, n) "
            "using (level, n) where log_id = $1",
            log_id,
            [tile.level for tile in tiles],
            [tile.n for tile in tiles],
        )
        kept = {(row["level"], row["n"]): row["hashes"] for row in rows}
        return {tile: kept[tile.level, tile.n][: tile.width * 32] for tile in tiles if (tile.level, tile.n) in kept}

    async def unsigned(self, tx: "Transaction", log_id: int) -> StoredCheckpoint | None:
        """The newest tree head when it is not signed yet, locked until the transaction ends."""
        row = await tx.fetchrow(
            "select log_id, size, root, note from checkpoint where log_id = $1 order by size desc limit 1 for update",
            log_id,
        )
        return StoredCheckpoint(**row) if row is not None and row["note"] is None else None

    async def sign(self, tx: "Transaction", checkpoint: StoredCheckpoint, note: str) -> None:
        """Keeps the signature of a stored tree head; one that is signed already is left as it is."""
        await tx.execute(
            "update checkpoint set note = $3 where log_id = $1 and size = $2 and note is null",
            checkpoint.log_id,
            checkpoint.size,
            note,
        )

    async def newest_checkpoint(self, tx: "Transaction", log_id: int) -> StoredCheckpoint | None:
        """The largest signed tree head."""
        row = await tx.fetchrow(
            "select log_id, size, root, note from checkpoint where log_id = $1 and note is not null "
            "order by size desc limit 1",
            log_id,
        )
        return None if row is None else StoredCheckpoint(**row)

    async def find(self, tx: "Transaction", entry_id: UUID) -> LogEntry | None:
        """Where the entry stands; None while it waits for its index."""
        row = await tx.fetchrow(
            "select log_id, idx as index, entry_id, entry from log_entry where entry_id = $1", entry_id
        )
        return None if row is None else LogEntry(**row)

    async def by_receipt(self, tx: "Transaction", leaf_prefix: bytes) -> LogEntry | None:
        """The entry whose leaf hash begins with these 20 bytes."""
        row = await tx.fetchrow(
            "select log_id, idx as index, entry_id, entry from log_entry "
            r"where substring(sha256('\x00'::bytea || entry) from 1 for 20) = $1",
            leaf_prefix,
        )
        return None if row is None else LogEntry(**row)

    async def find_all(self, tx: "Transaction", entry_ids: Sequence[UUID]) -> dict[UUID, LogEntry]:
        """Where these entries stand, those that have an index."""
        rows = await tx.fetch(
            "select log_id, idx as index, entry_id, entry from log_entry where entry_id = any($1)",
            list(entry_ids),
        )
        return {row["entry_id"]: LogEntry(**row) for row in rows}
