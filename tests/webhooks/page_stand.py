"""Followers' pages served over a real database, and browsers and crawlers that open them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import aiohttp
from aiohttp import web

from bot.notices import default_notices
from bot.texts import load_texts
from domain.ids import LeadId
from domain.tokens import make_unsubscribe
from privacy.ledger import Ledger
from privacy.notices import Notices
from privacy.requests import Requests
from tests.broadcast.people import NOW, PAGE, World, open_world
from webhooks.follower_pages import FollowerPages
from webhooks.privacy import PrivacyPages
from webhooks.rendering import Pages
from webhooks.server import add_security_headers, serve, unavailable_instead_of_broken
from webhooks.static_files import StaticFiles
from webhooks.status import StatusPages
from webhooks.unsubscribe import UnsubscribeLinks

PUBLIC = "https://bot.example.org"
TEMPLATES = Pages(load_texts())
FILES = StaticFiles.read()


@dataclass
class PageStand:
    """`time` is what the server's clock shows."""

    world: World
    requests: Requests
    client: aiohttp.ClientSession
    base: str = ""
    time: datetime = NOW

    async def open(self, path: str, method: str = "GET", **request: Any) -> tuple[int, str, Any]:
        """Status, text and headers."""
        async with self.client.request(method, self.base + path, allow_redirects=False, **request) as answer:
            return answer.status, await answer.text(), answer.headers

    async def link(self, lead_id: LeadId, campaign: int = 7) -> str:
        """The path of this person's unsubscribe link."""
        ref: UUID = await self.world.value("select link_ref from lead where lead_id = $1", lead_id)
        return self.link_of(ref, campaign)

    def link_of(self, ref: UUID, campaign: int = 7) -> str:
        key = self.world.keys.ring.link_key()
        return f"/u/{make_unsubscribe(key.secret, key.kid, ref, campaign)}"

    async def state(self) -> list[Any]:
        """Everything that a request could have changed."""
        tables = ("suppression", "consent_record", "lead_topic", "log_pending", "delivery", "lead", "data_request")
        return [await self.world.fetch(f"select * from {table} order by 1, 2") for table in tables]


@asynccontextmanager
async def open_pages(dsn: str, *, page: bool = True) -> AsyncIterator[PageStand]:
    async with open_world(dsn) as world, aiohttp.ClientSession() as client:
        if page:
            await world.page()
        stand = PageStand(world, Requests(store=world.store, clock=lambda: stand.time, public_url=PUBLIC), client)
        shown = FollowerPages(pages=world.store.pages, templates=TEMPLATES, public_url=PUBLIC)
        ledger = Ledger(store=world.store, random_bytes=os.urandom)
        notices = Notices(store=world.store, write_default=default_notices)
        app = web.Application(middlewares=[unavailable_instead_of_broken])
        add_security_headers(app, PUBLIC)
        for routes in (
            UnsubscribeLinks(store=world.store, ledger=ledger, shown=shown, clock=lambda: stand.time).routes(),
            PrivacyPages(store=world.store, notices=notices, shown=shown, clock=lambda: stand.time).routes(),
            StatusPages(status_of=stand.requests.status_of, shown=shown).routes(),
            FILES.routes(),
        ):
            app.add_routes(routes)
        serving = await serve(app, "127.0.0.1", 0)
        stand.base = f"http://127.0.0.1:{serving.port}"
        try:
            yield stand
        finally:
            await serving.close()


__all__ = ["NOW", "PAGE", "PUBLIC", "PageStand", "open_pages"]
