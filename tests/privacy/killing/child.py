"""What does a process do before it is killed? Started once, warm; each line it reads is one process, forked.

A process first makes good what its predecessor left, as any worker does; then acts are recorded, sequenced, signed,
kept outside and anchored, until its time has come. What happened is told in JSON lines.
"""

import asyncio
import contextlib
import json
import logging
import os
import sys
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from signal import SIGKILL, Signals
from typing import Any
from uuid import UUID

import aiohttp
import tortoise.backends.asyncpg  # noqa: F401 - read once, before the processes part
from yarl import URL

from domain.consent import ConsentAct
from domain.proof.keys import Verifier
from privacy import log_signing
from privacy.anchors.calls import Caller
from privacy.anchors.duty import Anchoring
from privacy.anchors.folder import FolderAnchor
from privacy.anchors.growth import LogGrowth
from privacy.anchors.port import Anchor
from privacy.anchors.witness import WitnessAnchor
from storage.errors import StorageError
from storage.lanes import IDLE_LIMIT, Lease
from tests.privacy.killing.installation import Worker, opened
from tests.privacy.killing.planted import Planted, plant
from tests.privacy.killing.points import Points

_OFTEN = timedelta(microseconds=1)


def tell(line: dict[str, Any]) -> None:
    """One line for whoever started us; on the pipe before the call returns."""
    os.write(1, json.dumps(line).encode() + b"\n")


class Life:
    """What one process does, in an order that is the same each time."""

    def __init__(self, worker: Worker, points: Points, anchors: Sequence[Anchor], planted: Planted | None) -> None:
        self.worker, self.points, self.anchors, self.planted = worker, points, anchors, planted

    async def run(self, what: str) -> None:
        """What the predecessor left, and then a day, the change of the log's key, or nothing more."""
        lease = await self.worker.lease()
        if lease is None:
            raise RuntimeError("somebody else holds the log lane")
        self.points.counting = what != "key"
        await self.sequence(lease)
        match what:
            case "day":
                await self.day(lease)
            case "key":
                await self.key(lease)
            case _:
                return
        await self.worker.world.store.lanes.release(lease)

    async def day(self, lease: Lease) -> None:
        await self.somebody_new(ConsentAct.GIVEN)
        await self.sequence(lease)
        await self.anchor()
        await self.somebody_new(ConsentAct.REFUSED)
        await self.sequence(lease)

    async def key(self, lease: Lease) -> None:
        self.points.counting = True
        await self.worker.sequencer.changes.rotate_key()
        await self.sequence(lease)

    async def somebody_new(self, answer: ConsentAct) -> None:
        """A start and an answer, each a transaction of its own, each acknowledged when it is committed."""
        worker, database = self.worker, self.worker.world.database
        async with database.transaction() as tx:
            lead = await worker.person(tx)
            started = await worker.start(tx, lead)
            self.acknowledge(started, committed=False)
        self.acknowledge(started)
        async with database.transaction() as tx:
            answered = await worker.choice(tx, lead, answer)
            self.acknowledge(answered, committed=False)
        self.acknowledge(answered)

    def acknowledge(self, record_id: UUID, *, committed: bool = True) -> None:
        if committed is (self.planted is Planted.ACKNOWLEDGED_FIRST):
            return
        self.points.here("acknowledged: before")
        self.worker.book.acknowledge(record_id)
        self.points.here("acknowledged: after")

    async def sequence(self, lease: Lease) -> None:
        while await self.worker.sequencer.step(lease):
            pass

    async def anchor(self) -> None:
        """One authority after another, so that the moments come in the same order each time."""
        store, clock = self.worker.world.store, self.worker.world.clock
        for anchor in self.anchors:
            await Anchoring(store=store, anchors=(anchor,), clock=clock, random_bytes=os.urandom).step()


def watch(points: Points, worker: Worker) -> None:
    """A signature is in the book as soon as it exists, whether anybody got to see it or not."""
    points.watch()
    points.around(FolderAnchor, "anchor", "folder asked")
    points.around(WitnessAnchor, "anchor", "witness asked")
    real = log_signing.sign_checkpoint

    def signed(*args: Any) -> bytes:
        points.here("signature made: before")
        note = real(*args)
        worker.book.note(note)
        points.here("signature made: after")
        return note

    log_signing.sign_checkpoint = signed


@asynccontextmanager
async def authorities(asked: dict[str, Any], worker: Worker) -> AsyncIterator[Sequence[Anchor]]:
    """A folder, and a witness where there is one."""
    found: list[Anchor] = [FolderAnchor(folder=worker.shared_folder, interval=_OFTEN, clock=worker.world.clock)]
    async with contextlib.AsyncExitStack() as stack:
        if "witness" in asked:
            url, vkey = asked["witness"]
            session = await stack.enter_async_context(aiohttp.ClientSession())
            witness = WitnessAnchor(
                url=URL(url),
                witness=Verifier.from_vkey(vkey),
                interval=_OFTEN,
                caller=Caller(session=session),
                growth=LogGrowth(store=worker.world.store),
            )
            found.append(witness)
        yield found


async def live(asked: dict[str, Any]) -> None:
    """One process; `asked` says at which moment it ends, if it comes to that."""
    points = Points(
        at=asked["at"],
        sends=Signals(asked.get("sends", SIGKILL)),
        victims=asked.get("victims", ()),
        pattern=asked.get("pattern", "*"),
        tell=tell,
    )
    planted = Planted(asked["planted"]) if "planted" in asked else None
    idle_limit = timedelta(seconds=asked["idle"]) if "idle" in asked else IDLE_LIMIT
    now = datetime.fromisoformat(asked["now"])
    async with opened(asked["dsn"], Path(asked["folder"]), now=now, idle_limit=idle_limit) as worker:
        async with authorities(asked, worker) as anchors:
            watch(points, worker)
            if planted is not None:
                plant(planted, worker)
            try:
                await Life(worker, points, anchors, planted).run(asked.get("what", "day"))
            except StorageError as error:
                tell({"gave_up": error.code})
        tell({"hits": points.hits})


def forked(asked: dict[str, Any]) -> int:
    """The exit status of a process that lives so; negative for a signal."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            asyncio.run(live(asked))
            status = 0
        except BaseException:
            # Whatever it is, it must not climb on into the copy of the parent that this process is.
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status)
        tell({"stopped": child})


def main() -> None:
    logging.disable()  # what a pool says of lost connections is no news here
    for line in sys.stdin:
        tell({"ended": forked(json.loads(line))})


if __name__ == "__main__":
    main()
