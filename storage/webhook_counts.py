"""How many webhook requests and events were refused, ignored or broken, by day and kind?

Counted in memory and written every few seconds: a count that a crash loses is no event that is lost. Kinds are words
of the program and of the platform, never content.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from storage.errors import StorageError

if TYPE_CHECKING:
    from storage.database import Database

log = logging.getLogger(__name__)

FLUSH_SECONDS = 5.0
MOST_KINDS = 500
OTHER = "other"

_ADD = """
insert into webhook_count (day, what, count)
select d, w, n from unnest($1::date[], $2::text[], $3::bigint[]) as u(d, w, n) order by d, w
on conflict (day, what) do update set count = webhook_count.count + excluded.count
"""


class WebhookCounts:
    """The counts of one process since they were last written."""

    def __init__(self, database: "Database", clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._counts: Counter[tuple[date, str]] = Counter()

    def count(self, what: str, number: int = 1) -> None:
        """Never fails and never waits; beyond `MOST_KINDS` kinds the rest are one."""
        day = self._clock().astimezone(UTC).date()
        key = (day, what)
        if key not in self._counts and len(self._counts) >= MOST_KINDS:
            key = (day, OTHER)
        self._counts[key] += number

    async def flush(self) -> None:
        """Writes what was counted; raises StorageError and keeps the counts when that failed."""
        counted, self._counts = self._counts, Counter()
        if not counted:
            return
        days, kinds = [day for day, _ in counted], [what for _, what in counted]
        try:
            async with self._database.connection() as connection:
                await connection.execute(_ADD, days, kinds, list(counted.values()))
        except StorageError:
            self._counts += counted
            raise

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Writes the counts every few seconds while it is entered, and once more at the end."""
        task = asyncio.create_task(self._keep_flushing())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self._flush_or_say()

    async def of_day(self, day: date) -> dict[str, int]:
        """The written counts of one day, by kind."""
        async with self._database.connection() as connection:
            rows = await connection.fetch("select what, count from webhook_count where day = $1", day)
        return {row["what"]: row["count"] for row in rows}

    async def _keep_flushing(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self._flush_or_say()

    async def _flush_or_say(self) -> None:
        try:
            await self.flush()
        except StorageError as error:
            log.warning("webhook_counts.not_written", extra={"error": error.code})
