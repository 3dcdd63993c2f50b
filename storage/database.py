"""How does the program reach its PostgreSQL, and is the schema the one it was written for?

Two ways in: `Database.pool` is raw asyncpg for what must be quick or must share one transaction; Tortoise models
(storage/tables.py) serve ordinary reads and writes. Both are opened and closed here and used only inside this room.
"""

import asyncio
import hashlib
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from tortoise import Tortoise
from tortoise.timezone import get_default_timezone

from storage import jobs
from storage.errors import StorageError, boundary

if TYPE_CHECKING:
    from asyncpg import Connection, Record
    from asyncpg.pool import Pool, PoolConnectionProxy

# What the stores take as first argument: one connection with a transaction open on it. Opaque outside this room.
Transaction: TypeAlias = "PoolConnectionProxy[Record]"

MIGRATION_LOCK = 0x417373656E74  # "Assent": two processes that start at once migrate one after the other
MIGRATION_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")


class SchemaMismatch(StorageError):
    """The database's schema is not one this program can bring up to date."""

    code = "storage.schema_mismatch"


def migrations() -> list[tuple[int, str, str]]:
    """Every migration as (number, SHA-256 of its bytes, SQL), in order."""
    found = []
    for file in resources.files("storage.migrations").iterdir():
        match = MIGRATION_NAME.match(file.name)
        if match:
            raw = file.read_bytes()
            found.append((int(match[1]), hashlib.sha256(raw).hexdigest(), raw.decode()))
    return sorted(found)


async def migrate(dsn: str) -> None:
    """Brings the schema up to this program; safe when several processes do it at once.

    Raises SchemaMismatch when an applied migration differs from ours or the database is newer than the program.
    """
    with boundary():
        connection = await asyncpg.connect(**connect_arguments(dsn))
        try:
            await connection.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
            await _apply(connection)
            await jobs.install(connection)
        finally:
            await connection.close()


async def wipe(dsn: str) -> None:
    """Removes everything from the database. For the demo's own database alone."""
    with boundary():
        connection = await asyncpg.connect(**connect_arguments(dsn))
        try:
            await connection.execute("drop schema public cascade; create schema public")
        finally:
            await connection.close()


async def _apply(connection: "Connection[Record]") -> None:
    await connection.execute(
        "create table if not exists schema_migration "
        "(number integer primary key, sha256 text not null, applied_at timestamptz not null default now())"
    )
    applied = {row["number"]: row["sha256"] for row in await connection.fetch("select * from schema_migration")}
    known = await asyncio.to_thread(migrations)
    check_applied(applied, {number: digest for number, digest, _ in known})
    for number, digest, sql in known:
        if number in applied:
            continue
        async with connection.transaction():
            await connection.execute(sql)
            await connection.execute("insert into schema_migration (number, sha256) values ($1, $2)", number, digest)


def check_applied(applied: dict[int, str], known: dict[int, str]) -> None:
    """Raises SchemaMismatch unless what was applied is a beginning of what this program knows."""
    for number, digest in applied.items():
        if number not in known:
            raise SchemaMismatch(
                f"the database has migration {number:04}, which this version does not know: "
                "run the newer version that made it"
            )
        if known[number] != digest:
            raise SchemaMismatch(
                f"migration {number:04} was changed after it was applied: restore the file as it was "
                "released and put the change into a new migration"
            )


def connect_arguments(dsn: str) -> dict[str, Any]:
    """asyncpg's arguments for an address as platforms write it (postgres://, postgresql://, sslmode, socket host)."""
    parts = urlsplit(dsn)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    mode = query.get("sslmode", "prefer" if parts.hostname else "disable")
    arguments: dict[str, Any] = {
        "host": query.get("host") or parts.hostname,
        "port": int(query.get("port") or parts.port or 5432),
        "user": unquote(parts.username) if parts.username else query.get("user"),
        "password": unquote(parts.password) if parts.password else query.get("password"),
        "database": unquote(parts.path.lstrip("/")) or None,
    }
    if not (arguments["host"] or "").startswith("/"):
        arguments["ssl"] = _ssl_argument(mode, query.get("sslrootcert"))
    return arguments


def _ssl_argument(mode: str, root_certificate: str | None) -> "str | ssl.SSLContext":
    if mode == "verify-full" and root_certificate:
        return ssl.create_default_context(cafile=root_certificate)
    return mode


class Database:
    """The open connections of one process; `open` first, `close` last."""

    def __init__(self, dsn: str, *, connections: int = 10) -> None:
        self.dsn = dsn
        self._connections = connections
        self._pool: Pool[Record] | None = None

    @property
    def pool(self) -> "Pool[Record]":
        if self._pool is None:
            raise RuntimeError("the database is not open")
        return self._pool

    async def open(self) -> None:
        """Connects; raises Unavailable when the server cannot be reached."""
        with boundary():
            # The pool's own reset costs a round trip per use; nothing here changes session state.
            self._pool = await asyncpg.create_pool(
                **connect_arguments(self.dsn),
                min_size=1,
                max_size=self._connections,
                reset=_no_reset,
                command_timeout=30,
            )
            await Tortoise.init(config=tortoise_config(self.dsn), use_tz=True, timezone="UTC")
            # The ORM reads its zone's file at first use and keeps it: here, where that holds nobody up.
            await asyncio.to_thread(get_default_timezone)

    async def close(self) -> None:
        if self._pool is not None:
            await Tortoise.close_connections()
            await self._pool.close()
            self._pool = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction on one connection; driver errors come out as ours."""
        with boundary():
            async with self.pool.acquire() as connection, connection.transaction():
                yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Transaction]:
        """One transaction that sees everything as it stood at its first look, and can change nothing."""
        with boundary():
            async with (
                self.pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Transaction]:
        """One connection, each statement its own transaction; driver errors come out as ours."""
        with boundary():
            async with self.pool.acquire() as connection:
                yield connection

    async def ping(self) -> None:
        """Returns when the server answers; raises Unavailable when it does not."""
        async with self.connection() as connection:
            await connection.execute("select 1")

    async def dedicated(self) -> "Connection[Record]":
        """A connection of its own, for LISTEN and for jobs; the caller closes it."""
        with boundary():
            return await asyncpg.connect(**connect_arguments(self.dsn))


async def _no_reset(connection: "Connection[Record]") -> None:
    return None


def tortoise_config(dsn: str) -> dict[str, Any]:
    """Tortoise's view of the same server, with a small pool of its own."""
    arguments = connect_arguments(dsn)
    credentials = {"minsize": 1, "maxsize": 3, **arguments}
    return {
        "connections": {"default": {"engine": "tortoise.backends.asyncpg", "credentials": credentials}},
        "apps": {"storage": {"models": ["storage.tables"], "default_connection": "default"}},
    }
