"""Does readiness tell the truth about what is outside, and aliveness nothing but life?"""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from app.health import Health, Ping

CANARY = "password=hunter2"


async def works() -> None:
    return None


async def fails() -> None:
    raise ConnectionError(CANARY)


async def hangs() -> None:
    await asyncio.Event().wait()


async def ask(path: str, pings: Mapping[str, Ping]) -> tuple[int, object, str | None]:
    app = web.Application()
    app.add_routes(Health(pings=pings, patience=timedelta(milliseconds=50)).routes())
    async with TestClient(TestServer(app)) as client:
        answer = await client.get(path)
        return answer.status, await answer.json(), answer.headers.get("Cache-Control")


@pytest.mark.parametrize("path", ["/healthz", "/health"])
async def test_a_process_is_alive_even_when_everything_outside_is_away(path: str) -> None:
    assert await ask(path, {"database": fails, "keys": hangs}) == (200, {"status": "alive"}, "no-store")


async def test_a_process_is_ready_when_every_ping_returns() -> None:
    status, body, _ = await ask("/readyz", {"database": works, "keys": works})
    assert (status, body) == (200, {"status": "ready", "checks": {"database": "ok", "keys": "ok"}})


@pytest.mark.parametrize("ping", [fails, hangs])
async def test_a_process_is_not_ready_when_a_ping_raises_or_hangs(ping: Ping) -> None:
    status, body, _ = await ask("/readyz", {"database": ping, "keys": works})
    assert (status, body) == (503, {"status": "not ready", "checks": {"database": "failed", "keys": "ok"}})


async def test_the_answer_never_says_why() -> None:
    _, body, _ = await ask("/readyz", {"database": fails})
    assert CANARY not in json.dumps(body)
