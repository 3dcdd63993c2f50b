"""Every story gets a world of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.journeys.world import World, world


@pytest.fixture
async def story(database_dsn: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database_dsn, tmp_path) as one:
        yield one
