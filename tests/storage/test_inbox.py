"""Is every accepted event kept once, sealed, handled in order, and never lost?"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from domain.ids import PageId, Psid
from domain.inbox import Arrival
from domain.personal import Pii
from storage.errors import RowMissing
from storage.inbox import CHANNEL, MAX_ATTEMPTS, InboxStore, retry_delay, shard_of
from storage.inbox_rows import AcceptedEvent, Entry, RefusedEvent
from storage.inbox_writer import InboxFull, InboxWriter, NotWritten
from tests.broadcast.people import NOW, PAGE, World, open_world

ANN, BOB = Pii(Psid("7310482919283746")), Pii(Psid("7310482919283747"))
CANARY = b"Zo\xc3\xab wants the winter sale"


@pytest.fixture
async def world(database_dsn: str) -> AsyncIterator[World]:
    async with open_world(database_dsn) as world:
        await world.page()
        yield world


@asynccontextmanager
async def writing(world: World) -> AsyncIterator[InboxWriter]:
    writer = InboxWriter(world.database, world.keys, world.suppressions)
    async with writer.running():
        yield writer


def inbox_of(world: World) -> InboxStore:
    return InboxStore(world.database, world.keys)


def event(name: str, psid: Pii[Psid] | None = ANN, *, at: datetime = NOW, stops: bool = False, page: PageId = PAGE):
    return AcceptedEvent(
        page_id=page,
        psid=psid,
        user_ref=None,
        sameness=Pii(name.encode()),
        event_time=at,
        arrival=Arrival(raw=Pii(CANARY + name.encode()), body=None, signature="sha256=ab", secret="s"),
        stops=stops,
    )


def names(items) -> list[str]:
    return [item.arrival.raw.reveal("test").removeprefix(CANARY).decode() for item in items]


async def take(world: World, psid: Pii[Psid] = ANN, *, now: datetime = NOW):
    return await inbox_of(world).take(shard_of(world.keys.handle(PAGE, psid)), limit=50, now=now)


async def test_an_event_comes_back_as_it_arrived_and_stands_nowhere_in_clear(world):
    async with writing(world) as writer:
        written = await writer.write(NOW, [event("a")])
    assert written.entries == (Entry.FRESH,)
    [row] = await world.fetch("select * from inbox")
    stored = b"".join(value for value in row.values() if isinstance(value, bytes)) + repr(dict(row)).encode()
    assert CANARY not in stored
    assert b"7310482919283746" not in stored
    [item] = await take(world)
    assert names([item]) == ["a"]
    assert (item.page_id, item.event_time, item.received_at, item.attempts) == (PAGE, NOW, NOW, 0)
    assert item.person == world.keys.handle(PAGE, ANN)


async def test_of_200_equal_events_at_once_one_is_stored(world):
    async with writing(world) as first, writing(world) as second:
        results = await asyncio.gather(*(writer.write(NOW, [event("a")]) for writer in (first, second) * 100))
    entries = [result.entries[0] for result in results]
    assert entries.count(Entry.FRESH) == 1
    assert entries.count(Entry.REPEATED) == 199
    assert await world.value("select count(*) from inbox") == 1


async def test_an_event_that_was_handled_is_known_when_it_is_repeated(world):
    async with writing(world) as writer:
        await writer.write(NOW, [event("a")])
        [item] = await take(world)
        async with world.database.transaction() as tx:
            await inbox_of(world).finish(tx, item)
        assert (await writer.write(NOW + timedelta(hours=36), [event("a")])).entries == (Entry.REPEATED,)
    assert await world.value("select count(*) from inbox") == 0


async def test_writers_in_opposite_order_do_not_block_each_other(world):
    names = [f"e{number}" for number in range(60)]
    async with writing(world) as first, writing(world) as second:
        for _ in range(5):
            await asyncio.gather(
                first.write(NOW, [event(name) for name in names]),
                second.write(NOW, [event(name) for name in reversed(names)]),
            )
    assert await world.value("select count(*) from inbox") == 60


async def test_requests_that_come_together_share_a_transaction_and_one_notice(world):
    listener = await asyncpg.connect(world.database.dsn)
    heard: list[str] = []
    await listener.add_listener(CHANNEL, lambda *told: heard.append(told[3]))
    try:
        async with writing(world) as writer:
            await asyncio.gather(*(writer.write(NOW, [event(f"e{number}")]) for number in range(100)))
        await listener.execute("select 1")
    finally:
        await listener.close()
    groups = await world.value("select count(distinct xmin::text) from inbox")
    assert groups <= 8
    assert len(heard) == groups


async def test_a_page_that_is_not_connected_leaves_nothing_behind(world):
    stranger = PageId("999")
    async with writing(world) as writer:
        broken = RefusedEvent(page_id=stranger, reason="kind_missing", raw=Pii(b"{}"))
        written = await writer.write(NOW, [event("a", page=stranger, stops=True), event("b")], [broken])
    assert written.entries == (Entry.STRANGE, Entry.FRESH)
    assert written.stops == ()
    for table in ("event_key where page_id = '999'", "suppression", "inbox_set_aside"):
        assert await world.value(f"select count(*) from {table}") == 0


async def test_a_stop_is_in_force_when_its_write_returns_and_again_when_it_is_repeated(world):
    handle = world.keys.handle(PAGE, ANN)
    async with writing(world) as writer:
        for _ in range(2):
            written = await writer.write(NOW + timedelta(seconds=5), [event("stop", at=NOW, stops=True)])
            assert [(stop.page_id, stop.handle, stop.since) for stop in written.stops] == [(PAGE, handle, NOW)]
            [row] = await world.fetch("select handle, since from suppression")
            assert (row["handle"], row["since"]) == (handle, NOW)
            await world.execute("delete from suppression")


async def test_commits_are_synchronous_even_where_the_server_is_set_otherwise(world):
    await world.execute("create table seen (setting text)")
    await world.execute(
        "create function see() returns trigger language plpgsql as "
        "$$ begin insert into seen values (current_setting('synchronous_commit')); return null; end $$"
    )
    await world.execute(
        "create constraint trigger see after insert on inbox deferrable initially deferred "
        "for each row execute function see()"
    )
    name = await world.value("select current_database()")
    await world.execute(f"alter database {name} set synchronous_commit = off")
    async with open_world(world.database.dsn) as other:
        other.keys = world.keys
        async with writing(other) as writer:
            await writer.write(NOW, [event("a")])
            await writer.write(NOW, [event("b", stops=True)])
    assert [row["setting"] for row in await world.fetch("select * from seen")] == ["on", "on"]


async def test_a_request_that_the_database_refuses_does_not_cost_the_others(world):
    await world.execute("alter table inbox add constraint no_old check (event_time > '2001-01-01')")
    async with writing(world) as writer:
        results = await asyncio.gather(
            writer.write(NOW, [event("a")]),
            writer.write(NOW, [event("bad", at=datetime(2000, 1, 1, tzinfo=UTC))]),
            writer.write(NOW, [event("b")]),
            return_exceptions=True,
        )
    assert isinstance(results[1], NotWritten)
    assert sorted(names(await take(world))) == ["a", "b"]


async def test_more_than_may_wait_is_refused_at_once(world, monkeypatch):
    monkeypatch.setattr("storage.inbox_writer.MOST_ROWS", 3)
    writer = InboxWriter(world.database, world.keys, world.suppressions)
    waiting = [asyncio.create_task(writer.write(NOW, [event(f"e{number}")])) for number in range(3)]
    while writer.rows_waiting < 3:  # noqa: ASYNC110 - tests wait by looking
        await asyncio.sleep(0)
    with pytest.raises(InboxFull):
        await writer.write(NOW, [event("late")])
    async with writer.running():
        await asyncio.gather(*waiting)
        await writer.write(NOW, [event("late")])
    assert await world.value("select count(*) from inbox") == 4


async def test_events_of_a_person_come_in_the_order_of_their_time(world):
    times = {"late": 3, "early": 1, "middle": 2}
    async with writing(world) as writer:
        for name, minute in times.items():
            await writer.write(NOW, [event(name, at=NOW - timedelta(minutes=10 - minute))])
    assert names(await take(world)) == ["early", "middle", "late"]


async def test_a_failing_event_holds_back_only_its_own_person(world):
    inbox = inbox_of(world)
    shared = shard_of(world.keys.handle(PAGE, ANN))
    other = next(
        psid
        for psid in (Pii(Psid(str(number))) for number in range(10_000))
        if shard_of(world.keys.handle(PAGE, psid)) == shared
    )
    async with writing(world) as writer:
        await writer.write(NOW, [event("ann1", at=NOW - timedelta(minutes=2)), event("ann2")])
        await writer.write(NOW, [event("other", other)])
        failing = (await take(world))[0]
        assert await inbox.park(failing, now=NOW)
        assert names(await take(world)) == ["other"]
        # An event that happened before the failing one is not held back by it.
        await writer.write(NOW, [event("ann0", at=NOW - timedelta(minutes=3))])
        assert names(await take(world)) == ["ann0", "other"]
    again = NOW + retry_delay(1)
    assert names(await take(world, now=again)) == ["ann0", "ann1", "ann2", "other"]
    assert [item.attempts for item in await take(world, now=again)] == [0, 1, 0, 0]


async def test_an_event_is_handled_once_even_by_two_workers(world):
    inbox = inbox_of(world)
    async with writing(world) as writer:
        await writer.write(NOW, [event("a")])
    [item] = await take(world)

    async def handle() -> bool:
        try:
            async with world.database.transaction() as tx:
                await inbox.finish(tx, item)
        except RowMissing:
            return False
        return True

    assert sorted(await asyncio.gather(handle(), handle())) == [False, True]
    with pytest.raises(RowMissing):
        await inbox.park(item, now=NOW)


async def test_an_event_that_failed_too_often_is_set_aside_sealed(world):
    inbox, now = inbox_of(world), NOW
    async with writing(world) as writer:
        await writer.write(NOW, [event("a"), event("b", at=NOW + timedelta(seconds=1))])
    for attempt in range(1, MAX_ATTEMPTS + 1):
        item = (await take(world, now=now))[0]
        assert names([item]) == ["a"]
        assert await inbox.park(item, now=now) is (attempt < MAX_ATTEMPTS)
        now += retry_delay(attempt)
    assert names(await take(world, now=now)) == ["b"]
    [aside] = await inbox.set_aside_items()
    assert (aside.page_id, aside.reason) == (PAGE, "failed")
    [row] = await world.fetch("select * from inbox_set_aside")
    assert CANARY not in row["event_sealed"]
    opened = await inbox.open_set_aside(PAGE, aside.item_id)
    assert opened is not None
    assert Arrival.decode(opened.reveal("test")).raw.reveal("test") == CANARY + b"a"


async def test_an_event_that_does_not_open_is_set_aside_and_the_rest_goes_on(world):
    async with writing(world) as writer:
        await writer.write(NOW, [event("a"), event("b", at=NOW + timedelta(seconds=1))])
    await world.execute("update inbox set event_sealed = set_byte(event_sealed, 20, 7) where event_time = $1", NOW)
    assert names(await take(world)) == ["b"]
    [aside] = await inbox_of(world).set_aside_items()
    assert aside.reason == "storage.open_failed"


async def test_the_same_broken_event_is_set_aside_once(world):
    broken = RefusedEvent(page_id=PageId(""), reason="body:not_json", raw=Pii(CANARY))
    async with writing(world) as writer:
        await writer.write(NOW, [], [broken, broken])
        await writer.write(NOW, [], [broken])
    [row] = await world.fetch("select * from inbox_set_aside")
    assert CANARY not in row["event_sealed"]
    opened = await inbox_of(world).open_set_aside(PageId(""), row["item_id"])
    assert opened is not None
    assert opened.reveal("test") == CANARY


async def test_what_waits_of_a_person_can_be_dropped(world):
    async with writing(world) as writer:
        await writer.write(NOW, [event("a"), event("b"), event("c", BOB)])
    async with world.database.transaction() as tx:
        assert await inbox_of(world).drop_person(tx, PAGE, world.keys.handle(PAGE, ANN)) == 2
    assert names(await take(world, BOB)) == ["c"]


async def test_shards_with_work_and_counts_tell_what_waits(world):
    inbox, shard = inbox_of(world), shard_of(world.keys.handle(PAGE, ANN))
    assert await inbox.shards_with_work(range(64), now=NOW) == set()
    async with writing(world) as writer:
        await writer.write(NOW, [event("a")])
    assert await inbox.shards_with_work(range(64), now=NOW) == {shard}
    assert await inbox.shards_with_work(set(range(64)) - {shard}, now=NOW) == set()
    [item] = await take(world)
    await inbox.park(item, now=NOW)
    assert await inbox.shards_with_work(range(64), now=NOW) == set()
    counts = await inbox.counts()
    assert (counts.waiting, counts.failing, counts.set_aside, counts.oldest) == (1, 1, 0, NOW)


async def test_each_day_has_its_partition_and_an_old_one_goes_when_it_is_empty(world):
    inbox = inbox_of(world)
    assert await inbox.ensure_partitions(NOW) == 4
    assert await inbox.ensure_partitions(NOW) == 0
    async with writing(world) as writer:
        await writer.write(NOW, [event("a")])
        await writer.write(NOW + timedelta(days=1), [event("b", at=NOW + timedelta(days=1))])
        # No partition was made for this day: nothing is lost, and one made later leaves it where it is.
        far = NOW + timedelta(days=30)
        await writer.write(far, [event("c", at=far)])
    assert await inbox.ensure_partitions(far) == 3
    [done] = await world.fetch("select * from inbox_20261123")
    assert done["event_time"] == NOW
    items = await take(world, now=far)
    async with world.database.transaction() as tx:
        await inbox.finish(tx, items[0])
    assert [str(day) for day in await inbox.drop_old_partitions(far)] == ["2026-11-24"]
    assert names(await take(world, now=far)) == ["b", "c"]
    tables = {row["relname"] for row in await world.fetch("select relname from pg_class where relname like 'inbox_2%'")}
    assert "inbox_20261123" not in tables
    days = [str(row["day"]) for row in await world.fetch("select day from day_key order by day")]
    assert days == ["2026-11-24", "2026-12-23"]
