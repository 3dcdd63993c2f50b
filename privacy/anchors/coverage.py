"""Is this entry covered by a time stamp already, and if not, can it be before the proof is handed over?"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from domain.proof.anchoring import Turn, turn
from domain.proof.record_sections import AnchorMethod
from privacy.anchors.duty import Anchoring, standing_of
from privacy.anchors.port import Anchor
from storage.anchors import StoredAnchor

WAIT = timedelta(seconds=10)
POLL_SECONDS = 0.2


class Coverage(StrEnum):
    """Whether a time stamp covers an entry, and else why not."""

    COVERED = "covered"
    NOT_CONFIGURED = "no time-stamping authority is configured"
    LOG_ENDED = "its log has ended, and a time stamp would be entered into the next one"
    NOT_SIGNED = "no signed checkpoint has this entry yet"
    NOT_STAMPED = "no authority gave a time stamp"
    NOT_SEQUENCED = "the time stamp has no place in the log yet; is a worker running?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """Stamps on demand, for exports; `sleep` waits between looks at the log."""

    anchoring: Anchoring
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def cover(self, log_id: int, index: int) -> Coverage:
        """Whether a time stamp that a bundle can carry covers the entry; asks for one, and waits for its entry.

        Waits at most ten seconds after a stamp, and not again for a stamp that is older than that.
        """
        if not self._stampers:
            return Coverage.NOT_CONFIGURED
        if await self._is_covered(log_id, index):
            return Coverage.COVERED
        if await self._has_ended(log_id):
            return Coverage.LOG_ENDED
        stamped = await self._waiting(log_id, index)
        if stamped is None:
            note = await self._signed(log_id, index)
            if note is None:
                return Coverage.NOT_SIGNED
            stamped = await self._stamp(log_id, note)
        if stamped is None:
            return Coverage.NOT_STAMPED
        until = stamped.kept_at + WAIT
        while not await self._is_covered(log_id, index):
            if self.anchoring.clock() >= until:
                return Coverage.NOT_SEQUENCED
            await self.sleep(POLL_SECONDS)
        return Coverage.COVERED

    @property
    def _stampers(self) -> list[Anchor]:
        return [anchor for anchor in self.anchoring.anchors if anchor.method is AnchorMethod.RFC3161]

    async def _is_covered(self, log_id: int, index: int) -> bool:
        store = self.anchoring.store
        async with store.database.transaction() as tx:
            signed = await store.log.newest_checkpoint(tx, log_id)
            if signed is None:
                return False
            bounds = await store.anchors.upper(tx, log_id, index, size=signed.size)
        return any(placed.anchor.method is AnchorMethod.RFC3161 for placed in bounds)

    async def _has_ended(self, log_id: int) -> bool:
        store = self.anchoring.store
        async with store.database.connection() as connection:
            head = await store.log.head(connection, log_id)
        return head is None or head.closed_at is not None

    async def _waiting(self, log_id: int, index: int) -> StoredAnchor | None:
        """A time stamp that covers the entry and whose own entry waits for its index."""
        store = self.anchoring.store
        async with store.database.connection() as connection:
            newest = await store.anchors.newest(connection, log_id)
        covering = [one for one in newest if one.method is AnchorMethod.RFC3161 and one.size > index]
        return min(covering, key=lambda one: one.kept_at, default=None)

    async def _signed(self, log_id: int, index: int) -> bytes | None:
        store = self.anchoring.store
        async with store.database.connection() as connection:
            signed = await store.log.newest_checkpoint(connection, log_id)
        if signed is None or signed.note is None or signed.size <= index:
            return None
        return signed.note.encode()

    async def _stamp(self, log_id: int, note: bytes) -> StoredAnchor | None:
        """By the first authority that answers; one that failed a moment ago is left alone."""
        store = self.anchoring.store
        async with store.database.connection() as connection:
            states = {(state.method, state.authority): state for state in await store.anchors.states(connection)}
        for anchor in self._stampers:
            standing = standing_of(anchor, (), states.get((anchor.method, anchor.authority)))
            if turn(standing, size=1, now=self.anchoring.clock()) is Turn.BACKING_OFF:
                continue
            kept = await self.anchoring.keep(anchor, log_id, note)
            if kept is not None:
                return kept
        return None
