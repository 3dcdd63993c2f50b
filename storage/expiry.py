"""What is past its time, and goes?

One method per kind, each a transaction of its own that says how many rows went. Times are the caller's; nothing here
decides how long anything is kept.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from domain.ids import LeadId, PageId

if TYPE_CHECKING:
    from storage.database import Database

DELIVERIES_AT_ONCE = 20_000

_END_DELIVERIES = """
with ended as (
    delete from delivery where ctid = any(array(
        select ctid from delivery
        where planned_at < $1 and state in ('sent', 'refused', 'skipped', 'expired', 'unknown') limit $2))
    returning page_id, campaign_id, state, coalesce(reason, '') as reason
),
kept as (
    insert into campaign_count (page_id, campaign_id, state, reason, people)
    select page_id, campaign_id, state, reason, count(*) from ended group by page_id, campaign_id, state, reason
    on conflict (page_id, campaign_id, state, reason)
        do update set people = campaign_count.people + excluded.people
)
select count(*) from ended
"""


@dataclass(frozen=True, slots=True)
class Expiry:
    database: "Database"

    async def tombstones(self, before: datetime) -> int:
        """Forgets erasures of before then: no event of theirs can still be on its way."""
        return await self._run("delete from tombstone where erased_at < $1", before)

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

    async def deliveries(self, before: datetime) -> int:
        """Deletes settled campaign messages that were planned before then; the counts of their campaigns keep them."""
        await self._run("delete from delivery_again where asked_at < $1", before)
        gone = 0
        async with self.database.connection() as connection:
            while portion := await connection.fetchval(_END_DELIVERIES, before, DELIVERIES_AT_ONCE, timeout=600):
                gone += portion
        return gone

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
