"""An installation whose log is worked by hand: its database, key ring, outside copies, and a clock that is set."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from domain.proof.checkpoint import open_cosigned
from domain.proof.entry import commit, leaf_hash
from domain.proof.keys import Verifier
from domain.proof.merkle import root_of
from domain.proof.record import ProofRecord
from domain.proof.record_json import decode
from privacy.checkpoints import LOG_LANE, Sequencer
from privacy.outside_heads import Outside, OutsideHeads
from storage.database import Database, Transaction
from storage.head_files import HeadFiles
from storage.installation import open_keys
from storage.keyproviders import FileKeys
from storage.keyring import KeyProvider
from storage.lanes import LaneKind, Lease
from storage.log import LogHead
from storage.store import Store

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class LogWorld:
    database: Database
    folder: Path
    provider: KeyProvider
    now: datetime = NOW
    others: list[OutsideHeads] = field(default_factory=list)
    sequencer: Sequencer = field(init=False)

    def clock(self) -> datetime:
        return self.now

    @property
    def store(self) -> Store:
        return self.sequencer.store

    @property
    def files(self) -> HeadFiles:
        return HeadFiles(self.folder / "keys" / "checkpoints")

    async def process(self, batch: int = 1000) -> Sequencer:
        """A sequencer as another process would have it: own keys, nothing remembered."""
        keys = await open_keys(self.database, self.provider, random_bytes=os.urandom, now=self.now)
        return Sequencer(
            store=Store.over(self.database, keys),
            host="log.example",
            clock=self.clock,
            outside=Outside(own=self.files, others=self.others),
            batch=batch,
        )

    async def lease(self) -> Lease:
        """The log lane, taken from whoever has it, as time would."""
        lanes = self.store.lanes
        await lanes.register(LaneKind.LOG, (LOG_LANE,))
        await self.execute("update lane set until = '-infinity' where kind = 'log'")
        [lease] = await lanes.take(LaneKind.LOG, (LOG_LANE,), uuid4(), limit=1)
        return lease

    async def pend(self, count: int) -> list[tuple[UUID, bytes]]:
        entries = [(uuid4(), commit(os.urandom(40), os.urandom(64))) for _ in range(count)]
        async with self.database.transaction() as tx:
            for entry_id, entry in entries:
                await self.store.consents.pend(tx, entry_id, entry)
        return entries

    async def logged(self, count: int) -> list[tuple[UUID, bytes]]:
        """So many entries more, in the log and signed."""
        entries = await self.pend(count)
        assert await self.sequencer.catch_up()
        return entries

    async def work(self, process: Sequencer | None = None) -> None:
        """Everything that waits, by a process that takes the lane now."""
        lease = await self.lease()
        while await (process or self.sequencer).step(lease):
            pass

    async def heads(self) -> list[LogHead]:
        async with self.database.connection() as connection:
            return await self.store.log.heads(connection)

    async def head(self) -> LogHead:
        return (await self.heads())[-1]

    async def first_record(self, log_id: int) -> ProofRecord:
        """What the first entry of a log says; its opening must open it."""
        row = await self.row(
            "select record, nonce, entry from log_entry join log_record on record_id = entry_id "
            "where log_id = $1 and idx = 0",
            log_id,
        )
        assert commit(row["record"], row["nonce"]) == row["entry"]
        return decode(row["record"])

    async def kept(self, head: LogHead) -> int:
        """The size of the head that lies outside; 0 when none does."""
        notes = await self.files.newest(head.origin)
        keys = await self.vkeys(head.log_id)
        return max((open_cosigned(note, keys).checkpoint.size for note in notes), default=0)

    async def vkeys(self, log_id: int) -> list[Verifier]:
        rows = await self.rows("select vkey from log_key where log_id = $1", log_id)
        return [Verifier.from_vkey(row["vkey"]) for row in rows]

    async def check(self) -> None:
        """Every log is one without gap or fork: indexes, roots, signatures, keys and what lies outside."""
        for head in await self.heads():
            entries = await self.rows("select idx, entry from log_entry where log_id = $1 order by idx", head.log_id)
            assert [row["idx"] for row in entries] == list(range(head.size))
            leaves = [leaf_hash(row["entry"]) for row in entries]
            assert head.root == root_of(leaves)
            keys = await self.vkeys(head.log_id)
            for row in await self.rows("select size, root, note from checkpoint where log_id = $1", head.log_id):
                assert row["root"] == root_of(leaves[: row["size"]])
                if row["note"] is not None:
                    signed = open_cosigned(row["note"].encode(), keys).checkpoint
                    assert (signed.origin, signed.size, signed.root) == (head.origin, row["size"], row["root"])
            for note in await self.files.newest(head.origin):
                outside = open_cosigned(note, keys).checkpoint
                assert outside.root == root_of(leaves[: outside.size])

    async def execute(self, statement: str, *arguments: Any) -> None:
        async with self.database.connection() as connection:
            await connection.execute(statement, *arguments)

    async def rows(self, statement: str, *arguments: Any) -> list[Any]:
        async with self.database.connection() as connection:
            return list(await connection.fetch(statement, *arguments))

    async def row(self, statement: str, *arguments: Any) -> Any:
        [found] = await self.rows(statement, *arguments)
        return found

    async def value(self, statement: str, *arguments: Any) -> Any:
        return (await self.row(statement, *arguments))[0]


@asynccontextmanager
async def open_log_world(dsn: str, folder: Path, provider: KeyProvider | None = None) -> AsyncIterator[LogWorld]:
    database = Database(dsn)
    await database.open()
    ring = provider or FileKeys(folder / "keys" / "keyring.json", data_folder=folder / "data")
    try:
        world = LogWorld(database=database, folder=folder, provider=ring)
        world.sequencer = await world.process()
        yield world
    finally:
        await database.close()


OF_THE_LOG = ("log", "log_key", "log_entry", "log_tile", "checkpoint", "log_record", "log_pending")


@asynccontextmanager
async def without_triggers(world: LogWorld) -> AsyncIterator[Transaction]:
    """What the owner of the tables can do: the rules of the log are switched off for one transaction."""
    async with world.database.transaction() as tx:
        for table in OF_THE_LOG:
            await tx.execute(f"alter table {table} disable trigger user")
        yield tx
        for table in OF_THE_LOG:
            await tx.execute(f"alter table {table} enable trigger user")


class Copy:
    """What a backup of the database holds of the log; `restore` puts it back, as a restore of yesterday's dump does."""

    def __init__(self, world: LogWorld) -> None:
        self.world = world

    async def take(self) -> "Copy":
        for table in OF_THE_LOG:
            await self.world.execute(f"drop table if exists kept_{table}")
            await self.world.execute(f"create table kept_{table} as table {table}")
        return self

    async def empty(self) -> "Copy":
        for table in OF_THE_LOG:
            await self.world.execute(f"delete from kept_{table}")
        return self

    async def restore(self) -> None:
        async with without_triggers(self.world) as tx:
            for table in reversed(OF_THE_LOG):
                await tx.execute(f"delete from {table}")
            for table in OF_THE_LOG:
                identity = " overriding system value" if table == "log_pending" else ""
                await tx.execute(f"insert into {table}{identity} select * from kept_{table}")
