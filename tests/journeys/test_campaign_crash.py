"""Is nobody reached twice and nobody forgotten when the process that sends is killed in the middle, three times?

The truth is the platform's ledger; the product's report must agree with it.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from app.connect import connect_page
from app.demo import APP_ID, APP_SECRET, CONTROLLER, PAGE_ID, PAGE_TOKEN, VERIFY_TOKEN, free_port
from app.runtime import running
from app.web import serving
from domain.delivery import DeliveryState
from domain.ids import PageId
from domain.personal import Pii
from tests.journeys.crowds import crowd, got
from tests.journeys.world import MovableClock, World, platform, settings_for

FOLLOWERS = 1000
KILL_AT = (150, 420, 690)
PAGE = PageId(PAGE_ID)


class WorkerProcess:
    """`assent worker`, as an operator starts it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(cls, dsn: str, home: Path, platform_url: str, port: int) -> "WorkerProcess":
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "ASSENT_HOME": str(home / "home"),
            "DATABASE_URL": dsn,
            "FB_APP_ID": APP_ID,
            "FB_APP_SECRET": APP_SECRET,
            "FB_VERIFY_TOKEN": VERIFY_TOKEN,
            "FB_GRAPH_URL": platform_url,
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        return cls(await asyncio.create_subprocess_exec(sys.executable, "-m", "app", "worker", env=environ))

    async def kill(self) -> None:
        """SIGKILL: no line of it runs any more."""
        self.process.kill()
        assert await self.process.wait() == -signal.SIGKILL

    async def stop(self) -> int:
        """SIGTERM, as a supervisor does; the exit code."""
        self.process.terminate()
        return await self.process.wait()


@asynccontextmanager
async def installation(dsn: str, home: Path) -> AsyncIterator[tuple[World, int]]:
    """The web process and the platform; workers are processes of their own."""
    port, platform_port = free_port(0), free_port(0)
    settings = settings_for(home, port, f"http://127.0.0.1:{platform_port}")
    clock = MovableClock()
    async with contextlib.AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(running(settings, dsn, clock=clock))
        await stack.enter_async_context(serving(runtime))
        url = await stack.enter_async_context(platform(platform_port, f"{runtime.public_url}/webhooks/messenger"))
        await connect_page(runtime, PAGE, Pii(PAGE_TOKEN), CONTROLLER, region="EU", language="en")
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield World(runtime=runtime, platform_url=url, session=session, clock=clock), port


@pytest.mark.timeout(240)
async def test_three_killed_workers_leave_nobody_reached_twice_and_a_report_that_agrees_with_the_ledger(
    database_dsn: str, tmp_path: Path
):
    async with installation(database_dsn, tmp_path) as (world, port):
        await crowd(world, FOLLOWERS)
        await world.control(
            "POST",
            "faults",
            page=PAGE_ID,
            rates={"accepted_and_cut": 0.02, "echo_doubled": 0.05, "echo_before_answer": 0.05},
        )
        campaign_id = await world.campaign()
        assert await world.campaigns.start(PAGE, campaign_id, now=world.clock()) == FOLLOWERS

        async def new_worker() -> WorkerProcess:
            return await WorkerProcess.start(database_dsn, tmp_path, world.platform_url, port)

        async def reached(people: int) -> bool:
            return len(await got(world)) >= people

        worker = await new_worker()
        for people in KILL_AT:
            await world.until(lambda people=people: reached(people), f"{people} messages", patience=60)
            await worker.kill()
            # What half a minute does to the leases of the dead.
            await world.value("update lane set until = clock_timestamp() returning 1")
            worker = await new_worker()

        async def done() -> bool:
            status = await world.campaigns.status(PAGE, campaign_id)
            told = await got(world)
            return status.campaign.finished_at is not None and status.report.of(DeliveryState.SENT) == len(told)

        await world.until(done, "the end of the campaign, every echo settled", patience=90)
        assert await worker.stop() == 0

        told = await got(world)
        status = await world.campaigns.status(PAGE, campaign_id)
        assert max(told.values()) == 1
        assert status.adds_up
        assert status.report.total == FOLLOWERS
        sent, unknown = status.report.of(DeliveryState.SENT), status.report.of(DeliveryState.UNKNOWN)
        assert sent == len(told)
        assert sent + unknown == FOLLOWERS
        assert unknown == len(status.report.unknown) <= 20 * len(KILL_AT)
