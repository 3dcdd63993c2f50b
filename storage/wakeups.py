"""How does a sender learn at once that there is something to send?

Writers notify when their transaction commits; a poll finds what a lost connection missed. Notices carry only the id of
a Page.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.ids import PageId
from storage import campaigns, outbox
from storage.errors import StorageError, boundary

if TYPE_CHECKING:
    from storage.database import Database

log = logging.getLogger(__name__)

RECONNECT_SECONDS = 1.0

_WORK = """
select distinct page_id from outbox where state = 'queued' and not_before <= $2 and page_id = any($1::text[])
union
select page_id from campaign c join page p using (page_id)
where c.state = 'running' and p.state = 'connected' and page_id = any($1::text[])
"""


@dataclass(frozen=True, slots=True)
class Wakeups:
    database: "Database"

    async def listen(self, wake: Callable[[PageId], None]) -> None:
        """Calls `wake` for each Page that is said to have work, until cancelled; reconnects by itself."""
        await self.listen_to((outbox.CHANNEL, campaigns.CHANNEL), lambda page: wake(PageId(page)))

    async def listen_to(self, channels: Sequence[str], wake: Callable[[str], None]) -> None:
        """Calls `wake` with the payload of each notice, until cancelled; what comes while reconnecting is missed."""
        while True:
            try:
                await self._listen_once(channels, wake)
            except StorageError as error:
                log.warning("wakeups.connection_lost", extra={"error": error.code})
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen_once(self, channels: Sequence[str], wake: Callable[[str], None]) -> None:
        connection = await self.database.dedicated()
        ended = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: ended.set())
            for channel in channels:
                with boundary():
                    await connection.add_listener(channel, lambda _c, _pid, _channel, payload: wake(payload))
            await ended.wait()
        finally:
            connection.terminate()

    async def pages(self) -> list[PageId]:
        """Every Page there is: each has a lane."""
        async with self.database.connection() as connection:
            return [PageId(row["page_id"]) for row in await connection.fetch("select page_id from page")]

    async def pages_with_work(self, pages: Collection[PageId], *, now: datetime) -> set[PageId]:
        """Those of these Pages that have an answer due or a running campaign."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(_WORK, list(pages), now)
        return {PageId(row["page_id"]) for row in rows}

    async def clock_difference(self, now: datetime) -> timedelta:
        """How far the caller's clock is ahead of the database's, give or take one round trip."""
        async with self.database.connection() as connection:
            theirs: datetime = await connection.fetchval("select clock_timestamp()")
        return now - theirs
