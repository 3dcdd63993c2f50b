"""What goes wrong while the campaigns run? Workers die and freeze, the database restarts, people say stop.

Everything is drawn from one seed; what the machine makes of it is not repeatable, so a run is judged by its truth and
not by its course.
"""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from app.runtime import Runtime
from storage.errors import StorageError
from tests.crash.people import Crowd
from tests.crash.platform_side import Platform
from tests.crash.points import MOMENTS, most_hits, weight
from tests.crash.processes import Launcher, Process

STOPS_WHILE_FROZEN = 4
AGAIN_SECONDS = 0.3
_FRONT = """
select page_id, lead_id from (
    select page_id, lead_id, state, row_number() over (partition by page_id order by state desc, seq) as place
    from delivery where state in ('sending', 'queued')) open
where place <= $1 and (state = 'sending' or not $2) order by random() limit $3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ills:
    """How much of it in about `seconds`: workers kill themselves at one of the moments, or are killed before that."""

    seconds: float
    kills: int
    freezes: int
    restarts: int
    stops_per_second: float
    web_kills: int = 0
    frozen_for: float = 4.5
    moments: Sequence[str] = MOMENTS


@dataclass(slots=True, kw_only=True, eq=False)
class Chaos:
    """Keeps `workers` processes alive, after its fashion, until `calm` is asked for."""

    runtime: Runtime
    platform: Platform
    launcher: Launcher
    web: Process
    crowd: Crowd
    ills: Ills
    workers: int
    seed: int
    woken: list[float] = field(default_factory=list)
    restarts: list[str] = field(default_factory=list)
    stopped: set[tuple[str, str]] = field(default_factory=set)
    _alive: dict[int, Process] = field(default_factory=dict)
    _calm: asyncio.Event = field(default_factory=asyncio.Event)
    _ending: asyncio.Event = field(default_factory=asyncio.Event)
    _plan: random.Random = field(init=False)
    _moments: Any = field(init=False)

    def __post_init__(self) -> None:
        self._plan = random.Random(self.seed)
        # Each moment has its turn, the more often the more is at stake in it; then all of them once more.
        turns = [moment for moment in self.ills.moments for _ in range(weight(moment))]
        self._plan.shuffle(turns)
        self._moments = cycle(turns)

    def calm(self) -> None:
        """From now on nothing goes wrong any more."""
        self._calm.set()

    @property
    def killed(self) -> int:
        """How many workers died so far."""
        return self.launcher.killed.total()

    async def run(self) -> None:
        """Until `end`; raises what any part of it died of."""
        async with asyncio.TaskGroup() as parts:
            for place in range(self.workers):
                parts.create_task(self._lives(place))
            parts.create_task(self._freezes())
            parts.create_task(self._restarts())
            parts.create_task(self._web_lives())
            parts.create_task(self._stops())

    async def end(self) -> list[int]:
        """Asks every worker to stop; how they ended."""
        self._ending.set()
        processes = list(self._alive.values())
        for process in processes:
            process.send(signal.SIGTERM)
        return [await process.ended for process in processes]

    async def _lives(self, place: int) -> None:
        """One life after the other; each has a moment at which it dies, and a time after which it dies anyhow.

        When enough have died, and for whoever ends by a fault of their own, there is one more, as a supervisor does.
        """
        # Longer than the kills alone would want: some end earlier, at their moment.
        mean = 1.5 * self.workers * self.ills.seconds / max(1, self.ills.kills)
        while not self._ending.is_set():
            if self._calm.is_set() or self.killed >= self.ills.kills:
                process = self._alive[place] = await self.launcher.start("worker")
                await process.ended
            else:
                moment = next(self._moments)
                # Early ones more often: few live long enough for the late ones.
                at = 1 + int(most_hits(moment) * self._plan.random() ** 3)
                process = self._alive[place] = await self.launcher.start("worker", moment, at)
                life = min(3 * mean, max(0.5, self._plan.expovariate(1 / mean)))
                await asyncio.wait([process.ended], timeout=life)
                process.send(signal.SIGKILL)
            if await process.ended > 0:
                await asyncio.sleep(AGAIN_SECONDS)

    async def _pause(self, seconds: float) -> bool:
        """False when calm was asked for meanwhile."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._calm.wait(), seconds)
        return not self._calm.is_set()

    async def _freezes(self) -> None:
        """Somebody stands still past their lease; those whose message they hold say stop meanwhile."""
        if not self.ills.freezes:
            return
        between = max(0.1, self.ills.seconds / self.ills.freezes - self.ills.frozen_for)
        for place in cycle(range(self.workers)):
            if not await self._pause(between * self._plan.uniform(0.5, 1.5)):
                return
            process = self._alive[place]
            process.send(signal.SIGSTOP)
            began = time.monotonic()
            await self._say_stop(STOPS_WHILE_FROZEN, only_sending=True)
            await asyncio.sleep(max(0.0, self.ills.frozen_for - (time.monotonic() - began)))
            process.send(signal.SIGCONT)
            self.woken.append(time.monotonic())

    async def _restarts(self) -> None:
        """The database stops fast and at once in turns; its supervisor starts it again."""
        for number in range(self.ills.restarts):
            if not await self._pause(self.ills.seconds / (self.ills.restarts + 1)):
                return
            kind, how = ("fast", signal.SIGINT) if number % 2 == 0 else ("immediate", signal.SIGQUIT)
            os.kill(await self._postmaster(), how)
            self.restarts.append(kind)

    async def _web_lives(self) -> None:
        """The process that takes events dies too, and is followed by another; what it did not take comes again."""
        left = self.ills.web_kills
        while not self._ending.is_set():
            over = asyncio.ensure_future(self._ending.wait())
            life = self.ills.seconds / (self.ills.web_kills + 1) if left and not self._calm.is_set() else None
            await asyncio.wait([self.web.ended, over], timeout=life, return_when=asyncio.FIRST_COMPLETED)
            over.cancel()
            if self._ending.is_set():
                return
            if not self.web.ended.done():
                self.web.send(signal.SIGKILL)
                left -= 1
            if await self.web.ended > 0:
                await asyncio.sleep(AGAIN_SECONDS)
            self.web = await self.launcher.start("web")

    async def _postmaster(self) -> int:
        while True:
            with contextlib.suppress(StorageError, FileNotFoundError):
                async with self.runtime.store.database.connection() as connection:
                    backend = await connection.fetchval("select pg_backend_pid()")
                status = await asyncio.to_thread(Path(f"/proc/{backend}/stat").read_text)
                return int(status.rpartition(")")[2].split()[1])
            await asyncio.sleep(AGAIN_SECONDS)

    async def _stops(self) -> None:
        """People who are about to be written to, or just are, say stop."""
        while await self._pause(self._plan.expovariate(self.ills.stops_per_second)):
            await self._say_stop(1, only_sending=self._plan.random() < 0.5)

    async def _say_stop(self, number: int, *, only_sending: bool) -> None:
        with contextlib.suppress(StorageError):
            async with self.runtime.store.database.connection() as connection:
                found = await connection.fetch(_FRONT, 10, only_sending, number)
            for row in found:
                person = row["page_id"], self.crowd.psids[row["lead_id"]]
                if person not in self.stopped:
                    self.stopped.add(person)
                    await self.platform.control("POST", "say", page=person[0], psid=person[1], text="STOP")
