"""Does the log only grow, whoever sequences it, and do its proofs fit the signed heads?"""

import asyncio
import os
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from domain.proof.checkpoint import open_checkpoint
from domain.proof.entry import commit, leaf_hash
from domain.proof.keys import Verifier
from domain.proof.merkle import inclusion_coordinates, inclusion_path, root_of, verify_inclusion
from privacy.checkpoints import Sequencer
from storage.database import Database
from storage.installation import open_keys
from storage.keyproviders import FileKeys
from storage.store import Store

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
async def sequencer(database_dsn, tmp_path):
    database = Database(database_dsn)
    await database.open()
    ring = FileKeys(tmp_path / "keys" / "keyring.json", data_folder=tmp_path / "data")
    keys = await open_keys(database, ring, random_bytes=os.urandom, now=NOW)
    yield Sequencer(store=Store.over(database, keys), host="log.example", clock=lambda: NOW)
    await database.close()


async def _pend(sequencer: Sequencer, count: int) -> list:
    entries = [(uuid4(), commit(os.urandom(40), os.urandom(64))) for _ in range(count)]
    async with sequencer.store.database.transaction() as tx:
        for entry_id, entry in entries:
            await sequencer.store.consents.pend(tx, entry_id, entry)
    return entries


async def test_every_entry_is_proven_under_the_newest_signed_head(sequencer):
    entries = []
    for count in (1, 2, 5, 255, 1, 300):
        entries += await _pend(sequencer, count)
        await sequencer.catch_up()
    year = sequencer.clock().year
    async with sequencer.store.database.transaction() as tx:
        head = await sequencer.store.log.head(tx, year)
        stored = await sequencer.store.log.newest_checkpoint(tx, year)
        checkpoint = open_checkpoint(stored.note.encode(), Verifier.from_vkey(head.vkey))
        assert checkpoint.size == len(entries)
        assert checkpoint.root == root_of([leaf_hash(entry) for _, entry in entries])
        for entry_id, entry in entries[::37]:
            place = await sequencer.store.log.find(tx, entry_id)
            read = await sequencer.store.log.reader(
                tx, year, checkpoint.size, inclusion_coordinates(place.index, checkpoint.size)
            )
            path = inclusion_path(place.index, checkpoint.size, read)
            verify_inclusion(leaf_hash(entry), place.index, checkpoint.size, path, checkpoint.root)


async def test_sequencers_at_once_make_one_log_without_gap_or_fork(sequencer):
    await _pend(sequencer, 400)
    await asyncio.gather(*(sequencer.step() for _ in range(6)))
    await sequencer.catch_up()
    async with sequencer.store.database.connection() as connection:
        indexes = [row["idx"] for row in await connection.fetch("select idx from log_entry order by idx")]
        assert indexes == list(range(400))
        assert await connection.fetchval("select count(*) from log_pending") == 0
        sizes = [row["size"] for row in await connection.fetch("select size from checkpoint order by size")]
        assert sizes == sorted(set(sizes))


async def test_a_head_that_was_stored_but_not_signed_is_signed_by_the_next_step(sequencer):
    await _pend(sequencer, 3)
    await sequencer.catch_up()
    await _pend(sequencer, 3)
    year = sequencer.clock().year
    async with sequencer.store.database.transaction() as tx:
        await sequencer.store.log.sequence(tx, year, limit=10, now=sequencer.clock())
    async with sequencer.store.database.transaction() as tx:
        assert (await sequencer.store.log.newest_checkpoint(tx, year)).size == 3
    await sequencer.step()
    async with sequencer.store.database.transaction() as tx:
        assert (await sequencer.store.log.newest_checkpoint(tx, year)).size == 6


async def test_entries_cannot_be_changed_or_removed(sequencer):
    await _pend(sequencer, 2)
    await sequencer.catch_up()
    async with sequencer.store.database.pool.acquire() as connection:
        for statement in (
            "update log_entry set entry = entry",
            "delete from log_entry",
            "truncate log_entry",
            "delete from checkpoint",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement)
