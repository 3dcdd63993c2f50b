"""What does the other end of the wire do? A server on 127.0.0.1 that answers as a test tells it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from messenger.client import MessengerClient

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True, kw_only=True)
class Call:
    """One call as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Platform:
    """Keeps every call it read, and answers each with the next of `answers`, the last one again."""

    answers: list[Answer]
    calls: list[Call] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(
            Call(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                headers=dict(request.headers),
                body=await request.read(),
            )
        )
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request)

    async def hang(self, _: web.Request) -> web.StreamResponse:
        """Reads the call and never answers."""
        await self.release.wait()
        return web.Response()


def says(tree: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Answers with this JSON."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(tree, status=status, headers=headers)

    return answer


def writes(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Answers with these bytes."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers=headers)

    return answer


def refuses(code: int, subcode: int | None = None, status: int = 400) -> Answer:
    """Answers with an error of the platform."""
    return says({"error": {"message": "private words", "code": code, "error_subcode": subcode}}, status)


async def cut(request: web.Request) -> web.StreamResponse:
    """Reads the call, then drops the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def cut_in_the_answer(request: web.Request) -> web.StreamResponse:
    """Begins a good answer and drops the connection in the middle of it."""
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"recipient_id":"1","message')
    assert request.transport is not None
    request.transport.abort()
    return response


@asynccontextmanager
async def platform(*answers: Answer, **settings: Any) -> AsyncIterator[tuple[MessengerClient, Platform]]:
    """A running platform and a client of ours that talks to it."""
    other_end = Platform(list(answers))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", other_end.handle)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    try:
        async with ClientSession() as session:
            settings = {"retry_wait_seconds": 0.0, "call_seconds": 5.0, **settings}
            yield MessengerClient(session, str(server.make_url("/")), **settings), other_end
    finally:
        other_end.release.set()
        await server.close()
