"""How do accepted events get their turn, each once and those of one person in order?

A shard of the inbox is a lane with one owner. Its owner takes the items in order and handles each in one transaction
that also removes it and checks that the lane is still held: effects happen once or not at all. An item that fails is
parked and holds back only its own person.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from bot.dispatcher import Dispatcher
from domain.ids import PageId
from domain.inbox import InboxItem
from storage.errors import StorageError
from storage.lanes import LaneLost, Lease
from storage.store import Store

log = logging.getLogger(__name__)

SHARDS = tuple(str(shard) for shard in range(64))
BATCH = 50
POLL_SECONDS = 0.5


@dataclass(slots=True, kw_only=True, eq=False)
class InboxWorker:
    """Works the shards this process holds; `in_parallel` shards at a time."""

    store: Store
    dispatcher: Dispatcher
    clock: Callable[[], datetime]
    in_parallel: int = 4
    _leases: dict[int, Lease] = field(default_factory=dict)
    _working: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def gained(self, lease: Lease) -> None:
        """Starts to work the shard of this lease."""
        self._leases[int(lease.key)] = lease
        self._woken.set()

    async def lost(self, lease: Lease) -> None:
        """Stops working the shard; returns when nothing of it runs any more."""
        self._leases.pop(int(lease.key), None)
        task = self._working.get(int(lease.key))
        if task is not None:
            await asyncio.wait([task])

    def wake(self) -> None:
        """Something arrived: look now."""
        self._woken.set()

    async def run(self) -> None:
        """Handles what there is and waits for more, until cancelled."""
        while True:
            self._woken.clear()
            try:
                waiting = await self.store.inbox.shards_with_work(self._leases.keys(), now=self.clock())
                self._start(waiting)
            except StorageError as error:
                log.warning("inbox.look_failed", extra={"error": error.code})
            await self._pause()

    def _start(self, waiting: set[int]) -> None:
        """Starts shards that have work and are not at work."""
        for shard in waiting & self._leases.keys() - self._working.keys():
            if len(self._working) >= self.in_parallel:
                break
            task = asyncio.create_task(self._work(self._leases[shard]))
            self._working[shard] = task
            task.add_done_callback(partial(self._finished, shard))

    def _finished(self, shard: int, task: asyncio.Task[None]) -> None:
        self._working.pop(shard, None)
        self._woken.set()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _work(self, lease: Lease) -> None:
        """One batch of one shard."""
        try:
            items = await self.store.inbox.take(int(lease.key), limit=BATCH, now=self.clock())
            held_back: set[tuple[PageId, bytes]] = set()
            for item in items:
                if int(lease.key) not in self._leases:
                    return
                who = (item.page_id, item.person)
                if who not in held_back and not await self._handle(lease, item):
                    held_back.add(who)
        except LaneLost:
            self._leases.pop(int(lease.key), None)
        except StorageError as error:
            log.warning("inbox.shard_failed", extra={"error": error.code})

    async def _handle(self, lease: Lease, item: InboxItem) -> bool:
        """False when the item was parked: the later ones of its person wait for it."""
        try:
            async with self.store.database.transaction() as tx:
                await self.store.lanes.hold(tx, lease)
                await self.store.inbox.finish(tx, item)
                await self.dispatcher.handle(tx, item)
            return True
        except LaneLost:
            raise
        except Exception as error:
            # Whatever went wrong with one event must not stop the others; its text may hold what it was about.
            code = error.code if isinstance(error, StorageError) else type(error).__name__
            log.exception("inbox.item_parked", extra={"error": code, "attempt": item.attempts + 1})
            await self.store.inbox.park(item, now=self.clock())
            return False
