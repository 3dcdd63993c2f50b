"""A tiny platform for tests: it remembers every call that reached it and answers as it is told."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One call that reached the sink; `at` is on the loop's clock."""

    at: float
    page_id: str
    psid: str
    metadata: str
    message: dict[str, Any]
    token: str


Reply = Callable[[web.Request, Arrival], Awaitable[web.StreamResponse]]


@dataclass
class Sink:
    """`reply` decides each answer; messages whose call is answered well or cut count as having reached the person."""

    arrivals: list[Arrival] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)
    reply: Reply | None = None
    url: str = ""

    async def receive(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        arrival = Arrival(
            at=asyncio.get_running_loop().time(),
            page_id=request.match_info["page"],
            psid=body["recipient"]["id"],
            metadata=body["message"]["metadata"],
            message=body["message"],
            token=request.headers["Authorization"],
        )
        self.arrivals.append(arrival)
        return await (self.reply or self.accept)(request, arrival)

    async def accept(self, request: web.Request, arrival: Arrival) -> web.StreamResponse:
        """Done, and says so."""
        self.reached[arrival.psid] += 1
        return web.json_response({"recipient_id": arrival.psid, "message_id": f"m_{len(self.arrivals)}"})

    async def cut(self, request: web.Request, arrival: Arrival) -> web.StreamResponse:
        """Done, but nobody hears of it."""
        self.reached[arrival.psid] += 1
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    def refuse(self, code: int, subcode: int | None = None, *, status: int = 400) -> Reply:
        """Not done, and says so."""

        async def reply(request: web.Request, arrival: Arrival) -> web.StreamResponse:
            error: dict[str, Any] = {"message": "no", "type": "OAuthException", "code": code}
            if subcode is not None:
                error["error_subcode"] = subcode
            return web.json_response({"error": error}, status=status)

        return reply

    def done_but(self, reply: Reply) -> Reply:
        """Done, though the answer says otherwise."""

        async def lying(request: web.Request, arrival: Arrival) -> web.StreamResponse:
            self.reached[arrival.psid] += 1
            return await reply(request, arrival)

        return lying

    @property
    def twice(self) -> dict[str, int]:
        """Whoever was reached more than once."""
        return {psid: times for psid, times in self.reached.items() if times > 1}


async def serve(sink: Sink) -> web.AppRunner:
    """Listens on a free port of this machine; clean the runner up afterwards."""
    app = web.Application()
    app.router.add_post("/v25.0/{page}/messages", sink.receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    sink.url = f"http://127.0.0.1:{port}"
    return runner
