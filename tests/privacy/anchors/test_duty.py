"""Does every authority get its checkpoints in time, is everything that it answers kept and logged, and nothing else?"""

import asyncio
import hashlib
import logging
import os
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from yarl import URL

from domain.proof.checkpoint import open_checkpoint
from domain.proof.record import ProofRecord
from domain.proof.record_json import decode
from domain.proof.record_sections import AnchorMethod, RecordKind, TimeUnit
from domain.proof.timestamp import StampRoots
from privacy.anchors.coverage import Coverage, Covering
from privacy.anchors.duty import Anchoring
from privacy.anchors.folder import FolderAnchor
from privacy.anchors.overview import overview
from privacy.anchors.port import AnchorFailed, Answer, Misconfigured, Trouble, TryAgain
from privacy.anchors.rfc3161 import TimestampAnchor
from privacy.anchors.witness import WitnessAnchor
from privacy.checkpoints import Sequencer
from storage.errors import StorageError
from tests.privacy.anchors.post_office import post_office
from tests.privacy.anchors.stand import NOW, WITNESS, LogStand, witness_stand
from tests.privacy.anchors.test_mail_anchor import anchor_at as mail_at
from tests.tsa import Authority, responder

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class Notary:
    """An authority in this very process, that holds what it is given and fails when it is told to."""

    clock: LogStand
    name: str = "folder"
    every: timedelta = HOUR
    faults: list[Exception] = field(default_factory=list)
    held: list[bytes] = field(default_factory=list)
    asked: int = 0

    method = AnchorMethod.FOLDER

    @property
    def authority(self) -> str:
        return self.name

    @property
    def interval(self) -> timedelta:
        return self.every

    async def anchor(self, note: bytes) -> Answer:
        self.asked += 1
        if self.faults:
            raise self.faults.pop(0)
        self.held.append(note)
        return Answer(time=self.clock.now, note=note)


def duty(log: LogStand, *anchors) -> Anchoring:
    return Anchoring(store=log.store, anchors=anchors, clock=log.clock, random_bytes=os.urandom)


async def records(log: LogStand) -> list[ProofRecord]:
    async with log.store.database.connection() as connection:
        return [decode(one.record) for one in await log.store.log_records.of_kind(connection, RecordKind.ANCHOR)]


async def counts(log: LogStand) -> tuple[int, int, int]:
    """Anchors, records of anchors, and entries of such records, waiting or placed."""
    async with log.store.database.connection() as connection:
        row = await connection.fetchrow(
            "select (select count(*) from anchor) as anchors, "
            "(select count(*) from log_record where kind = 'anchor') as records, "
            "(select count(*) from log_record r where kind = 'anchor' and "
            "(exists (select from log_pending p where p.entry_id = r.record_id) or "
            "exists (select from log_entry e where e.entry_id = r.record_id))) as entries"
        )
    return tuple(row.values())


async def state_of(log: LogStand, method: AnchorMethod = AnchorMethod.FOLDER):
    async with log.store.database.connection() as connection:
        return next(state for state in await log.store.anchors.states(connection) if state.method is method)


# Kept


async def test_an_anchor_is_kept_with_the_log_record_that_says_so(log):
    await log.grow(3)
    notary = Notary(log)
    assert await duty(log, notary).step() == 1
    (record,) = await records(log)
    section = record.log_anchor
    note = await log.note()
    assert (section.method, section.authority, section.size) == (AnchorMethod.FOLDER, "folder", 3)
    assert section.origin == (await log.verifier()).name
    assert section.root == open_checkpoint(note, await log.verifier()).root.hex()
    assert section.checkpoint_sha256 == hashlib.sha256(note).hexdigest()
    assert section.answer_sha256 is None
    assert (record.event_time, record.event_time_unit, record.received_at) == (NOW, TimeUnit.MILLISECONDS, NOW)
    await log.sequence()
    async with log.store.database.connection() as connection:
        entry = await log.store.log.find(connection, record.record_id)
        stored = await log.store.log_records.get(connection, record.record_id)
    assert entry.index == 3
    assert hashlib.sha256(b"\x00" + entry.entry).digest() == stored.leaf


async def test_all_four_kinds_of_authority_anchor_one_log_side_by_side(log, tmp_path, caller):
    await log.grow(3)
    (tmp_path / "out").mkdir()
    authority = await asyncio.to_thread(Authority.make, tmp_path / "tsa")
    async with (
        responder(authority) as tsa,
        witness_stand(tmp_path / "witness", await log.verifier(), log.clock) as witness,
        post_office() as office,
    ):
        working = duty(
            log,
            TimestampAnchor(
                url=URL(tsa.url),
                roots=StampRoots.from_pem(authority.root_pem),
                interval=HOUR,
                caller=caller,
                random_bytes=os.urandom,
            ),
            WitnessAnchor(
                url=URL(witness.url),
                witness=WITNESS.verifier,
                interval=timedelta(minutes=15),
                caller=caller,
                growth=log.growth,
            ),
            mail_at(log, office),
            FolderAnchor(folder=tmp_path / "out", interval=DAY, clock=log.clock),
        )
        assert await working.step() == 4
        await log.sequence()
        log.later(timedelta(minutes=15))
        assert await working.step() == 1
        assert witness.old_sizes == [0, 3]
    assert await counts(log) == (5, 5, 5)
    times = {record.log_anchor.method: (record.event_time_unit, record.event_time) for record in await records(log)}
    assert times[AnchorMethod.MAIL] == (TimeUnit.MILLISECONDS, NOW)
    assert times[AnchorMethod.WITNESS][0] is TimeUnit.SECONDS
    assert times[AnchorMethod.RFC3161][1].microsecond == 0
    assert abs(times[AnchorMethod.RFC3161][1] - datetime.now(UTC)) < timedelta(minutes=1)  # its time, and not ours


async def test_every_record_gets_a_lower_and_an_upper_bound(log):
    notary = Notary(log)
    working = duty(log, notary)
    for _ in range(4):
        await log.grow(2)
        await working.step()
        await log.sequence()
        log.later(HOUR)
    size = (await log.newest()).size
    async with log.store.database.connection() as connection:
        for index in range(3, size - 1):
            (upper,) = await log.store.anchors.upper(connection, log_id=2026, index=index, size=size)
            (lower,) = await log.store.anchors.lower(connection, log_id=2026, index=index)
            assert lower.index < index < upper.anchor.size


# Turns


async def test_an_authority_is_asked_once_an_interval_and_only_while_there_is_something_new(log):
    notary = Notary(log)
    working = duty(log, notary)
    assert await working.step() == 0  # an empty log
    await log.grow(1)
    assert [await working.step(), await working.step()] == [1, 0]
    log.later(HOUR)
    assert await working.step() == 0  # the anchor's own entry has no signed place yet
    await log.sequence()
    assert [await working.step(), await working.step()] == [1, 0]


async def test_a_failure_is_noted_by_its_class_and_left_alone_for_a_while(log):
    await log.grow(1)
    notary = Notary(log, faults=[TryAgain(Trouble.BUSY), Misconfigured(Trouble.REFUSED)])
    working = duty(log, notary)
    assert [await working.step(), await working.step()] == [0, 0]
    assert notary.asked == 1
    assert ((await state_of(log)).failures, (await state_of(log)).error) == (1, "busy")
    log.later(timedelta(seconds=5))
    assert await working.step() == 0
    assert ((await state_of(log)).failures, (await state_of(log)).error) == (2, "refused")
    log.later(timedelta(seconds=5))
    assert await working.step() == 0
    assert notary.asked == 2
    log.later(timedelta(seconds=5))
    assert await working.step() == 1
    assert ((await state_of(log)).failures, (await state_of(log)).error) == (0, None)


async def test_one_that_fails_keeps_nobody_else_waiting(log):
    await log.grow(1)
    good, bad = Notary(log, name="good"), Notary(log, name="bad", faults=[TryAgain(Trouble.TIMED_OUT)])
    assert await duty(log, bad, good).step() == 1
    assert len(good.held) == 1


async def test_a_fault_of_ours_ends_neither_the_worker_nor_the_others(log, caplog):
    await log.grow(1)
    good, bad = Notary(log, name="good"), Notary(log, name="bad", faults=[ValueError("what a stranger sent")])
    with caplog.at_level(logging.ERROR, "privacy.anchors.duty"):
        assert await duty(log, bad, good).step() == 1
    assert "anchor.broken_off" in [record.message for record in caplog.records]


async def test_the_end_of_last_years_log_is_anchored_too(log):
    await log.grow(2)
    notary = Notary(log)
    working = duty(log, notary)
    await working.step()
    await log.grow(1)
    log.later(timedelta(days=60))
    await log.grow(1)  # the first entry of a new log
    assert await working.step() == 2
    assert await working.step() == 0
    origins = [note.split(b"\n")[0].rpartition(b"/")[2] for note in notary.held]
    assert origins == [b"2026", b"2027", b"2026"]


async def test_a_log_that_was_given_up_is_left_alone(log):
    await log.grow(2)
    notary = Notary(log)
    working = duty(log, notary)
    await working.step()
    await log.grow(2)
    await Sequencer(store=log.store, host="log.example", clock=log.clock).new_log("the database was restored")
    log.later(HOUR)
    assert await working.step() == 1
    assert await working.step() == 0
    assert [note.split(b"\n")[0].rpartition(b"/")[2] for note in notary.held] == [b"2026", b"2026.2"]


async def test_what_cannot_be_kept_is_asked_for_again(log, monkeypatch):
    await log.grow(1)
    notary = Notary(log)
    working = duty(log, notary)
    async with log.store.database.connection() as connection:
        await connection.execute("alter table anchor add constraint never check (false) not valid")
    with pytest.raises(StorageError):
        await working.step()
    assert await counts(log) == (0, 0, 0)
    async with log.store.database.connection() as connection:
        await connection.execute("alter table anchor drop constraint never")
    assert await working.step() == 1
    assert await counts(log) == (1, 1, 1)
    assert notary.asked == 2


# Alarms


async def test_an_authority_that_is_silent_for_two_intervals_is_named_once_an_interval(log, caplog):
    await log.grow(1)
    notary = Notary(log)
    working = duty(log, notary)
    await working.step()
    await log.sequence()
    notary.faults = [TryAgain(Trouble.UNREACHABLE)] * 1000
    said = []
    for _ in range(20):
        log.later(timedelta(minutes=15))
        caplog.clear()
        with caplog.at_level(logging.ERROR, "privacy.anchors.duty"):
            await working.step()
        said.append([record.intervals for record in caplog.records if record.message == "anchor.overdue"])
    assert said == [*[[]] * 7, [2], [], [], [], [3], [], [], [], [4], [], [], [], [5]]
    (shown,) = await overview(log.store, [notary], log.now)
    assert (shown.overdue, shown.age, shown.size, shown.error) == (True, 5 * HOUR, 1, "unreachable")


async def test_an_authority_that_never_did_well_is_named_too(log):
    await log.grow(1)
    notary = Notary(log, faults=[Misconfigured(Trouble.NOT_FOUND)] * 1000)
    working = duty(log, notary)
    await working.step()
    assert not (await overview(log.store, [notary], log.now))[0].overdue
    log.later(2 * HOUR)
    (shown,) = await overview(log.store, [notary], log.now)
    assert (shown.overdue, shown.kept_at, shown.age) == (True, None, None)


async def test_the_overview_shows_whom_nobody_configured_any_more_without_an_alarm(log):
    await log.grow(1)
    await duty(log, Notary(log)).step()
    (shown,) = await overview(log.store, [], log.now + 100 * DAY)
    assert (shown.interval, shown.overdue, shown.size) == (None, False, 1)


# On demand


@dataclass
class Stamper(Notary):
    method = AnchorMethod.RFC3161

    async def anchor(self, note: bytes) -> Answer:
        answer = await super().anchor(note)
        return Answer(time=answer.time, note=answer.note, answer=b"token")


async def test_an_entry_without_a_time_stamp_is_stamped_before_its_proof_is_handed_over(log):
    await log.grow(3)
    stamper = Stamper(log, name="tsa.example")
    covering = Covering(anchoring=duty(log, stamper), sleep=lambda _: log.sequence())
    assert await covering.cover(2026, 2) is Coverage.COVERED
    assert await covering.cover(2026, 1) is Coverage.COVERED
    assert stamper.asked == 1
    await log.grow(1)
    assert await covering.cover(2026, 4) is Coverage.COVERED
    assert stamper.asked == 2


async def test_without_an_authority_an_export_does_not_wait(log):
    await log.grow(3)
    covering = Covering(anchoring=duty(log, Notary(log)), sleep=lambda _: log.sequence())
    assert await covering.cover(2026, 2) is Coverage.NOT_CONFIGURED


async def test_an_entry_that_no_signed_checkpoint_has_cannot_be_stamped(log):
    await log.grow(3)
    covering = Covering(anchoring=duty(log, Stamper(log)), sleep=lambda _: log.sequence())
    assert await covering.cover(2026, 3) is Coverage.NOT_SIGNED


async def test_an_entry_of_a_log_that_has_ended_is_not_stamped_any_more(log):
    await log.grow(3)
    log.later(timedelta(days=60))
    await log.grow(1)
    stamper = Stamper(log)
    covering = Covering(anchoring=duty(log, stamper), sleep=lambda _: log.sequence())
    assert await covering.cover(2026, 2) is Coverage.LOG_ENDED
    assert await covering.cover(2027, 0) is Coverage.COVERED
    assert stamper.asked == 1


async def test_the_first_authority_that_answers_will_do_and_one_that_just_failed_is_left_alone(log):
    await log.grow(3)
    bad = Stamper(log, name="bad.example", faults=[TryAgain(Trouble.BUSY)] * 9)
    good = Stamper(log, name="good.example")
    covering = Covering(anchoring=duty(log, bad, good), sleep=lambda _: log.sequence())
    assert await covering.cover(2026, 2) is Coverage.COVERED
    await log.grow(1)
    good.faults = [TryAgain(Trouble.BUSY)]
    assert await covering.cover(2026, 4) is Coverage.NOT_STAMPED
    assert (bad.asked, good.asked) == (1, 2)


async def test_a_stamp_that_gets_no_place_in_the_log_is_waited_for_once_and_for_ten_seconds(log):
    await log.grow(3)
    stamper = Stamper(log)
    waits = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        log.later(timedelta(seconds=1))

    covering = Covering(anchoring=duty(log, stamper), sleep=wait)
    assert await covering.cover(2026, 2) is Coverage.NOT_SEQUENCED
    assert len(waits) == 10
    assert await covering.cover(2026, 1) is Coverage.NOT_SEQUENCED
    assert (len(waits), stamper.asked) == (10, 1)


def test_every_failure_says_what_it_was_and_nothing_a_server_said():
    for trouble in Trouble:
        for kind in (TryAgain, Misconfigured):
            assert trouble.value in str(kind(trouble))
            assert issubclass(kind, AnchorFailed)


# Killed


DRIVER = Path(__file__).with_name("killed_child.py")


async def test_killed_at_any_step_it_loses_no_anchor_and_doubles_no_entry(log, tmp_path, caller):
    await log.grow(3)
    (tmp_path / "out").mkdir()
    authority = await asyncio.to_thread(Authority.make, tmp_path / "tsa")
    async with (
        responder(authority) as tsa,
        witness_stand(tmp_path / "witness", await log.verifier(), log.clock) as witness,
    ):
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, str(DRIVER), log.store.database.dsn, str(tmp_path)),
            *(tsa.url, witness.url, WITNESS.verifier.vkey),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
        out, _ = await asyncio.wait_for(child.communicate(), 110)
    killed, ended = (int(number) for number in out.split())
    assert child.returncode == 0
    assert killed > 10
    assert ended == 1
    anchors, recorded, entries = await counts(log)
    assert anchors == recorded == entries >= 3
    await log.sequence()
    async with log.store.database.connection() as connection:
        newest = {one.method: one.size for one in await log.store.anchors.newest(connection, 2026)}
    assert newest == {AnchorMethod.FOLDER: 3, AnchorMethod.RFC3161: 3, AnchorMethod.WITNESS: 3}
