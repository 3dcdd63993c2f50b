"""How does the whole product run in one process tree?

PostgreSQL as a child unless an address is given, migrations, then web and worker in this process. The first signal
drains and ends everything; nothing is left behind.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from app.runtime import Runtime, running
from app.settings import Settings
from app.web import serving
from app.worker import Worker
from storage.database import Database, migrate
from storage.installation import free_lanes
from storage.keyproviders import EnvKeys
from storage.server import EmbeddedServer


@asynccontextmanager
async def database_for(settings: Settings) -> AsyncIterator[str]:
    """The address of a migrated database: the one that is set, else our own server for as long as this lasts."""
    if settings.database_url is not None:
        dsn = settings.database_url.get_secret_value()
        await migrate(dsn)
        yield dsn
        return
    server = EmbeddedServer(settings.home / "postgresql", programs=settings.postgres_binaries)
    dsn = await server.start()
    try:
        await migrate(dsn)
        if server.owned:
            await _free_lanes(dsn)
        yield dsn
    finally:
        await server.stop()


async def _free_lanes(dsn: str) -> None:
    database = Database(dsn, connections=1)
    await database.open()
    try:
        await free_lanes(database)
    finally:
        await database.close()


@asynccontextmanager
async def whole_product(settings: Settings, *, keyring: EnvKeys | None = None) -> AsyncIterator[Runtime]:
    """Web and worker over one runtime; both are up when this yields and drained when it ends."""
    async with contextlib.AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(database_for(settings))
        runtime = await stack.enter_async_context(running(settings, dsn, keyring=keyring))
        await stack.enter_async_context(serving(runtime))
        await stack.enter_async_context(working(runtime))
        yield runtime


@asynccontextmanager
async def working(runtime: Runtime) -> AsyncIterator[Worker]:
    """A worker that runs until this ends, and is drained then; a fault of it stops the whole process."""
    worker = Worker(runtime=runtime)
    task = asyncio.create_task(worker.run())
    task.add_done_callback(lambda _: signal.raise_signal(signal.SIGTERM) if not worker.stopping else None)
    try:
        yield worker
    finally:
        worker.stop()
        await task


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """Set by SIGTERM or SIGINT; repeated ones are harmless."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    try:
        yield stopped
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
