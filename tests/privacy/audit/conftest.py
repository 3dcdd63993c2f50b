from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.privacy.audited import Audited
from tests.privacy.people import open_world


@pytest.fixture
async def audited(database_dsn: str, tmp_path: Path) -> AsyncIterator[Audited]:
    async with open_world(database_dsn, tmp_path) as world:
        yield Audited(world)
