"""Does the owner of the log lane work it, stand still loudly when it must, and leave nothing half done?"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app import log_lane
from app.log_lane import LogLane
from tests.privacy.log_world import LogWorld, open_log_world

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def world(database_dsn: str, tmp_path: Path) -> AsyncIterator[LogWorld]:
    async with open_log_world(database_dsn, tmp_path) as one:
        yield one


@asynccontextmanager
async def working(world: LogWorld) -> AsyncIterator[LogLane]:
    lane = LogLane(sequencer=await world.process())
    task = asyncio.create_task(lane.run())
    try:
        yield lane
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(look: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(20):
        while not await look():  # noqa: ASYNC110 - what is awaited has no event of its own
            await asyncio.sleep(0.02)


async def all_logged(world: LogWorld) -> None:
    async def none_waits() -> bool:
        return not await world.value("select count(*) from log_pending")

    await until(none_waits)


async def said(caplog: pytest.LogCaptureFixture, event: str) -> logging.LogRecord:
    """The first line of this event, once there is one."""

    async def found() -> list[logging.LogRecord]:
        return [record for record in caplog.records if record.msg == event]

    await until(found)
    return (await found())[0]


async def test_the_log_is_worked_from_the_gain_of_the_lane_until_its_loss(world: LogWorld) -> None:
    async with working(world) as lane:
        await world.pend(5)
        await asyncio.sleep(0.5)
        assert await world.value("select count(*) from log_pending") == 5
        lease = await world.lease()
        await lane.gained(lease)
        await all_logged(world)
        await lane.lost(lease)
        await world.pend(1)
        await asyncio.sleep(0.5)
        assert await world.value("select count(*) from log_pending") == 1
    await world.check()


async def test_a_lost_key_is_said_loudly_and_the_log_goes_on_once_it_is_back(
    world: LogWorld, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(log_lane, "STANDSTILL_SECONDS", 0.1)
    await world.logged(1)
    ring = world.folder / "keys" / "keyring.json"
    whole = ring.read_text()
    ring.write_text(whole.replace('"log":', '"gone":'))
    async with working(world) as lane:
        await world.pend(3)
        await lane.gained(await world.lease())
        record = await said(caplog, "log.stopped")
        assert (record.levelno, record.__dict__["error"]) == (logging.ERROR, "log.key_lost")
        assert await world.value("select count(*) from log_pending") == 3
        ring.write_text(whole)
        await all_logged(world)
    await world.check()


async def test_a_lease_that_ended_is_no_fault_of_the_program(world: LogWorld, caplog: pytest.LogCaptureFixture) -> None:
    async with working(world) as lane:
        stale = await world.lease()
        await world.lease()
        await world.pend(1)
        await lane.gained(stale)
        record = await said(caplog, "log.sequencing_failed")
        assert (record.levelno, record.__dict__["error"]) == (logging.WARNING, "storage.lane_lost")
        assert {record.msg for record in caplog.records} == {"log.sequencing_failed"}
