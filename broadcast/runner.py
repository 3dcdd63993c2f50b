"""Who sends for which Page in this process, and what wakes them?

One process holds its share of the Pages' lanes. Writers wake a lane through the database; one poll for all lanes finds
what was missed. While the clock of this machine differs from the database's, campaigns stand still: a wrong clock
must not open a window.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from broadcast.calls import Sending
from broadcast.pacer import Pacer
from broadcast.page_lane import POLL_SECONDS, PageLane
from domain.ids import PageId
from storage.errors import StorageError
from storage.lanes import LEASE_TTL, LaneKeeper, LaneKind, Lease
from storage.wakeups import Wakeups

log = logging.getLogger(__name__)

CLOCK_TOLERANCE = timedelta(seconds=5)
_CLOCK_SECONDS = 5.0


@dataclass(slots=True, kw_only=True, eq=False)
class BroadcastRunner:
    """Runs until `stop`, then drains. `clock_tolerance` None lets a test or a demo move the clock."""

    sending: Sending
    ttl: timedelta = LEASE_TTL
    clock_tolerance: timedelta | None = CLOCK_TOLERANCE
    make_pacer: Callable[[], Pacer] = Pacer
    _lanes: dict[PageId, PageLane] = field(default_factory=dict)
    _working: dict[Lease, tuple[PageLane, asyncio.Task[None]]] = field(default_factory=dict)
    _clock_agrees: bool = True
    _died_of: BaseException | None = None
    _keeper: LaneKeeper = field(init=False)
    _wakeups: Wakeups = field(init=False)

    def __post_init__(self) -> None:
        store = self.sending.store
        self._wakeups = Wakeups(store.database)
        self._keeper = LaneKeeper(
            kind=LaneKind.PAGE,
            keys=self._keys,
            lanes=store.lanes,
            on_gained=self._gained,
            on_lost=self._lost,
            ttl=self.ttl,
        )

    @property
    def pages(self) -> set[PageId]:
        """The Pages this process sends for now."""
        return set(self._lanes)

    def stop(self) -> None:
        """Asks `run` to let calls end, write down what they brought, give the lanes back and return."""
        self._keeper.stop()

    async def run(self) -> None:
        """Sends for this process's share of the Pages; raises what a part of it died of, after the rest drained."""
        beside = [self._start(self._wakeups.listen(self._wake)), self._start(self._poll())]
        try:
            await self._keeper.run()
        finally:
            tasks = [*beside, *(task for _, task in self._working.values())]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._died_of is not None:
            raise self._died_of

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A lane that died must not keep its lease without sending: the process gives up and starts anew."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._died_of = error
            self._keeper.stop()

    async def _keys(self) -> Iterable[str]:
        return await self._wakeups.pages()

    async def _gained(self, lease: Lease) -> None:
        lane = PageLane(lease=lease, sending=self.sending, pacer=self.make_pacer(), clock_agrees=self._clock_agrees)
        self._lanes[lane.page_id] = lane
        self._working[lease] = lane, self._start(lane.run())

    async def _lost(self, lease: Lease) -> None:
        lane, task = self._working[lease]
        try:
            await lane.stop()
            await asyncio.wait([task])
        finally:
            del self._working[lease]
            # Under a new lease another lane may work the same Page by now.
            if self._lanes.get(lane.page_id) is lane:
                del self._lanes[lane.page_id]

    def _wake(self, page_id: PageId) -> None:
        lane = self._lanes.get(page_id)
        if lane is not None:
            lane.wake()

    async def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        next_clock = loop.time()
        while True:
            try:
                if loop.time() >= next_clock:
                    next_clock = loop.time() + _CLOCK_SECONDS
                    await self._compare_clocks()
                if self._lanes:
                    pages = self.pages
                    for page_id in await self._wakeups.pages_with_work(pages, now=self.sending.clock()):
                        self._wake(page_id)
            except StorageError as error:
                log.warning("broadcast.poll_failed", extra={"error": error.code})
            await asyncio.sleep(POLL_SECONDS)

    async def _compare_clocks(self) -> None:
        if self.clock_tolerance is None:
            return
        difference = await self._wakeups.clock_difference(self.sending.clock())
        agrees = abs(difference) <= self.clock_tolerance
        if agrees != self._clock_agrees:
            log.log(
                logging.INFO if agrees else logging.ERROR,
                "broadcast.clocks_agreed" if agrees else "broadcast.clocks_differed",
                extra={"seconds": int(difference.total_seconds())},
            )
        self._clock_agrees = agrees
        for lane in self._lanes.values():
            lane.clock_agrees = agrees
