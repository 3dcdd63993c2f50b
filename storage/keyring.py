"""Which keys does the installation hold, and until when can anything old still be read?

The ring lives outside the database (storage/keyproviders.py). A key-encryption key (KEK) is used for one
epoch; then all living data keys are wrapped anew and, a grace period later, the old KEK is destroyed. Only
that makes erased people unreadable in backups and log archives: deleting a row does not reach them.

KeyRingError
├── RingMissing      there is no ring where one is expected
├── RingUnreadable   what is there is not a ring, or is open to other accounts
├── RingMoved        another process changed the ring first; load it and repeat the change
├── RingReadOnly     this provider cannot store; put the new ring there by hand
├── KeyMissing       a key id that the database uses is not in the ring
└── KeyMismatch      a key is not the one the database was sealed with
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import NoReturn, Protocol, Self
from uuid import UUID

from storage.errors import StorageError
from storage.sealing import KEY_BYTES, DataKey, IndexKey, WrappedKey, WrappingKey

RandomBytes = Callable[[int], bytes]

LINK_KEY_LIFE = timedelta(days=730)
"""How long links keep working after a newer link key came: an unsubscribe link must not die young."""


class KeyRingError(StorageError):
    """The keys are missing or wrong: nothing may be written until an operator has put it right."""

    code = "keys.failed"


class RingMissing(KeyRingError):
    code = "keys.ring_missing"


class RingUnreadable(KeyRingError):
    code = "keys.ring_unreadable"


class RingMoved(KeyRingError):
    code = "keys.ring_moved"


class RingReadOnly(KeyRingError):
    code = "keys.ring_read_only"


class KeyMissing(KeyRingError):
    code = "keys.key_missing"

    def __init__(self, kind: str, kid: object) -> None:
        super().__init__(
            f"the {kind} {kid} is not in the key ring; bring back the newest ring, "
            "older ones cannot open what is stored"
        )
        self.kind = kind
        self.kid = kid


class KeyMismatch(KeyRingError):
    code = "keys.key_mismatch"

    def __init__(self, kid: int) -> None:
        super().__init__(
            f"key {kid} of the ring is not the one this database was sealed with; "
            "check that ring and database belong to the same installation"
        )
        self.kid = kid


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySchedule:
    """How long a KEK is used, and how long it stays for what was not wrapped anew yet."""

    epoch: timedelta = timedelta(days=7)
    grace: timedelta = timedelta(days=7)

    def __post_init__(self) -> None:
        if not timedelta(0) < self.epoch <= timedelta(days=7):
            raise ValueError("a key epoch is longer than nothing and at most 7 days")
        if self.grace < timedelta(0):
            raise ValueError("the grace period of a key cannot be negative")


SCHEDULE = KeySchedule()


class KekState(StrEnum):
    ACTIVE = "active"
    RETIRING = "retiring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kek:
    """A key-encryption key of one epoch; `retired_at` is when the next one took over."""

    kid: int
    secret: bytes = field(repr=False)
    created_at: datetime
    retired_at: datetime | None = None

    @property
    def state(self) -> KekState:
        return KekState.ACTIVE if self.retired_at is None else KekState.RETIRING

    def destroyed_at(self, now: datetime, schedule: KeySchedule) -> datetime:
        """When it will be gone if the schedule is kept from now on; never in the past."""
        retired_at = self.retired_at or max(self.created_at + schedule.epoch, now)
        return max(retired_at + schedule.grace, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedKey:
    """An index key or a link key."""

    kid: int
    secret: bytes = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """All keys of one installation, as one value; every change gives a new ring, which a provider stores.

    Tuples are in order of age, the newest last. The last KEK is the active one, the others are retiring.
    `root` opens copies of the ring and stands on the escrow sheet; it never changes by rotation.
    """

    install_id: UUID
    revision: int
    root: bytes = field(repr=False)
    keks: tuple[Kek, ...]
    index: tuple[NumberedKey, ...]
    links: tuple[NumberedKey, ...]
    suppression_key: bytes = field(repr=False)
    system_secret: bytes = field(repr=False)
    log_seeds: dict[str, bytes] = field(repr=False)
    _wrapping: dict[int, WrappingKey] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        secrets = [self.root, self.suppression_key, self.system_secret, *self.log_seeds.values()]
        for group in (self.keks, self.index, self.links):
            kids = [key.kid for key in group]
            if not kids or kids != sorted(set(kids)):
                raise ValueError("a ring has at least one key of each kind, in rising order of their ids")
            secrets += [key.secret for key in group]
        if any(len(secret) != KEY_BYTES for secret in secrets):
            raise ValueError(f"every key of a ring has {KEY_BYTES} bytes")
        if [kek.kid for kek in self.keks if kek.state is KekState.ACTIVE] != [self.active.kid]:
            raise ValueError("exactly the newest key of a ring is active")
        wrapping = {kek.kid: WrappingKey(kek.kid, kek.secret) for kek in self.keks}
        object.__setattr__(self, "_wrapping", wrapping)

    @classmethod
    def create(cls, random_bytes: RandomBytes, now: datetime) -> Self:
        """The first ring of an installation, not stored anywhere yet (revision 0)."""
        _aware(now)
        return cls(
            install_id=UUID(bytes=random_bytes(16), version=4),
            revision=0,
            root=random_bytes(KEY_BYTES),
            keks=(Kek(kid=1, secret=random_bytes(KEY_BYTES), created_at=now),),
            index=(NumberedKey(kid=1, secret=random_bytes(KEY_BYTES), created_at=now),),
            links=(NumberedKey(kid=1, secret=random_bytes(KEY_BYTES), created_at=now),),
            suppression_key=random_bytes(KEY_BYTES),
            system_secret=random_bytes(KEY_BYTES),
            log_seeds={},
        )

    # What the ring is used for

    @property
    def active(self) -> Kek:
        """The KEK under which data keys are wrapped now."""
        return self.keks[-1]

    @property
    def kids(self) -> frozenset[int]:
        """The ids of all KEKs that still exist."""
        return frozenset(self._wrapping)

    def wrapping_key(self, kid: int) -> WrappingKey:
        """Raises KeyMissing when that KEK was destroyed or never was in this ring."""
        try:
            return self._wrapping[kid]
        except KeyError:
            raise KeyMissing("key-encryption key", kid) from None

    def wrap(self, key: DataKey) -> WrappedKey:
        """The data key as its row stores it, under the active KEK."""
        return self.wrapping_key(self.active.kid).wrap(key)

    def unwrap(self, owner: UUID, stored: WrappedKey) -> DataKey:
        """Raises KeyMissing after its KEK was destroyed, KeyRefused when it was altered or moved."""
        return self.wrapping_key(stored.kid).unwrap(owner, stored)

    def rewrap(self, owner: UUID, stored: WrappedKey) -> WrappedKey:
        """The same data key under the active KEK; unchanged when it is there already.

        Only keys of living leads are wrapped anew. A day's key is left to die with its KEK: wrapped again,
        what it sealed for an erased person would outlast the promised horizon.
        """
        return stored if stored.kid == self.active.kid else self.wrap(self.unwrap(owner, stored))

    def index_key(self) -> IndexKey:
        """The newest index key: new rows are written under it."""
        return self.index_keys()[-1]

    def index_keys(self) -> tuple[IndexKey, ...]:
        """All index keys: look up under each of them, and write under each while there is more than one."""
        return tuple(IndexKey(key.kid, key.secret) for key in self.index)

    def link_key(self, kid: int | None = None) -> NumberedKey:
        """The newest link key, or the one with this id; raises KeyMissing when it is gone."""
        for key in reversed(self.links):
            if kid in {None, key.kid}:
                return key
        raise KeyMissing("link key", kid)

    def system_key(self) -> DataKey:
        """Seals what belongs to the installation: Page tokens, operators."""
        return DataKey(self.install_id, self.system_secret)

    def log_seed(self, name: str) -> bytes:
        """The Ed25519 seed that signs the log of this key name; raises KeyMissing."""
        try:
            return self.log_seeds[name]
        except KeyError:
            raise KeyMissing("log signing key", name) from None

    # Time

    def horizon(self, now: datetime, schedule: KeySchedule = SCHEDULE) -> datetime:
        """From when on nothing erased now can be read in any backup or archive of the database.

        It is when the active KEK will be destroyed, which wrapped the erased keys last; a late rotation
        counts from now. It holds when the schedule is kept and ring copies are gone by `copies_end_at`.
        """
        return max(kek.destroyed_at(now, schedule) for kek in self.keks)

    def copies_end_at(self, now: datetime, schedule: KeySchedule = SCHEDULE) -> datetime:
        """By when a copy of this ring must be deleted: the first of its KEKs is to be gone everywhere."""
        return min(kek.destroyed_at(now, schedule) for kek in self.keks)

    def rotation_due(self, now: datetime, schedule: KeySchedule = SCHEDULE) -> bool:
        """True once the active KEK has served its epoch."""
        return self.active.created_at + schedule.epoch <= _aware(now)

    def destroyable(self, now: datetime, schedule: KeySchedule = SCHEDULE) -> tuple[int, ...]:
        """The KEKs whose grace is over: destroy each when no living data key is wrapped under it any more."""
        return tuple(kek.kid for kek in self.keks if kek.retired_at and kek.retired_at + schedule.grace <= _aware(now))

    # Changes

    def rotate_kek(self, random_bytes: RandomBytes, now: datetime) -> Self:
        """A new active KEK; the old one is retiring from now on. Allowed at any time."""
        # A clock that went back must not shorten an epoch or make a key older than the one before it.
        at = max(_aware(now), self.active.created_at)
        fresh = Kek(kid=self.active.kid + 1, secret=random_bytes(KEY_BYTES), created_at=at)
        return replace(self, keks=(*self.keks[:-1], replace(self.active, retired_at=at), fresh))

    def without_kek(self, kid: int) -> Self:
        """The ring after the destruction of a retiring KEK; a KEK that is gone already is no error."""
        if kid == self.active.kid:
            raise ValueError("the active key cannot be destroyed; rotate first")
        return replace(self, keks=tuple(kek for kek in self.keks if kek.kid != kid))

    def rotate_index_key(self, random_bytes: RandomBytes, now: datetime) -> Self:
        """One more index key: write and look up under all, recompute, then drop the old one."""
        return replace(self, index=_grown(self.index, random_bytes, now))

    def without_index_key(self, kid: int) -> Self:
        """The ring after every look-up hash was recomputed under a newer index key."""
        if kid == self.index[-1].kid:
            raise ValueError("the newest index key cannot be dropped; rotate first")
        return replace(self, index=tuple(key for key in self.index if key.kid != kid))

    def rotate_link_key(self, random_bytes: RandomBytes, now: datetime) -> Self:
        """A new link key; links under the others work on for LINK_KEY_LIFE, older keys are dropped here."""
        grown = _grown(self.links, random_bytes, now)
        kept = [key for key, newer in pairwise(grown) if newer.created_at + LINK_KEY_LIFE > now]
        return replace(self, links=(*kept, grown[-1]))

    def with_log_seed(self, name: str, seed: bytes) -> Self:
        """The ring with the signing seed of one more log; a seed that is there is never replaced."""
        if name in self.log_seeds:
            raise ValueError(f"the log {name} has its signing key already")
        return replace(self, log_seeds={**self.log_seeds, name: seed})

    def next_revision(self) -> Self:
        """The ring as a provider stores it."""
        return replace(self, revision=self.revision + 1)

    def with_root(self, root: bytes) -> Self:
        """The ring with a new root, after the escrow sheet was lost or seen: print a new sheet."""
        return replace(self, root=root)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key ring is never pickled")


def _grown(keys: tuple[NumberedKey, ...], random_bytes: RandomBytes, now: datetime) -> tuple[NumberedKey, ...]:
    kid = keys[-1].kid + 1
    return (*keys, NumberedKey(kid=kid, secret=random_bytes(KEY_BYTES), created_at=_aware(now)))


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("times of keys are aware")
    return moment


class KeyProvider(Protocol):
    """Where the ring is kept. All may wait for a disk or a network; none is called per lead."""

    @property
    def read_only(self) -> bool:
        """Whether a changed ring must be put there by hand: `store` and `destroy` refuse."""

    async def load(self) -> KeyRing:
        """The ring as it is now; raises RingMissing, RingUnreadable."""

    async def store(self, ring: KeyRing) -> KeyRing:
        """Durable once it returns, with the next revision.

        Raises RingMoved when the kept ring has not the revision of `ring`, RingReadOnly where none can be kept.
        """

    async def destroy(self, kid: int) -> KeyRing:
        """The kept ring without this KEK, in no copy that this provider holds; repeating it is no error."""

    async def marker(self) -> object:
        """Compares unequal once the kept ring may have changed."""

    def describe(self) -> str:
        """Where the ring is kept, for people; no secret in it."""


class RingHolder:
    """The ring that this process works with. Other processes may change the kept one: reload now and then."""

    def __init__(self, ring: KeyRing, provider: KeyProvider) -> None:
        self.ring = ring
        self.provider = provider
        self._marker: object = None

    async def reload_if_changed(self) -> bool:
        """True when another ring is held now."""
        marker = await self.provider.marker()
        if marker == self._marker:
            return False
        loaded = await self.provider.load()
        self._marker = marker
        changed = loaded != self.ring
        self.ring = loaded
        return changed

    async def change(self, step: Callable[[KeyRing], KeyRing]) -> KeyRing:
        """Applies a change to the newest ring, stores it, holds it; `step` may be called more than once."""
        while True:
            changed = step(await self.provider.load())
            try:
                self.ring = await self.provider.store(changed)
            except RingMoved:
                continue
            return self.ring

    async def destroy(self, kid: int) -> KeyRing:
        """Destroys a retiring KEK in the provider, then here."""
        self.ring = await self.provider.destroy(kid)
        return self.ring
