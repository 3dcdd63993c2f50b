"""Does a log that was only ever used as it should be pass its audit, at every moment of its life?"""

import multiprocessing
import os
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domain.audit import AuditAction
from domain.proof.entry import commit
from domain.proof.record_sections import AnchorMethod
from privacy.audit.slices import AuditInterrupted
from tests.privacy.audited import Audited
from tests.privacy.people import CANARIES, PAGE


async def test_an_installation_without_a_log_has_nothing_wrong(audited: Audited) -> None:
    report = await audited.audit()
    assert report.good
    assert report.logs == ()


async def test_everything_that_happens_to_people_is_accounted_for(audited: Audited) -> None:
    world = audited.world
    lead, *_ = await audited.people(4)
    canary = await world.canary()
    assert (await audited.audit()).good  # entries wait
    await world.sequenced()
    request_id = await world.begun(lead.lead_id)
    assert (await audited.audit()).good  # what names the destroyed entries waits, and nothing is swept
    await world.erasure.sweep(str(request_id))
    assert (await audited.audit()).good
    await world.begun(canary.lead_id)
    await world.sequenced()
    report = await audited.audit()
    assert report.good, report.lines()
    assert report.counts == {
        "entries": 13,
        "opened": 9,
        "named_as_destroyed": 4,
        "named_by_an_operator": 0,
        "not_accounted_for": 0,
        "waiting": 0,
        "tiles": 1,
        "checkpoints": 4,
        "signed_checkpoints": 4,
        "anchors": 0,
        "notices": 2,
        "questions": 1,
        "acts_of_operators": 0,
    }
    assert report.records == {"consent_given": 3, "conversation_started": 3, "erasure_done": 2, "log_started": 1}
    text = "\n".join(report.lines()) + str(report.document())
    assert [place for place, canary_text in CANARIES.items() if canary_text in text] == []


async def test_an_entry_that_waited_when_its_person_was_erased_is_accounted_for_once_it_has_its_index(
    audited: Audited,
) -> None:
    lead = await audited.person()
    await audited.world.begun(lead.lead_id)
    report = await audited.audit()
    assert (report.good, report.counts["waiting"]) == (True, 3)
    await audited.world.sequenced()
    report = await audited.audit()
    assert (report.good, report.counts["named_as_destroyed"]) == (True, 2)


async def test_people_whose_time_is_over_are_accounted_for(audited: Audited) -> None:
    await audited.people(2)
    audited.world.now += timedelta(days=3 * 365 + 3)
    await audited.world.retention.sweep(audited.world.now)
    await audited.world.sequenced()
    report = await audited.audit()
    assert report.good, report.lines()
    assert report.counts["named_as_destroyed"] == 4
    assert report.records == {"log_started": 2, "record_expired": 2}


async def test_a_new_year_a_new_key_and_a_break_are_no_finding(audited: Audited) -> None:
    await audited.people(1)
    await audited.world.sequencer.changes.rotate_key()
    await audited.person(1)
    await audited.world.sequenced()
    audited.world.now += timedelta(days=60)
    await audited.person(2)
    await audited.world.sequenced()
    await audited.world.sequencer.changes.new_log("the disk was lost")
    await audited.person(3)
    await audited.world.sequenced()
    report = await audited.audit()
    assert report.good, report.lines()
    assert [log.origin.rpartition("/")[2] for log in report.logs] == ["2026", "2027", "2027.2"]
    assert report.records["key_rotated"] == report.records["log_discontinuity"] == 1


async def test_anchors_and_checkpoints_kept_elsewhere_agree(audited: Audited) -> None:
    await audited.people(2)
    early = await audited.note()
    for method, authority in ((AnchorMethod.WITNESS, "w.example"), (AnchorMethod.RFC3161, "tsa.example")):
        await audited.anchored(method, authority)
    await audited.anchored(AnchorMethod.MAIL, "mail")
    report = await audited.audit(early, await audited.note())
    assert report.good, report.lines()
    assert (report.counts["anchors"], report.records["anchor"]) == (3, 3)


async def test_what_operators_did_is_counted_and_its_newest_hash_is_told(audited: Audited) -> None:
    async with audited.world.database.transaction() as tx:
        entry = await audited.world.store.audit.append(
            tx, AuditAction.PROOF_DISCLOSED, "record", "Frau Müller", now=audited.world.now, page_id=PAGE
        )
    report = await audited.audit()
    assert (report.good, report.counts["acts_of_operators"], report.audit_chain) == (True, 1, entry.hash.hex())


async def test_a_log_of_several_tiles_and_levels_is_whole(audited: Audited) -> None:
    async with audited.world.database.transaction() as tx:
        await audited.person(0)
        for _ in range(700):
            await audited.world.store.consents.pend(tx, *_of_nobody())
    await audited.world.sequenced()
    report = await audited.audit()
    # Entries of nobody are what an audit has to find; the tree itself is whole.
    assert set(report.finding_counts) == {"entry_unaccounted"}
    assert report.finding_counts["entry_unaccounted"] == 700
    assert (report.counts["tiles"], len(report.findings)) == (4, 100)
    assert "... and 600 more; by kind:" in report.lines()


def _of_nobody() -> tuple[UUID, bytes]:
    return uuid4(), commit(os.urandom(8), os.urandom(64))


def _remember(file: str) -> None:
    """Runs in a process of the audit before it gets its keys: what can be seen of it from outside."""
    seen = Path("/proc/self/cmdline").read_bytes() + Path("/proc/self/environ").read_bytes()
    with Path(f"{file}.{os.getpid()}").open("wb") as out:
        out.write(seen)


def _die() -> None:
    os._exit(3)


async def test_an_audit_of_which_a_process_dies_says_so_and_leaves_none_behind(audited: Audited) -> None:
    await audited.people(1)
    with pytest.raises(AuditInterrupted, match="a process ended"):
        await audited.audit(processes=2, prepare=_die)
    assert multiprocessing.active_children() == []


async def test_several_processes_find_the_same_and_keys_stand_in_no_argument_and_no_variable(
    audited: Audited, tmp_path: Path
) -> None:
    leads = await audited.people(6)
    await audited.world.begun(leads[2].lead_id)
    await audited.world.sequenced()
    async with audited.unguarded() as tx:
        await tx.execute("delete from consent_record where lead_id = $1", leads[0].lead_id)
    alone = await audited.audit()
    shared = await audited.audit(processes=2, prepare=partial(_remember, str(tmp_path / "seen")))
    assert alone.document() == shared.document()
    assert alone.finding_counts == {"entry_unaccounted": 2}
    seen = [file.read_bytes() for file in tmp_path.glob("seen.*")]
    assert len(seen) == 2
    for kek in audited.world.store.keys.ring.keks:
        assert all(kek.secret not in one and kek.secret.hex().encode() not in one for one in seen)
    assert all(audited.world.database.dsn.encode() not in one for one in seen)
