"""How are accepted events made durable before the platform gets its answer, many requests at a time?

Requests that come together share one transaction. `write` returns when it is committed: then every event is stored,
sealed, once, and who said stop is suppressed. It raises when that is not certain, so that nothing is acknowledged that
could be lost; the platform repeats it and the event keys tell what is there already.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from domain.ids import PageId, Psid
from domain.inbox import Arrival
from domain.personal import Pii
from storage.errors import Busy, RowMissing, StorageError, Unavailable
from storage.inbox import CHANNEL, SHARDS, day_of, set_aside_id
from storage.keys import Keys
from storage.labels import Label
from storage.sealing import DataKey
from storage.suppressions import SuppressionStore

if TYPE_CHECKING:
    from storage.database import Database, Transaction

log = logging.getLogger(__name__)

MOST_ROWS = 10_000
MOST_BYTES = 32 * 1024 * 1024
GROUP_ROWS = 2_000
GROUP_SECONDS = 4.0
WITHIN = timedelta(seconds=4)
_LOOK_SECONDS = 0.05
_TRIES = 3
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

# One statement, so that a group without a stop is one round trip. What was seen before is left out by its event key,
# what is for a Page that is not connected here by the Page.
_PUT = """
with given as (
    select g.page_id, (g.received_at at time zone 'UTC')::date as received_on, g.event_key,
           (get_byte(g.person, 0) % $8)::smallint as shard, g.person, g.event_time, g.received_at, g.event_sealed
    from (
        select page_id, event_key, person, event_sealed,
               'epoch'::timestamptz + event_us * interval '1 microsecond' as event_time,
               'epoch'::timestamptz + received_us * interval '1 microsecond' as received_at
        from unnest($1::text[], $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bytea[])
            as u(page_id, event_key, person, event_us, received_us, event_sealed)
    ) g join page p on p.page_id = g.page_id
), fresh as (
    insert into event_key (page_id, event_key, seen_on)
    select page_id, event_key, received_on from given order by page_id, event_key
    on conflict do nothing returning page_id, event_key
), put as (
    insert into inbox
        (page_id, received_on, event_key, shard, person, event_time, received_at, event_sealed, not_before)
    select given.*, '-infinity'::timestamptz
    from given where (page_id, event_key) in (select page_id, event_key from fresh)
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


class InboxFull(StorageError):
    """More waits to be written than may: the database is too slow for what comes in."""

    code = "storage.inbox_full"


class NotWritten(StorageError):
    """It is not certain that the events are stored: the sender must repeat them."""

    code = "storage.not_written"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    page_id: PageId
    event_key: bytes
    person: bytes
    event_time: datetime
    sealed: bytes
    stop: Stop | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aside:
    page_id: PageId
    item_id: UUID
    reason: str
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Committed:
    """What a group left behind: the keys of its new events, and the connected Pages it named."""

    fresh: set[bytes]
    connected: frozenset[str]

    def entry(self, row: _Row) -> Entry:
        if row.page_id not in self.connected:
            return Entry.STRANGE
        if row.event_key not in self.fresh:
            return Entry.REPEATED
        # Of equal events in one group the first is the new one.
        self.fresh.remove(row.event_key)
        return Entry.FRESH

    def written(self, rows: "Sequence[_Row]") -> Written:
        entries = tuple(self.entry(row) for row in rows)
        known = [row for row, entry in zip(rows, entries, strict=True) if entry is not Entry.STRANGE]
        return Written(entries=entries, stops=tuple(row.stop for row in known if row.stop is not None))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Request:
    received_at: datetime
    rows: Sequence[_Row]
    asides: Sequence[_Aside]
    size_bytes: int
    deadline: float
    # The code of what went wrong, or what was committed.
    outcome: "asyncio.Future[str | Written]" = field(repr=False)

    def end(self, outcome: str | _Committed) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome if isinstance(outcome, str) else outcome.written(self.rows))


class InboxWriter:
    """Group commit of one process; `running` first."""

    def __init__(self, database: "Database", keys: Keys, suppressions: SuppressionStore) -> None:
        self._database = database
        self._keys = keys
        self._suppressions = suppressions
        self._waiting: deque[_Request] = deque()
        self._writing: Sequence[_Request] = ()
        self._rows = 0
        self._bytes = 0
        self._filled = asyncio.Event()
        self._day_keys: dict[date, DataKey] = {}
        self._day_lock = asyncio.Lock()

    @property
    def rows_waiting(self) -> int:
        """How many events wait for their commit."""
        return self._rows

    async def write(
        self,
        received_at: datetime,
        events: Sequence[AcceptedEvent],
        refused: Sequence[RefusedEvent] = (),
        *,
        within: timedelta = WITHIN,
    ) -> Written:
        """Durable once it returns, with every stop in force for sends that have not begun.

        Raises StorageError when it is not certain that everything is stored: InboxFull before anything was tried,
        NotWritten when the transaction failed or took longer than `within`. Nothing waits in clear.
        """
        if self._rows >= MOST_ROWS or self._bytes >= MOST_BYTES:
            raise InboxFull("too many events wait to be stored; the sender repeats them, check the database")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within.total_seconds()
        key = self._day_keys.get(day_of(received_at)) or await self._make_day_key(day_of(received_at), deadline)
        rows = [self._row(key, event, received_at) for event in events]
        asides = [self._aside(key, event) for event in refused]
        request = _Request(
            received_at=received_at,
            rows=rows,
            asides=asides,
            size_bytes=sum(len(row.sealed) for row in rows) + sum(len(one.sealed) for one in asides),
            deadline=deadline,
            outcome=loop.create_future(),
        )
        self._put(request)
        outcome = await request.outcome
        if isinstance(outcome, str):
            raise NotWritten(f"the events could not be stored ({outcome}); the sender repeats them")
        return outcome

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Writes while it is entered; what waits at the end is written or refused, never left without an answer."""
        tasks = asyncio.create_task(self._keep_writing()), asyncio.create_task(self._keep_looking())
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            while self._waiting:
                await self._write(self._next_group())

    async def _keep_writing(self) -> None:
        while True:
            await self._filled.wait()
            try:
                await self._write(self._next_group())
            except Exception:
                # Its requests were refused. The loop goes on: without it nothing would be accepted any more.
                log.exception("inbox.write_failed")

    async def _keep_looking(self) -> None:
        """Ends what has waited too long. One look at all of them costs less than a timer for each."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            now = loop.time()
            for request in (*self._writing, *self._waiting):
                if request.deadline < now:
                    request.end("storage.too_slow")

    def _put(self, request: _Request) -> None:
        self._waiting.append(request)
        self._rows += len(request.rows) + len(request.asides)
        self._bytes += request.size_bytes
        self._filled.set()

    def _next_group(self) -> list[_Request]:
        group: list[_Request] = []
        rows = 0
        while self._waiting and (not group or rows < GROUP_ROWS):
            group.append(self._waiting.popleft())
            rows += len(group[-1].rows) + len(group[-1].asides)
        if not self._waiting:
            self._filled.clear()
        return group

    async def _write(self, group: list[_Request]) -> None:
        # Whoever gave up waiting got no 200: what they brought is repeated to us.
        asking = [request for request in group if not request.outcome.done()]
        self._writing = asking
        try:
            async with asyncio.timeout(GROUP_SECONDS):
                await self._settle(asking)
        except TimeoutError:
            log.warning("inbox.write_timed_out", extra={"requests": len(asking)})
        finally:
            self._writing = ()
            for request in group:
                self._rows -= len(request.rows) + len(request.asides)
                self._bytes -= request.size_bytes
                request.end(Unavailable.code)

    async def _settle(self, group: list[_Request]) -> None:
        """Gives every request of the group its outcome; one that the database refuses does not cost the others."""
        if not group:
            return
        try:
            committed: str | _Committed = await self._commit_in_some_try(group)
        except StorageError as error:
            log.warning("inbox.not_written", extra={"error": error.code, "requests": len(group)})
            if len(group) > 1 and not isinstance(error, Unavailable | Busy):
                for request in group:
                    await self._settle([request])
                return
            committed = error.code
        for request in group:
            request.end(committed)

    async def _commit_in_some_try(self, group: list[_Request]) -> _Committed:
        for _ in range(_TRIES - 1):
            try:
                return await self._commit(group)
            except Busy:
                continue
        return await self._commit(group)

    async def _commit(self, group: list[_Request]) -> _Committed:
        # Of equal events in one group the first counts.
        rows = {row.event_key: (request.received_at, row) for request in reversed(group) for row in request.rows}
        asides = [(request.received_at, one) for request in group for one in request.asides]
        stops = _newest([(row.stop, at) for at, row in rows.values()])
        if not asides and not stops:
            async with self._database.connection() as connection:
                return await _put_rows(connection, rows)
        async with self._database.transaction() as tx:
            committed = await _put_rows(tx, rows)
            if asides:
                await _put_asides(tx, asides)
            # Also for repeats: what an earlier answer acknowledged must hold whatever happened since.
            for stop, now in stops:
                if stop.page_id in committed.connected:
                    await self._suppressions.stop(tx, stop.page_id, stop.handle, since=stop.since, now=now)
        return committed

    async def _make_day_key(self, day: date, deadline: float) -> DataKey:
        try:
            async with asyncio.timeout_at(deadline), self._day_lock:
                if day not in self._day_keys:
                    # Used only after this transaction is committed: a key that was made in it would die with it.
                    async with self._database.transaction() as tx:
                        made = await self._keys.day_key(tx, day)
                    self._day_keys = {kept: key for kept, key in self._day_keys.items() if abs((kept - day).days) <= 1}
                    self._day_keys[day] = made
                return self._day_keys[day]
        except TimeoutError:
            raise NotWritten("the key of the day could not be read in time; the sender repeats the events") from None

    def _row(self, key: DataKey, event: AcceptedEvent, received_at: datetime) -> _Row:
        page = event.page_id.encode()
        event_key = self._keys.index.event(page, event.sameness.reveal("make the event's unique key"))
        person, stop = self._person(event), None
        if event.stops and event.psid is not None:
            stop = Stop(page_id=event.page_id, handle=person, since=min(event.event_time, received_at))
        return _Row(
            page_id=event.page_id,
            event_key=event_key,
            person=person,
            event_time=event.event_time,
            sealed=key.seal(Label.INBOX_EVENT, event_key, event.arrival.encode()),
            stop=stop,
        )

    def _person(self, event: AcceptedEvent) -> bytes:
        if event.psid is not None:
            return self._keys.handle(event.page_id, event.psid)
        page = event.page_id.encode()
        if event.user_ref is not None:
            return self._keys.index.event(
                b"user_ref", page, event.user_ref.reveal("keep their events in order").encode()
            )
        return self._keys.index.event(b"page", page)

    def _aside(self, key: DataKey, event: RefusedEvent) -> _Aside:
        raw = event.raw.reveal("seal what could not be understood")
        item_id = set_aside_id(self._keys.index.event(b"broken", event.page_id.encode(), raw))
        sealed = key.seal(Label.INBOX_BROKEN, item_id.bytes, raw)
        return _Aside(page_id=event.page_id, item_id=item_id, reason=event.reason, sealed=sealed)


async def _put_rows(tx: "Transaction", rows: dict[bytes, tuple[datetime, _Row]]) -> _Committed:
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
    return _Committed(fresh=set(found["fresh"]), connected=frozenset(found["connected"]))


def _microseconds(moment: datetime) -> int:
    """Since 1970: the driver writes whole numbers many times faster than times."""
    return (moment - _EPOCH) // _MICROSECOND


async def _put_asides(tx: "Transaction", asides: list[tuple[datetime, _Aside]]) -> None:
    await tx.execute(
        _PUT_ASIDE,
        [one.page_id for _, one in asides],
        [one.item_id for _, one in asides],
        [one.reason for _, one in asides],
        [at for at, _ in asides],
        [day_of(at) for at, _ in asides],
        [one.sealed for _, one in asides],
    )


def _newest(stops: list[tuple[Stop | None, datetime]]) -> list[tuple[Stop, datetime]]:
    """The newest stop of each person, in an order that all processes share."""
    newest: dict[tuple[PageId, bytes], tuple[Stop, datetime]] = {}
    for stop, now in stops:
        if stop is None:
            continue
        person = (stop.page_id, stop.handle)
        if person not in newest or newest[person][0].since < stop.since:
            newest[person] = (stop, now)
    return [newest[person] for person in sorted(newest)]
