"""Where does a benchmark get a database of its own?"""

import asyncpg

from storage.database import connect_arguments, migrate
from storage.server import ServerAddress


async def fresh_database(dsn: str, name: str) -> str:
    """The address of a new database of this name on the same server, with the schema and no rows."""
    connection = await asyncpg.connect(**connect_arguments(dsn))
    try:
        await connection.execute(f"create database {name}")
    finally:
        await connection.close()
    address = ServerAddress(dsn).of_database(name)
    await migrate(address)
    return address
