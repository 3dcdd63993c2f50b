"""How do discrete jobs and timed duties run once, on whichever machine is free?

pgqueuer behind one module: a job is queued inside the caller's transaction, so it exists exactly when the change
that wanted it does. Handlers must be safe to repeat: a worker that dies leaves its job to another one. A job's
payload is an id of ours, never anything about a person.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pgqueuer import PgQueuer
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.models import Job, Schedule

from storage.errors import boundary

if TYPE_CHECKING:
    from asyncpg import Connection, Record

    from storage.database import Database, Transaction

JobHandler = Callable[[str], Awaitable[None]]
TimedHandler = Callable[[], Awaitable[None]]

RETRY_AFTER = timedelta(seconds=30)


async def install(connection: "Connection[Record]") -> None:
    """Creates or upgrades the queue's own tables; the caller holds the migration lock."""
    queries = Queries(AsyncpgDriver(connection))
    if await queries.schema_is_installed():
        await queries.upgrade()
    else:
        await queries.install()


async def enqueue(tx: "Transaction", name: str, payload: str) -> None:
    """Queues one job in the caller's transaction; an equal one that still waits is not queued twice."""
    queries = Queries(AsyncpgDriver(tx))
    await queries.enqueue([name], [payload.encode()], [0], dedupe_key=[f"{name}:{payload}"], on_conflict="skip")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRunner:
    """Works the queue and the timetable of one worker process until stopped.

    `handlers` are by job name; `timetable` maps a name to (cron expression, handler), each tick run by one process.
    """

    database: "Database"
    handlers: Mapping[str, JobHandler]
    timetable: Mapping[str, tuple[str, TimedHandler]]

    async def run(self) -> None:
        """Until stopped; raises StorageError when the database is lost, and may be called again then."""
        connection = await self.database.dedicated()
        try:
            with boundary():
                await self._queue(connection).run(dequeue_timeout=timedelta(seconds=2), batch_size=10)
        finally:
            await connection.close()

    def _queue(self, connection: "Connection[Record]") -> PgQueuer:
        queue = PgQueuer.from_asyncpg_connection(connection)
        for name, handler in self.handlers.items():
            queue.entrypoint(name, on_failure="hold")(_job(handler))
        for name, (expression, timed) in self.timetable.items():
            queue.schedule(name, expression)(_timed(timed))
        return queue


def _job(handler: JobHandler) -> Callable[[Job], Awaitable[None]]:
    async def run(job: Job) -> None:
        await handler((job.payload or b"").decode())

    return run


def _timed(handler: TimedHandler) -> Callable[[Schedule], Awaitable[None]]:
    async def run(schedule: Schedule) -> None:
        await handler()

    return run
