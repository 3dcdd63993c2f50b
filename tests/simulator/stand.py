"""What do the simulator's tests stand on? A running simulator, a callback that keeps what it got, and a caller."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from simulator.config import SimulatorConfig
from simulator.server import build_app

SECRET = "0123456789abcdef0123456789abcdef"
TOKEN = "EAAB-token"
PAGE = "111"
PERSON = "2222222222222222"


@dataclass
class Sink:
    """A webhook callback: keeps raw bodies and headers, answers as told."""

    verify_token: str = "verify-me"
    statuses: list[int] = field(default_factory=list)
    delay: float = 0.0
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    forms: list[tuple[str, str]] = field(default_factory=list)
    fetched: list[tuple[str, str, str, str]] = field(default_factory=list)
    arrivals: int = 0
    url: str = ""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/webhooks/messenger", self.verify),
                web.post("/webhooks/messenger", self.receive),
                web.post("/webhooks/data-deletion", self.signed),
                web.post("/webhooks/deauthorize", self.signed),
                web.route("*", "/u/{token}", self.link),
            ]
        )
        return app

    async def verify(self, request: web.Request) -> web.Response:
        if request.query["hub.verify_token"] != self.verify_token:
            return web.Response(status=403)
        return web.Response(text=request.query["hub.challenge"])

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.arrivals += 1
        self.news.set()
        if self.delay:
            await asyncio.sleep(self.delay)
        status = self.statuses.pop(0) if self.statuses else 200
        self.news.set()
        if status != 200:
            self.refused.append(body)
            return web.Response(status=status)
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        return web.Response(text="EVENT_RECEIVED")

    async def signed(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.forms.append((request.path, str(form["signed_request"])))
        return web.json_response({"url": "http://127.0.0.1/status/x", "confirmation_code": "x"})

    async def link(self, request: web.Request) -> web.Response:
        agent = request.headers["User-Agent"].partition("/")[0]
        self.fetched.append((request.method, request.path, agent, request.headers.get("Range", "")))
        return web.Response(text="a page")

    @property
    def events(self) -> list[dict[str, Any]]:
        """All messaging, standby and changes events in the order of their arrival, with their channel."""
        found: list[dict[str, Any]] = []
        for body in self.bodies:
            for entry in json.loads(body)["entry"]:
                for channel in ("messaging", "standby", "changes"):
                    found += [{"channel": channel, "page": entry["id"], **event} for event in entry.get(channel, [])]
        return found

    def of(self, member: str) -> list[dict[str, Any]]:
        """The events with this member; `message` without echoes, `echo` only those."""
        if member in ("message", "echo"):
            messages = [event for event in self.events if "message" in event]
            return [event for event in messages if bool(event["message"].get("is_echo")) is (member == "echo")]
        return [event for event in self.events if member in event]

    async def until(self, enough: Callable[[], Any], seconds: float = 10.0) -> None:
        """Waits for deliveries until something is so; fails when it never is."""
        async with asyncio.timeout(seconds):
            while not enough():
                self.news.clear()
                await self.news.wait()


@dataclass
class Platform:
    """A running simulator, its callback, and the two sides from which it is called."""

    server: TestServer
    sink: Sink
    http: aiohttp.ClientSession
    config: SimulatorConfig

    async def graph(
        self, method: str, path: str, body: Any = None, *, token: str | None = TOKEN, **query: str
    ) -> tuple[int, dict[str, Any]]:
        """A Graph API call; the answer's status and body."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = self.server.make_url(path)
        async with self.http.request(method, url, json=body, headers=headers, params=query) as answer:
            told: dict[str, Any] = await answer.json()
            return answer.status, told

    async def send(self, text: str = "hi", *, psid: str = PERSON, **more: Any) -> tuple[int, dict[str, Any]]:
        """A text message within the window."""
        message = {"text": text, **more.pop("message", {})}
        body = {"recipient": {"id": psid}, "messaging_type": "RESPONSE", "message": message, **more}
        return await self.graph("POST", f"/v25.0/{PAGE}/messages", body)

    async def refused(self, body: dict[str, Any]) -> tuple[int, int | None]:
        """Code and subcode of a send that must be refused."""
        status, told = await self.graph("POST", "/v25.0/me/messages", body)
        assert status != 200, told
        error = told["error"]
        assert {"message", "type", "code", "fbtrace_id"} <= set(error)
        return error["code"], error.get("error_subcode")

    async def control(self, path: str, body: Any = None, *, method: str = "POST", status: int = 200) -> Any:
        """A call of the control API."""
        url = self.server.make_url(f"/control/{path}")
        async with self.http.request(method, url, json=body) as answer:
            told = await answer.json()
            assert answer.status == status, told
            return told

    async def say(self, **act: Any) -> Any:
        """An act of the one follower."""
        return await self.control("say", {"psid": PERSON, **act})

    async def ledger(self, kind: str) -> list[dict[str, Any]]:
        """All lines of one kind."""
        told = await self.control(f"ledger?kind={kind}", method="GET")
        lines: list[dict[str, Any]] = told["lines"]
        return lines


def make_config(sink: Sink, **more: Any) -> SimulatorConfig:
    """A configuration with one Page, no followers and quick retries."""
    values: dict[str, Any] = {
        "app_id": "555",
        "app_secret": SECRET,
        "verify_token": sink.verify_token,
        "callback_url": sink.url,
        "page_id": PAGE,
        "page_token": TOKEN,
        "longest_retry_gap_seconds": 0.1,
    }
    return SimulatorConfig(**{**values, **more})


async def start_platform(sink: Sink, http: aiohttp.ClientSession, **more: Any) -> Platform:
    """A simulator that listens; the caller closes its server."""
    config = make_config(sink, **more)
    server = TestServer(build_app(config))
    await server.start_server()
    return Platform(server, sink, http, config)
