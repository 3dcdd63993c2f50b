"""How do the outcomes of calls get into their rows quickly, in few statements, and without one being lost?

Outcomes wait at most a tenth of a second for company. They stay in hand until the database took them; an attempt
counts as open until then, which bounds how many can be unknown after a crash.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.delivery import Outcome
from domain.ids import LeadId, PageId
from storage.deliveries import DeliveryStore
from storage.errors import StorageError
from storage.outbox import OutboxStore

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.1
RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What one call brought; `lost` is why its person is out of reach, from a call that began at `asked_at`."""

    attempt_id: UUID
    lead_id: LeadId
    outcome: Outcome
    is_answer: bool
    asked_at: datetime
    lost: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Outcomes:
    """The open attempts of one Page's lane and what is known of them; `moved(answers)` says there is room."""

    page_id: PageId
    deliveries: DeliveryStore
    outbox: OutboxStore
    clock: Callable[[], datetime]
    moved: Callable[[bool], None]
    at_once: int
    _open: set[UUID] = field(default_factory=set)
    _waiting: list[Settled] = field(default_factory=list)
    _some: asyncio.Event = field(default_factory=asyncio.Event)
    _hurry: asyncio.Event = field(default_factory=asyncio.Event)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def open(self) -> int:
        """How many attempts are claimed and not yet settled in the database."""
        return len(self._open)

    def opened(self, attempt_id: UUID) -> None:
        """The attempt was claimed and its outcome will be put."""
        self._open.add(attempt_id)

    def put(self, settled: Settled) -> None:
        """Will be in the database soon."""
        self._waiting.append(settled)
        self._some.set()

    def hurry(self) -> None:
        """Somebody waits for room: write what is there now."""
        self._hurry.set()

    async def run(self) -> None:
        """Writes outcomes until cancelled."""
        while True:
            await self._some.wait()
            if len(self._waiting) < self.at_once:
                await _set_within(self._hurry, GATHER_SECONDS)
            self._some.clear()
            self._hurry.clear()
            written = await self.flush()
            if self._waiting:
                self._some.set()
            if not written:
                await asyncio.sleep(RETRY_SECONDS)

    async def flush(self) -> bool:
        """Writes what is there, up to `at_once`; False when the database did not take it and it is still in hand."""
        async with self._writing:
            batch, self._waiting = self._waiting[: self.at_once], self._waiting[self.at_once :]
            try:
                await self._write(batch)
            except BaseException as error:
                self._waiting = batch + self._waiting
                if not isinstance(error, StorageError):
                    raise
                log.warning("outcomes.write_failed", extra={"page": self.page_id, "error": error.code})
                return False
        self._open.difference_update(settled.attempt_id for settled in batch)
        self.moved(any(settled.is_answer for settled in batch))
        return True

    async def _write(self, batch: Sequence[Settled]) -> None:
        now = self.clock()
        answers = [(settled.attempt_id, settled.outcome) for settled in batch if settled.is_answer]
        campaign = [(settled.attempt_id, settled.outcome) for settled in batch if not settled.is_answer]
        await self.outbox.finish(self.page_id, answers, now=now)
        await self.deliveries.mark(self.page_id, campaign, now=now)
        for settled in batch:
            if settled.lost is not None:
                await self.deliveries.lost_touch(
                    self.page_id, [settled.lead_id], settled.lost, asked_at=settled.asked_at, now=now
                )


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
