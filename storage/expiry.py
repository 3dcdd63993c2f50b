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
        """Deletes campaign messages that were planned before then."""
        return await self._run("delete from delivery where planned_at < $1", before)

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
