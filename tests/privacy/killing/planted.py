"""Which mistakes must the check find? Each can be planted into a process; the product has none of them."""

from enum import StrEnum
from functools import wraps
from typing import Any

import asyncpg

from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from privacy.log_signing import signer_from
from storage.log import LogHead, LogStore
from tests.privacy.killing.installation import Worker


class Planted(StrEnum):
    """A mistake, as somebody could make it."""

    ACKNOWLEDGED_FIRST = "an act is acknowledged before it is committed"
    SIGNED_FIRST = "a head is signed before it is stored"
    INDEX_REMEMBERED = "the next index comes from a memory instead of the log's row"
    ANCHOR_ALONE = "an anchor is kept, and its entry afterwards"
    ACT_ALONE = "an act is kept, and its entry afterwards"
    TAKEN_FIRST = "waiting entries are taken away before they have their index"
    OUTSIDE_FIRST = "a head lies outside before its signature is stored"


def plant(planted: Planted, worker: Worker) -> None:
    """Makes this mistake part of this process."""
    match planted:
        case Planted.ACKNOWLEDGED_FIRST:
            pass  # the life itself does it
        case Planted.SIGNED_FIRST:
            _sign_first(worker)
        case Planted.INDEX_REMEMBERED:
            _remember_index(worker)
        case Planted.ANCHOR_ALONE:
            _entry_afterwards("log_record")
        case Planted.ACT_ALONE:
            _entry_afterwards("consent_record")
        case Planted.TAKEN_FIRST:
            _take_first(worker)
        case Planted.OUTSIDE_FIRST:
            _keep_first(worker)


def _sign_first(worker: Worker) -> None:
    real = LogStore.grow

    @wraps(real)
    async def grow(self: LogStore, *args: Any, **kwargs: Any) -> LogHead:
        grown = await real(self, *args, **kwargs)
        seed = worker.world.store.keys.ring.log_seed("log")
        signer = signer_from(seed, grown.origin)
        checkpoint = Checkpoint(origin=grown.origin, size=grown.size, root=grown.root)
        worker.book.note(sign_checkpoint(checkpoint, signer))
        return grown

    LogStore.grow = grow


def _remember_index(worker: Worker) -> None:
    memory = worker.folder / "next-index"

    def instead(query: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
        if not query.startswith("insert into log_entry"):
            return args
        first = int(memory.read_text()) if memory.exists() else args[1][0]
        indexes = list(range(first, first + len(args[1])))
        memory.write_text(str(first + len(indexes)))
        return (args[0], indexes, *args[2:])

    _instead_of("execute", instead)


def _instead_of(name: str, arguments: Any) -> None:
    real = getattr(asyncpg.Connection, name)

    @wraps(real)
    async def called(connection: Any, query: str, *args: Any, **kwargs: Any) -> Any:
        return await real(connection, query, *arguments(query, args), **kwargs)

    setattr(asyncpg.Connection, name, called)


def _entry_afterwards(table: str) -> None:
    """The entry of what is written into this table gets a transaction of its own."""
    real = asyncpg.Connection.execute
    held: list[tuple[Any, ...]] = []
    about: list[str] = []

    @wraps(real)
    async def execute(connection: Any, query: str, *args: Any, **kwargs: Any) -> Any:
        if query.lstrip().startswith("insert into"):
            about.append(query.split()[2])
        if query.startswith("insert into log_pending") and about[-2] == table:
            held.append((query, *args))
            return "INSERT 0 1"
        result = await real(connection, query, *args, **kwargs)
        while query == "COMMIT;" and held:
            await real(connection, *held.pop())
        return result

    asyncpg.Connection.execute = execute


def _take_first(worker: Worker) -> None:
    """The entries leave the list in a transaction of their own."""
    real = asyncpg.Connection.fetch

    @wraps(real)
    async def fetch(connection: Any, query: str, *args: Any, **kwargs: Any) -> Any:
        if not query.startswith("delete from log_pending"):
            return await real(connection, query, *args, **kwargs)
        async with worker.world.database.pool.acquire() as other:
            return await real(other._con, query, *args, **kwargs)

    asyncpg.Connection.fetch = fetch


def _keep_first(worker: Worker) -> None:
    real = LogStore.sign

    @wraps(real)
    async def sign(self: LogStore, tx: Any, checkpoint: Any, note: str) -> None:
        await real(self, tx, checkpoint, note)
        await worker.files.keep(note.partition("\n")[0], note.encode())

    LogStore.sign = sign
