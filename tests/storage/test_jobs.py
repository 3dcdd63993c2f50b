"""Does the job queue outlive the loss of its database?"""

import asyncio

import pytest

from storage.errors import Unavailable
from storage.jobs import JobRunner
from tests.broadcast.people import World, open_world

_CONNECTED = """
select count(*) from pg_stat_activity
where datname = current_database() and query ilike '%pgqueuer%' and query not ilike '%pg_stat_activity%'
"""
_CUT = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> $1"


async def test_a_lost_database_ends_the_queue_with_an_error_of_ours_so_that_the_worker_goes_on(database_dsn: str):
    async with open_world(database_dsn) as world:
        runner = JobRunner(database=world.database, handlers={"nothing": _nothing}, timetable={})
        running = asyncio.create_task(runner.run())
        await _until_connected(world)
        async with asyncio.timeout(10), world.database.connection() as connection:
            own = await connection.fetchval("select pg_backend_pid()")
            # Until it notices: what it opens anew between two cuts is lost as well.
            while not running.done():
                await connection.execute(_CUT, own)
                await asyncio.sleep(0.05)
        with pytest.raises(Unavailable):
            await running


async def _nothing(payload: str) -> None:
    return None


async def _until_connected(world: World) -> None:
    async with asyncio.timeout(10):
        while not await world.value(_CONNECTED):  # noqa: ASYNC110 - the database is what changes
            await asyncio.sleep(0.05)
