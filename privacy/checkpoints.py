"""How does the log get its order and its signed heads?

One `step` gives waiting commitments their indexes and signs the new head, in two transactions: what is signed is
stored first, and kept outside of the database afterwards. Each transaction holds the lease of the log lane and the
lock on the log, so a process that was frozen and wakes up when its lease is over writes and signs nothing.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from domain.proof.log import LogName, signing_keys
from privacy.log_changes import LogBegun, LogChanges
from privacy.log_guard import LogGuard, RollbackFound
from privacy.log_signing import LogKeyLost, newest_signer, signed, signer_of
from privacy.outside_heads import Outside
from storage.keyring import KeyRing
from storage.lanes import LaneKind, Lease
from storage.log import HeadMoved, LogHead
from storage.log_tiles import LogDamaged
from storage.store import Store

if TYPE_CHECKING:
    from storage.database import Transaction

BATCH = 1000
LOG_LANE = "log"
_TURN_SECONDS = 10.0


@dataclass(slots=True, kw_only=True, eq=False)
class Sequencer:
    """Works the newest log of this installation; one per process."""

    store: Store
    host: str
    clock: Callable[[], datetime]
    outside: Outside = field(default_factory=Outside)
    random_bytes: Callable[[int], bytes] = field(default=os.urandom, repr=False)
    batch: int = BATCH
    _looked: Lease | None = None

    @property
    def changes(self) -> LogChanges:
        """What begins logs and changes their keys."""
        return LogChanges(
            store=self.store, host=self.host, clock=self.clock, outside=self.outside, random_bytes=self.random_bytes
        )

    async def step(self, lease: Lease) -> int:
        """How many waiting entries got an index and a signed checkpoint; 0 when none was waiting.

        Opens the log of a new year, and signs what a crash left unsigned. Raises LaneLost once the lease is over,
        RollbackFound, LogDamaged or LogKeyLost when the log must stand still.
        """
        try:
            return await self._step(lease)
        except LogKeyLost:
            # Another process may have made the key a moment ago.
            await self.store.keys.refresh()
            return await self._step(lease)

    async def catch_up(self) -> bool:
        """Returns when no entry waits any more and the newest head is signed and kept.

        False when another process works the log: it will do all of that.
        """
        lanes, owner = self.store.lanes, uuid4()
        await lanes.register(LaneKind.LOG, (LOG_LANE,))
        while True:
            taken = await lanes.take(LaneKind.LOG, (LOG_LANE,), owner, limit=1)
            if not taken:
                return False
            try:
                if await self._work(taken[0]):
                    return True
            finally:
                await lanes.release(taken[0])

    async def look(self) -> None:
        """Asks everything outside, and raises RollbackFound, LogDamaged or LogKeyLost when the log must stand still."""
        async with self.store.database.connection() as connection:
            head = (await self.store.log.work(connection)).head
        await self._look(head, self.clock())

    async def new_log(self, reason: str, *, known: Sequence[bytes] = ()) -> LogBegun | KeyRing:
        """Gives the newest log up for the next one, see LogChanges; what can still be signed of it is signed first."""
        with contextlib.suppress(RollbackFound, LogDamaged, LogKeyLost):
            await self.catch_up()
        begun = await self.changes.new_log(reason, known=known)
        if isinstance(begun, LogBegun):
            await self.catch_up()
        return begun

    async def rotate_key(self) -> LogHead | KeyRing:
        """Lets another key sign from now on, see LogChanges."""
        rotated = await self.changes.rotate_key()
        if isinstance(rotated, LogHead):
            await self.catch_up()
        return rotated

    async def vkey(self) -> str:
        """The key that signs the newest log; before the first one is opened, the key it will have."""
        async with self.store.database.connection() as connection:
            head = (await self.store.log.work(connection)).head
        if head is not None:
            return head.vkey
        _, signer = newest_signer(self.store.keys.ring, self.changes.origin(LogName(self.clock().year)))
        return signer.verifier.vkey

    async def _work(self, lease: Lease) -> bool:
        """False when the time of one turn is over before everything is done."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _TURN_SECONDS
        while await self.step(lease):
            if loop.time() > end:
                return False
        return True

    async def _step(self, lease: Lease) -> int:
        now = self.clock()
        async with self.store.database.connection() as connection:
            work = await self.store.log.work(connection)
        head = work.head
        if lease != self._looked:
            await self._look(head, now)
            await self._keep_newest(head)
            self._looked = lease
        if head is not None and work.unsigned:
            await self._sign(lease, head)
        if head is None or head.year < now.year:
            head = await self._begin(lease, head, now)
            await self._sign(lease, head)
        count = 0
        if work.waiting:
            grown = await self._sequence(lease, head, now)
            if grown is not None:
                await self._sign(lease, grown)
                count = grown.size - head.size
        if self.outside.behind:
            await self._keep_newest(head)
        return count

    async def _look(self, head: LogHead | None, now: datetime) -> None:
        """The newest log and those that could come next, against everything that is remembered outside."""
        coming = (LogName(now.year),) if head is None else head.name.coming
        origins = [self.changes.origin(name) for name in coming] + ([] if head is None else [head.origin])
        remembered = dict(zip(origins, await asyncio.gather(*map(self.outside.ask, origins)), strict=True))
        for name in coming:
            origin = self.changes.origin(name)
            self._guard.check_unknown(origin, name.log_id, remembered[origin])
        if head is None:
            return
        async with self.store.database.transaction() as tx:
            current = await self.store.log.head(tx, head.log_id) or head
            keys = await self.store.log.keys.of_log(tx, head.log_id)
            await self._guard.check(tx, current, keys, remembered[head.origin])
            await self._check_tree(tx, current.log_id, current.size, current.root)
            for key in signing_keys(keys, current.size, now):
                signer_of(self.store.keys.ring, head.origin, key)

    async def _begin(self, lease: Lease, old: LogHead | None, now: datetime) -> LogHead:
        """The log of this year; nothing of the old one stays unsigned."""
        name = LogName(now.year)
        remembered = None if old is None else await self.outside.remembered(old.origin)
        outside = await self.outside.ask(self.changes.origin(name))
        async with self.store.database.transaction() as tx:
            await self.store.lanes.hold(tx, lease)
            if old is not None and remembered is not None:
                old = await self.store.log.lock(tx, old.log_id)
                newest = await self.store.log.newest_checkpoint(tx, old.log_id)
                if old.closed_at is not None or newest is None or newest.size != old.size:
                    raise HeadMoved(old.log_id)
                await self._guard.check(tx, old, await self.store.log.keys.of_log(tx, old.log_id), remembered)
            return await self.changes.begin(tx, name, old, outside=outside, now=now)

    async def _sequence(self, lease: Lease, head: LogHead, now: datetime) -> LogHead | None:
        """The grown log; None when nothing waits any more. Takes no entry whose head could not be signed."""
        outside = await self.outside.remembered(head.origin)
        async with self.store.database.transaction() as tx:
            await self.store.lanes.hold(tx, lease)
            current = await self.store.log.lock(tx, head.log_id)
            keys = await self.store.log.keys.of_log(tx, head.log_id)
            await self._guard.check(tx, current, keys, outside)
            for key in signing_keys(keys, current.size, now):
                signer_of(self.store.keys.ring, head.origin, key)
            return await self.store.log.sequence(tx, current, limit=self.batch, now=now)

    async def _sign(self, lease: Lease, head: LogHead) -> None:
        """Signs the newest stored head, if nobody has, and keeps it outside once the signature is stored."""
        outside = await self.outside.remembered(head.origin)
        async with self.store.database.transaction() as tx:
            await self.store.lanes.hold(tx, lease)
            current = await self.store.log.lock(tx, head.log_id)
            unsigned = await self.store.log.unsigned(tx, head.log_id)
            if unsigned is None or current.closed_at is not None:
                return
            keys = await self.store.log.keys.of_log(tx, head.log_id)
            await self._guard.check(tx, current, keys, outside)
            if (unsigned.size, unsigned.root) != (current.size, current.root):
                raise LogDamaged(current.log_id, current.size)
            await self._check_tree(tx, head.log_id, unsigned.size, unsigned.root)
            note = signed(self.store.keys.ring, head.origin, keys, unsigned)
            await self.store.log.sign(tx, unsigned, note)
        await self.outside.keep(head.origin, note.encode())

    async def _check_tree(self, tx: "Transaction", log_id: int, size: int, root: bytes) -> None:
        if await self.store.log.tiles.root_at(tx, log_id, size) != root:
            raise LogDamaged(log_id, size)

    async def _keep_newest(self, head: LogHead | None) -> None:
        """What a crash, or a disk that was full, kept from lying outside."""
        if head is None:
            return
        async with self.store.database.connection() as connection:
            newest = await self.store.log.newest_checkpoint(connection, head.log_id)
        if newest is not None and newest.note is not None:
            await self.outside.keep(head.origin, newest.note.encode())

    @property
    def _guard(self) -> LogGuard:
        return LogGuard(self.store.log, self.store.keys.ring)
