"""Does a lane have one owner at a time, whoever dies, sleeps or loses the database?"""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from storage.database import Database
from storage.errors import Unavailable
from storage.lanes import LaneKeeper, LaneKind, LaneLost, LaneStore, Lease

SHORT = timedelta(seconds=2)


@pytest.fixture
async def lanes(database_dsn):
    database = Database(database_dsn, connections=6)
    await database.open()
    yield LaneStore(database)
    await database.close()


async def end_leases(lanes: LaneStore) -> None:
    """What time does to leases that nobody renews."""
    async with lanes.database.connection() as connection:
        await connection.execute("update lane set until = clock_timestamp() - interval '1 second'")


async def until(condition, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is awaited has no event of its own
            await asyncio.sleep(0.01)


class Work:
    """What a keeper started and ended, in order."""

    def __init__(self) -> None:
        self.running: dict[str, Lease] = {}
        self.lost: list[Lease] = []
        self.drained = asyncio.Event()
        self.drained.set()

    async def gained(self, lease: Lease) -> None:
        assert lease.key not in self.running
        self.running[lease.key] = lease

    async def ended(self, lease: Lease) -> None:
        await self.drained.wait()
        assert self.running.pop(lease.key) == lease
        self.lost.append(lease)


def keeper(lanes: LaneStore, work: Work, keys: list[str], ttl: timedelta = SHORT) -> LaneKeeper:
    async def source() -> list[str]:
        return keys

    return LaneKeeper(kind=LaneKind.PAGE, keys=source, lanes=lanes, on_gained=work.gained, on_lost=work.ended, ttl=ttl)


async def test_a_lane_is_taken_by_one_owner_of_many(lanes):
    keys = [str(number) for number in range(10)]
    await lanes.register(LaneKind.INBOX, keys)
    taken = await asyncio.gather(*(lanes.take(LaneKind.INBOX, keys, uuid4(), limit=10) for _ in range(5)))
    assert sorted(lease.key for leases in taken for lease in leases) == sorted(keys)


async def test_a_take_over_raises_the_epoch_and_fences_the_owner_before(lanes):
    await lanes.register(LaneKind.PAGE, ["1"])
    [first] = await lanes.take(LaneKind.PAGE, ["1"], uuid4(), limit=1)
    assert await lanes.take(LaneKind.PAGE, ["1"], uuid4(), limit=1) == []
    await end_leases(lanes)
    [second] = await lanes.take(LaneKind.PAGE, ["1"], uuid4(), limit=1)
    assert second.epoch == first.epoch + 1
    async with lanes.database.transaction() as tx:
        await lanes.hold(tx, second)
        with pytest.raises(LaneLost):
            await lanes.hold(tx, first)


async def test_who_falls_silent_in_a_transaction_that_holds_a_lane_loses_it_and_writes_nothing(lanes):
    await lanes.register(LaneKind.LOG, ["log"])
    [frozen] = await lanes.take(LaneKind.LOG, ["log"], uuid4(), limit=1)
    impatient = LaneStore(lanes.database, idle_limit=timedelta(milliseconds=100))

    async def falls_silent() -> None:
        async with lanes.database.transaction() as tx:
            await impatient.hold(tx, frozen)
            await tx.execute("insert into lane (kind, key) values ('log', 'written by a sleeper')")
            async with asyncio.timeout(10):
                await end_leases(lanes)  # waits for the row until the server has ended the silent session
            await tx.execute("select 1")

    with pytest.raises(Unavailable):
        await falls_silent()
    [awake] = await lanes.take(LaneKind.LOG, ["log", "written by a sleeper"], uuid4(), limit=5)
    assert (awake.key, awake.epoch) == ("log", frozen.epoch + 1)


async def test_the_limit_of_silence_ends_with_the_transaction(lanes):
    await lanes.register(LaneKind.LOG, ["log"])
    [lease] = await lanes.take(LaneKind.LOG, ["log"], uuid4(), limit=1)
    async with lanes.database.connection() as connection:
        async with connection.transaction():
            await lanes.hold(connection, lease)
            assert await connection.fetchval("show idle_in_transaction_session_timeout") == "20s"
        assert await connection.fetchval("show idle_in_transaction_session_timeout") == "0"


async def test_a_lease_that_ran_out_holds_nothing_even_if_nobody_took_it(lanes):
    await lanes.register(LaneKind.LOG, ["log"])
    [lease] = await lanes.take(LaneKind.LOG, ["log"], uuid4(), limit=1)
    await end_leases(lanes)
    async with lanes.database.transaction() as tx:
        with pytest.raises(LaneLost):
            await lanes.hold(tx, lease)
    assert await lanes.renew(LaneKind.LOG, lease.owner) == set()


async def test_nobody_takes_a_lane_while_its_holder_is_in_a_transaction(lanes):
    await lanes.register(LaneKind.PAGE, ["1"])
    [lease] = await lanes.take(LaneKind.PAGE, ["1"], uuid4(), limit=1, ttl=timedelta(seconds=0.3))
    async with lanes.database.transaction() as tx:
        await lanes.hold(tx, lease)
        await asyncio.sleep(0.4)  # database time cannot be passed in: the lease ends while the transaction is open
        assert await lanes.take(LaneKind.PAGE, ["1"], uuid4(), limit=1) == []
    assert len(await lanes.take(LaneKind.PAGE, ["1"], uuid4(), limit=1)) == 1


async def test_a_released_lane_is_free_at_once_and_a_late_release_hurts_nobody(lanes):
    await lanes.register(LaneKind.PAGE, ["1"])
    [first] = await lanes.take(LaneKind.PAGE, ["1"], uuid4(), limit=1)
    await lanes.release(first)
    [second] = await lanes.take(LaneKind.PAGE, ["1"], uuid4(), limit=1)
    await lanes.release(first)
    async with lanes.database.transaction() as tx:
        await lanes.hold(tx, second)


async def test_two_keepers_share_and_the_one_that_stays_takes_all(lanes):
    keys = [f"p{number}" for number in range(6)]
    first_work, second_work = Work(), Work()
    first, second = keeper(lanes, first_work, keys), keeper(lanes, second_work, keys)
    async with asyncio.TaskGroup() as group:
        group.create_task(first.run())
        await until(lambda: len(first_work.running) == 6)
        group.create_task(second.run())
        await until(lambda: len(first_work.running) == 3 and len(second_work.running) == 3)
        assert not set(first_work.running) & set(second_work.running)
        first.stop()
        await until(lambda: len(second_work.running) == 6)
        assert first_work.running == {}
        second.stop()


async def test_a_keeper_that_dies_is_followed_within_its_time_to_live(lanes):
    dead_work, heir_work = Work(), Work()
    dying = asyncio.create_task(keeper(lanes, dead_work, ["1"], timedelta(seconds=1)).run())
    await until(lambda: "1" in dead_work.running)
    dying.cancel()
    heir = keeper(lanes, heir_work, ["1"], timedelta(seconds=1))
    async with asyncio.TaskGroup() as group:
        group.create_task(heir.run())
        await until(lambda: "1" in heir_work.running, seconds=4)
        assert heir_work.running["1"].epoch == dead_work.running["1"].epoch + 1
        heir.stop()


async def test_a_keeper_without_its_database_stops_before_its_lease_could_have_run_out(lanes, monkeypatch):
    work, loop = Work(), asyncio.get_running_loop()
    running = keeper(lanes, work, ["1"])
    task = asyncio.create_task(running.run())
    await until(lambda: "1" in work.running)
    async with lanes.database.transaction() as blocker:
        # Nothing answers about lanes from here on: renewals hang until the blocker ends.
        await blocker.execute("lock table lane in access exclusive mode")
        blocked_at = loop.time()
        await until(lambda: work.lost != [])
        assert loop.time() - blocked_at <= SHORT.total_seconds() - 0.5 + 0.25
    await until(lambda: "1" in work.running)
    running.stop()
    await task


async def test_a_lane_taken_away_in_the_database_is_given_up_and_worked_again_only_under_a_new_epoch(lanes):
    work = Work()
    running = keeper(lanes, work, ["1"])
    task = asyncio.create_task(running.run())
    await until(lambda: "1" in work.running)
    await end_leases(lanes)
    await until(lambda: work.lost != [] and "1" in work.running)
    assert work.running["1"].epoch == work.lost[0].epoch + 1
    running.stop()
    await task


async def test_a_stop_drains_first_and_the_lane_stays_ours_until_then(lanes):
    work = Work()
    work.drained.clear()
    running = keeper(lanes, work, ["1"], timedelta(seconds=1))
    task = asyncio.create_task(running.run())
    await until(lambda: "1" in work.running)
    lease = work.running["1"]
    running.stop()
    await asyncio.sleep(1.5)  # longer than the lease: only renewal can keep it
    async with lanes.database.transaction() as tx:
        await lanes.hold(tx, lease)
    work.drained.set()
    await task
    assert len(await lanes.take(LaneKind.PAGE, ["1"], uuid4(), limit=1)) == 1


async def test_a_page_that_is_gone_is_given_back(lanes):
    work, keys = Work(), ["1", "2"]
    running = keeper(lanes, work, keys, timedelta(seconds=1))
    task = asyncio.create_task(running.run())
    await until(lambda: len(work.running) == 2)
    keys.remove("2")
    await until(lambda: set(work.running) == {"1"})
    running.stop()
    await task
