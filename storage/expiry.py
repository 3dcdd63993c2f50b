"""What is past its time, and goes?

One method per kind, each a transaction of its own that says how many rows went. Times are the caller's; nothing here
decides how long anything is kept.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from domain.ids import LeadId, PageId

if TYPE_CHECKING:
    from storage.database import Database

_DAY_KEYS = """
delete from day_key d where d.day < $1
  and not exists (select from inbox i where i.received_on = d.day)
  and not exists (select from inbox_set_aside a where a.day = d.day)
  and not exists (select from outbox o where o.day = d.day and o.message_sealed is not null)
"""
_PARTITIONS = """
select c.relname, pg_get_expr(c.relpartbound, c.oid) as bound
from pg_inherits h join pg_class c on c.oid = h.inhrelid
where h.inhparent = 'inbox'::regclass order by c.relname
"""
_BOUND = re.compile(r"FOR VALUES FROM \('\d{4}-\d{2}-\d{2}'\) TO \('(\d{4}-\d{2}-\d{2})'\)")
_NAME = re.compile(r"[a-z0-9_]{1,63}")


@dataclass(frozen=True, slots=True)
class Expiry:
    database: "Database"

    async def event_keys(self, before: date) -> int:
        """Forgets which events were accepted before that day."""
        return await self._run("delete from event_key where seen_on < $1", before)

    async def tombstones(self, before: datetime) -> int:
        """Forgets erasures of before then: no event of theirs can still be on its way."""
        return await self._run("delete from tombstone where erased_at < $1", before)

    async def set_aside(self, before: date) -> int:
        """Deletes events that were set aside and whose day's key is about to go."""
        return await self._run("delete from inbox_set_aside where day < $1", before)

    async def archives(self, now: datetime) -> int:
        """Deletes the contents of copies whose link has ended; the rows still say so."""
        return await self._run(
            "update export_archive set archive_sealed = null where expires_at <= $1 and archive_sealed is not null", now
        )

    async def archive_rows(self, before: datetime) -> int:
        """Deletes what is left of copies whose link ended before then."""
        return await self._run("delete from export_archive where expires_at < $1", before)

    async def requests(self, before: datetime) -> int:
        """Deletes requests that ended before then and have no copy left."""
        return await self._run(
            "delete from data_request d where d.completed_at < $1 and not exists "
            "(select from export_archive e where e.page_id = d.page_id and e.request_id = d.request_id)",
            before,
        )

    async def day_keys(self, before: date) -> int:
        """Destroys the keys of earlier days under which nothing waits any more."""
        return await self._run(_DAY_KEYS, before)

    async def deliveries(self, before: datetime) -> int:
        """Deletes campaign messages that were planned before then."""
        return await self._run("delete from delivery where planned_at < $1", before)

    async def inbox_partitions(self, before: date) -> int:
        """Drops partitions of the inbox that are empty and end before that day."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(_PARTITIONS)
        dropped = 0
        for row in rows:
            bound = _BOUND.fullmatch(row["bound"])
            if bound and date.fromisoformat(bound[1]) <= before and _NAME.fullmatch(row["relname"]):
                dropped += await self._drop_empty(row["relname"])
        return dropped

    async def _drop_empty(self, partition: str) -> int:
        async with self.database.transaction() as tx:
            await tx.execute(f"lock table {partition} in access exclusive mode")
            if await tx.fetchval(f"select exists (select from {partition})"):  # noqa: S608 - a name of the catalog
                return 0
            await tx.execute(f"drop table {partition}")
            return 1

    async def silent_leads(self, before: datetime, *, limit: int) -> list[tuple[PageId, LeadId]]:
        """Leads of whom nothing was heard since before then, the longest silent first."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "select page_id, lead_id from lead where newest_event < $1 order by newest_event limit $2",
                before,
                limit,
            )
        return [(PageId(row["page_id"]), LeadId(row["lead_id"])) for row in rows]

    async def _run(self, statement: str, moment: date) -> int:
        async with self.database.connection() as connection:
            status = await connection.execute(statement, moment, timeout=600)
        return int(status.rpartition(" ")[2])
