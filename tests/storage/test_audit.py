"""What operators do is chained, whoever writes at once, and nobody changes it."""

import asyncio
import os
from datetime import UTC, datetime

import asyncpg
import pytest

from domain.audit import AuditAction, broken_links
from storage.database import Database
from storage.installation import open_keys
from storage.keyproviders import FileKeys
from storage.store import Store

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
async def store(database_dsn, tmp_path):
    database = Database(database_dsn)
    await database.open()
    ring = FileKeys(tmp_path / "keys" / "keyring.json", data_folder=tmp_path / "data")
    yield Store.over(database, await open_keys(database, ring, random_bytes=os.urandom, now=NOW))
    await database.close()


async def _append(store: Store, subject: str):
    async with store.database.transaction() as tx:
        return await store.audit.append(
            tx, AuditAction.PROOF_DISCLOSED, subject, "Frau Müller fragt", now=NOW, page_id="17"
        )


async def _all(store: Store):
    async with store.database.transaction() as tx:
        return [entry async for entry in store.audit.entries(tx)]


async def test_writers_at_once_make_one_chain_and_the_reason_is_sealed(store):
    made = await asyncio.gather(*(_append(store, f"record {number}") for number in range(5)))
    entries = await _all(store)
    assert sorted(made, key=lambda entry: entry.seq) == entries
    assert list(broken_links(entries)) == []
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert all("Müller".encode() not in entry.reason_sealed for entry in entries)
    assert store.audit.reason(entries[0]) == "Frau Müller fragt"


async def test_an_entry_edited_in_the_database_is_found(store):
    for number in range(3):
        await _append(store, f"record {number}")
    async with store.database.pool.acquire() as connection:
        for statement in ("update audit_entry set subject = 'x'", "delete from audit_entry", "truncate audit_entry"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement)
        await connection.execute("alter table audit_entry disable trigger all")
        await connection.execute("update audit_entry set subject = 'other' where seq = 2")
    assert list(broken_links(await _all(store))) == [2]
