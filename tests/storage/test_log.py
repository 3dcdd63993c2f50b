"""Does the log only grow, in whatever order things happen, and does the database itself refuse everything else?"""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privacy.checkpoints import Sequencer
from storage.errors import Conflict
from storage.lanes import LaneLost, Lease
from storage.log import HeadMoved
from storage.server import ServerAddress
from tests.privacy.log_world import LogWorld, open_log_world


@pytest.fixture
async def world(database_dsn: str, tmp_path: Path) -> AsyncIterator[LogWorld]:
    async with open_log_world(database_dsn, tmp_path) as one:
        yield one


FORBIDDEN = {
    "an entry changed": "update log_entry set entry = entry",
    "an entry removed": "delete from log_entry",
    "all entries removed": "truncate log_entry",
    "a head removed": "delete from checkpoint",
    "a head at the same size with another root": "update checkpoint set root = sha256('x') where note is null",
    "a signed head with another root": "update checkpoint set root = sha256('x')",
    "a second signature": "update checkpoint set note = 'another'",
    "a signature taken back": "update checkpoint set note = null",
    "a head of another size": "update checkpoint set size = size + 1",
    "a smaller log": "update log set size = size - 1",
    "a log of the same size with another root": "update log set root = sha256('x')",
    "a log under another name": "update log set origin = 'another'",
    "a log removed": "delete from log",
    "a record about the log changed": "update log_record set nonce = nonce",
    "a record about the log removed": "delete from log_record",
}


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN)
async def test_the_database_itself_refuses(world, statement):
    await world.logged(2)
    async with world.database.transaction() as tx:
        head = await world.store.log.lock(tx, 2026)
        await world.store.consents.pend(tx, UUID(int=1), bytes(33))
        await world.store.log.sequence(tx, head, limit=9, now=world.now)
    async with world.database.pool.acquire() as connection:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(statement)


@pytest.mark.parametrize("change", ["size = size + 1, root = sha256('x')", "closed_at = null"])
async def test_the_database_itself_refuses_to_grow_or_open_a_closed_log(world, change):
    await world.logged(2)
    await world.sequencer.new_log("a drill")
    async with world.database.pool.acquire() as connection:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(f"update log set {change} where log_id = 2026")


async def test_a_head_is_moved_only_from_where_it_was_read(world):
    await world.logged(3)
    stale = await world.head()
    await world.logged(1)
    await world.pend(1)
    with pytest.raises(HeadMoved):
        async with world.database.transaction() as tx:
            await world.store.log.sequence(tx, stale, limit=10, now=world.now)
    await world.check()
    assert await world.value("select count(*) from log_pending") == 1


async def test_a_head_is_signed_once_and_only_as_it_was_stored(world):
    await world.logged(3)
    async with world.database.transaction() as tx:
        stored = await world.store.log.newest_checkpoint(tx, 2026)
        with pytest.raises(HeadMoved):
            await world.store.log.sign(tx, stored, "another")


# Whatever happens, in whatever order


class Killed(BaseException):
    """A process that was killed: nothing of it runs on."""


@dataclass(kw_only=True, eq=False)
class Mortal(Sequencer):
    """Dies before or after the step that was chosen for it."""

    dies: tuple[str, str] = ("", "")

    async def _sequence(self, *arguments):
        return await self._deadly("sequence", super()._sequence, *arguments)

    async def _sign(self, *arguments):
        return await self._deadly("sign", super()._sign, *arguments)

    async def _begin(self, *arguments):
        return await self._deadly("begin", super()._begin, *arguments)

    async def _deadly(self, step, work, *arguments):
        if self.dies == ("before", step):
            raise Killed
        done = await work(*arguments)
        if self.dies == ("after", step):
            raise Killed
        return done


@dataclass
class Story:
    """Three processes over one log; what was appended, and which lease each process believes to have."""

    world: LogWorld
    processes: list[Mortal] = field(default_factory=list)
    leases: list[Lease] = field(default_factory=list)
    appended: list[UUID] = field(default_factory=list)
    kept: dict[str, int] = field(default_factory=dict)

    async def begin(self) -> None:
        for _ in range(3):
            self.processes.append(await self.born())
            self.leases.append(await self.world.lease())

    async def born(self) -> Mortal:
        made = await self.world.process(batch=7)
        return Mortal(store=made.store, host=made.host, clock=made.clock, outside=made.outside, batch=7)

    async def append(self, count: int) -> None:
        self.appended += [entry_id for entry_id, _ in await self.world.pend(count)]

    async def step(self, who: int, dies: tuple[str, str]) -> None:
        process = self.processes[who]
        process.dies = dies
        try:
            await process.step(self.leases[who])
        except (LaneLost, HeadMoved, Conflict):
            pass
        except Killed:
            self.processes[who] = await self.born()
        process.dies = ("", "")

    async def both(self) -> None:
        """All at once, each under what it believes to be its lease."""
        await asyncio.gather(*(self.step(who, ("", "")) for who in range(3)))

    async def take(self, who: int) -> None:
        self.leases[who] = await self.world.lease()

    async def share(self, who: int) -> None:
        """By a mistake that must not matter two processes have one lease."""
        self.leases[who] = self.leases[(who + 1) % 3]

    async def move_clock(self, days: int) -> None:
        self.world.now = min(self.world.now + timedelta(days=days), self.world.now.replace(year=2031))

    async def rotate(self, who: int) -> None:
        if await self.world.heads():
            await self.processes[who].changes.rotate_key()

    async def frozen_copy(self) -> None:
        """Somebody who slept since an older signature keeps that one now."""
        for head in await self.world.heads():
            note = await self.world.value("select min(note) from checkpoint where log_id = $1", head.log_id)
            if note is not None:
                await self.world.files.keep(head.origin, note.encode())

    async def check(self) -> None:
        await self.world.check()
        for head in await self.world.heads():
            kept = await self.world.kept(head)
            assert kept >= self.kept.get(head.origin, 0)
            self.kept[head.origin] = kept


DEATHS = st.sampled_from(
    [("", ""), ("", ""), *((when, step) for when in ("before", "after") for step in ("sequence", "sign", "begin"))]
)
WHO = st.integers(0, 2)
EVENTS = st.one_of(
    st.tuples(st.just("append"), st.integers(1, 30)),
    st.tuples(st.just("step"), WHO, DEATHS),
    st.tuples(st.just("step"), WHO, st.just(("", ""))),
    st.tuples(st.just("take"), WHO),
    st.tuples(st.just("share"), WHO),
    st.tuples(st.just("both")),
    st.tuples(st.just("move_clock"), st.sampled_from([-400, -1, 1, 8, 40, 400])),
    st.tuples(st.just("rotate"), WHO),
    st.tuples(st.just("frozen_copy")),
)


@pytest.fixture(scope="session")
def template(_migrated_template: str) -> str:
    return _migrated_template


@pytest.mark.timeout(300)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS, min_size=5, max_size=30))
def test_whatever_is_appended_stands_once_in_logs_without_gap_or_fork(
    database_server: ServerAddress, template: str, events
):
    asyncio.run(_told(database_server, template, events))


async def _told(server: ServerAddress, template: str, events: list[tuple]) -> None:
    name = f"assent_test_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(server.dsn)
    await admin.execute(f"create database {name} template {template} strategy file_copy")
    try:
        with tempfile.TemporaryDirectory() as folder:
            async with open_log_world(server.of_database(name), Path(folder)) as world:
                await _live(Story(world), events)
    finally:
        await admin.execute(f"drop database {name} with (force)")
        await admin.close()


async def _live(story: Story, events: list[tuple]) -> None:
    await story.begin()
    for event, *arguments in events:
        await getattr(story, event)(*arguments)
        await story.check()
    world = story.world
    await world.work(await story.born())
    await story.check()
    placed = await world.rows("select entry_id from log_entry where entry_id not in (select record_id from log_record)")
    assert sorted(row["entry_id"] for row in placed) == sorted(story.appended)
    assert await world.value("select count(*) from log_pending") == 0
    assert await world.value("select count(*) from log where closed_at is null") == 1
    for head in await world.heads():
        newest = "select size from checkpoint where log_id = $1 and note is not null order by size desc limit 1"
        assert await world.value(newest, head.log_id) == head.size
