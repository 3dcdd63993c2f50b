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
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from domain.ids import PageId
from storage.errors import Busy, StorageError, Unavailable
from storage.inbox import day_of
from storage.inbox_rows import (
    AcceptedEvent,
    AsideRow,
    Committed,
    InboxRow,
    RefusedEvent,
    Stop,
    Written,
    put_asides,
    put_rows,
    sealed_aside,
    sealed_row,
)
from storage.keys import Keys
from storage.sealing import DataKey
from storage.suppressions import SuppressionStore

if TYPE_CHECKING:
    from storage.database import Database

log = logging.getLogger(__name__)

MOST_ROWS = 10_000
MOST_BYTES = 32 * 1024 * 1024
GROUP_ROWS = 2_000
LEAST_GROUP_ROWS = 16
GROUP_SECONDS = 4.0
WITHIN = timedelta(seconds=4)
_LOOK_SECONDS = 0.05
_TRIES = 3


class InboxFull(StorageError):
    """More waits to be written than may: the database is too slow for what comes in."""

    code = "storage.inbox_full"


class NotWritten(StorageError):
    """It is not certain that the events are stored: the sender must repeat them."""

    code = "storage.not_written"


@dataclass(slots=True, kw_only=True, eq=False)
class _Request:
    received_at: datetime
    rows: Sequence[InboxRow]
    asides: Sequence[AsideRow]
    size_bytes: int
    deadline: float
    # The code of what went wrong, or what was committed.
    outcome: "asyncio.Future[str | Written]" = field(repr=False)

    def end(self, outcome: str | Committed) -> None:
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
        rows = [sealed_row(self._keys, key, event, received_at) for event in events]
        asides = [sealed_aside(self._keys, key, event) for event in refused]
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
        """Half of what waits: while it is written, the answers to the other half bring in what comes next."""
        rows, most = 0, min(max(self._rows // 2, LEAST_GROUP_ROWS), GROUP_ROWS)
        group: list[_Request] = []
        while self._waiting and (not group or rows < most):
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
            committed: str | Committed = await self._commit_in_some_try(group)
        except StorageError as error:
            log.warning("inbox.not_written", extra={"error": error.code, "requests": len(group)})
            if len(group) > 1 and not isinstance(error, Unavailable | Busy):
                for request in group:
                    await self._settle([request])
                return
            committed = error.code
        for request in group:
            request.end(committed)

    async def _commit_in_some_try(self, group: list[_Request]) -> Committed:
        for _ in range(_TRIES - 1):
            try:
                return await self._commit(group)
            except Busy:
                continue
        return await self._commit(group)

    async def _commit(self, group: list[_Request]) -> Committed:
        # Of equal events in one group the first counts.
        rows = {row.event_key: (request.received_at, row) for request in reversed(group) for row in request.rows}
        asides = [(request.received_at, one) for request in group for one in request.asides]
        stops = _newest([(row.stop, at) for at, row in rows.values()])
        if not asides and not stops:
            async with self._database.connection() as connection:
                return await put_rows(connection, rows)
        async with self._database.transaction() as tx:
            committed = await put_rows(tx, rows)
            if asides:
                await put_asides(tx, asides)
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
