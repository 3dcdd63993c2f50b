"""A served webhook over a real database, and a platform that signs what it sends."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import web

from domain.ids import PageId
from messenger.signature import AppSecret
from storage.inbox import InboxStore
from storage.inbox_writer import InboxWriter
from storage.webhook_counts import WebhookCounts
from tests.broadcast.people import NOW, PAGE, World, open_world
from webhooks.receive import ReceiveEvents
from webhooks.server import CLIENT_MAX_BYTES, Limits, Serving, serve

SECRET, OLD_SECRET = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
VERIFY_TOKEN = "a verify token"
ANN = "7310482919280001"
"""The Psid of the first lead that a World makes."""
MINUTE_MS = 60_000
NOW_MS = int(NOW.timestamp() * 1000)


def sign(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def message(mid: str, text: str = "hello", *, psid: str = ANN, at: int = NOW_MS, **more: Any) -> dict[str, Any]:
    return act(psid, at, message={"mid": mid, "text": text, **more})


def act(psid: str = ANN, at: int = NOW_MS, **what: Any) -> dict[str, Any]:
    return {"sender": {"id": psid}, "recipient": {"id": PAGE}, "timestamp": at, **what}


def delivery(*items: dict[str, Any], page: str = PAGE, container: str = "messaging") -> bytes:
    return json.dumps({"object": "page", "entry": [{"id": page, "time": NOW_MS, container: list(items)}]}).encode()


@dataclass
class Stand:
    """The webhook at `url`; `time` is what its clock shows."""

    world: World
    counts: WebhookCounts
    client: aiohttp.ClientSession
    time: datetime = NOW
    serving: Serving | None = None
    handles: list[bytes] = field(default_factory=list)

    @property
    def port(self) -> int:
        assert self.serving is not None
        return self.serving.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/messenger"

    @property
    def inbox(self) -> InboxStore:
        return InboxStore(self.world.database, self.world.keys)

    async def post(self, body: bytes, **headers: str) -> int:
        """The status for a signed body; header names are written with underscores."""
        given = {"X-Hub-Signature-256": sign(body)} | {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.post(self.url, data=body, headers=given) as answer:
            return answer.status

    async def waiting(self) -> int:
        found: int = await self.world.value("select count(*) from inbox")
        return found

    async def counted(self) -> dict[str, int]:
        await self.counts.flush()
        return await self.counts.of_day(NOW.date())


@asynccontextmanager
async def open_stand(
    dsn: str, *, page: bool = True, limits: Limits | None = None, answer_within: timedelta = timedelta(seconds=4)
) -> AsyncIterator[Stand]:
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(open_world(dsn))
        if page:
            await world.page()
        client = await stack.enter_async_context(aiohttp.ClientSession())
        stand = Stand(world, WebhookCounts(world.database, lambda: stand.time), client)
        writer = InboxWriter(world.database, world.keys, world.suppressions)
        await stack.enter_async_context(writer.running())
        receive = ReceiveEvents(
            writer=writer,
            suppressions=world.suppressions,
            counts=stand.counts,
            app_secrets=(AppSecret.from_text(SECRET), AppSecret.from_text(OLD_SECRET)),
            verify_token=VERIFY_TOKEN,
            clock=lambda: stand.time,
            answer_within=answer_within,
        )
        app = web.Application(client_max_size=CLIENT_MAX_BYTES)
        app.add_routes(receive.routes())
        stand.serving = await serve(app, "127.0.0.1", 0, limits=limits, grace=timedelta(seconds=1))
        stack.push_async_callback(stand.serving.close)
        yield stand


def page_named(number: int) -> PageId:
    return PageId(f"2000000000000{number:02}")
