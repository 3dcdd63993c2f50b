"""Which accepted events wait to be handled, in which order, and what becomes of those that cannot be?

Events of one person are handled in the order of their time. One that fails waits and holds back only the later ones of
the same person; after `MAX_ATTEMPTS` it is set aside, sealed, for a person to look at. Handling and removal are one
transaction: `finish` raises when somebody else was first, so that the effects happen once.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.ids import PageId
from domain.inbox import Arrival, InboxItem
from domain.personal import Pii
from storage import inbox_days
from storage.errors import OpenFailed, RowMissing
from storage.keys import Keys
from storage.labels import Label

if TYPE_CHECKING:
    from collections.abc import Collection

    from storage.database import Database, Transaction

CHANNEL = "assent_inbox"
"""Notified once for each group of events that was stored."""

SHARDS = 64
MAX_ATTEMPTS = 8
_FIRST_DELAY = timedelta(seconds=5)
_LONGEST_DELAY = timedelta(hours=1)

_TAKE = """
with parked as materialized (
    select page_id, person, event_time, item_id from inbox where shard = $1 and attempts > 0 and not_before > $2
)
select i.page_id, i.received_on, i.event_key, i.shard, i.person, i.event_time, i.received_at, i.attempts,
       i.event_sealed
from inbox i
where i.shard = $1 and i.not_before <= $2
  and not exists (
      select from parked p where p.page_id = i.page_id and p.person = i.person
        and (p.event_time, p.item_id) < (i.event_time, i.item_id)
  )
order by i.event_time, i.item_id limit $3
"""
_FINISH = "delete from inbox where page_id = $1 and received_on = $2 and event_key = $3"
_PARK = """
update inbox set attempts = attempts + 1, not_before = $5
where page_id = $1 and received_on = $2 and event_key = $3 and attempts = $4
"""
_PUT_ASIDE = """
insert into inbox_set_aside (page_id, item_id, reason, received_at, day, event_sealed) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
"""
_NEWEST_ASIDE = """
select page_id, item_id, reason, received_at from inbox_set_aside order by received_at desc, item_id limit $1
"""
_COUNTS = """
select (select count(*) from inbox) as waiting,
       (select count(*) from inbox where attempts > 0) as failing,
       (select min(received_at) from inbox) as oldest,
       (select count(*) from inbox_set_aside) as set_aside
"""
_DROP_PERSON = "delete from inbox where shard = $1 and page_id = $2 and person = $3"
_WITH_WORK = """
select s.shard from unnest($1::smallint[]) as s(shard)
where exists (select from inbox i where i.shard = s.shard and i.not_before <= $2)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxCounts:
    """How much waits: `failing` of the waiting ones were tried before; `oldest` is the longest waiting receipt."""

    waiting: int
    failing: int
    set_aside: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """An event that nobody handles: broken when it came, or failed for good."""

    page_id: PageId
    item_id: UUID
    reason: str
    received_at: datetime


def shard_of(person: bytes) -> int:
    """The shard in which all events of this person wait."""
    return person[0] % SHARDS


def retry_delay(attempts: int) -> timedelta:
    """How long an event rests after it failed for the `attempts`-th time: 5 seconds, four times more each time."""
    return min(_FIRST_DELAY * (1 << 2 * min(attempts - 1, MAX_ATTEMPTS)), _LONGEST_DELAY)


def day_of(moment: datetime) -> date:
    """The UTC day under whose key an event received at this moment is sealed."""
    return moment.astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class InboxStore:
    database: "Database"
    keys: Keys

    async def take(self, shard: int, *, limit: int, now: datetime) -> "list[InboxItem]":
        """What is due in this shard, in the order of event times; only the shard's owner may ask.

        Nothing is marked: an item stays until `finish` or `park`. When one of the list fails, the caller leaves out
        the later ones of the same person. An item that does not open is set aside on the way.
        """
        items = []
        async with self.database.transaction() as tx:
            for row in await tx.fetch(_TAKE, shard, now, limit):
                try:
                    items.append(await self._item(tx, row))
                except OpenFailed as error:
                    await self._give_up(tx, row, error)
                except ValueError:
                    # Written by a newer version, as after a return to an older one: that version will read it.
                    await tx.execute(_PARK, *_place(row), row["attempts"], now + _LONGEST_DELAY)
        return items

    async def finish(self, tx: "Transaction", item: InboxItem) -> None:
        """Removes the item in the transaction of its effects; raises RowMissing when another worker was first."""
        done = await tx.execute(_FINISH, item.page_id, day_of(item.received_at), item.event_key)
        if done != "DELETE 1":
            raise RowMissing("the inbox item was handled by another worker")

    async def park(self, item: InboxItem, *, now: datetime) -> bool:
        """Lets a failed item rest, each time longer; False when it failed too often and was set aside."""
        if item.attempts + 1 >= MAX_ATTEMPTS:
            async with self.database.transaction() as tx:
                await self.set_aside(tx, item, "failed")
            return False
        async with self.database.connection() as connection:
            done = await connection.execute(
                _PARK,
                item.page_id,
                day_of(item.received_at),
                item.event_key,
                item.attempts,
                now + retry_delay(item.attempts + 1),
            )
        if done != "UPDATE 1":
            raise RowMissing("the inbox item was handled or parked by another worker")
        return True

    async def set_aside(self, tx: "Transaction", item: InboxItem, reason: str) -> UUID:
        """Takes the item out of the inbox and keeps it, sealed, where nobody handles it; its id there."""
        day, item_id = day_of(item.received_at), set_aside_id(item.event_key)
        key = await self.keys.day_key(tx, day)
        sealed = key.seal(Label.INBOX_BROKEN, item_id.bytes, item.arrival.encode())
        await tx.execute(_PUT_ASIDE, item.page_id, item_id, reason, item.received_at, day, sealed)
        await self.finish(tx, item)
        return item_id

    async def set_aside_items(self, *, limit: int = 100) -> list[SetAside]:
        """The newest events that were set aside."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(_NEWEST_ASIDE, limit)
        return [SetAside(**row) for row in rows]

    async def open_set_aside(self, page_id: PageId, item_id: UUID) -> Pii[bytes] | None:
        """What was set aside, for an operator who may see it; None when it is gone. Raises OpenFailed."""
        async with self.database.transaction() as tx:
            row = await tx.fetchrow(
                "select day, event_sealed from inbox_set_aside where page_id = $1 and item_id = $2", page_id, item_id
            )
            if row is None:
                return None
            key = await self.keys.day_key(tx, row["day"])
        return Pii(key.open(Label.INBOX_BROKEN, item_id.bytes, row["event_sealed"]))

    async def shards_with_work(self, shards: "Collection[int]", *, now: datetime) -> set[int]:
        """Those of these shards in which something is due."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(_WITH_WORK, list(shards), now)
        return {row["shard"] for row in rows}

    async def counts(self) -> InboxCounts:
        """How much waits, over all Pages."""
        async with self.database.connection() as connection:
            row = await connection.fetchrow(_COUNTS)
        if row is None:
            raise RowMissing("a count always has one row")
        return InboxCounts(**row)

    async def drop_person(self, tx: "Transaction", page_id: PageId, person: bytes) -> int:
        """Deletes all that waits of this person, unhandled; how many."""
        done = await tx.execute(_DROP_PERSON, shard_of(person), page_id, person)
        return int(done.rpartition(" ")[2])

    async def ensure_partitions(self, now: datetime) -> int:
        """Makes the partitions of today and the next days that are missing; how many."""
        async with self.database.transaction() as tx:
            return await inbox_days.ensure_partitions(tx, inbox_days.days_ahead(day_of(now)))

    async def drop_old_partitions(self, now: datetime) -> list[date]:
        """Forgets what is older than the keys of its day; names the days that still hold unhandled events."""
        before = day_of(now) - timedelta(days=inbox_days.KEEP_DAYS)
        async with self.database.transaction() as tx:
            await inbox_days.forget(tx, before=before)
            holding = await inbox_days.drop_old_partitions(tx, before=before)
            await inbox_days.destroy_day_keys(tx, before=before)
        return holding

    async def _item(self, tx: "Transaction", row: Any) -> InboxItem:
        key = await self.keys.day_key(tx, row["received_on"])
        opened = key.open(Label.INBOX_EVENT, row["event_key"], row["event_sealed"])
        return InboxItem(
            page_id=PageId(row["page_id"]),
            event_key=row["event_key"],
            person=row["person"],
            shard=row["shard"],
            event_time=row["event_time"],
            received_at=row["received_at"],
            attempts=row["attempts"],
            arrival=Arrival.decode(opened),
        )

    async def _give_up(self, tx: "Transaction", row: Any, error: OpenFailed) -> None:
        item_id = set_aside_id(row["event_key"])
        sealed, day = row["event_sealed"], row["received_on"]
        await tx.execute(_PUT_ASIDE, row["page_id"], item_id, error.code, row["received_at"], day, sealed)
        await tx.execute(_FINISH, *_place(row))


def _place(row: Any) -> tuple[str, date, bytes]:
    return row["page_id"], row["received_on"], row["event_key"]


def set_aside_id(event_key: bytes) -> UUID:
    """The id under which an event is set aside: the same event always gets the same."""
    return UUID(bytes=event_key[:16], version=4)
