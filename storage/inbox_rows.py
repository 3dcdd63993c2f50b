"""What does one group of accepted events become in the database, and by what one statement?

Here the values of the intake: an event as it is handed over, sealed as a row, and what became of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from domain.ids import PageId, Psid
from domain.inbox import Arrival
from domain.personal import Pii
from storage.errors import RowMissing
from storage.inbox import CHANNEL, SHARDS, day_of, set_aside_id
from storage.keys import Keys
from storage.labels import Label
from storage.sealing import DataKey

if TYPE_CHECKING:
    from storage.database import Transaction

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

# One statement, so that a group without a stop is one round trip. What was seen before is left out by its event key,
# what is for a Page that is not connected here by the Page.
_PUT = """
with given as (
    select g.page_id, (g.received_at at time zone 'UTC')::date as received_on, g.event_key,
           (get_byte(g.person, 0) % $8)::smallint as shard, g.person, g.event_time, g.received_at, g.event_sealed,
           g.place
    from (
        select page_id, event_key, person, event_sealed, place,
               'epoch'::timestamptz + event_us * interval '1 microsecond' as event_time,
               'epoch'::timestamptz + received_us * interval '1 microsecond' as received_at
        from unnest($1::text[], $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bytea[])
            with ordinality as u(page_id, event_key, person, event_us, received_us, event_sealed, place)
    ) g join page p on p.page_id = g.page_id
), fresh as (
    insert into event_key (page_id, event_key, seen_on)
    select page_id, event_key, received_on from given order by page_id, event_key
    on conflict do nothing returning page_id, event_key
), put as (
    insert into inbox
        (page_id, received_on, event_key, shard, person, event_time, received_at, event_sealed, not_before)
    select page_id, received_on, event_key, shard, person, event_time, received_at, event_sealed,
           '-infinity'::timestamptz
    from given where (page_id, event_key) in (select page_id, event_key from fresh)
    order by place -- events of the same moment keep the order in which they came
    returning event_key
), woken as (
    select pg_notify($7, '') where exists (select from put)
)
select set_config('synchronous_commit', 'on', true), (select count(*) from woken),
       array(select event_key from put) as fresh,
       array(select distinct page_id from given) as connected
"""
_PUT_ASIDE = """
insert into inbox_set_aside (page_id, item_id, reason, received_at, day, event_sealed)
select a.* from unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[], $5::date[], $6::bytea[])
    as a(page_id, item_id, reason, received_at, day, event_sealed)
where a.page_id = '' or exists (select from page p where p.page_id = a.page_id)
order by page_id, item_id
on conflict do nothing
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedEvent:
    """An event to be stored. `sameness` is equal for every repetition; `stops` ends marketing to the person."""

    page_id: PageId
    psid: Pii[Psid] | None
    user_ref: Pii[str] | None
    sameness: Pii[bytes]
    event_time: datetime
    arrival: Arrival
    stops: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedEvent:
    """Something that nobody understood, kept for a person to look at; `page_id` is "" where none was named."""

    page_id: PageId
    reason: str
    raw: Pii[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Who said stop: no send to them may begin once `wait_until_quiet` returned for them."""

    page_id: PageId
    handle: bytes
    since: datetime


class Entry(StrEnum):
    """What became of an event."""

    FRESH = "fresh"
    REPEATED = "repeated"
    STRANGE = "strange"
    """Its Page is not connected here: nothing was stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of each event, in their order; and who said stop, also where that was known already."""

    entries: tuple[Entry, ...]
    stops: tuple[Stop, ...]


@dataclass(slots=True, kw_only=True, eq=False)
class InboxRow:
    """A sealed event. Not frozen: one is made for every event, and a frozen one costs three times as much."""

    page_id: PageId
    event_key: bytes
    person: bytes
    event_time: datetime
    sealed: bytes
    stop: Stop | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AsideRow:
    page_id: PageId
    item_id: UUID
    reason: str
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a group left behind: the keys of its new events, and the connected Pages it named."""

    fresh: set[bytes]
    connected: frozenset[str]

    def entry(self, row: InboxRow) -> Entry:
        if row.page_id not in self.connected:
            return Entry.STRANGE
        if row.event_key not in self.fresh:
            return Entry.REPEATED
        # Of equal events in one group the first is the new one.
        self.fresh.remove(row.event_key)
        return Entry.FRESH

    def written(self, rows: "Sequence[InboxRow]") -> Written:
        # Lists, not generators: this runs for every delivery.
        entries = tuple([self.entry(row) for row in rows])
        stops = tuple([row.stop for row in rows if row.stop is not None and row.page_id in self.connected])
        return Written(entries=entries, stops=stops)


def sealed_row(keys: Keys, key: DataKey, event: AcceptedEvent, received_at: datetime) -> InboxRow:
    """The event, sealed under the key of its day."""
    page = event.page_id.encode()
    event_key = keys.index.event(page, event.sameness.reveal("make the event's unique key"))
    person, stop = _person(keys, event), None
    if event.stops and event.psid is not None:
        stop = Stop(page_id=event.page_id, handle=person, since=min(event.event_time, received_at))
    return InboxRow(
        page_id=event.page_id,
        event_key=event_key,
        person=person,
        event_time=event.event_time,
        sealed=key.seal(Label.INBOX_EVENT, event_key, event.arrival.encode()),
        stop=stop,
    )


def _person(keys: Keys, event: AcceptedEvent) -> bytes:
    if event.psid is not None:
        return keys.handle(event.page_id, event.psid)
    page = event.page_id.encode()
    if event.user_ref is not None:
        return keys.index.event(b"user_ref", page, event.user_ref.reveal("keep their events in order").encode())
    return keys.index.event(b"page", page)


def sealed_aside(keys: Keys, key: DataKey, event: RefusedEvent) -> AsideRow:
    """What could not be understood, sealed under the key of its day."""
    raw = event.raw.reveal("seal what could not be understood")
    item_id = set_aside_id(keys.index.event(b"broken", event.page_id.encode(), raw))
    sealed = key.seal(Label.INBOX_BROKEN, item_id.bytes, raw)
    return AsideRow(page_id=event.page_id, item_id=item_id, reason=event.reason, sealed=sealed)


async def put_rows(tx: "Transaction", rows: dict[bytes, tuple[datetime, InboxRow]]) -> Committed:
    at, given = [moment for moment, _ in rows.values()], [row for _, row in rows.values()]
    found = await tx.fetchrow(
        _PUT,
        [row.page_id for row in given],
        [row.event_key for row in given],
        [row.person for row in given],
        [_microseconds(row.event_time) for row in given],
        [_microseconds(moment) for moment in at],
        [row.sealed for row in given],
        CHANNEL,
        SHARDS,
    )
    if found is None:
        raise RowMissing("the answer of an insert")
    return Committed(fresh=set(found["fresh"]), connected=frozenset(found["connected"]))


def _microseconds(moment: datetime) -> int:
    """Since 1970: the driver writes whole numbers many times faster than times."""
    return (moment - _EPOCH) // _MICROSECOND


async def put_asides(tx: "Transaction", asides: list[tuple[datetime, AsideRow]]) -> None:
    await tx.execute(
        _PUT_ASIDE,
        [one.page_id for _, one in asides],
        [one.item_id for _, one in asides],
        [one.reason for _, one in asides],
        [at for at, _ in asides],
        [day_of(at) for at, _ in asides],
        [one.sealed for _, one in asides],
    )
