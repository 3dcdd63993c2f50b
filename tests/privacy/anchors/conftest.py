from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from privacy.anchors.calls import Caller
from tests.privacy.anchors.stand import LogStand, open_log


@pytest.fixture
async def log(database_dsn: str, tmp_path: Path) -> AsyncIterator[LogStand]:
    async with open_log(database_dsn, tmp_path / "log") as stand:
        yield stand


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(session=session, first_wait=0.01, call_seconds=2.0)
