"""What does the holder of a Page's lane look after beside sending?

What earlier owners left on its way becomes unknown, what waited in vain expires, and the cursors of running campaigns
stay near their rows.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.ids import CampaignId
from storage.errors import StorageError
from storage.lanes import Lease

if TYPE_CHECKING:
    from storage.store import Store

log = logging.getLogger(__name__)

ECHO_OVERDUE = timedelta(minutes=10)
_SECONDS = 15.0
_FIRST_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseKeeper:
    """Cleans up for one lane until cancelled; `wake` is called when there is something to send again."""

    lease: Lease
    store: "Store"
    clock: Callable[[], datetime]
    running: Callable[[], Iterable[CampaignId]]
    wake: Callable[[], None]

    async def run(self) -> None:
        """At once, soon after, and then every quarter of a minute."""
        await self._clean()
        await asyncio.sleep(_FIRST_SECONDS)
        while True:
            await self._clean()
            await asyncio.sleep(_SECONDS)

    async def _clean(self) -> None:
        store, now = self.store, self.clock()
        try:
            orphans = await store.deliveries.orphans(self.lease)
            again = await store.outbox.recover(self.lease, now=now)
            await store.deliveries.name_unknown(self.lease, after=ECHO_OVERDUE, now=now)
            await store.deliveries.sweep(self.lease, now=now)
            for campaign_id in self.running():
                await store.deliveries.advance(self.lease, campaign_id)
        except StorageError as error:
            log.warning("lane.cleaning_failed", extra={"key": self.lease.key, "error": error.code})
            return
        if orphans or again:
            log.info("lane.recovered", extra={"key": self.lease.key, "unknown": orphans, "again": again})
            self.wake()
