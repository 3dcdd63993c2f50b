"""What does the database hold of each key-encryption key, and how do people's keys move to the newest?

A lead's key is wrapped anew in place; what it sealed is not touched. Day keys are never wrapped again: they die with
the key of their epoch, and with them what they sealed for people who were erased meanwhile.
"""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.ids import PageId
from storage.errors import KeyRefused
from storage.keycheck import check_value
from storage.keyring import KeyMissing
from storage.keys import Keys
from storage.sealing import WrappedKey

if TYPE_CHECKING:
    from storage.database import Database

_NEXT = """
select page_id, lead_id, kid, wrapped, commitment from lead_key
where kid <> $1 and (page_id, lead_id) > ($2, $3) order by page_id, lead_id limit $4 for update skip locked
"""
_STORE = """
update lead_key k set kid = $1, wrapped = n.wrapped
from unnest($2::text[], $3::uuid[], $4::bytea[]) as n (page_id, lead_id, wrapped)
where k.page_id = n.page_id and k.lead_id = n.lead_id
"""
_START = (PageId(""), UUID(int=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """How many keys moved, and by key id how many are damaged and open under no key at all."""

    moved: int
    damaged: Counter[int]


@dataclass(frozen=True, slots=True)
class KeyEpochRows:
    database: "Database"
    keys: Keys

    async def put_checks(self) -> None:
        """Keeps a check value for every key of the ring that has none yet."""
        ring = self.keys.ring
        async with self.database.connection() as connection:
            await connection.executemany(
                "insert into key_check (kid, check_value) values ($1, $2) on conflict do nothing",
                [(kid, check_value(ring, kid)) for kid in sorted(ring.kids)],
            )

    async def rewrap(self, *, batch: int) -> Rewrapped:
        """Wraps every lead's key under the newest key, a batch per transaction; may be stopped and repeated."""
        moved, damaged, after = 0, Counter[int](), _START
        while True:
            async with self.database.transaction() as tx:
                active = self.keys.ring.active.kid
                rows = await tx.fetch(_NEXT, active, *after, batch)
                if not rows:
                    return Rewrapped(moved=moved, damaged=damaged)
                wrapped = [(row, self._wrapped(row)) for row in rows]
                good = [(row["page_id"], row["lead_id"], new.wrapped) for row, new in wrapped if new is not None]
                if good:
                    await tx.execute(_STORE, active, *(list(column) for column in zip(*good, strict=True)))
            moved += len(good)
            damaged.update(row["kid"] for row, new in wrapped if new is None)
            after = (rows[-1]["page_id"], rows[-1]["lead_id"])

    def _wrapped(self, row: Any) -> WrappedKey | None:
        stored = WrappedKey(kid=row["kid"], wrapped=row["wrapped"], commitment=row["commitment"])
        try:
            return self.keys.ring.rewrap(row["lead_id"], stored)
        except (KeyRefused, KeyMissing):
            return None

    async def under(self, kid: int) -> int:
        """How many leads' keys are wrapped under this key."""
        async with self.database.connection() as connection:
            return int(await connection.fetchval("select count(*) from lead_key where kid = $1", kid))

    async def forget(self, kid: int) -> None:
        """Removes what is kept of a key before it is destroyed: its check value, and day keys it alone can open."""
        async with self.database.transaction() as tx:
            await tx.execute("delete from key_check where kid = $1", kid)
            await tx.execute("delete from day_key where kid = $1", kid)
