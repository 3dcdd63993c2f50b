"""The whole product and the simulated platform in one event loop, talking over real HTTP.

`World` is what a story sees: a follower's side (say, tap, read) through the platform's control API, and the product's
runtime for what an operator or auditor would look at.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from app.connect import connect_page
from app.demo import APP_ID, APP_SECRET, CONTROLLER, PAGE_ID, PAGE_NAME, PAGE_TOKEN, VERIFY_TOKEN, free_port
from app.runtime import Runtime, running
from app.settings import Settings
from app.up import working
from app.web import serving
from broadcast.campaigns import Campaigns
from domain.campaign import NewCampaign
from domain.ids import CampaignId, PageId, Psid, Topic
from domain.lead import Lead
from domain.personal import Pii
from simulator.config import SimulatorConfig
from simulator.server import build_app

PATIENCE_SECONDS = 20.0


@dataclass(slots=True)
class MovableClock:
    """The product's clock, moved together with the platform's."""

    offset: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset


@dataclass(slots=True, kw_only=True)
class World:
    """One installation, one Page, and as many followers as a story needs."""

    runtime: Runtime
    platform_url: str
    session: aiohttp.ClientSession
    clock: MovableClock
    page_id: str = PAGE_ID
    _people: int = field(default=0)

    async def control(self, method: str, path: str, **body: Any) -> Any:
        """One call of the platform's control API."""
        arguments = {"params": body} if method == "GET" else {"json": body}
        async with self.session.request(method, f"{self.platform_url}/control/{path}", **arguments) as answer:
            found = await answer.json()
            assert answer.status < 300, (path, answer.status, found)
            return found

    async def follower(self, first_name: str = "Zoë", last_name: str = "Ångström") -> str:
        """A new person, who has not written yet; their id on the Page."""
        self._people += 1
        psid = str(7310482919280000 + self._people)
        person = {"psid": psid, "first_name": first_name, "last_name": last_name}
        await self.control("POST", "followers", page=self.page_id, followers=[person])
        return psid

    async def say(self, psid: str, **act: Any) -> None:
        """What the person does; see the control API for the kinds of acts."""
        await self.control("POST", "say", page=self.page_id, psid=psid, **act)

    async def bubbles(self, psid: str) -> list[dict[str, Any]]:
        """The messages of the conversation, oldest first."""
        return list((await self.screen(psid))["bubbles"])

    async def screen(self, psid: str) -> dict[str, Any]:
        """The conversation as the follower sees it, with what can be tapped."""
        found: dict[str, Any] = await self.control("GET", "thread", page=self.page_id, psid=psid)
        return found

    async def heard(self, psid: str) -> list[str]:
        """The texts the person got from the Page."""
        return [text_of(bubble) for bubble in await self.bubbles(psid) if bubble["from"] != "follower"]

    async def until_heard(self, psid: str, words: str) -> str:
        """Waits until a message from the Page holds these words, and gives that message."""

        async def look() -> str | None:
            return next((text for text in reversed(await self.heard(psid)) if words in text), None)

        return await self.until(look, f"a message with {words!r}")

    async def until(self, look: Callable[[], Awaitable[Any]], what: str, patience: float = PATIENCE_SECONDS) -> Any:
        """Waits until `look` finds something."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if found := await look():
                return found
            await asyncio.sleep(0.03)
        raise AssertionError(f"waited in vain for {what}")

    async def start(self, first_name: str = "Zoë") -> str:
        """A person who pressed Get Started and was greeted."""
        psid = await self.follower(first_name)
        await self.say(psid, get_started=True)
        await self.until_heard(psid, "bot")
        return psid

    async def opted_in(self, first_name: str = "Zoë") -> str:
        """A person who said yes to offers."""
        psid = await self.start(first_name)
        await self.say(psid, quick_reply="Yes, please")
        await self.until_heard(psid, "Thank you!")
        return psid

    async def lead(self, psid: str) -> Lead | None:
        """The product's lead of the person."""
        async with self.runtime.store.database.transaction() as tx:
            return await self.runtime.store.leads.find(tx, PageId(self.page_id), Pii(Psid(psid)))

    async def unlogged(self) -> int:
        """How many entries wait for their index, and heads for their signature."""
        return int(
            await self.value(
                "select (select count(*) from log_pending) + (select count(*) from checkpoint where note is null)"
            )
        )

    async def value(self, sql: str, *arguments: Any) -> Any:
        """One value straight from the database."""
        async with self.runtime.store.database.connection() as connection:
            return await connection.fetchval(sql, *arguments)

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        """Rows straight from the database."""
        async with self.runtime.store.database.connection() as connection:
            return list(await connection.fetch(sql, *arguments))

    async def ledger(self, **filters: Any) -> list[dict[str, Any]]:
        """The platform's own book of what it offered and received."""
        return list((await self.control("GET", "ledger", page=self.page_id, limit=100_000, **filters))["lines"])

    @property
    def campaigns(self) -> Campaigns:
        return Campaigns(store=self.runtime.store, catalog=self.runtime.texts, public_url=self.runtime.public_url)

    async def campaign(self, text: str = "Hi {{first_name|there}}, a coffee is on us.") -> CampaignId:
        """A draft in the Page's language."""
        new = NewCampaign(page_id=PageId(self.page_id), name="Spring", topic=Topic("offers"), texts={"en": text})
        return await self.campaigns.create(new, now=self.clock())

    async def move_clock(self, by: timedelta) -> None:
        """Moves the platform's and the product's clock."""
        await self.control("POST", "clock", advance_seconds=by.total_seconds())
        self.clock.offset += by


def text_of(bubble: dict[str, Any]) -> str:
    """The words of a message, whichever form it has."""
    return str(bubble["text"] or (bubble["template"] or {}).get("text") or "")


def settings_for(home: Path, port: int, platform_url: str, **more: str) -> Settings:
    """Settings of a product that talks to the simulated platform."""
    return Settings.from_env(
        {
            "HOME": str(home),
            "ASSENT_HOME": str(home / "home"),
            "ASSENT_PAGE_PACE": "30",
            "FB_APP_ID": APP_ID,
            "FB_APP_SECRET": APP_SECRET,
            "FB_VERIFY_TOKEN": VERIFY_TOKEN,
            "FB_GRAPH_URL": platform_url,
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            **more,
        }
    )


@asynccontextmanager
async def platform(port: int, callback_url: str) -> AsyncIterator[str]:
    """The simulated platform; its address."""
    config = SimulatorConfig(
        port=port,
        app_id=APP_ID,
        app_secret=APP_SECRET,
        verify_token=VERIFY_TOKEN,
        callback_url=callback_url,
        page_id=PAGE_ID,
        page_name=PAGE_NAME,
        page_token=PAGE_TOKEN,
    )
    runner = web.AppRunner(build_app(config), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def world(dsn: str, home: Path, **more: str) -> AsyncIterator[World]:
    """Product and platform, connected; ended in order. `more` are further settings."""
    port, platform_port = free_port(0), free_port(0)
    settings = settings_for(home, port, f"http://127.0.0.1:{platform_port}", **more)
    clock = MovableClock()
    async with contextlib.AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(running(settings, dsn, clock=clock))
        await stack.enter_async_context(serving(runtime))
        callback = f"{runtime.public_url}/webhooks/messenger"
        platform_url = await stack.enter_async_context(platform(platform_port, callback))
        await stack.enter_async_context(working(runtime))
        await connect_page(runtime, PageId(PAGE_ID), Pii(PAGE_TOKEN), CONTROLLER, region="EU", language="en")
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield World(runtime=runtime, platform_url=platform_url, session=session, clock=clock)
