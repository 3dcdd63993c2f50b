"""What becomes due on a Page while its lane is held?

Messages that wait for their moment (a retry, the end of quiet hours, a person's own time) are let into the queue when
it has come, and campaigns begin at theirs.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from broadcast.scheduler import Scheduler
from domain.ids import PageId
from domain.lanes import Pack
from storage.errors import StorageError
from storage.lanes import Lease

if TYPE_CHECKING:
    from storage.store import Store

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
BEGIN_SECONDS = 2.0
RELEASED_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """Looks twice a second until cancelled; `wake` is called when something may be sent now.

    No campaign begins while `clock_agrees` says that this machine's clock is not to be trusted.
    """

    lease: Lease
    store: "Store"
    clock: Callable[[], datetime]
    wake: Callable[[], None]
    clock_agrees: Callable[[], bool]
    policy: Pack

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        next_begin = loop.time()
        while True:
            if loop.time() >= next_begin:
                await self._begin()
                next_begin = loop.time() + BEGIN_SECONDS
            try:
                released = await self.store.deliveries.release(self.lease, limit=RELEASED_AT_ONCE, now=self.clock())
            except StorageError as error:
                log.warning("lane.timetable_failed", extra={"key": self.lease.key, "error": error.code})
                released = 0
            if released:
                self.wake()
            if released < RELEASED_AT_ONCE:
                await asyncio.sleep(LOOK_SECONDS)

    async def _begin(self) -> None:
        if not self.clock_agrees():
            return
        try:
            scheduler = Scheduler(store=self.store, policy=self.policy)
            begun = await scheduler.begin_due(PageId(self.lease.key), now=self.clock())
        except StorageError as error:
            log.warning("lane.timetable_failed", extra={"key": self.lease.key, "error": error.code})
            return
        if begun:
            self.wake()
