"""How is the transparency log kept so that it can only grow, and never fork?

Facts put commitments into the waiting list; whoever holds the lock on the log's row gives them their indexes, writing
entries, tiles and the new head in one transaction. A head is stored before it is signed, so a crash can never leave a
signature over a tree that the database does not hold. The rules that forbid smaller and different heads stand in the
database too, as triggers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from domain.proof.entry import leaf_hash
from domain.proof.log import LogKey, LogName
from domain.proof.merkle import EMPTY_ROOT, Coordinate, Frontier, Read, append, root_coordinates
from domain.proof.tiles import Tile, grown_tiles, partial_tiles
from storage.errors import RowMissing, StorageError
from storage.log_keys import LogKeyStore
from storage.log_tiles import LogDamaged, LogTileStore

if TYPE_CHECKING:
    from storage.database import Transaction

_HEAD = """
select l.log_id, l.origin, coalesce(k.vkey, l.vkey) as vkey, l.size, l.root, l.year, l.part, l.closed_at,
    l.closed_reason
from log l left join log_key k on k.log_id = l.log_id and k.until is null
"""
_WORK = f"""
select h.*, exists (select from log_pending) as waiting,
    (select c.note is null from checkpoint c where c.log_id = h.log_id order by c.size desc limit 1) as unsigned
from (values (true)) as always left join ({_HEAD} order by l.year desc, l.part desc limit 1) as h on true
"""  # noqa: S608 - a constant of this file
_CHECKPOINT = "select log_id, size, root, stored_at, note from checkpoint"
_ENTRY = "select log_id, idx as index, entry_id, entry from log_entry"


class HeadMoved(StorageError):
    """Somebody else has changed the log meanwhile; the transaction was undone."""

    code = "storage.head_moved"

    def __init__(self, log_id: int) -> None:
        super().__init__(f"the head of log {log_id} was moved or signed by somebody else meanwhile; look again")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHead:
    """One log and its newest tree; `vkey` is the key that signs now. A closed log grows no more."""

    log_id: int
    origin: str
    vkey: str
    size: int
    root: bytes
    year: int
    part: int
    closed_at: datetime | None
    closed_reason: str | None

    @property
    def name(self) -> LogName:
        return LogName(self.year, self.part)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheckpoint:
    """A tree head as stored; `note` is None until it is signed."""

    log_id: int
    size: int
    root: bytes
    stored_at: datetime
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """Where an entry stands."""

    log_id: int
    index: int
    entry_id: UUID
    entry: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A commitment that waits for its index."""

    entry_id: UUID
    entry: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWork:
    """What there is to do: the newest log, whether its newest head lacks its signature, whether entries wait."""

    head: LogHead | None
    unsigned: bool
    waiting: bool


@dataclass(frozen=True, slots=True)
class LogStore:
    tiles: LogTileStore = field(default_factory=LogTileStore)
    keys: LogKeyStore = field(default_factory=LogKeyStore)

    # Logs

    async def open_log(
        self, tx: "Transaction", name: LogName, *, origin: str, vkey: str, seed_name: str, now: datetime
    ) -> LogHead:
        """A new, empty log, locked; raises Conflict when there is one of this name or origin."""
        await tx.execute(
            "insert into log (log_id, origin, vkey, root, opened_at, year, part) values ($1, $2, $3, $4, $5, $6, $7)",
            name.log_id,
            origin,
            vkey,
            EMPTY_ROOT,
            now,
            name.year,
            name.part,
        )
        await self.keys.add(tx, name.log_id, LogKey(vkey=vkey, seed_name=seed_name, from_size=0))
        return await self.lock(tx, name.log_id)

    async def close_log(self, tx: "Transaction", head: LogHead, *, reason: str, now: datetime) -> None:
        """Ends the log at this head, for good; raises HeadMoved when it is another one or closed already."""
        closed = await tx.fetchval(
            "update log set closed_at = $4, closed_reason = $5 "
            "where log_id = $1 and size = $2 and root = $3 and closed_at is null returning true",
            head.log_id,
            head.size,
            head.root,
            now,
            reason,
        )
        if not closed:
            raise HeadMoved(head.log_id)

    async def lock(self, tx: "Transaction", log_id: int) -> LogHead:
        """The log, which nobody else can grow, sign or close before the transaction ends."""
        row = await tx.fetchrow(f"{_HEAD} where l.log_id = $1 for update of l", log_id)
        if row is None:
            raise RowMissing("the log to work on")
        return LogHead(**row)

    async def head(self, tx: "Transaction", log_id: int) -> LogHead | None:
        row = await tx.fetchrow(f"{_HEAD} where l.log_id = $1", log_id)
        return None if row is None else LogHead(**row)

    async def heads(self, tx: "Transaction") -> list[LogHead]:
        """Every log of this installation, oldest first."""
        return [LogHead(**row) for row in await tx.fetch(f"{_HEAD} order by l.year, l.part")]

    async def work(self, tx: "Transaction") -> LogWork:
        """What there is to do now, for the newest log."""
        row = await tx.fetchrow(_WORK)
        found = dict(row)
        waiting, unsigned = bool(found.pop("waiting")), bool(found.pop("unsigned"))
        head = None if found["log_id"] is None else LogHead(**found)
        return LogWork(head=head, unsigned=unsigned, waiting=waiting)

    async def waiting(self, tx: "Transaction") -> int:
        """How many commitments have no index yet."""
        return int(await tx.fetchval("select count(*) from log_pending"))

    # Growth: the transaction holds the lock on the log

    async def sequence(self, tx: "Transaction", head: LogHead, *, limit: int, now: datetime) -> LogHead | None:
        """Gives up to `limit` waiting entries their indexes; None when none waits."""
        batch = await self.take(tx, limit=limit)
        return await self.grow(tx, head, batch, now=now) if batch else None

    async def take(self, tx: "Transaction", *, limit: int) -> list[Pending]:
        """The entries that wait longest, in order; they wait no more once the transaction commits."""
        rows = await tx.fetch(
            "delete from log_pending where entry_id in "
            "(select entry_id from log_pending order by position limit $1) returning entry_id, entry, position",
            limit,
        )
        batch = sorted(rows, key=lambda row: row["position"])
        return [Pending(entry_id=row["entry_id"], entry=row["entry"]) for row in batch]

    async def take_one(self, tx: "Transaction", entry_id: UUID) -> Pending:
        """This entry before all that wait longer: for the first entry of a log, and for the change of its key."""
        row = await tx.fetchrow("delete from log_pending where entry_id = $1 returning entry_id, entry", entry_id)
        if row is None:
            raise RowMissing("the entry to put first")
        return Pending(**row)

    async def grow(self, tx: "Transaction", head: LogHead, batch: Sequence[Pending], *, now: datetime) -> LogHead:
        """The log with these entries behind its head, and the new head as a checkpoint to be signed.

        Raises HeadMoved when the stored head is another one or closed, LogDamaged when the tiles do not give its root.
        """
        grown, tiles = await self._grown(tx, head, [leaf_hash(one.entry) for one in batch])
        await self._move_head(tx, head, grown)
        await tx.execute(
            "insert into log_entry (log_id, idx, entry_id, entry) select $1, * from unnest($2::bigint[], $3::uuid[], "
            "$4::bytea[])",
            head.log_id,
            list(range(head.size, grown.size)),
            [one.entry_id for one in batch],
            [one.entry for one in batch],
        )
        await tx.executemany(
            "insert into log_tile (log_id, level, n, hashes) values ($1, $2, $3, $4) "
            "on conflict (log_id, level, n) do update set hashes = excluded.hashes",
            [(head.log_id, tile.level, tile.n, content) for tile, content in tiles.items()],
        )
        await tx.execute(
            "insert into checkpoint (log_id, size, root, stored_at) values ($1, $2, $3, $4)",
            grown.log_id,
            grown.size,
            grown.root,
            now,
        )
        return grown

    async def _grown(
        self, tx: "Transaction", head: LogHead, leaves: Sequence[bytes]
    ) -> tuple[LogHead, dict[Tile, bytes]]:
        read = await self.tiles.reader(tx, head.log_id, head.size, root_coordinates(head.size))
        peaks = tuple(read(level, index) for level, index in root_coordinates(head.size))
        before = Frontier(size=head.size, hashes=peaks)
        if before.root != head.root:
            raise LogDamaged(head.log_id, head.size)
        frontier, completed = append(before, leaves)
        edge = await self.tiles.contents(tx, head.log_id, partial_tiles(head.size))
        tiles = grown_tiles(head.size, frontier.size, completed, edge)
        return replace(head, size=frontier.size, root=frontier.root), tiles

    async def _move_head(self, tx: "Transaction", head: LogHead, grown: LogHead) -> None:
        moved = await tx.fetchval(
            "update log set size = $4, root = $5 "
            "where log_id = $1 and size = $2 and root = $3 and closed_at is null returning true",
            head.log_id,
            head.size,
            head.root,
            grown.size,
            grown.root,
        )
        if not moved:
            raise HeadMoved(head.log_id)

    # Heads and places

    async def reader(self, tx: "Transaction", log_id: int, size: int, coordinates: Iterable[Coordinate]) -> Read:
        """Reads the hashes at these coordinates of the tree of this size; see LogTileStore."""
        return await self.tiles.reader(tx, log_id, size, coordinates)

    async def unsigned(self, tx: "Transaction", log_id: int) -> StoredCheckpoint | None:
        """The newest tree head when it is not signed yet, locked until the transaction ends."""
        row = await tx.fetchrow(
            f"{_CHECKPOINT} where log_id = $1 order by size desc limit 1 for update",
            log_id,
        )
        return StoredCheckpoint(**row) if row is not None and row["note"] is None else None

    async def sign(self, tx: "Transaction", checkpoint: StoredCheckpoint, note: str) -> None:
        """Keeps the signature of a stored tree head; raises HeadMoved when it is signed already or another one."""
        signed = await tx.fetchval(
            "update checkpoint set note = $4 where log_id = $1 and size = $2 and root = $3 and note is null "
            "returning true",
            checkpoint.log_id,
            checkpoint.size,
            checkpoint.root,
            note,
        )
        if not signed:
            raise HeadMoved(checkpoint.log_id)

    async def newest_checkpoint(self, tx: "Transaction", log_id: int) -> StoredCheckpoint | None:
        """The largest signed tree head."""
        row = await tx.fetchrow(
            f"{_CHECKPOINT} where log_id = $1 and note is not null order by size desc limit 1", log_id
        )
        return None if row is None else StoredCheckpoint(**row)

    async def checkpoint_over(self, tx: "Transaction", log_id: int, index: int) -> StoredCheckpoint | None:
        """The smallest signed tree head that covers the entry at this index.

        Over a `key_rotated` entry it bears the signatures of the old key and of the new one.
        """
        row = await tx.fetchrow(
            f"{_CHECKPOINT} where log_id = $1 and note is not null and size > $2 order by size limit 1", log_id, index
        )
        return None if row is None else StoredCheckpoint(**row)

    async def find(self, tx: "Transaction", entry_id: UUID) -> LogEntry | None:
        """Where the entry stands; None while it waits for its index."""
        row = await tx.fetchrow(f"{_ENTRY} where entry_id = $1", entry_id)
        return None if row is None else LogEntry(**row)

    async def by_receipt(self, tx: "Transaction", leaf_prefix: bytes) -> LogEntry | None:
        """The entry whose leaf hash begins with these 20 bytes."""
        row = await tx.fetchrow(
            rf"{_ENTRY} where substring(sha256('\x00'::bytea || entry) from 1 for 20) = $1", leaf_prefix
        )
        return None if row is None else LogEntry(**row)

    async def find_all(self, tx: "Transaction", entry_ids: Sequence[UUID]) -> dict[UUID, LogEntry]:
        """Where these entries stand, those that have an index."""
        rows = await tx.fetch(f"{_ENTRY} where entry_id = any($1)", list(entry_ids))
        return {row["entry_id"]: LogEntry(**row) for row in rows}
