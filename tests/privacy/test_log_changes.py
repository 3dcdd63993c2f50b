"""Do logs begin, end and change their keys so that an outsider can follow, whatever was lost?"""

import asyncio
import os
from datetime import timedelta

import pytest

from domain.proof.checkpoint import Checkpoint, open_checkpoint, open_cosigned, sign_checkpoint
from domain.proof.errors import UnknownSignersError
from domain.proof.keys import Verifier
from domain.proof.log import KEY_OVERLAP, KeyState, LogName
from domain.proof.record_json import decode
from domain.proof.record_sections import RecordKind
from privacy.log_changes import LogBegun, LogChangeRefused
from privacy.log_guard import Difference, RollbackFound
from privacy.log_signing import LogKeyLost, newest_signer
from storage.keyproviders import EnvKeys
from storage.keyring import KeyRing
from storage.keyring_json import encode
from storage.lanes import LaneLost
from storage.log import HeadMoved, LogHead
from tests.privacy.log_world import NOW, Copy, LogWorld, open_log_world

pytestmark = pytest.mark.timeout(60)


async def note_over(world: LogWorld, log_id: int, size: int) -> bytes:
    return (await world.value("select note from checkpoint where log_id = $1 and size = $2", log_id, size)).encode()


# The year's turn


async def test_at_the_turn_of_the_year_the_old_log_ends_signed_and_the_new_one_names_it(log_world: LogWorld):
    await log_world.logged(4)
    waiting = await log_world.pend(3)
    log_world.now += timedelta(days=60)
    await log_world.sequencer.catch_up()
    old, new = await log_world.heads()
    assert (old.log_id, old.size, old.closed_at, old.closed_reason) == (2026, 5, log_world.now, "the year ended")
    assert (new.log_id, new.size, new.closed_at) == (2027, 4, None)
    assert await log_world.value("select note is not null from checkpoint where log_id = 2026 and size = 5")
    record = await log_world.first_record(new.log_id)
    assert (record.kind, record.log.origin, record.log.vkey) == (RecordKind.LOG_STARTED, new.origin, new.vkey)
    named = (record.log.previous_origin, record.log.previous_vkey, record.log.previous_size, record.log.previous_root)
    assert named == (old.origin, old.vkey, old.size, old.root.hex())
    places = await log_world.rows("select entry_id from log_entry where log_id = 2027 order by idx offset 1")
    assert [row["entry_id"] for row in places] == [entry_id for entry_id, _ in waiting]
    assert (await log_world.kept(old), await log_world.kept(new)) == (5, 4)
    await log_world.check()


async def test_a_crash_that_left_the_last_head_of_the_year_unsigned_is_mended_before_the_new_log(log_world: LogWorld):
    await log_world.logged(4)
    await log_world.pend(2)
    async with log_world.database.transaction() as tx:
        head = await log_world.store.log.lock(tx, 2026)
        await log_world.store.log.sequence(tx, head, limit=9, now=log_world.now)
    log_world.now += timedelta(days=60)
    await (await log_world.process()).catch_up()
    old, new = await log_world.heads()
    assert (old.size, new.size) == (7, 1)
    assert await log_world.value("select note is not null from checkpoint where log_id = 2026 and size = 7")
    assert await log_world.kept(old) == 7


async def test_two_processes_at_the_turn_of_the_year_open_one_log(log_world: LogWorld):
    await log_world.logged(2)
    log_world.now += timedelta(days=60)
    await log_world.pend(2)
    lease = await log_world.lease()
    steps = [(await log_world.process()).step(lease) for _ in range(4)]
    await asyncio.gather(*steps, return_exceptions=True)
    await log_world.work()
    assert [head.log_id for head in await log_world.heads()] == [2026, 2027]
    await log_world.check()


async def test_a_frozen_process_does_not_turn_the_year_after_its_lease(log_world: LogWorld):
    await log_world.logged(2)
    stale = await log_world.lease()
    await log_world.sequencer.step(stale)
    await log_world.lease()
    log_world.now += timedelta(days=60)
    with pytest.raises(LaneLost):
        await log_world.sequencer.step(stale)
    assert [head.log_id for head in await log_world.heads()] == [2026]


async def test_a_log_name_that_is_known_outside_is_never_begun_again(log_world: LogWorld):
    await log_world.logged(2)
    copy = await Copy(log_world).take()
    log_world.now += timedelta(days=60)
    await log_world.logged(2)
    await copy.restore()
    with pytest.raises(RollbackFound) as caught:
        await log_world.work(await log_world.process())
    assert (caught.value.difference, caught.value.log_id) == (Difference.NOT_THERE, 2027)
    assert [head.log_id for head in await log_world.heads()] == [2026]


async def test_a_head_of_the_new_year_that_appears_outside_meanwhile_keeps_its_log_from_being_begun(
    log_world: LogWorld,
):
    await log_world.logged(2)
    lease = await log_world.lease()
    await log_world.sequencer.step(lease)
    origin = log_world.sequencer.changes.origin(LogName(2027))
    _, signer = newest_signer(log_world.store.keys.ring, origin)
    await log_world.files.keep(origin, sign_checkpoint(Checkpoint(origin=origin, size=3, root=bytes(32)), signer))
    log_world.now += timedelta(days=60)
    with pytest.raises(RollbackFound) as caught:
        await log_world.sequencer.step(lease)
    assert (caught.value.difference, caught.value.log_id, caught.value.outside) == (Difference.NOT_THERE, 2027, 3)
    assert (await log_world.head()).closed_at is None


# Giving a log up


async def test_after_a_restore_a_new_part_names_the_head_that_is_known_outside(log_world: LogWorld):
    await log_world.logged(3)
    copy = await Copy(log_world).take()
    await log_world.logged(4)
    lost = await log_world.head()
    await copy.restore()
    waiting = await log_world.pend(2)
    process = await log_world.process()
    with pytest.raises(RollbackFound):
        await process.catch_up()
    begun = await process.new_log("restored from the dump of yesterday")
    assert isinstance(begun, LogBegun)
    old, new = await log_world.heads()
    assert (old.size, old.closed_reason) == (4, "restored from the dump of yesterday")
    assert (new.log_id, new.origin, new.size) == (202602, f"{old.origin}.2", 3)
    record = await log_world.first_record(new.log_id)
    assert (record.kind, record.log.reason) == (RecordKind.LOG_DISCONTINUITY, "restored from the dump of yesterday")
    named = (record.log.previous_origin, record.log.previous_vkey, record.log.previous_size, record.log.previous_root)
    assert named == (old.origin, old.vkey, 8, lost.root.hex())
    places = await log_world.rows("select entry_id from log_entry where log_id = 202602 order by idx offset 1")
    assert [row["entry_id"] for row in places] == [entry_id for entry_id, _ in waiting]
    assert await log_world.value("select count(*) from checkpoint where log_id = 2026 and size > 4") == 0
    await log_world.logged(5)
    assert (await log_world.head()).size == 8


async def test_a_second_restore_does_not_use_the_name_of_a_part_that_was_signed_before(log_world: LogWorld):
    await log_world.logged(3)
    copy = await Copy(log_world).take()
    await log_world.logged(4)
    await copy.restore()
    process = await log_world.process()
    await process.new_log("first restore")
    lost = await log_world.head()
    await copy.restore()
    process = await log_world.process()
    with pytest.raises(RollbackFound):
        await process.catch_up()
    await process.new_log("second restore")
    new = await log_world.head()
    assert (new.log_id, new.origin.rpartition("/")[2]) == (202603, "2026.3")
    record = await log_world.first_record(new.log_id)
    assert (record.log.previous_origin, record.log.previous_size) == (lost.origin, lost.size)
    assert (record.log.previous_vkey, record.log.previous_root) == (lost.vkey, lost.root.hex())


async def test_an_emptied_database_goes_on_in_the_next_part(log_world: LogWorld):
    copy = await (await Copy(log_world).take()).empty()
    await log_world.logged(6)
    await copy.restore()
    process = await log_world.process()
    await process.new_log("the database was lost")
    [new] = await log_world.heads()
    record = await log_world.first_record(new.log_id)
    assert (new.log_id, record.log.previous_size) == (202602, 7)
    assert record.log.previous_origin == new.origin.removesuffix(".2")


async def test_an_operator_who_knows_of_a_restore_that_nothing_outside_shows_can_say_so(log_world: LogWorld):
    await log_world.logged(3)
    copy = await Copy(log_world).take()
    await log_world.logged(4)
    mailed = await note_over(log_world, 2026, 8)
    await copy.restore()
    log_world.files.path((await log_world.head()).origin).unlink()
    process = await log_world.process()
    for wrong in (mailed.replace(b"\n8\n", b"\n9\n"), b"nonsense"):
        with pytest.raises(LogChangeRefused):
            await process.new_log("restored on another machine", known=(wrong,))
    await process.new_log("restored on another machine", known=(mailed,))
    record = await log_world.first_record((await log_world.head()).log_id)
    assert record.log.previous_size == 8


async def test_a_log_that_is_in_order_ends_at_its_newest_head_with_everything_signed(log_world: LogWorld):
    await log_world.logged(3)
    await log_world.pend(2)
    begun = await log_world.sequencer.new_log("a drill")
    old, new = await log_world.heads()
    assert begun.unproven == 0
    assert (old.size, new.size) == (6, 1)
    record = await log_world.first_record(new.log_id)
    assert (record.log.previous_size, record.log.previous_root) == (6, old.root.hex())
    await log_world.check()


async def test_an_outside_copy_that_is_older_than_a_sound_log_is_not_what_the_next_one_names(log_world: LogWorld):
    await log_world.logged(3)
    head = await log_world.head()
    [older] = await log_world.files.newest(head.origin)
    await log_world.logged(2)
    log_world.files.path(head.origin).write_bytes(older)
    begun = await log_world.sequencer.changes.new_log("a drill")
    assert begun.previous.size == 6


async def test_a_log_whose_newest_entries_a_worker_could_still_sign_is_not_given_up(log_world: LogWorld, monkeypatch):
    await log_world.logged(3)
    await log_world.pend(2)
    async with log_world.database.transaction() as tx:
        head = await log_world.store.log.lock(tx, 2026)
        await log_world.store.log.sequence(tx, head, limit=9, now=log_world.now)
    monkeypatch.setattr("privacy.log_changes._TRIES", 2)
    monkeypatch.setattr("privacy.log_changes._RETRY_SECONDS", 0)
    with pytest.raises(LogChangeRefused):
        await log_world.sequencer.changes.new_log("a drill")
    assert (await log_world.head()).closed_at is None


async def test_before_the_first_log_there_is_nothing_to_give_up_and_no_key_to_change(log_world: LogWorld):
    with pytest.raises(LogChangeRefused):
        await log_world.sequencer.changes.new_log("too early")
    with pytest.raises(LogChangeRefused):
        await log_world.sequencer.changes.rotate_key()


# Keys


async def test_a_rotation_is_an_entry_that_the_old_key_signs_and_both_keys_sign_for_a_while(log_world: LogWorld):
    await log_world.logged(3)
    before = await log_world.head()
    rotated = await log_world.sequencer.rotate_key()
    assert isinstance(rotated, LogHead)
    head = await log_world.head()
    assert (head.origin, head.size) == (before.origin, 5)
    assert head.vkey != before.vkey
    [row] = await log_world.rows(
        "select record, idx from log_record join log_entry on entry_id = record_id where idx = 4"
    )
    record = decode(row["record"])
    assert (record.kind, record.log.origin) == (RecordKind.KEY_ROTATED, head.origin)
    assert (record.log.previous_vkey, record.log.vkey) == (before.vkey, head.vkey)
    old, new = Verifier.from_vkey(before.vkey), Verifier.from_vkey(head.vkey)
    async with log_world.database.connection() as connection:
        covering = await log_world.store.log.checkpoint_over(connection, head.log_id, 4)
    for verifier in (old, new):
        assert open_checkpoint(covering.note.encode(), verifier).size == 5
    log_world.now += KEY_OVERLAP - timedelta(seconds=1)
    await log_world.logged(1)
    both = await note_over(log_world, 2026, 6)
    assert open_checkpoint(both, old) == open_checkpoint(both, new)
    log_world.now += timedelta(seconds=1)
    await log_world.logged(1)
    alone = await note_over(log_world, 2026, 7)
    assert open_checkpoint(alone, new).size == 7
    with pytest.raises(UnknownSignersError):
        open_checkpoint(alone, old)
    await log_world.check()


async def test_rows_record_which_key_signs_from_where_and_until_when(log_world: LogWorld):
    await log_world.logged(3)
    await log_world.sequencer.rotate_key()
    async with log_world.database.connection() as connection:
        first, second = await log_world.store.log.keys.of_log(connection, 2026)
    assert (first.seed_name, first.from_size, first.until) == ("log", 0, NOW + KEY_OVERLAP)
    assert (second.seed_name, second.from_size, second.until) == ("log-2", 5, None)
    states = [[key.state(NOW + span) for key in (first, second)] for span in (timedelta(0), KEY_OVERLAP)]
    assert states == [[KeyState.RETIRING, KeyState.SIGNING], [KeyState.RETIRED, KeyState.SIGNING]]


async def test_a_rotation_that_no_worker_saw_for_weeks_is_still_signed_by_the_old_key(log_world: LogWorld):
    await log_world.logged(3)
    before = await log_world.head()
    await log_world.sequencer.changes.rotate_key()
    await log_world.pend(2)
    log_world.now += timedelta(days=30)
    await (await log_world.process()).catch_up()
    assert open_checkpoint(await note_over(log_world, 2026, 5), Verifier.from_vkey(before.vkey)).size == 5
    with pytest.raises(UnknownSignersError):
        open_checkpoint(await note_over(log_world, 2026, 7), Verifier.from_vkey(before.vkey))
    await log_world.check()


async def test_several_rotations_follow_one_another(log_world: LogWorld):
    await log_world.logged(1)
    for _ in range(3):
        await log_world.sequencer.rotate_key()
    note = await note_over(log_world, 2026, 5)
    for verifier in await log_world.vkeys(2026):
        assert open_checkpoint(note, verifier).size == 5
    assert note.count("\u2014 ".encode()) == 4
    log_world.now += timedelta(days=60)
    await log_world.logged(1)
    head = await log_world.head()
    async with log_world.database.connection() as connection:
        [key] = await log_world.store.log.keys.of_log(connection, head.log_id)
    assert (head.log_id, key.seed_name) == (2027, "log-4")
    await log_world.check()


async def test_another_process_that_does_not_have_the_new_seed_yet_loads_it_and_signs(log_world: LogWorld):
    await log_world.logged(1)
    worker, lease = await log_world.process(), await log_world.lease()
    await worker.step(lease)
    await (await log_world.process()).changes.rotate_key()
    await log_world.pend(1)
    assert await worker.step(lease) == 1
    await log_world.check()


async def test_two_rotations_at_once_make_one_entry_each_or_refuse(log_world: LogWorld):
    await log_world.logged(1)
    processes = [await log_world.process() for _ in range(3)]
    done = await asyncio.gather(*(one.changes.rotate_key() for one in processes), return_exceptions=True)
    changed = [one for one in done if isinstance(one, LogHead)]
    assert len(changed) >= 1
    assert all(isinstance(one, LogHead | HeadMoved) for one in done)
    await log_world.work()
    records = await log_world.value("select count(*) from log_record where kind = 'key_rotated'")
    assert records == len(changed)
    assert await log_world.value("select count(*) from log_key where until is null") == 1
    await log_world.check()


async def test_a_key_is_not_rotated_in_a_database_that_was_restored(log_world: LogWorld):
    await log_world.logged(1)
    copy = await Copy(log_world).take()
    await log_world.logged(3)
    await copy.restore()
    with pytest.raises(RollbackFound):
        await (await log_world.process()).rotate_key()
    assert await log_world.value("select count(*) from log_record where kind = 'key_rotated'") == 0


async def test_a_database_from_before_a_rotation_is_noticed_though_it_does_not_know_the_key(log_world: LogWorld):
    await log_world.logged(1)
    copy = await Copy(log_world).take()
    await log_world.sequencer.rotate_key()
    log_world.now += KEY_OVERLAP
    await log_world.logged(2)
    await copy.restore()
    with pytest.raises(RollbackFound) as caught:
        await log_world.work(await log_world.process())
    assert (caught.value.difference, caught.value.outside) == (Difference.SHORTER, 5)


# A lost key


async def forget_seeds(world: LogWorld, *names: str) -> None:
    """The ring as an older copy of it has it, or a hand that cut too much."""
    ring = await world.provider.load()
    seeds = {name: seed for name, seed in ring.log_seeds.items() if name not in names}
    await world.provider.store(ring.__class__(**{name: getattr(ring, name) for name in PARTS}, log_seeds=seeds))


PARTS = ("install_id", "revision", "root", "keks", "index", "links", "suppression_key", "system_secret")


async def test_without_its_key_the_log_stands_still_and_no_entry_gets_an_index(log_world: LogWorld):
    await log_world.logged(2)
    await forget_seeds(log_world, "log")
    await log_world.pend(3)
    with pytest.raises(LogKeyLost):
        await (await log_world.process()).catch_up()
    assert (await log_world.head()).size == 3
    assert await log_world.value("select count(*) from log_pending") == 3
    assert "log" not in (await log_world.provider.load()).log_seeds


async def test_a_key_that_is_lost_under_a_running_process_stops_it_before_the_next_index(log_world: LogWorld):
    await log_world.logged(2)
    lease = await log_world.lease()
    await log_world.sequencer.step(lease)
    await forget_seeds(log_world, "log")
    await log_world.store.keys.refresh()
    await log_world.pend(3)
    with pytest.raises(LogKeyLost):
        await log_world.sequencer.step(lease)
    assert (await log_world.head()).size == 3


async def test_another_seed_under_the_name_of_the_lost_one_signs_nothing(log_world: LogWorld):
    await log_world.logged(2)
    await forget_seeds(log_world, "log")
    ring = await log_world.provider.load()
    await log_world.provider.store(ring.with_log_seed("log", os.urandom(32)))
    await log_world.pend(3)
    with pytest.raises(LogKeyLost):
        await (await log_world.process()).catch_up()


@pytest.mark.parametrize("replaced", [False, True], ids=["gone", "another seed in its place"])
async def test_after_the_loss_of_the_key_a_new_log_begins_under_a_new_one(log_world: LogWorld, replaced):
    await log_world.logged(2)
    before = await log_world.head()
    await forget_seeds(log_world, "log")
    if replaced:
        ring = await log_world.provider.load()
        await log_world.provider.store(ring.with_log_seed("log", os.urandom(32)))
    await log_world.pend(3)
    process = await log_world.process()
    begun = await process.new_log("the key is lost")
    old, new = await log_world.heads()
    assert (old.closed_reason, new.log_id, new.size) == ("the key is lost", 202602, 4)
    assert new.vkey.rpartition("+")[2] != before.vkey.rpartition("+")[2]
    record = await log_world.first_record(new.log_id)
    assert (record.log.previous_size, record.log.previous_vkey, begun.unproven) == (3, before.vkey, 0)
    assert await log_world.value("select seed_name from log_key where log_id = 202602") == "log-2"
    await log_world.check()


async def test_entries_that_only_the_lost_key_could_have_signed_are_counted(log_world: LogWorld):
    await log_world.logged(2)
    await log_world.pend(3)
    async with log_world.database.transaction() as tx:
        head = await log_world.store.log.lock(tx, 2026)
        await log_world.store.log.sequence(tx, head, limit=9, now=log_world.now)
    await forget_seeds(log_world, "log")
    begun = await (await log_world.process()).new_log("the key is lost")
    assert (begun.unproven, begun.previous.size) == (3, 3)


async def test_where_the_ring_is_changed_by_hand_it_is_printed_and_nothing_is_done(database_dsn, tmp_path):
    made = KeyRing.create(os.urandom, NOW).with_log_seed("log", os.urandom(32)).next_revision()
    async with open_log_world(database_dsn, tmp_path, EnvKeys(encode(made))) as world:
        await world.logged(2)
        ring = await world.sequencer.rotate_key()
        assert isinstance(ring, KeyRing)
        assert (set(ring.log_seeds), ring.revision) == ({"log", "log-2"}, made.revision + 1)
        assert await world.value("select count(*) from log_key") == 1
    async with open_log_world(database_dsn, tmp_path, EnvKeys(encode(ring))) as world:
        rotated = await world.sequencer.rotate_key()
        assert isinstance(rotated, LogHead)
        assert await world.value("select seed_name from log_key where until is null") == "log-2"
        await world.check()


async def test_a_lost_key_of_a_ring_that_is_changed_by_hand_is_replaced_in_two_steps(database_dsn, tmp_path):
    made = KeyRing.create(os.urandom, NOW).with_log_seed("log", os.urandom(32)).next_revision()
    async with open_log_world(database_dsn, tmp_path, EnvKeys(encode(made))) as world:
        await world.logged(2)
    bare = KeyRing(**{name: getattr(made, name) for name in PARTS}, log_seeds={})
    async with open_log_world(database_dsn, tmp_path, EnvKeys(encode(bare))) as world:
        ring = await world.sequencer.new_log("the key is lost")
        assert isinstance(ring, KeyRing)
        assert await world.value("select count(*) from log") == 1
    async with open_log_world(database_dsn, tmp_path, EnvKeys(encode(ring))) as world:
        assert isinstance(await world.sequencer.new_log("the key is lost"), LogBegun)
        head = await world.head()
        assert (head.log_id, head.size) == (202602, 1)
        note = await note_over(world, 202602, 1)
        assert open_cosigned(note, await world.vkeys(202602)).checkpoint.size == 1
