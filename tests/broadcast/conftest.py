from collections.abc import AsyncIterator

import pytest

from tests.broadcast.people import World, open_world
from tests.broadcast.sink import Sink, serve


@pytest.fixture
async def world(database_dsn: str) -> AsyncIterator[World]:
    async with open_world(database_dsn) as world:
        yield world


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    sink = Sink()
    runner = await serve(sink)
    yield sink
    await runner.cleanup()
