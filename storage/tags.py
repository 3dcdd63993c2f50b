"""Which tags did operators give to whom?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from domain.ids import LeadId, PageId

if TYPE_CHECKING:
    from storage.database import Database, Transaction

# The rows are locked, so an erasure that runs at the same time either takes the tag away or keeps it from being given.
_GIVE = """
with known as (
    select lead_id from lead where page_id = $1 and lead_id = any($3::uuid[]) order by lead_id for share
)
insert into lead_tag (page_id, name, lead_id, since) select $1, $2, lead_id, $4 from known on conflict do nothing
"""
_COUNTS = """
select t.name, count(x.lead_id) as people from tag t left join lead_tag x using (page_id, name)
where page_id = $1 group by t.name order by t.name
"""


@dataclass(frozen=True, slots=True)
class TagStore:
    database: "Database"

    async def give(
        self, tx: "Transaction", page_id: PageId, name: str, lead_ids: Sequence[LeadId], *, now: datetime
    ) -> int:
        """Gives the tag to those who are known and do not have it; how many. A new name becomes a tag."""
        await tx.execute(
            "insert into tag (page_id, name, created_at) values ($1, $2, $3) on conflict do nothing", page_id, name, now
        )
        return _count(await tx.execute(_GIVE, page_id, name, list(lead_ids), now))

    async def take(self, tx: "Transaction", page_id: PageId, name: str, lead_ids: Sequence[LeadId]) -> int:
        """Takes the tag away; how many had it."""
        return _count(
            await tx.execute(
                "delete from lead_tag where page_id = $1 and name = $2 and lead_id = any($3::uuid[])",
                page_id,
                name,
                list(lead_ids),
            )
        )

    async def counts(self, page_id: PageId) -> Mapping[str, int]:
        """How many people have each tag of the Page."""
        async with self.database.connection() as connection:
            return {row["name"]: row["people"] for row in await connection.fetch(_COUNTS, page_id)}


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])
