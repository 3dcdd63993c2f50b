"""Does the log stay one, whole and true, wherever the process that writes it is killed?

A loop over the n-th moment of a process until one gets through: at each it is killed with SIGKILL, and the next one
goes on. Then the same check is shown to find mistakes that were made on purpose.
"""

import asyncio
import contextlib
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import Any

import pytest

from app.witness import build_witness_app
from domain.proof.keys import KeyType, Signer
from domain.proof.log import KEY_OVERLAP
from domain.proof.witnessing import known_logs
from storage.database import migrate
from storage.errors import StorageError, Unavailable
from storage.lanes import LaneLost
from storage.server import EmbeddedServer
from storage.witness_state import WitnessState
from tests.privacy.killing.check import Check
from tests.privacy.killing.installation import Worker, begin, opened
from tests.privacy.killing.planted import Planted
from tests.privacy.killing.processes import Ended, Processes, processes
from webhooks.server import serve
from webhooks.witness import Witness

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, freezes and finds processes as Linux does")

MOMENTS = (
    "insert consent_record: before", "insert log_pending: before", "commit of an act: before",
    "commit of an act: on its way", "commit of an act: after", "acknowledged: before", "acknowledged: after",
    "delete log_pending: before", "update log: before", "insert log_entry: before", "insert log_tile: before",
    "insert checkpoint: before", "commit of entries: before", "commit of entries: on its way",
    "commit of entries: after", "signature made: before", "signature made: after", "update checkpoint: before",
    "commit of a signature: before", "commit of a signature: on its way", "commit of a signature: after",
    "file written by half", "file written", "file forced to disk", "file put in place: before",
    "file put in place: after", "folder forced to disk: before", "folder forced to disk: after",
    "folder asked: before", "folder asked: after", "witness asked: before", "witness asked: after",
    "insert log_record: before", "insert anchor: before", "insert anchor_state: before", "commit of an anchor: before",
    "commit of an anchor: on its way", "commit of an anchor: after",
)  # fmt: skip
"""What has to have its turn: if the product no longer passes one of these, this list is wrong, or the wrapping is."""
UNANSWERED = ("commit of an act: on its way", "commit of an act: after", "acknowledged: before")
"""Deaths that may leave an act which is kept, and of which nobody was told."""

WITNESS = Signer(name="witness.example/w", key_type=KeyType.COSIGNATURE, seed=bytes(range(32)))


@dataclass(slots=True, kw_only=True)
class Field:
    """One installation, and the processes that live and die on it, one after another."""

    dsn: str
    worker: Worker
    processes: Processes
    check: Check
    witness: tuple[str, str]
    deaths: Counter[str | None] = field(default_factory=Counter)
    """How many processes ended at each moment."""

    async def life(self, at: int, **asked: Any) -> Ended:
        """One process, while an act of another one is under way: it began earlier and is committed later."""
        await self.worker.leases_run_out()
        async with self.slow_act():
            ended = await self.lone_life(at, **asked)
        assert ended.status in (-SIGKILL, 0)
        assert ended.gave_up is None or "planted" in asked
        await self.check.after_a_death()
        return ended

    async def lone_life(self, at: int, processes: Processes | None = None, **asked: Any) -> Ended:
        """One process, and nobody else."""
        self.worker.world.now += timedelta(minutes=1)
        ended = await asyncio.to_thread((processes or self.processes).live, at=at, **self.here, **asked)
        if ended.struck is not None:
            self.deaths[ended.struck] += 1
        return ended

    @asynccontextmanager
    async def slow_act(self) -> AsyncIterator[None]:
        """An act of another process that is not committed while this is entered."""
        async with self.worker.world.database.transaction() as tx:
            record_id = await self.worker.start(tx, await self.worker.person(tx))
            yield
        self.worker.book.acknowledge(record_id)

    @property
    def here(self) -> dict[str, Any]:
        """Where and when a process lives."""
        worker = self.worker
        now = worker.world.now.isoformat()
        return {"dsn": self.dsn, "folder": str(worker.folder), "now": now, "witness": self.witness}

    async def tidied(self) -> None:
        """What was left is made good by a process that nobody kills."""
        await self.worker.leases_run_out()
        assert await self.worker.sequencer.catch_up()

    async def ends_well(self) -> None:
        """Nothing was ever wrong, and nothing is missing at the end."""
        await self.tidied()
        await self.check.at_the_end()
        if self.deaths:
            print(f"{self.deaths.total()} deaths at {len(self.deaths)} kinds of moments")  # noqa: T201 - for pytest -s
        assert self.check.faults == []
        assert await self.check.unacknowledged() <= sum(self.deaths[moment] for moment in UNANSWERED)


@pytest.fixture(scope="module")
def warm() -> Iterator[Processes]:
    with processes() as made:
        yield made


@pytest.fixture(scope="module")
def another() -> Iterator[Processes]:
    with processes() as made:
        yield made


@asynccontextmanager
async def installed(dsn: str, folder: Path, warm: Processes) -> AsyncIterator[Field]:
    """A new installation on this database, with a witness that works in this process."""
    async with contextlib.AsyncExitStack() as stack:
        worker = await stack.enter_async_context(opened(dsn, folder))
        await begin(worker)
        state = WitnessState(worker.witness_folder)
        await asyncio.to_thread(state.bind, WITNESS.verifier.vkey, fresh=True)
        witness = Witness(
            signer=WITNESS,
            logs=known_logs([await worker.sequencer.vkey()]),
            state=state,
            clock=lambda: int(worker.world.now.timestamp()),
        )
        serving = await serve(build_witness_app(witness), "127.0.0.1", 0)
        stack.push_async_callback(serving.close)
        yield Field(
            dsn=dsn,
            worker=worker,
            processes=warm,
            check=Check(worker=worker),
            witness=(f"http://127.0.0.1:{serving.port}", WITNESS.verifier.vkey),
        )


@pytest.fixture
async def ground(database_dsn: str, tmp_path: Path, warm: Processes) -> AsyncIterator[Field]:
    async with installed(database_dsn, tmp_path, warm) as field:
        yield field


async def test_killed_at_one_moment_after_the_other_the_log_is_one_and_nothing_acknowledged_is_lost(ground: Field):
    """Each process finds what all the deaths before it left, and gets one moment further."""
    while (await ground.life(ground.deaths.total() + 1)).status:
        pass
    await ground.ends_well()


async def test_killed_at_every_moment_of_a_day_in_order_the_log_is_one_and_nothing_acknowledged_is_lost(ground: Field):
    """Each process finds everything in order, so that every moment has its turn."""
    await ground.life(0)
    await ground.tidied()
    while (await ground.life(ground.deaths.total() + 1)).status:
        await ground.tidied()
    await ground.ends_well()
    assert [moment for moment in MOMENTS if not ground.deaths[moment]] == []


async def test_killed_at_every_moment_of_a_change_of_the_key_the_log_is_one(ground: Field):
    await ground.life(0)
    await ground.tidied()
    while (await ground.life(ground.deaths.total() + 1, what="key")).status:
        ground.worker.world.now += KEY_OVERLAP
        await ground.tidied()
    await ground.ends_well()
    assert ground.deaths["insert log_key: before"]


async def test_killed_at_every_moment_of_a_turn_of_the_year_each_log_is_one_and_names_the_one_before(ground: Field):
    await ground.life(0)
    await ground.tidied()
    status = -SIGKILL
    while status:
        ground.worker.world.now = ground.worker.world.now.replace(year=ground.worker.world.now.year + 1)
        status = (await ground.life(ground.deaths.total() + 1, what="head")).status
        await ground.tidied()
    await ground.ends_well()
    assert ground.deaths["commit of a new log: on its way"]
    logs = await ground.worker.world.fetch(
        "select origin, size, root, closed_at, record from log "
        "join log_entry using (log_id) join log_record on record_id = entry_id where idx = 0 order by year"
    )
    assert len(logs) > ground.deaths.total()
    for before, log in pairwise(logs):
        said = json.loads(log["record"])["log"]
        assert (said["previous_origin"], said["previous_size"]) == (before["origin"], before["size"])
        assert said["previous_root"] == before["root"].hex()
        assert before["closed_at"] is not None


LOST = "a record has no entry"
AUDITED = "the audit finds record_without_entry"


@pytest.mark.parametrize(
    ("planted", "where", "at", "found"),
    [
        (Planted.ACKNOWLEDGED_FIRST, "commit of an act: before", 1, ["an acknowledged act is not there"]),
        (Planted.SIGNED_FIRST, "commit of entries: before", 1, ["a head was signed that is not stored"]),
        (
            Planted.SIGNED_FIRST,
            "commit of entries: before",
            2,
            ["a signed head is not the beginning of the log", "the audit finds checkpoint_contradicted"],
        ),
        (
            Planted.INDEX_REMEMBERED,
            "commit of entries: before",
            1,
            ["the indexes have a gap", "the audit finds entry_missing"],
        ),
        (
            Planted.ANCHOR_ALONE,
            "commit of an anchor: after",
            1,
            ["an anchor is kept without its entry", LOST, AUDITED],
        ),
        (Planted.ACT_ALONE, "commit of an act: after", 1, [LOST, AUDITED]),
        (Planted.TAKEN_FIRST, "commit of entries: before", 1, [LOST, AUDITED]),
        (Planted.OUTSIDE_FIRST, "commit of a signature: before", 1, ["what lies outside is ahead of the database"]),
    ],
)
async def test_a_mistake_made_on_purpose_is_found(
    ground: Field, planted: Planted, where: str, at: int, found: list[str]
):
    await ground.life(0)
    assert (await ground.life(at, pattern=where, planted=planted)).status == -SIGKILL
    # The next one makes the same mistake; where it notices that something is wrong, it gives up by itself.
    await ground.life(0, planted=planted)
    with contextlib.suppress(StorageError):
        await ground.tidied()
    await ground.check.at_the_end()
    assert [fault for fault in found if fault not in ground.check.faults] == []


async def test_a_sequencer_frozen_at_any_moment_past_its_lease_does_no_harm_when_it_goes_on(
    ground: Field, another: Processes
):
    """While it stands still another process works the log to the end; then it goes on where it was."""
    await ground.life(0)
    stopped_at, gave_up = Counter[str | None](), Counter[str | None]()
    while True:
        await ground.tidied()
        ground.worker.world.now += timedelta(minutes=1)
        async with ground.slow_act():
            pass
        begun = await asyncio.to_thread(
            ground.processes.begin, at=stopped_at.total() + 1, sends=SIGSTOP, what="head", idle=0.5, **ground.here
        )
        if "stopped" not in begun:
            break
        try:
            await ground.worker.leases_run_out()
            overtaking = await ground.lone_life(0, another, what="head")
            assert (overtaking.status, overtaking.gave_up) == (0, None)
            await ground.check.after_a_death()
        finally:
            os.kill(begun["stopped"], SIGCONT)
        ended = await asyncio.to_thread(ground.processes.end)
        assert ended.status == 0
        stopped_at[ended.struck] += 1
        gave_up[ended.gave_up] += 1
        await ground.check.after_a_death()
    await ground.ends_well()
    assert gave_up[LaneLost.code] > 0
    assert gave_up[Unavailable.code] > 0
    print(f"frozen at {stopped_at.total()} moments: {dict(gave_up)}")  # noqa: T201 - for pytest -s


async def test_when_the_database_server_is_killed_at_a_commit_the_log_goes_on_whole(tmp_path: Path, warm: Processes):
    """A server with fsync on. Its owner starts it again; the process that lost it is followed by another."""
    server = EmbeddedServer(tmp_path / "server", volatile=False)
    dsn = await server.start()
    try:
        await migrate(dsn)
        async with installed(dsn, tmp_path, warm) as ground:
            for about in ("an act", "entries", "a signature", "an anchor"):
                moment = f"commit of {about}: on its way"
                ended = await ground.lone_life(1, pattern=moment, victims=await server_processes(ground))
                assert (ended.status, ended.struck, ended.gave_up) == (0, moment, Unavailable.code)
                await back(ground)
                await ground.worker.leases_run_out()
                await ground.check.after_a_death()
            await ground.life(0)
            await ground.ends_well()
    finally:
        await server.stop()


async def server_processes(ground: Field) -> list[int]:
    """The server and everything it has started, by their numbers."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    postmaster = parents[await ground.worker.world.value("select pg_backend_pid()")]
    return [postmaster, *(number for number, parent in parents.items() if parent == postmaster)]


async def back(ground: Field) -> None:
    """Returns when the server answers again."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(Unavailable):
                return await ground.worker.world.database.ping()
            await asyncio.sleep(0.05)
