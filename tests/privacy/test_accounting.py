"""After a restore, are the entries that nobody can open found by name, and does somebody answer for them?"""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.audit import AuditAction
from domain.proof.findings import FindingKind
from domain.proof.record_json import decode
from domain.proof.record_sections import EntryPoint, RecordKind
from privacy.accounting import Accounting
from storage.labels import Label
from tests.house.tree import ROOT
from tests.privacy.audited import Audited
from tests.privacy.people import PAGE, open_world
from tests.privacy.proving import Office, members_of

RESTORED = (
    "log",
    "log_key",
    "log_entry",
    "log_tile",
    "checkpoint",
    "log_record",
    "consent_record",
    "lead",
    "lead_topic",
)
"""What a data dump brings back; the people's keys come from the newer key dump."""
COMPARED = ("people_of_unopenable_entries", "erasure_marks_before_break", "completed_erasures_before_break")


@pytest.fixture
async def audited(database_dsn: str, tmp_path: Path) -> AsyncIterator[Audited]:
    async with open_world(database_dsn, tmp_path) as world:
        yield Audited(world)


def accounting(audited: Audited) -> Accounting:
    world = audited.world
    return Accounting(store=world.store, clock=world.clock, random_bytes=lambda count: bytes([7]) * count)


async def dumped(audited: Audited) -> None:
    for table in RESTORED:
        await audited.world.execute(f"create table dump_{table} as select * from {table}")


async def restored(audited: Audited) -> None:
    """The database as docs/operations.md says: data of then, keys of now, and the script over both."""
    async with audited.unguarded() as tx:
        await tx.execute("delete from log_pending")
        for table in reversed(RESTORED):
            await tx.execute(f"delete from {table}")
        for table in RESTORED:
            await tx.execute(f"insert into {table} select * from dump_{table}")
    await audited.world.execute((ROOT / "docs" / "restore.sql").read_text(encoding="utf-8"))


async def test_entries_destroyed_after_the_restored_backup_are_named_and_can_be_accounted_for(audited: Audited) -> None:
    world = audited.world
    leads = await audited.people(3)
    indexes = await audited.indexes(leads[1])
    await dumped(audited)
    world.now += timedelta(hours=1)
    request_id = await world.begun(leads[1].lead_id)
    await world.erasure.sweep(str(request_id))
    await world.sequenced()
    assert await audited.found() == []
    await restored(audited)
    world.now += timedelta(hours=1)
    await world.sequencer.changes.new_log("the backup of the night was restored")
    await world.execute("create table key_of_then as select * from lead_key where lead_id = $1", leads[2].lead_id)
    lost = [(FindingKind.UNOPENABLE_BEFORE_BREAK, index) for index in indexes]
    assert await audited.found() == lost
    report = await audited.audit()
    assert "nothing in the log says why; there was a break in the log after it" in "\n".join(report.lines())
    assert [report.counts[name] for name in COMPARED] == [1, 1, 1]
    assert "no mark says" not in "\n".join(report.lines())
    # Somebody makes away with another person's key, and hopes that it passes for an erasure.
    await world.execute("delete from lead_key where lead_id = $1", leads[2].lead_id)
    report = await audited.audit()
    assert [report.counts[name] for name in COMPARED] == [2, 1, 1]
    assert "of 1 of these people no mark says that they were erased before the break" in report.lines()
    await world.execute("insert into lead_key select * from key_of_then")

    done = await accounting(audited).account("restored the backup of 22 November, disk failure")
    assert (done.entries, len(done.records)) == (2, 1)
    assert await audited.found() == []  # what names them waits
    await world.sequenced()
    report = await audited.audit()
    assert report.good, report.lines()
    assert (report.counts["named_by_an_operator"], report.counts["named_as_destroyed"]) == (2, 0)
    assert report.counts["acts_of_operators"] == 1
    assert (await accounting(audited).account("again")).entries == 0
    assert await world.value("select count(*) from audit_entry") == 1


async def test_the_record_says_that_an_operator_wrote_it_and_the_reason_is_sealed(audited: Audited) -> None:
    world = audited.world
    [lead] = await audited.people(1)
    waiting = await audited.person(1)
    for one in (lead, waiting):
        await world.execute("delete from lead_key where lead_id = $1", one.lead_id)
    done = await accounting(audited).account("Frau Müller fragt")
    assert done.entries == 4
    async with world.database.transaction() as tx:
        [row] = await world.store.log_records.of_kind(tx, "record_expired")
        [entry] = [one async for one in world.store.audit.entries(tx)]
    said = decode(row.record)
    assert (said.kind, said.entry_point, said.page_id) == (RecordKind.RECORD_EXPIRED, EntryPoint.CONSOLE, PAGE)
    assert ([one.indexes for one in said.destroyed], len(said.waiting)) == (["1-2"], 2)
    assert said.counts == {"records": 4}
    assert (entry.action, entry.subject) == (AuditAction.ENTRIES_ACCOUNTED, str(row.record_id))
    assert "Müller" not in await world.dump()
    assert (
        world.store.keys.system.open(Label.AUDIT_REASON, (1).to_bytes(8, "big"), entry.reason_sealed)
        == b"Frau M\xc3\xbcller fragt"
    )


async def test_the_record_can_be_handed_over_and_verifies_like_any_proof(audited: Audited) -> None:
    [lead] = await audited.people(1)
    await audited.world.execute("delete from lead_key where lead_id = $1", lead.lead_id)
    done = await accounting(audited).account("the backup of the night")
    await audited.world.sequenced()
    office = Office(audited.world)
    proof = await office.export(done.records[0])
    verdict = await office.verdict(proof)
    assert [step.held for step in verdict.steps] == [True] * 15
    said = members_of(proof)["README.txt"].decode()
    assert "Records ended, and the means to open the log entries listed below were destroyed." in said
    assert "entry_point: console" in said


async def test_an_erasure_is_not_accounted_for_a_second_time(audited: Audited) -> None:
    leads = await audited.people(2)
    waiting = await audited.person(5)
    for lead in (leads[0], waiting):
        await audited.world.begun(lead.lead_id)
    assert (await accounting(audited).account("nothing to say")).entries == 0
    assert await audited.world.value("select count(*) from audit_entry") == 0


async def test_a_row_that_is_gone_cannot_be_accounted_for(audited: Audited) -> None:
    [lead] = await audited.people(1)
    async with audited.unguarded() as tx:
        await tx.execute("delete from consent_record where lead_id = $1", lead.lead_id)
    assert (await accounting(audited).account("lost")).entries == 0
    assert [kind for kind, _ in await audited.found()] == [FindingKind.ENTRY_UNACCOUNTED] * 2
