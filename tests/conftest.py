"""What does every test get: a real PostgreSQL, the local network only, and no blocked event loop."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import secrets
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_socket
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import settings

from storage.server import EmbeddedServer, ServerAddress
from tests.browser import browser, browser_page

__all__ = ["browser", "browser_page"]

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = PROJECT["tool"]["importlinter"]["root_packages"]
LOCAL_HOSTS = ["127.0.0.1", "::1", "localhost"]

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("dev", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


def pytest_runtest_setup() -> None:
    """No test reaches beyond this machine, except to the database somebody named."""
    named = urlsplit(os.environ.get("TEST_DATABASE_URL", "")).hostname
    pytest_socket.socket_allow_hosts([*LOCAL_HOSTS, *([named] if named else [])], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _loop_never_blocks(request: pytest.FixtureRequest) -> Iterator[BlockBuster | None]:
    """An async test fails when our code blocks the event loop; libraries and tests may read files."""
    if not inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        yield None
        return
    with blockbuster_ctx(scanned_modules=ROOMS) as guard:
        yield guard


@pytest.fixture(scope="session")
def database_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAddress]:
    """A server for this test process: TEST_DATABASE_URL, else our own launcher without fsync."""
    named = os.environ.get("TEST_DATABASE_URL")
    if named:
        yield ServerAddress(named)
        return
    server = EmbeddedServer(tmp_path_factory.mktemp("postgresql"), volatile=True)
    dsn = asyncio.run(server.start())
    try:
        yield ServerAddress(dsn)
    finally:
        asyncio.run(server.stop())


@pytest.fixture(scope="session")
def _migrated_template(database_server: ServerAddress) -> Iterator[str]:
    """The name of a database with the whole schema, made once and copied for each test."""
    from storage.database import migrate

    name = _fresh_name()
    asyncio.run(_execute(database_server.dsn, f"create database {name}"))
    asyncio.run(migrate(database_server.of_database(name)))
    yield name
    asyncio.run(_drop(database_server.dsn, name))


@pytest.fixture
async def database_dsn(database_server: ServerAddress, _migrated_template: str) -> AsyncIterator[str]:
    """The address of a database of this test's own, with the schema and no rows."""
    name = _fresh_name()
    await _execute(database_server.dsn, f"create database {name} template {_migrated_template} strategy file_copy")
    yield database_server.of_database(name)
    await _drop(database_server.dsn, name)


@pytest.fixture
async def empty_database_dsn(database_server: ServerAddress) -> AsyncIterator[str]:
    """The address of a database of this test's own, without any schema."""
    name = _fresh_name()
    await _execute(database_server.dsn, f"create database {name}")
    yield database_server.of_database(name)
    await _drop(database_server.dsn, name)


def _fresh_name() -> str:
    return f"assent_test_{secrets.token_hex(6)}"


async def _drop(dsn: str, name: str) -> None:
    """Drops the database; a process of the server's own that looks after it just now cannot be ended, but ends soon."""
    for _ in range(20):
        with contextlib.suppress(asyncpg.InsufficientPrivilegeError, asyncpg.ObjectInUseError):
            await _execute(dsn, f"drop database {name} with (force)")
            return
        await asyncio.sleep(0.25)
    await _execute(dsn, f"drop database {name} with (force)")


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
