"""Does a key die on its day, and with it every copy of what erased people's keys were wrapped under?"""

import os
from datetime import date, timedelta
from typing import Any

import pytest

from domain.personal import Pii
from privacy.keys import Epoch, KeyEpochs
from storage import keyring_json
from storage.keycheck import check_ring
from storage.keyproviders import EnvKeys
from storage.keyring import KeyMissing, KeyRing, RingHolder, RingReadOnly
from storage.keys import Keys
from storage.sealing import KEY_BYTES, WrappedKey
from storage.store import Store
from tests.privacy.people import NOW, PAGE, World

DAY = timedelta(days=1)


def epochs(world: World, **changes: Any) -> KeyEpochs:
    return KeyEpochs(store=world.store, clock=world.clock, random_bytes=os.urandom, sleep=world.sleep, **changes)


async def ticked(world: World, after: timedelta, **changes: Any) -> Epoch:
    world.now = NOW + after
    return await epochs(world, **changes).tick()


async def kids(world: World) -> list[int]:
    return [row["kid"] for row in await world.fetch("select distinct kid from lead_key order by kid")]


async def test_before_its_week_is_over_a_key_stays(world: World) -> None:
    await world.canary()
    assert await ticked(world, 7 * DAY - timedelta(seconds=1)) == Epoch()
    assert world.slept == []


async def test_after_a_week_every_person_moves_to_a_new_key_and_stays_readable(world: World) -> None:
    lead = await world.canary()
    for number in range(7):
        await world.lead(psid=f"7310482919000000{number}", first_name=Pii("Bea"))
    epoch = await ticked(world, 7 * DAY, batch=3)
    assert epoch == Epoch(made=2, moved=8)
    assert await kids(world) == [2]
    async with world.database.transaction() as tx:
        found = await world.store.leads.get(tx, PAGE, lead.lead_id)
    assert found is not None
    assert found.profile == lead.profile


async def test_a_new_ring_and_its_check_value_are_there_before_anything_is_wrapped_under_it(world: World) -> None:
    await world.canary()
    seen = []

    async def looks(seconds: float) -> None:
        assert seconds == 5
        ring = await world.store.keys.holder.provider.load()
        checks = {row["kid"]: row["check_value"] for row in await world.fetch("select kid, check_value from key_check")}
        seen.append((ring.active.kid, check_ring(ring, checks, None), await kids(world)))

    world.now = NOW + 7 * DAY
    await KeyEpochs(store=world.store, clock=world.clock, random_bytes=os.urandom, sleep=looks).tick()
    assert seen == [(2, {}, [1])]


async def test_a_rotation_that_was_stopped_half_way_is_ended_by_the_next_tick(world: World) -> None:
    await world.canary()

    async def stopped(seconds: float) -> None:
        raise InterruptedError

    world.now = NOW + 7 * DAY
    with pytest.raises(InterruptedError):
        await KeyEpochs(store=world.store, clock=world.clock, random_bytes=os.urandom, sleep=stopped).tick()
    assert await kids(world) == [1]
    assert await ticked(world, 7 * DAY + timedelta(hours=1)) == Epoch(moved=1)
    assert await kids(world) == [2]


async def test_an_old_key_is_destroyed_a_week_after_its_week_and_not_before(world: World) -> None:
    await world.canary()
    await ticked(world, 7 * DAY)
    assert (await ticked(world, 13 * DAY)).destroyed == ()
    epoch = await ticked(world, 14 * DAY)
    assert (epoch.made, epoch.destroyed) == (3, (1,))
    ring = await world.store.keys.holder.provider.load()
    assert ring.kids == {2, 3}
    assert [row["kid"] for row in await world.fetch("select kid from key_check order by kid")] == [2, 3]


async def test_an_erased_persons_key_in_a_backup_opens_under_nothing_after_the_horizon(world: World) -> None:
    lead = await world.canary()
    [backup] = await world.fetch("select kid, wrapped, commitment from lead_key")
    [day_backup] = await world.fetch("select kid, wrapped, commitment from day_key")
    horizon = world.store.keys.ring.horizon(NOW)
    await world.begun(lead.lead_id)
    for day in range(1, 15):
        await ticked(world, day * DAY)
    assert world.now >= horizon
    stored = WrappedKey(**backup)
    for ring in (world.store.keys.ring, await world.store.keys.holder.provider.load()):
        with pytest.raises(KeyMissing):
            ring.unwrap(lead.lead_id, stored)
        with pytest.raises(KeyMissing):
            ring.wrapping_key(day_backup["kid"])


async def test_day_keys_are_never_wrapped_anew(world: World) -> None:
    await world.canary()
    [before] = await world.fetch("select * from day_key")
    await ticked(world, 7 * DAY)
    [after] = await world.fetch("select * from day_key")
    assert dict(before) == dict(after)
    await ticked(world, 14 * DAY)
    assert await world.value("select count(*) from day_key where day = $1", date(2026, 11, 23)) == 0


async def test_a_key_that_still_wraps_a_living_persons_key_is_not_destroyed(world: World) -> None:
    await world.canary()
    await ticked(world, 7 * DAY)
    # Somebody holds the row, so that it is passed over when it should move.
    async with world.database.transaction() as tx:
        await tx.execute("select 1 from lead_key for update")
        assert (await ticked(world, 14 * DAY)).moved == 0
        assert (await ticked(world, 21 * DAY)).destroyed == ()
        assert 2 in world.store.keys.ring.kids
    assert (await ticked(world, 22 * DAY)).destroyed == (2,)


async def test_a_damaged_key_does_not_keep_its_epoch_alive(world: World) -> None:
    await world.canary()
    await world.execute("update lead_key set commitment = $1", os.urandom(KEY_BYTES))
    assert (await ticked(world, 7 * DAY)).damaged == 1
    assert (await ticked(world, 14 * DAY)).destroyed == (1,)


async def test_two_processes_that_tick_at_once_begin_one_epoch(world: World) -> None:
    holder = world.store.keys.holder
    other = RingHolder(await holder.provider.load(), holder.provider)
    await ticked(world, 7 * DAY)
    ring = await other.provider.load()
    assert len(ring.keks) == 2
    assert await ticked(world, 7 * DAY) == Epoch()


async def test_an_epoch_can_begin_at_once(world: World) -> None:
    await world.canary()
    assert await epochs(world).rotate_now() == Epoch(made=2, moved=1)


def started_with(world: World, ring: KeyRing) -> KeyEpochs:
    """The epochs of a process whose ring was set by hand."""
    keys = Keys(RingHolder(ring, EnvKeys(keyring_json.encode(ring))))
    store = Store.over(world.database, keys)
    return KeyEpochs(store=store, clock=world.clock, random_bytes=os.urandom, sleep=world.sleep)


async def test_a_ring_that_is_changed_by_hand_wraps_everybody_anew_at_the_next_start(world: World) -> None:
    lead = await world.canary()
    former = started_with(world, world.store.keys.ring)
    with pytest.raises(RingReadOnly):
        await former.rotate_now()
    later = started_with(world, former.next_ring())
    assert await kids(world) == [1]
    assert await later.started() == Epoch(moved=1)
    assert await kids(world) == [2]
    async with world.database.transaction() as tx:
        found = await later.store.leads.get(tx, PAGE, lead.lead_id)
    assert found is not None
    assert found.profile == lead.profile


async def test_a_ring_that_is_changed_by_hand_says_that_an_epoch_is_due_and_loses_no_key(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.canary()
    ring = started_with(world, world.store.keys.ring).next_ring()
    world.now = NOW + 30 * DAY
    assert await started_with(world, ring).tick() == Epoch(moved=1)
    assert [record.message for record in caplog.records] == ["keys.rotation_missed"]
    assert [row["kid"] for row in await world.fetch("select kid from key_check order by kid")] == [1, 2]


async def test_a_ring_in_a_file_is_left_to_the_tick_by_a_start(world: World) -> None:
    await world.canary()
    world.now = NOW + 30 * DAY
    assert await epochs(world).started() == Epoch()
