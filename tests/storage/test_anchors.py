"""Does an export find the tightest bounds in time, and does each authority's state tell how it does?"""

import os
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.proof.entry import commit
from domain.proof.record_sections import AnchorMethod
from privacy.checkpoints import Sequencer
from storage.anchors import StoredAnchor
from storage.database import Database
from storage.installation import open_keys
from storage.keyproviders import FileKeys
from storage.store import Store

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOG = 2026
STAMP, MAIL = (AnchorMethod.RFC3161, "tsa.example"), (AnchorMethod.MAIL, "mail")


class Bench:
    """A log that grows by entries of nobody and by the records of anchors, at times of its own."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOW
        self.sequencer = Sequencer(store=store, host="log.example", clock=lambda: NOW)

    async def entries(self, count: int, *, sequenced: bool = True) -> None:
        async with self.store.database.transaction() as tx:
            for _ in range(count):
                await self.store.consents.pend(tx, uuid4(), commit(os.urandom(40), os.urandom(64)))
        if sequenced:
            await self.sequencer.catch_up()

    async def anchor(self, by: tuple[AnchorMethod, str], size: int, *, sequenced: bool = True) -> UUID:
        self.now += timedelta(hours=1)
        record_id, nonce = uuid4(), os.urandom(64)
        anchor = StoredAnchor(
            anchor_id=uuid4(),
            log_id=LOG,
            method=by[0],
            authority=by[1],
            size=size,
            note=b"note",
            answer=None,
            anchored_at=self.now,
            kept_at=self.now,
            record_id=record_id,
        )
        async with self.store.database.transaction() as tx:
            await tx.execute(
                "insert into log_record (record_id, kind, recorded_at, record, nonce) "
                "values ($1, 'anchor', $2, $3, $4)",
                record_id,
                self.now,
                b"{}",
                nonce,
            )
            await self.store.consents.pend(tx, record_id, commit(b"{}", nonce))
            await self.store.anchors.add(tx, anchor)
        if sequenced:
            await self.sequencer.catch_up()
        return anchor.anchor_id

    async def bounds(self, index: int, size: int) -> tuple[dict, dict]:
        async with self.store.database.transaction() as tx:
            lower = await self.store.anchors.lower(tx, LOG, index)
            upper = await self.store.anchors.upper(tx, LOG, index, size=size)
        return tuple({placed.anchor.method: placed.anchor.anchor_id for placed in found} for found in (lower, upper))


@pytest.fixture
async def bench(database_dsn, tmp_path):
    database = Database(database_dsn)
    await database.open()
    ring = FileKeys(tmp_path / "keys" / "keyring.json", data_folder=tmp_path / "data")
    keys = await open_keys(database, ring, random_bytes=os.urandom, now=NOW)
    yield Bench(Store.over(database, keys))
    await database.close()


async def test_bounds_are_the_latest_anchor_logged_before_and_the_earliest_that_covers(bench):
    await bench.entries(4)  # 1 to 4, behind the first entry of the log
    await bench.anchor(STAMP, 5)  # entry 5
    second = await bench.anchor(STAMP, 6)  # entry 6
    await bench.entries(3)  # 7 to 9
    third = await bench.anchor(STAMP, 10)  # entry 10
    await bench.anchor(STAMP, 11)  # entry 11
    mailed = await bench.anchor(MAIL, 12)  # entry 12
    assert await bench.bounds(8, 13) == (
        {AnchorMethod.RFC3161: second},
        {AnchorMethod.RFC3161: third, AnchorMethod.MAIL: mailed},
    )


async def test_an_anchor_whose_record_is_not_in_the_tree_of_the_proof_is_no_upper_bound(bench):
    await bench.entries(2)  # 1 and 2
    await bench.anchor(STAMP, 3)  # entry 3
    assert await bench.bounds(1, 3) == ({}, {})
    await bench.anchor(MAIL, 3, sequenced=False)
    assert set((await bench.bounds(1, 4))[1]) == {AnchorMethod.RFC3161}


async def test_an_anchor_taken_earlier_but_logged_later_is_no_lower_bound(bench):
    await bench.entries(2)  # 1 and 2
    await bench.entries(1, sequenced=False)  # 3
    await bench.anchor(STAMP, 3)  # the anchor's record is 4
    assert (await bench.bounds(3, 5))[0] == {}


async def test_a_failure_is_counted_until_the_authority_does_well_again(bench):
    await bench.entries(1)
    for _ in range(2):
        async with bench.store.database.transaction() as tx:
            await bench.store.anchors.failed(tx, *STAMP, error="unreachable", now=NOW)
    async with bench.store.database.transaction() as tx:
        (state,) = await bench.store.anchors.states(tx)
    assert (state.failures, state.error, state.last_kept_at, state.first_tried_at) == (2, "unreachable", None, NOW)
    await bench.anchor(STAMP, 1)
    async with bench.store.database.transaction() as tx:
        (state,) = await bench.store.anchors.states(tx)
        (newest,) = await bench.store.anchors.newest(tx, LOG)
    assert (state.failures, state.error, state.last_kept_at) == (0, None, bench.now)
    assert newest.size == 1


async def test_a_kept_anchor_cannot_be_changed(bench):
    await bench.entries(1)
    await bench.anchor(STAMP, 1)
    async with bench.store.database.pool.acquire() as connection:
        for statement in ("update anchor set anchored_at = now()", "delete from anchor"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement)
