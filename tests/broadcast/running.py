"""A running sender between a test's world and its sink."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from bot.texts import load_texts
from broadcast.calls import Sending
from broadcast.pacer import Pacer
from broadcast.runner import BroadcastRunner
from broadcast.sender import Sender, StopLinks
from messenger.client import MessengerClient
from tests.broadcast.people import NOW, World
from tests.broadcast.sink import Sink

TEXTS = load_texts()
PUBLIC_URL = "https://assent.example"


class Unpaced(Pacer):
    """Lets everything go at once; only for tests, where nobody is behind the sink."""

    def room(self, at_most: int) -> int:
        return 0 if self.held else at_most

    def media_room(self, at_most: int) -> int:
        return self.room(at_most)

    async def pass_gate(self, *, media: bool = False) -> None:
        self._waiting -= 1

    def passed(self) -> None:
        pass


def moving_clock(start: datetime = NOW) -> Callable[[], datetime]:
    began = asyncio.get_running_loop().time()
    return lambda: start + timedelta(seconds=asyncio.get_running_loop().time() - began)


def make_runner(world: World, session: aiohttp.ClientSession, url: str, **options: Any) -> BroadcastRunner:
    clock = options.pop("clock", None) or moving_clock()
    client = MessengerClient(session, url, call_seconds=options.pop("call_seconds", 5.0))
    links = StopLinks(public_url=PUBLIC_URL, keys=world.keys)
    sender = Sender(client=client, catalog=TEXTS, links=links, clock=clock)
    limits = {name: options.pop(name) for name in ("in_flight", "open_limit", "policy") if name in options}
    sending = Sending(store=options.pop("store", world.store), sender=sender, clock=clock, **limits)
    options.setdefault("clock_tolerance", None)
    options.setdefault("make_pacer", Unpaced)
    options.setdefault("ttl", timedelta(seconds=3))
    return BroadcastRunner(sending=sending, **options)


@asynccontextmanager
async def sending(world: World, sink: Sink, **options: Any) -> AsyncIterator[BroadcastRunner]:
    """A runner at work; stopped in order afterwards unless the test ended it."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        runner = make_runner(world, session, sink.url, **options)
        task = asyncio.create_task(runner.run())
        try:
            yield runner
        finally:
            runner.stop()
            await task


async def eventually(condition: Callable[[], Any], seconds: float = 15.0) -> Any:
    """What the condition (perhaps awaitable) gives once it is true."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.02)
