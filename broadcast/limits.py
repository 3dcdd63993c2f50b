"""How does a Page's limit outlast the process that learnt of it?

What the pacer knows is written down when it changes, and read once by whoever takes the lane over.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from broadcast.pacer import Pacer
from domain.holds import PageLimit
from domain.ids import PageId
from domain.pacing import Standing
from storage.errors import StorageError
from storage.lanes import Lease
from storage.limits import LimitStore

log = logging.getLogger(__name__)

# A warning is renewed by every answer; its end in the database may lag so far behind.
_LAG_SECONDS = 30.0
_PATIENCE_SECONDS = 2.0


@dataclass(slots=True, kw_only=True, eq=False)
class Limits:
    """The limit of the Page whose lane is held, in the pacer and in the database."""

    lease: Lease
    limits: LimitStore
    pacer: Pacer
    _taken_over: bool = False
    _kept: PageLimit | None = None
    _kept_until: float = 0.0
    _keeping: bool = False

    async def take_over(self) -> None:
        """Before the first claim: keeps still as the holder before did; raises StorageError."""
        if self._taken_over:
            return
        found = await self.limits.get(PageId(self.lease.key))
        if found is not None:
            self.pacer.take_over(found.limit)
            self._note(found.limit)
        self._taken_over = True

    async def keep(self) -> None:
        """Writes down what changed, unless somebody is at it; what could not be written is for the next round.

        Never waits long: what became of calls must not wait for a database that is gone.
        """
        limit = self.pacer.limit()
        if self._keeping or not self._changed(limit):
            return
        self._keeping = True
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                if limit is None:
                    await self.limits.clear(self.lease)
                else:
                    await self.limits.put(self.lease, limit)
        except (StorageError, TimeoutError) as error:
            reason = error.code if isinstance(error, StorageError) else "timeout"
            log.warning("page.limit_unsaved", extra={"page": self.lease.key, "error": reason})
            return
        finally:
            self._keeping = False
        self._tell(limit)
        self._note(limit)

    def _changed(self, limit: PageLimit | None) -> bool:
        kept = self._kept
        if limit is None or kept is None:
            return limit is not kept
        if (limit.standing, limit.in_a_row) != (kept.standing, kept.in_a_row):
            return True
        return not limit.coming_back and self._ends(limit) - self._kept_until > _lag(limit)

    def _note(self, limit: PageLimit | None) -> None:
        self._kept = limit
        self._kept_until = 0.0 if limit is None else self._ends(limit)

    def _ends(self, limit: PageLimit) -> float:
        return asyncio.get_running_loop().time() + limit.lasts / timedelta(seconds=1)

    def _tell(self, limit: PageLimit | None) -> None:
        if limit is None:
            log.info("page.freed", extra={"page": self.lease.key})
        else:
            log.warning(
                "page.held",
                extra={
                    "page": self.lease.key,
                    "standing": limit.standing,
                    "cause": limit.cause,
                    "code": limit.code,
                    "subcode": limit.subcode,
                    "seconds": int(limit.lasts.total_seconds()),
                },
            )


def _lag(limit: PageLimit) -> float:
    return 0.5 if limit.standing is Standing.NOTHING else _LAG_SECONDS
