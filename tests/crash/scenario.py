"""What is one run? Real processes, campaigns, everything that goes wrong, and the truth at the end."""

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.demo import APP_ID, APP_SECRET, VERIFY_TOKEN, free_port
from app.runtime import Runtime, running
from app.settings import Settings
from storage.database import migrate
from storage.errors import StorageError
from storage.server import EmbeddedServer
from tests.crash.chaos import Chaos, Ills
from tests.crash.checker import Audience, Facts, Row, Verdict, check
from tests.crash.people import Crowd, begin, gather, report_of
from tests.crash.planted import Planted
from tests.crash.platform_side import Platform, platform
from tests.crash.processes import Launcher, Process, launcher

TTL = 2.5
ECHO_LATE_SECONDS = 3.0
HANG_SECONDS = 12.0
FAULTS: tuple[dict[str, Any], ...] = (
    {"fault": "error", "code": 613, "rate": 0.01},
    {"fault": "error", "code": 4, "rate": 0.01},
    {"fault": "error", "code": 80006, "rate": 0.01},
    {"fault": "error", "code": 2, "rate": 0.005},
    {"fault": "error", "code": 1200, "rate": 0.005},
    {"fault": "accepted_and_cut", "rate": 0.01},
    {"fault": "hang", "seconds": HANG_SECONDS, "rate": 0.01},
    {"fault": "echo_late", "seconds": ECHO_LATE_SECONDS, "rate": 0.05},
    {"fault": "echo_doubled", "rate": 0.05},
    {"fault": "echo_before_answer", "rate": 0.05},
    {"fault": "duplicate", "rate": 0.05},
)
"""Of all sends 3 % are limited, 1 % end in a server's error, 1 % are taken and cut off, 1 % hang."""
# After the last of what went wrong everything has to come to its end within this time.
CALM_SECONDS = 90.0
_QUIET = """
select (select count(*) from delivery where state in ('queued', 'sending', 'awaiting_window'))
     + (select count(*) from outbox where state in ('queued', 'sending')) + (select count(*) from inbox)
     + (select count(*) from campaign where state <> 'finished')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run: how many workers, Pages and people, at which pace, and what goes wrong."""

    seed: int
    workers: int
    pages: int
    people: int
    pace: int
    ills: Ills
    faults: Sequence[Mapping[str, Any]] = FAULTS
    patience: float = CALM_SECONDS
    planted: Planted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run brought; `ended` is how the workers obeyed a last polite request."""

    plan: Plan
    verdict: Verdict
    killed: Counter[str]
    web_killed: int
    gave_up: int
    frozen: int
    restarts: list[str]
    stops: int
    faults: dict[str, int]
    ended: list[int]
    seconds: float

    @property
    def broken(self) -> list[str]:
        return self.verdict.broken + (["workers that end in order"] if any(self.ended) else [])


@dataclass(slots=True, kw_only=True)
class Installation:
    runtime: Runtime
    platform: Platform
    launcher: Launcher
    web: Process
    crowd: Crowd = field(default_factory=Crowd)


async def play(plan: Plan, folder: Path) -> Outcome:
    """The whole run in this folder, which nobody else uses."""
    began = time.monotonic()
    async with installed(plan, folder) as here:
        here.crowd = await gather(here.runtime, here.platform, pages=plan.pages, people=plan.people // plan.pages)
        await here.platform.control("POST", "faults", rules=list(plan.faults))
        chaos = Chaos(
            runtime=here.runtime,
            platform=here.platform,
            launcher=here.launcher,
            web=here.web,
            crowd=here.crowd,
            ills=plan.ills,
            workers=plan.workers,
            seed=plan.seed,
        )
        await begin(here.runtime, here.crowd)
        going = asyncio.create_task(chaos.run())
        try:
            await _until_over(here, chaos, plan, going)
            chaos.calm()
            await _until_quiet(here, plan, going)
            ended = await chaos.end()
            await going
        finally:
            going.cancel()
            await asyncio.gather(going, return_exceptions=True)
        facts, faults = await _facts(here, plan, chaos)
    return Outcome(
        plan=plan,
        verdict=await asyncio.to_thread(check, facts),
        killed=here.launcher.killed,
        web_killed=here.launcher.web_killed,
        gave_up=len(here.launcher.gave_up),
        frozen=len(chaos.woken),
        restarts=chaos.restarts,
        stops=len(facts.stops),
        faults=faults,
        ended=ended,
        seconds=time.monotonic() - began,
    )


@asynccontextmanager
async def installed(plan: Plan, folder: Path) -> AsyncIterator[Installation]:
    """A database server of its own, the platform, and a web process; workers come and go."""
    server = EmbeddedServer(folder / "server", volatile=True)
    dsn = await server.start()
    try:
        await migrate(dsn)
        port = free_port(0)
        public_url = f"http://127.0.0.1:{port}"
        async with contextlib.AsyncExitStack() as stack:
            side = await stack.enter_async_context(platform(folder, f"{public_url}/webhooks/messenger", plan.seed))
            environ = _environ(plan, folder, dsn, side.url, public_url)
            runtime = await stack.enter_async_context(running(Settings.from_env(environ), dsn))
            made = await stack.enter_async_context(
                launcher(environ, folder / "log.jsonl", ttl=TTL, planted=plan.planted)
            )
            web = await made.start("web")
            await _answers(port)
            yield Installation(runtime=runtime, platform=side, launcher=made, web=web)
    finally:
        await server.stop()


def _environ(plan: Plan, folder: Path, dsn: str, platform_url: str, public_url: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ASSENT_HOME": str(folder / "home"),
        "ASSENT_PAGE_PACE": str(plan.pace),
        "DATABASE_URL": dsn,
        "FB_APP_ID": APP_ID,
        "FB_APP_SECRET": APP_SECRET,
        "FB_VERIFY_TOKEN": VERIFY_TOKEN,
        "FB_GRAPH_URL": platform_url,
        "PUBLIC_URL": public_url,
        "LOG_LEVEL": "warning",
        "LOG_FORMAT": "json",
    }


async def _answers(port: int) -> None:
    """Returns when somebody listens there."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)


async def _value(here: Installation, sql: str) -> Any:
    """One value, asked again while the database is away."""
    while True:
        with contextlib.suppress(StorageError):
            async with here.runtime.store.database.connection() as connection:
                return await connection.fetchval(sql)
        await asyncio.sleep(0.1)


async def _until_over(here: Installation, chaos: Chaos, plan: Plan, going: "asyncio.Task[None]") -> None:
    """The campaigns came to their end and enough have died, or there was twice the time for it."""
    latest = time.monotonic() + 2 * plan.ills.seconds
    while time.monotonic() < latest and not going.done():
        open_campaigns = await _value(here, "select count(*) from campaign where state <> 'finished'")
        if not open_campaigns and chaos.killed >= plan.ills.kills:
            return
        await asyncio.sleep(0.25)


async def _until_quiet(here: Installation, plan: Plan, going: "asyncio.Task[None]") -> None:
    """Everything was sent, every event was taken and handled, and a late echo would have come; or time is up."""
    latest, since = time.monotonic() + plan.patience, time.monotonic()
    while time.monotonic() < latest and not going.done() and time.monotonic() - since < ECHO_LATE_SECONDS + 1:
        if await _value(here, _QUIET) or not await here.platform.at_rest():
            since = time.monotonic()
        await asyncio.sleep(0.2)


async def _facts(here: Installation, plan: Plan, chaos: Chaos) -> tuple[Facts, dict[str, int]]:
    crowd, runtime = here.crowd, here.runtime
    book = await asyncio.to_thread(here.platform.read)
    async with runtime.store.database.connection() as connection:
        found = await connection.fetch("select page_id, campaign_id, lead_id, state, reason from delivery", timeout=120)
        answers = await connection.fetch("select page_id, lead_id, count(*) as number from outbox group by 1, 2")
    rows = [Row(page=row[0], campaign=row[1], psid=crowd.psids[row[2]], state=row[3], reason=row[4]) for row in found]
    audiences = [
        Audience(page=page, campaign=campaign, people=people, reported=(await report_of(runtime, page, campaign))[0])
        for (page, campaign), people in crowd.audiences.items()
    ]
    facts = Facts(
        calls=book.calls,
        stops=book.stops,
        rows=rows,
        audiences=audiences,
        paces=dict.fromkeys(crowd.pages, plan.pace),
        late=book.late,
        woken=chaos.woken,
        answers={(row["page_id"], crowd.psids[row["lead_id"]]): row["number"] for row in answers},
    )
    return facts, book.faults
