"""How does a log begin, how is one given up, and how does its key change?

Each of these is an entry of the log itself, put before whatever waits, in the transaction that makes the change. A log
is never empty: its first entry says what it continues.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from domain.proof.checkpoint import Checkpoint, open_cosigned
from domain.proof.errors import ProofError
from domain.proof.log import KEY_OVERLAP, LogKey, LogName, newest_seed, next_seed, seed_number, signing_keys
from domain.proof.record import ProofRecord
from domain.proof.record_sections import LogChange, RecordKind, TimeUnit
from privacy.log_guard import LogGuard, RollbackFound
from privacy.log_signing import LogKeyLost, known_verifiers, newest_signer, signer_of
from privacy.outside_heads import Outside, Remembered, opened
from storage.keyring import KeyRing
from storage.log import HeadMoved, LogHead
from storage.log_tiles import LogDamaged
from storage.sealing import KEY_BYTES
from storage.store import Store

if TYPE_CHECKING:
    from storage.database import Transaction

NONCE_BYTES = 64
YEAR_ENDED = "the year ended"
_TRIES = 40
_RETRY_SECONDS = 0.25


class LogChangeRefused(ProofError):
    """The log or its key cannot be changed that way now; the text says why."""

    code = "log.change_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """What a new log continues: the log before it, and the newest head of that which is known."""

    origin: str
    vkey: str
    size: int | None = None
    root: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBegun:
    """A log that took over; `unproven` entries of the one before have an index there, and no signed head over them."""

    head: LogHead
    previous: Previous
    unproven: int


@dataclass(slots=True, kw_only=True, eq=False)
class LogChanges:
    """Begins logs and changes keys. The methods without a transaction are for operators and make their own."""

    store: Store
    host: str
    clock: Callable[[], datetime]
    outside: Outside
    random_bytes: Callable[[int], bytes] = field(default=os.urandom, repr=False)

    def origin(self, name: LogName) -> str:
        return name.origin(self.host, self.store.keys.ring.install_id)

    @property
    def guard(self) -> LogGuard:
        return LogGuard(self.store.log, self.store.keys.ring)

    async def begin(
        self, tx: "Transaction", name: LogName, old: LogHead | None, *, outside: Remembered, now: datetime
    ) -> LogHead:
        """The log of a year, with its first entry; closes the one before, which must be locked and signed whole.

        `outside` is what is remembered of the new log: anything at all raises RollbackFound.
        """
        self.guard.check_unknown(self.origin(name), name.log_id, outside)
        previous = None
        if old is not None:
            previous = Previous(origin=old.origin, vkey=old.vkey, size=old.size, root=old.root)
            await self.store.log.close_log(tx, old, reason=YEAR_ENDED, now=now)
        return await self._open(tx, name, RecordKind.LOG_STARTED, previous, reason=None, now=now)

    async def new_log(self, reason: str, *, known: Sequence[bytes] = ()) -> LogBegun | KeyRing:
        """Gives the newest log up and opens the next one, whose first entry names the newest head known outside.

        `known` are notes that somebody kept besides those this process can find. When the key is lost a new one is
        made; where the ring is changed by hand nothing is done, and what comes back is the ring to put in place.
        """
        await self.store.keys.refresh()
        now = self.clock()
        async with self.store.database.connection() as connection:
            head = (await self.store.log.work(connection)).head
            keys = [] if head is None else await self.store.log.keys.of_log(connection, head.log_id)
            used = await self.store.log.keys.seed_names(connection)
        ring = await self._ring_with_key(head, keys, used, now)
        if ring is not None:
            return ring
        self._refuse_foreign(head, keys, known)
        name, previous = await self._place(head, keys, known, now)
        for _ in range(_TRIES):
            try:
                return await self._give_up(head, name, previous, reason=reason, now=now)
            except HeadMoved:
                # A worker is signing: what it has begun is to be signed before the log ends.
                await asyncio.sleep(_RETRY_SECONDS)
        raise LogChangeRefused("the newest entries of the log wait for their signature; is a worker running? Try again")

    async def rotate_key(self) -> LogHead | KeyRing:
        """Lets the newest seed of the ring sign from now on, made here if there is none newer than the one in use.

        Where the ring is changed by hand, and has no newer one, nothing is done: what comes back is to be put in place.
        """
        await self.store.keys.refresh()
        async with self.store.database.connection() as connection:
            head = (await self.store.log.work(connection)).head
            if head is None or head.closed_at is not None:
                raise LogChangeRefused("there is no log whose key could change; one begins when a worker runs")
            in_use = (await self.store.log.keys.of_log(connection, head.log_id))[-1]
            used = await self.store.log.keys.seed_names(connection)
        if seed_number(newest_seed(self.store.keys.ring.log_seeds) or "") <= seed_number(in_use.seed_name):
            ring = await self._with_new_seed(used)
            if ring is not None:
                return ring
        outside, now = await self.outside.ask(head.origin), self.clock()
        async with self.store.database.transaction() as tx:
            return await self._rotate(tx, await self.store.log.lock(tx, head.log_id), in_use, outside, now)

    async def _rotate(
        self, tx: "Transaction", head: LogHead, in_use: LogKey, outside: Remembered, now: datetime
    ) -> LogHead:
        keys = await self.store.log.keys.of_log(tx, head.log_id)
        await self.guard.check(tx, head, keys, outside)
        signer_of(self.store.keys.ring, head.origin, in_use)
        seed_name, signer = newest_signer(self.store.keys.ring, head.origin)
        change = LogChange(origin=head.origin, vkey=signer.verifier.vkey, previous_vkey=in_use.vkey)
        grown = await self._put_first(tx, head, RecordKind.KEY_ROTATED, change, now)
        if not await self.store.log.keys.retire(tx, head.log_id, in_use.vkey, until=now + KEY_OVERLAP):
            raise HeadMoved(head.log_id)
        key = LogKey(vkey=signer.verifier.vkey, seed_name=seed_name, from_size=grown.size)
        await self.store.log.keys.add(tx, head.log_id, key)
        return await self.store.log.lock(tx, head.log_id)

    # Giving up

    async def _ring_with_key(
        self, head: LogHead | None, keys: Sequence[LogKey], used: set[str], now: datetime
    ) -> KeyRing | None:
        """Makes sure that the ring has a key for the next log; the ring to put in place where only a hand can."""
        ring = self.store.keys.ring
        newest = newest_seed(ring.log_seeds)
        if newest is not None and (head is None or not self._key_lost(head, keys, now)):
            return None
        if newest is not None and seed_number(newest) > max((seed_number(name) for name in used), default=0):
            return None
        return await self._with_new_seed(used)

    async def _with_new_seed(self, used: set[str]) -> KeyRing | None:
        holder = self.store.keys.holder
        name, seed = next_seed({*holder.ring.log_seeds, *used}), self.random_bytes(KEY_BYTES)
        if holder.provider.read_only:
            return holder.ring.with_log_seed(name, seed).next_revision()
        await holder.change(lambda ring: ring if name in ring.log_seeds else ring.with_log_seed(name, seed))
        return None

    def _key_lost(self, head: LogHead, keys: Sequence[LogKey], now: datetime) -> bool:
        try:
            for key in signing_keys(keys, head.size, now):
                signer_of(self.store.keys.ring, head.origin, key)
        except LogKeyLost:
            return True
        return False

    async def _place(
        self, head: LogHead | None, keys: Sequence[LogKey], known: Sequence[bytes], now: datetime
    ) -> tuple[LogName, Previous]:
        """The first name of which nothing was ever signed, and the newest head of the log before it."""
        following = LogName(now.year) if head is None or head.year < now.year else head.name.following
        previous = None
        if head is not None:
            newest = await self._newest(head.origin, keys, known)
            previous = newest or Previous(origin=head.origin, vkey=head.vkey)
        while True:
            origin = self.origin(following)
            remembered = await self.outside.ask(origin)
            newest = await self._newest(origin, (), known)
            if newest is None and not remembered.own:
                break
            previous, following = newest or previous, following.following
        if previous is None:
            raise LogChangeRefused("there is no log to give up; the first one begins when a worker runs")
        return following, previous

    async def _newest(self, origin: str, keys: Sequence[LogKey], known: Sequence[bytes]) -> Previous | None:
        """The largest head of this log that its keys signed and that anything outside remembers."""
        remembered = await self.outside.ask(origin)
        notes = (*remembered.own, *remembered.others, *known)
        heads, _ = opened(notes, known_verifiers(self.store.keys.ring, origin, keys))
        if not heads:
            return None
        newest = max(heads, key=lambda one: one.checkpoint.size)
        return _previous(newest.checkpoint, newest.log.vkey)

    async def _give_up(
        self, head: LogHead | None, name: LogName, previous: Previous, *, reason: str, now: datetime
    ) -> LogBegun:
        async with self.store.database.transaction() as tx:
            unproven = 0
            if head is not None:
                locked = await self.store.log.lock(tx, head.log_id)
                keys = await self.store.log.keys.of_log(tx, head.log_id)
                stored = await self.store.log.newest_checkpoint(tx, head.log_id)
                size = 0 if stored is None else stored.size
                unproven = locked.size - size
                sound = await self._sound(tx, locked, keys)
                if sound and unproven and not self._key_lost(locked, keys, now):
                    raise HeadMoved(head.log_id)
                if sound and stored is not None and previous.origin == head.origin and (previous.size or 0) < size:
                    previous = Previous(origin=head.origin, vkey=head.vkey, size=size, root=stored.root)
                if locked.closed_at is None:
                    await self.store.log.close_log(tx, locked, reason=reason, now=now)
            opened_log = await self._open(tx, name, RecordKind.LOG_DISCONTINUITY, previous, reason=reason, now=now)
        return LogBegun(head=opened_log, previous=previous, unproven=unproven)

    async def _sound(self, tx: "Transaction", head: LogHead, keys: Sequence[LogKey]) -> bool:
        """Whether the log is open and its tree is the one whose heads were signed."""
        try:
            await self.guard.check(tx, head, keys, await self.outside.remembered(head.origin))
            root = await self.store.log.tiles.root_at(tx, head.log_id, head.size)
        except (RollbackFound, LogDamaged):
            return False
        return root == head.root and head.closed_at is None

    def _refuse_foreign(self, head: LogHead | None, keys: Sequence[LogKey], known: Sequence[bytes]) -> None:
        """What somebody kept by hand is a head of a log of ours, or a mistake that should not go unnoticed."""
        for note in known:
            origin = note.partition(b"\n")[0].decode(errors="replace")
            ours = keys if head is not None and head.origin == origin else ()
            try:
                open_cosigned(note, known_verifiers(self.store.keys.ring, origin, ours))
            except ProofError:
                raise LogChangeRefused("the checkpoint that was given bears no signature of this log's keys") from None

    # Entries about the log

    async def _open(
        self,
        tx: "Transaction",
        name: LogName,
        kind: RecordKind,
        previous: Previous | None,
        *,
        reason: str | None,
        now: datetime,
    ) -> LogHead:
        origin = self.origin(name)
        seed_name, signer = newest_signer(self.store.keys.ring, origin)
        vkey = signer.verifier.vkey
        head = await self.store.log.open_log(tx, name, origin=origin, vkey=vkey, seed_name=seed_name, now=now)
        root = None if previous is None or previous.root is None else previous.root.hex()
        change = LogChange(
            origin=origin,
            vkey=vkey,
            previous_origin=None if previous is None else previous.origin,
            previous_vkey=None if previous is None else previous.vkey,
            previous_size=None if previous is None else previous.size,
            previous_root=root,
            reason=reason,
        )
        return await self._put_first(tx, head, kind, change, now)

    async def _put_first(
        self, tx: "Transaction", head: LogHead, kind: RecordKind, change: LogChange, now: datetime
    ) -> LogHead:
        record = ProofRecord(
            kind=kind,
            record_id=UUID(bytes=self.random_bytes(16), version=4),
            received_at=now,
            event_time_unit=TimeUnit.MISSING,
            log=change,
        )
        await self.store.log_records.append(tx, record, self.random_bytes(NONCE_BYTES))
        return await self.store.log.grow(tx, head, [await self.store.log.take_one(tx, record.record_id)], now=now)


def _previous(checkpoint: Checkpoint, vkey: str) -> Previous:
    return Previous(origin=checkpoint.origin, vkey=vkey, size=checkpoint.size, root=checkpoint.root)
