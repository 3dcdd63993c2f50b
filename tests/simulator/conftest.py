"""A callback and a simulator for each test; `platform` has one follower, `talking` one within the window."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from tests.simulator.stand import PAGE, PERSON, Platform, Sink, start_platform


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    """A running callback."""
    kept = Sink()
    server = TestServer(kept.app())
    await server.start_server()
    kept.url = str(server.make_url("/webhooks/messenger"))
    yield kept
    await server.close()


@pytest.fixture
async def start(sink: Sink) -> AsyncIterator[Callable[..., Awaitable[Platform]]]:
    """Starts simulators with settings of the test's own."""
    started: list[Platform] = []
    async with aiohttp.ClientSession() as http:

        async def run(**more: Any) -> Platform:
            platform = await start_platform(sink, http, **more)
            started.append(platform)
            await platform.control("followers", {"page": PAGE, "followers": [{"psid": PERSON}]})
            return platform

        yield run
        for platform in started:
            await platform.server.close()


@pytest.fixture
async def platform(start: Callable[..., Awaitable[Platform]]) -> Platform:
    """One Page, one follower, nothing said."""
    return await start()


@pytest.fixture
async def talking(platform: Platform) -> Platform:
    """The follower has written, so the window is open."""
    await platform.say(text="hello", wait=True)
    return platform
