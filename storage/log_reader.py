"""How is everything that the log is made of read once, in order, whatever is written meanwhile?

One snapshot of the database, on a connection of its own; other processes can join it by name. Rows come in ranges of
keys or through a cursor, never all at once.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from storage.database import Database
from storage.errors import boundary

if TYPE_CHECKING:
    from asyncpg import Connection, Record

# Joins of millions of rows go through memory of this size at a time; the rest waits on the server's disk.
_WORK_MEMORY = "64MB"
_AT_A_TIME = 500
_IN_SLICE = "get_byte(uuid_send({column}), 15) % $1 = $2"

_LOGS = "select log_id, origin, size, root, year, part from log order by year, part"
_KEYS = "select log_id, vkey, seed_name, from_size, until from log_key order by log_id, from_size"
_RECORDS = """
select r.record_id, r.kind, r.page_id, r.recorded_at, r.record, r.nonce, e.log_id, e.idx, e.entry, p.entry as pending
from log_record r
left join log_entry e on e.entry_id = r.record_id
left join log_pending p on p.entry_id = r.record_id
"""
_OPENINGS = f"""
select r.record_id, r.page_id, r.lead_id, r.kind, r.topic, r.received_at, r.notice_version, r.record_sealed,
    r.nonce_sealed, r.raw_sealed, e.log_id, e.idx, e.entry, p.entry as pending, k.kid, k.wrapped, k.commitment
from consent_record r
left join log_entry e on e.entry_id = r.record_id
left join log_pending p on p.entry_id = r.record_id
left join lead_key k on k.page_id = r.page_id and k.lead_id = r.lead_id
where {_IN_SLICE.format(column="r.lead_id")}
"""  # noqa: S608 - constants of this file
_CLOSED = """
select r.page_id, r.lead_id, e.log_id, e.idx, e.entry, p.entry as pending
from consent_record r
left join log_entry e on e.entry_id = r.record_id
left join log_pending p on p.entry_id = r.record_id
left join lead_key k on k.page_id = r.page_id and k.lead_id = r.lead_id
where r.record_sealed is null or r.nonce_sealed is null or k.lead_id is null
"""
_ERASED_BETWEEN = """
with span as (select (select max(stored_at) from checkpoint where log_id = $1) as low,
                     (select min(stored_at) from checkpoint where log_id = $2) as high)
select (select count(*) from tombstone, span where erased_at > low and erased_at <= high),
       (select count(*) from data_request, span where kind = 'erasure' and state = 'completed'
            and completed_at > low and completed_at <= high)
"""
_ANCHORS = """
select anchor_id, log_id, method, authority, size, note, answer, anchored_at, record_id from anchor
"""
_ANSWERS = f"""
select anchor_id, log_id, method, authority, size, note, answer, anchored_at from anchor
where method in ('rfc3161', 'witness') and {_IN_SLICE.format(column="anchor_id")}
"""  # noqa: S608 - constants of this file
_PENDING_UNKNOWN = """
select p.entry_id, p.entry from log_pending p
where not exists (select from consent_record r where r.record_id = p.entry_id)
  and not exists (select from log_record r where r.record_id = p.entry_id)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """A log as its row has it."""

    log_id: int
    origin: str
    size: int
    root: bytes


class LogReader:
    """Reads within one snapshot; see `reading`."""

    def __init__(self, connection: "Connection[Record]") -> None:
        self._connection = connection

    async def snapshot(self) -> str:
        """The name by which another reader joins this snapshot, while this one is open."""
        return str(await self._connection.fetchval("select pg_export_snapshot()"))

    async def logs(self) -> list[LogRow]:
        """Every log, the oldest first."""
        rows = await self._connection.fetch(_LOGS)
        return [LogRow(log_id=row["log_id"], origin=row["origin"], size=row["size"], root=row["root"]) for row in rows]

    async def keys(self) -> "list[Record]":
        """log_id, vkey, seed_name, from_size and until of every key of every log."""
        return list(await self._connection.fetch(_KEYS))

    async def entries(self, log_id: int, low: int, high: int) -> "list[Record]":
        """idx and entry from `low` up to, not including, `high`."""
        statement = "select idx, entry from log_entry where log_id = $1 and idx >= $2 and idx < $3 order by idx"
        return list(await self._connection.fetch(statement, log_id, low, high))

    async def outside(self, log_id: int, size: int) -> AsyncIterator[int]:
        """Indexes of entries that a log of this size cannot have."""
        statement = "select idx from log_entry where log_id = $1 and (idx < 0 or idx >= $2) order by idx"
        async for row in self._cursor(statement, log_id, size):
            yield row["idx"]

    async def tiles(self, log_id: int, level: int, low: int, high: int) -> dict[int, bytes]:
        """The stored tiles of a level, by number, from `low` up to, not including, `high`."""
        rows = await self._connection.fetch(
            "select n, hashes from log_tile where log_id = $1 and level = $2 and n >= $3 and n < $4",
            log_id,
            level,
            low,
            high,
        )
        return {row["n"]: row["hashes"] for row in rows}

    async def tile_names(self, log_id: int) -> AsyncIterator[tuple[int, int]]:
        """Level and number of every stored tile."""
        async for row in self._cursor("select level, n from log_tile where log_id = $1 order by level, n", log_id):
            yield row["level"], row["n"]

    async def heads(self, log_id: int, low: int, high: int) -> "list[Record]":
        """size and root of checkpoints of more than `low` and at most `high` entries."""
        statement = "select size, root from checkpoint where log_id = $1 and size > $2 and size <= $3 order by size"
        return list(await self._connection.fetch(statement, log_id, low, high))

    async def head_hours(self, log_id: int) -> list[tuple[int, datetime]]:
        """Of each hour the first checkpoint's size and time: enough to bound entries in time."""
        rows = await self._connection.fetch(
            "select min(size) as size, min(stored_at) as stored_at from checkpoint where log_id = $1 "
            "group by date_trunc('hour', stored_at)",
            log_id,
        )
        return [(row["size"], row["stored_at"]) for row in rows]

    async def heads_beyond(self, log_id: int, size: int) -> AsyncIterator[int]:
        """Sizes of checkpoints that a log of this size cannot have."""
        statement = "select size from checkpoint where log_id = $1 and (size < 0 or size > $2) order by size"
        async for row in self._cursor(statement, log_id, size):
            yield row["size"]

    async def notes(self, slices: int, chosen: int) -> "AsyncIterator[Record]":
        """log_id, size, root, stored_at and note of the signed checkpoints of one slice."""
        statement = (
            "select log_id, size, root, stored_at, note from checkpoint "
            "where note is not null and (size % $1 + $1) % $1 = $2"
        )
        async for row in self._cursor(statement, slices, chosen):
            yield row

    def records(self) -> "AsyncIterator[Record]":
        """Every record that concerns nobody, with its entry or what waits for it."""
        return self._cursor(_RECORDS)

    def openings(self, slices: int, chosen: int) -> "AsyncIterator[list[Record]]":
        """The rows of people's records of one slice, with entry or what waits for it, and the person's wrapped key.

        Some hundred at a time; all rows of a person are in one slice.
        """
        return self._batches(_OPENINGS, slices, chosen)

    def closed(self) -> "AsyncIterator[Record]":
        """Page, lead and place of every record of a person that nobody can open any more."""
        return self._cursor(_CLOSED)

    async def erased_between(self, before: int, after: int) -> tuple[int, int]:
        """Erasure marks and completed erasures between the last head of one log and the first one of the next."""
        row = await self._connection.fetchrow(_ERASED_BETWEEN, before, after)
        return (0, 0) if row is None else (row[0], row[1])

    async def openings_count(self) -> int:
        """About how many records of people there are."""
        counted = await self._connection.fetchval("select count(*) from (select from consent_record limit 5000) t")
        return int(counted)

    def anchors(self) -> "AsyncIterator[Record]":
        """Every kept anchor."""
        return self._cursor(_ANCHORS)

    def answers(self, slices: int, chosen: int) -> "AsyncIterator[Record]":
        """The anchors of one slice whose time is somebody else's."""
        return self._cursor(_ANSWERS, slices, chosen)

    def notices(self) -> "AsyncIterator[Record]":
        """page_id, version, language, body and sha256 of every published notice."""
        return self._cursor("select page_id, version, language, body, sha256 from notice")

    def shown_texts(self) -> "AsyncIterator[Record]":
        """page_id, sha256, language and body of every question that was put."""
        return self._cursor("select page_id, sha256, language, body from shown_text")

    def pending_unknown(self) -> "AsyncIterator[Record]":
        """entry_id and entry of commitments that wait and belong to no record."""
        return self._cursor(_PENDING_UNKNOWN)

    @property
    def transaction(self) -> Any:
        """The open transaction, for stores that take one."""
        return self._connection

    async def _cursor(self, statement: str, *arguments: object) -> "AsyncIterator[Record]":
        async for rows in self._batches(statement, *arguments):
            for row in rows:
                yield row

    async def _batches(self, statement: str, *arguments: object) -> "AsyncIterator[list[Record]]":
        cursor = await self._connection.cursor(statement, *arguments)
        while rows := await cursor.fetch(_AT_A_TIME):
            yield rows


@asynccontextmanager
async def reading(dsn: str, *, join: str | None = None) -> AsyncIterator[LogReader]:
    """A reader over one snapshot, its own or the one that another reader named; driver errors come out as ours."""
    connection = await Database(dsn).dedicated()
    with boundary():
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                if join is not None:
                    await connection.execute(f"set transaction snapshot '{_literal(join)}'")
                await connection.execute(f"set local work_mem = '{_WORK_MEMORY}'")
                yield LogReader(connection)
        finally:
            await connection.close()


def _literal(snapshot: str) -> str:
    """The statement takes no parameter."""
    if not all(character.isalnum() or character == "-" for character in snapshot):
        raise ValueError("this is no name of a snapshot")
    return snapshot
