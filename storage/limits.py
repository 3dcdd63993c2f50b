"""Which Pages does the platform limit, and until when?

Kept so that an operator sees it, and so that the next holder of a Page's lane keeps still as well. Times are the
database's, because machines may differ.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.holds import LimitCause, PageLimit
from domain.ids import PageId
from domain.pacing import Standing
from storage.lanes import HELD_PAGE_LANE, Lease

if TYPE_CHECKING:
    from storage.database import Database

_PUT = f"""
with {HELD_PAGE_LANE}
insert into page_limit (page_id, standing, cause, code, subcode, since, until, in_a_row)
select $1, $4, $5, $6::integer, $7::integer, clock_timestamp(), clock_timestamp() + $8::interval, $9::smallint from held
on conflict (page_id) do update set standing = excluded.standing, cause = excluded.cause, code = excluded.code,
    subcode = excluded.subcode, until = excluded.until, in_a_row = excluded.in_a_row
"""  # noqa: S608
_CLEAR = f"with {HELD_PAGE_LANE} delete from page_limit using held where page_id = $1"  # noqa: S608
_COLUMNS = "page_id, standing, cause, code, subcode, since, until, in_a_row, until - clock_timestamp() as lasts"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLimit:
    """A Page's limit as it was written down; `since` is when the Page was last not limited."""

    page_id: PageId
    limit: PageLimit
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class LimitStore:
    database: "Database"

    async def get(self, page_id: PageId) -> KeptLimit | None:
        """The Page's limit; None while the platform does not limit it."""
        async with self.database.connection() as connection:
            row = await connection.fetchrow(
                f"select {_COLUMNS} from page_limit where page_id = $1",  # noqa: S608
                page_id,
            )
        return None if row is None else _kept(row)

    async def all(self) -> dict[PageId, KeptLimit]:
        """The limited Pages."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(f"select {_COLUMNS} from page_limit")  # noqa: S608
        return {PageId(row["page_id"]): _kept(row) for row in rows}

    async def put(self, lease: Lease, limit: PageLimit) -> None:
        """Notes it, lasting from now; changes nothing when the lane is not held any more."""
        async with self.database.connection() as connection:
            await connection.execute(
                _PUT,
                lease.key,
                lease.owner,
                lease.epoch,
                limit.standing,
                limit.cause,
                limit.code,
                limit.subcode,
                limit.lasts,
                limit.in_a_row,
            )

    async def clear(self, lease: Lease) -> None:
        """The Page is as free as before; changes nothing when the lane is not held any more."""
        async with self.database.connection() as connection:
            await connection.execute(_CLEAR, lease.key, lease.owner, lease.epoch)


def _kept(row: Any) -> KeptLimit:
    limit = PageLimit(
        standing=Standing(row["standing"]),
        cause=LimitCause(row["cause"]),
        lasts=row["lasts"],
        code=row["code"],
        subcode=row["subcode"],
        in_a_row=row["in_a_row"],
    )
    return KeptLimit(page_id=PageId(row["page_id"]), limit=limit, since=row["since"], until=row["until"])
