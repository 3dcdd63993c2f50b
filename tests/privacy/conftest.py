from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.privacy.log_world import LogWorld, open_log_world
from tests.privacy.people import World, open_world


@pytest.fixture
async def world(database_dsn: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_dsn, tmp_path) as world:
        yield world


@pytest.fixture
async def log_world(database_dsn: str, tmp_path: Path) -> AsyncIterator[LogWorld]:
    async with open_log_world(database_dsn, tmp_path) as world:
        yield world
