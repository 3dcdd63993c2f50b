"""Does whoever only looks see one moment of the database, and change nothing?"""

import pytest

from storage.database import Database
from storage.errors import QueryRefused

COUNT = "select count(*) from installation_note"


@pytest.fixture
async def database(database_dsn):
    database = Database(database_dsn)
    await database.open()
    async with database.connection() as connection:
        await connection.execute("create table installation_note (text text)")
    yield database
    await database.close()


async def test_what_others_write_meanwhile_is_not_in_a_snapshot(database):
    async with database.snapshot() as tx:
        assert await tx.fetchval(COUNT) == 0
        async with database.transaction() as other:
            await other.execute("insert into installation_note values ('meanwhile')")
        assert await tx.fetchval(COUNT) == 0
    async with database.snapshot() as tx:
        assert await tx.fetchval(COUNT) == 1


async def test_a_snapshot_writes_nothing(database):
    with pytest.raises(QueryRefused):
        async with database.snapshot() as tx:
            await tx.execute("insert into installation_note values ('mine')")
