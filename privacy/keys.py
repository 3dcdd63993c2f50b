"""When does a key epoch end, and how is its key destroyed so that erased people are unreadable in every backup?

Once a week a new key-encryption key takes over: it is published first, then every process has had time to load it,
then all living people's keys are wrapped under it. A week later the old key is destroyed, and with it every copy of
an erased person's key, wherever a backup may lie.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from storage.key_epochs import KeyEpochRows
from storage.keyring import SCHEDULE, KeyRing, KeySchedule
from storage.store import Store

log = logging.getLogger(__name__)

# Every process reads a changed ring within two seconds.
LOADED_AFTER_SECONDS = 5.0
BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """What one tick did: the key it made, the leads' keys it moved, the keys it destroyed."""

    made: int | None = None
    moved: int = 0
    damaged: int = 0
    destroyed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEpochs:
    """Keeps the schedule of key-encryption keys; one process at a time, every step safe to repeat."""

    store: Store
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes] = field(default=os.urandom, repr=False)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    schedule: KeySchedule = SCHEDULE
    batch: int = BATCH

    @property
    def by_hand(self) -> bool:
        """Whether the ring is changed by an operator, because nothing here can write where it is kept."""
        return self.store.keys.holder.provider.read_only

    async def tick(self) -> Epoch:
        """The daily duty: begins an epoch when it is due, moves people's keys, destroys what is due for it.

        Where the ring is changed by hand it only moves people's keys, and logs that an epoch is due.
        """
        await self.store.keys.refresh()
        due = self.store.keys.ring.rotation_due(self.clock(), self.schedule)
        if due and self.by_hand:
            log.warning("keys.rotation_missed", extra={"kid": self.store.keys.ring.active.kid})
        return await self._turn(rotate=due and not self.by_hand)

    async def started(self) -> Epoch:
        """The duty of a start: moves people's keys to a newer key that was put into the ring by hand.

        Other rings wait for `tick`, which knows that every process has loaded the newer key.
        """
        return await self._turn(rotate=False) if self.by_hand else Epoch()

    async def rotate_now(self) -> Epoch:
        """Begins an epoch whatever the schedule says, as after a ring may have been seen by others.

        Raises RingReadOnly where the ring is changed by hand: `next_ring` is what to put there.
        """
        await self.store.keys.refresh()
        return await self._turn(rotate=True)

    def next_ring(self) -> KeyRing:
        """The ring that begins an epoch, for the operator to put in place; nothing is changed by asking."""
        return self.store.keys.ring.rotate_kek(self.random_bytes, self.clock()).next_revision()

    async def _turn(self, *, rotate: bool) -> Epoch:
        made = await self._begin_epoch() if rotate else None
        # Before the first key is wrapped under it: a start with a wrong ring must be noticed from then on.
        await self._rows.put_checks()
        if made is not None:
            await self.sleep(LOADED_AFTER_SECONDS)
        moved = await self._rows.rewrap(batch=self.batch)
        if moved.damaged:
            log.error("keys.damaged", extra={"keys": moved.damaged.total()})
        destroyed = []
        for kid in () if self.by_hand else self.store.keys.ring.destroyable(self.clock(), self.schedule):
            # A damaged key opens under nothing; it must not keep alive what it was wrapped under.
            if await self._rows.under(kid) <= moved.damaged[kid]:
                await self._destroy(kid)
                destroyed.append(kid)
        return Epoch(made=made, moved=moved.moved, damaged=moved.damaged.total(), destroyed=tuple(destroyed))

    async def _begin_epoch(self) -> int:
        now, before = self.clock(), self.store.keys.ring.active.kid

        def step(ring: KeyRing) -> KeyRing:
            # Somebody else may have begun it while we looked.
            return ring if ring.active.kid != before else ring.rotate_kek(self.random_bytes, now)

        ring = await self.store.keys.holder.change(step)
        log.info("keys.epoch_started", extra={"kid": ring.active.kid})
        return ring.active.kid

    async def _destroy(self, kid: int) -> None:
        await self._rows.forget(kid)
        await self.store.keys.holder.destroy(kid)
        log.info("keys.destroyed", extra={"kid": kid})

    @property
    def _rows(self) -> KeyEpochRows:
        return KeyEpochRows(self.store.database, self.store.keys)
