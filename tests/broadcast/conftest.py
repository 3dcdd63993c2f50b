from collections.abc import AsyncIterator

import pytest

from tests.broadcast.people import World, open_world


@pytest.fixture
async def world(database_dsn: str) -> AsyncIterator[World]:
    async with open_world(database_dsn) as world:
        yield world
