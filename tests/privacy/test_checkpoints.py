"""Does the log only grow, whoever sequences it, freezes, dies or restores a database, and do its proofs fit?"""

import asyncio
from datetime import timedelta

import pytest

from domain.proof.checkpoint import open_checkpoint
from domain.proof.entry import leaf_hash
from domain.proof.keys import Verifier
from domain.proof.merkle import inclusion_coordinates, inclusion_path, verify_inclusion
from domain.proof.record_sections import RecordKind
from privacy.log_guard import Difference, RollbackFound
from privacy.outside_heads import OutsideUnavailable
from storage.head_files import HeadFiles, HeadNotKept, HeadUnreadable
from storage.lanes import LaneLost
from storage.log_tiles import LogDamaged
from tests.privacy.log_world import Copy, LogWorld, without_triggers

pytestmark = pytest.mark.timeout(60)


async def test_every_entry_is_proven_under_the_newest_signed_head(log_world: LogWorld):
    entries = []
    for count in (1, 2, 5, 255, 1, 300):
        entries += await log_world.logged(count)
    await log_world.check()
    head, log = await log_world.head(), log_world.store.log
    async with log_world.database.transaction() as tx:
        stored = await log.newest_checkpoint(tx, head.log_id)
        checkpoint = open_checkpoint(stored.note.encode(), Verifier.from_vkey(head.vkey))
        assert checkpoint.size == len(entries) + 1
        for entry_id, entry in entries[::37]:
            place = await log.find(tx, entry_id)
            coordinates = inclusion_coordinates(place.index, checkpoint.size)
            path = inclusion_path(
                place.index, checkpoint.size, await log.reader(tx, head.log_id, checkpoint.size, coordinates)
            )
            verify_inclusion(leaf_hash(entry), place.index, checkpoint.size, path, checkpoint.root)


async def test_the_very_first_log_begins_with_an_entry_that_says_so(log_world: LogWorld):
    assert await log_world.sequencer.catch_up()
    head = await log_world.head()
    record = await log_world.first_record(head.log_id)
    assert (record.kind, record.log.origin, record.log.vkey) == (RecordKind.LOG_STARTED, head.origin, head.vkey)
    assert (record.log.previous_origin, record.log.previous_size) == (None, None)
    assert (head.log_id, head.size, await log_world.kept(head)) == (2026, 1, 1)


async def test_of_sequencers_at_once_only_the_owner_of_the_lane_works(log_world: LogWorld):
    await log_world.logged(1)
    await log_world.pend(400)
    processes = [await log_world.process(batch=50) for _ in range(4)]
    leases = [await log_world.lease() for _ in processes]
    steps = [one.step(lease) for one, lease in zip(processes, leases, strict=True) for _ in range(3)]
    done = await asyncio.gather(*steps, return_exceptions=True)
    assert all(isinstance(one, LaneLost) for one in done[:-3])
    assert not any(isinstance(one, LaneLost) for one in done[-3:])
    await log_world.work()
    await log_world.check()
    assert (await log_world.head()).size == 402


async def test_two_that_both_hold_the_lane_by_mistake_still_make_one_log(log_world: LogWorld):
    await log_world.logged(1)
    await log_world.pend(300)
    lease = await log_world.lease()
    processes = [await log_world.process(batch=20) for _ in range(4)]

    async def work(one):
        while await one.step(lease):
            pass

    await asyncio.gather(*(work(one) for one in processes))
    await log_world.check()
    assert (await log_world.head()).size == 302


async def test_catching_up_leaves_the_log_to_whoever_holds_its_lane(log_world: LogWorld):
    await log_world.logged(1)
    await log_world.pend(1)
    await log_world.lease()
    assert not await (await log_world.process()).catch_up()
    assert await log_world.value("select count(*) from log_pending") == 1


@pytest.mark.parametrize("moment", ["before its entries have an index", "before the head is signed"])
async def test_one_that_was_frozen_writes_and_signs_nothing_after_its_lease(log_world: LogWorld, moment, monkeypatch):
    await log_world.logged(2)
    frozen, thawed = asyncio.Event(), asyncio.Event()
    sleeper = await log_world.process()
    name = "_sequence" if moment.startswith("before its") else "_sign"
    original = getattr(type(sleeper), name)

    async def freeze(self, *arguments):
        if self is sleeper:
            frozen.set()
            await thawed.wait()
        return await original(self, *arguments)

    monkeypatch.setattr(type(sleeper), name, freeze)
    lease = await log_world.lease()
    await log_world.pend(3)
    step = asyncio.create_task(sleeper.step(lease))
    await frozen.wait()
    other = await log_world.process()
    newer = await log_world.lease()
    await log_world.pend(2)
    while await other.step(newer):
        pass
    before = await log_world.rows("select size, note from checkpoint order by size")
    thawed.set()
    with pytest.raises(LaneLost):
        await step
    assert await log_world.rows("select size, note from checkpoint order by size") == before
    await log_world.check()
    assert (await log_world.head()).size == 8


async def test_one_that_was_frozen_before_keeping_its_head_does_not_put_it_over_a_newer_one(log_world: LogWorld):
    await log_world.logged(2)
    head = await log_world.head()
    [older] = await log_world.files.newest(head.origin)
    await log_world.logged(5)
    await log_world.files.keep(head.origin, older)
    assert await log_world.kept(head) == 8


async def test_a_clock_that_goes_back_opens_no_older_log_and_grows_the_newest(log_world: LogWorld):
    await log_world.logged(2)
    log_world.now += timedelta(days=60)
    await log_world.logged(2)
    log_world.now -= timedelta(days=400)
    await log_world.logged(2)
    assert [(head.log_id, head.size) for head in await log_world.heads()] == [(2026, 3), (2027, 5)]
    await log_world.check()


async def test_a_head_that_was_stored_but_not_signed_is_signed_by_the_next_step(log_world: LogWorld):
    await log_world.logged(3)
    await log_world.pend(3)
    head, log = await log_world.head(), log_world.store.log
    async with log_world.database.transaction() as tx:
        await log.sequence(tx, await log.lock(tx, head.log_id), limit=10, now=log_world.now)
    async with log_world.database.transaction() as tx:
        assert (await log.newest_checkpoint(tx, head.log_id)).size == 4
    await log_world.sequencer.catch_up()
    async with log_world.database.transaction() as tx:
        assert (await log.newest_checkpoint(tx, head.log_id)).size == 7
    assert await log_world.kept(head) == 7


async def test_a_tree_whose_tiles_were_altered_is_neither_grown_nor_signed(log_world: LogWorld):
    await log_world.logged(3)
    await log_world.execute("update log_tile set hashes = set_byte(hashes, 40, 255 - get_byte(hashes, 40))")
    await log_world.pend(1)
    lease = await log_world.lease()
    with pytest.raises((LogDamaged, RollbackFound)):
        await log_world.sequencer.step(lease)
    # Also by a process that has no copy of the head.
    blind = await log_world.process()
    blind.outside.own = None
    with pytest.raises(LogDamaged):
        await blind.step(await log_world.lease())
    assert await log_world.value("select count(*) from log_pending") == 1


async def test_a_stored_head_that_was_altered_is_not_signed(log_world: LogWorld):
    await log_world.logged(3)
    await log_world.pend(1)
    head, log = await log_world.head(), log_world.store.log
    async with log_world.database.transaction() as tx:
        await log.sequence(tx, await log.lock(tx, head.log_id), limit=10, now=log_world.now)
    async with without_triggers(log_world) as tx:
        await tx.execute("update checkpoint set root = sha256('x') where note is null")
        await tx.execute("update log set root = sha256('x')")
    with pytest.raises(LogDamaged):
        await log_world.sequencer.catch_up()
    assert await log_world.value("select count(*) from checkpoint where note is null") == 1


async def test_a_tile_that_was_altered_between_sequencing_and_signing_is_noticed(log_world: LogWorld, monkeypatch):
    await log_world.logged(3)
    process, lease = await log_world.process(), await log_world.lease()
    await process.step(lease)
    await log_world.pend(2)
    original = type(process)._sequence

    async def altered_meanwhile(self, *arguments):
        grown = await original(self, *arguments)
        await log_world.execute(
            "update log_tile set hashes = substring(hashes from 1 for 128) || sha256('x') || sha256('y')"
        )
        return grown

    monkeypatch.setattr(type(process), "_sequence", altered_meanwhile)
    with pytest.raises(LogDamaged):
        await process.step(lease)
    assert await log_world.value("select count(*) from checkpoint where note is null") == 1


# A database that is older than what was signed


async def test_a_restored_database_is_noticed_and_nothing_is_sequenced_or_signed(log_world: LogWorld):
    await log_world.logged(3)
    copy = await Copy(log_world).take()
    await log_world.logged(4)
    await copy.restore()
    await log_world.pend(10)
    process = await log_world.process()
    with pytest.raises(RollbackFound) as caught:
        await process.catch_up()
    found = caught.value
    assert (found.difference, found.log_id, found.size, found.outside) == (Difference.SHORTER, 2026, 4, 8)
    assert await log_world.value("select count(*) from log_pending") == 10
    assert (await log_world.head()).size == 4
    assert await log_world.value("select max(size) from checkpoint") == 4


async def test_a_restored_database_that_has_grown_past_the_kept_head_is_noticed_by_its_root(log_world: LogWorld):
    await log_world.logged(3)
    copy = await Copy(log_world).take()
    await log_world.logged(4)
    await copy.restore()
    blind = await log_world.process()
    blind.outside.own = None
    await log_world.pend(20)
    await blind.catch_up()
    await log_world.pend(1)
    with pytest.raises(RollbackFound) as caught:
        await log_world.sequencer.catch_up()
    assert (caught.value.difference, caught.value.size, caught.value.outside) == (Difference.OTHER, 24, 8)


async def test_a_database_restored_under_a_running_process_is_noticed_before_its_next_signature(log_world: LogWorld):
    await log_world.logged(3)
    lease = await log_world.lease()
    await log_world.sequencer.step(lease)
    copy = await Copy(log_world).take()
    await log_world.pend(4)
    await log_world.sequencer.step(lease)
    await copy.restore()
    await log_world.pend(10)
    with pytest.raises(RollbackFound):
        await log_world.sequencer.step(lease)
    assert await log_world.value("select max(size) from checkpoint") == 4


async def test_a_restore_between_sequencing_and_signing_is_noticed_too(log_world: LogWorld, monkeypatch):
    await log_world.logged(3)
    process = await log_world.process()
    copy = await Copy(log_world).take()
    await log_world.logged(4)
    original = type(process)._sequence

    async def restored_meanwhile(self, *arguments):
        grown = await original(self, *arguments)
        await copy.restore()
        await log_world.pend(6)
        async with log_world.database.transaction() as tx:
            log = log_world.store.log
            await log.sequence(tx, await log.lock(tx, 2026), limit=10, now=log_world.now)
        return grown

    await log_world.pend(1)
    monkeypatch.setattr(type(process), "_sequence", restored_meanwhile)
    with pytest.raises(RollbackFound):
        await process.catch_up()
    assert await log_world.value("select count(*) from checkpoint where note is null") == 1


async def test_an_emptied_database_with_the_old_key_ring_does_not_begin_the_same_log_again(log_world: LogWorld):
    copy = await (await Copy(log_world).take()).empty()
    await log_world.logged(4)
    await copy.restore()
    with pytest.raises(RollbackFound) as caught:
        await (await log_world.process()).catch_up()
    assert (caught.value.difference, caught.value.outside) == (Difference.NOT_THERE, 5)


async def test_a_database_from_before_the_newest_log_is_noticed_though_the_older_log_is_whole(log_world: LogWorld):
    await log_world.logged(3)
    copy = await Copy(log_world).take()
    log_world.now += timedelta(days=60)
    await log_world.logged(3)
    await copy.restore()
    log_world.now -= timedelta(days=60)
    with pytest.raises(RollbackFound) as caught:
        await (await log_world.process()).catch_up()
    assert (caught.value.difference, caught.value.log_id) == (Difference.NOT_THERE, 2027)


# What lies outside


async def test_a_copy_that_nobody_of_ours_signed_stops_the_log(log_world: LogWorld):
    await log_world.logged(3)
    path = log_world.files.path((await log_world.head()).origin)
    path.write_bytes(path.read_bytes().replace(b"\n4\n", b"\n3\n"))
    await log_world.pend(1)
    with pytest.raises(RollbackFound) as caught:
        await log_world.sequencer.catch_up()
    assert caught.value.difference is Difference.NOT_OURS


async def test_a_copy_that_cannot_be_read_stops_the_log(log_world: LogWorld):
    await log_world.logged(3)
    path = log_world.files.path((await log_world.head()).origin)
    path.unlink()
    path.mkdir()
    await log_world.pend(1)
    with pytest.raises(HeadUnreadable):
        await log_world.sequencer.catch_up()


async def test_a_lost_copy_stops_nothing_and_is_made_again(log_world: LogWorld):
    await log_world.logged(3)
    head = await log_world.head()
    log_world.files.path(head.origin).unlink()
    await (await log_world.process()).catch_up()
    assert await log_world.kept(head) == 4


async def test_a_head_that_could_not_be_kept_is_signed_all_the_same_and_kept_later(log_world: LogWorld, monkeypatch):
    await log_world.logged(1)
    head, lease = await log_world.head(), await log_world.lease()
    original = HeadFiles._write

    def disk_full(self, origin, note):
        raise HeadNotKept(self.folder, "OSError")

    monkeypatch.setattr(HeadFiles, "_write", disk_full)
    await log_world.pend(1)
    await log_world.sequencer.step(lease)
    assert log_world.sequencer.outside.behind
    assert await log_world.value("select count(*) from checkpoint where note is null") == 0
    assert await log_world.kept(head) == 2
    monkeypatch.setattr(HeadFiles, "_write", original)
    await log_world.sequencer.step(lease)
    assert not log_world.sequencer.outside.behind
    assert await log_world.kept(head) == 3


async def test_a_head_that_was_kept_though_that_seemed_to_fail_is_harmless(log_world: LogWorld, monkeypatch):
    await log_world.logged(1)
    head, lease = await log_world.head(), await log_world.lease()
    original = HeadFiles._write

    def kept_but(self, origin, note):
        original(self, origin, note)
        raise HeadNotKept(self.folder, "OSError")

    monkeypatch.setattr(HeadFiles, "_write", kept_but)
    await log_world.pend(1)
    await log_world.sequencer.step(lease)
    assert log_world.sequencer.outside.behind
    monkeypatch.setattr(HeadFiles, "_write", original)
    await log_world.sequencer.step(lease)
    assert not log_world.sequencer.outside.behind
    assert await log_world.kept(head) == 3
    await log_world.check()


async def test_a_crash_between_signature_and_copy_leaves_an_older_copy_which_the_next_start_renews(
    log_world: LogWorld, monkeypatch
):
    await log_world.logged(1)
    head = await log_world.head()

    class Killed(BaseException):
        pass

    async def killed(self, origin, note):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(HeadFiles, "keep", killed)
        await log_world.pend(4)
        with pytest.raises(Killed):
            await (await log_world.process()).catch_up()
    assert await log_world.kept(head) == 2
    await (await log_world.process()).catch_up()
    assert await log_world.kept(head) == 6
    await log_world.check()


class Shelf:
    """A place further away, as a shared folder or a witness is."""

    def __init__(self, notes: list[bytes]) -> None:
        self.notes = notes
        self.asked = 0
        self.away = False

    async def newest(self, origin: str) -> list[bytes]:
        self.asked += 1
        if self.away:
            raise OutsideUnavailable("away")
        return [note for note in self.notes if note.startswith(origin.encode() + b"\n")]


async def test_places_further_away_are_asked_at_each_gain_of_the_lane_and_believed_until_the_next(log_world: LogWorld):
    await log_world.logged(2)
    copy = await Copy(log_world).take()
    await log_world.logged(3)
    head = await log_world.head()
    [note] = await log_world.files.newest(head.origin)
    shelf = Shelf([note])
    log_world.others.append(shelf)
    process, lease = await log_world.process(), await log_world.lease()
    await process.step(lease)
    asked = shelf.asked
    await log_world.pend(1)
    await process.step(lease)
    assert shelf.asked == asked > 0
    # An older database, on a machine that lost its own copy.
    await copy.restore()
    log_world.files.path(head.origin).unlink()
    await log_world.pend(1)
    with pytest.raises(RollbackFound) as caught:
        await process.step(lease)
    assert caught.value.outside == 6


async def test_a_place_that_is_away_is_passed_over(log_world: LogWorld, caplog):
    shelf = Shelf([])
    shelf.away = True
    log_world.others.append(shelf)
    process = await log_world.process()
    await log_world.pend(1)
    assert await process.catch_up()
    assert [record.msg for record in caplog.records if record.name == "privacy.outside_heads"]


async def test_what_a_place_further_away_says_without_our_signature_is_nobodys_word(log_world: LogWorld):
    await log_world.logged(1)
    head = await log_world.head()
    [note] = await log_world.files.newest(head.origin)
    log_world.others.append(Shelf([note.replace(b"\n2\n", b"\n999\n"), b"nonsense"]))
    await log_world.pend(1)
    assert await (await log_world.process()).catch_up()
