"""Which process works this inbox shard, sends for this Page, sequences this log, and how is everybody else kept out?

A lane has one owner at a time: a lease with an epoch that grows at each change of hands and an end in database time.
The owner renews it; whoever writes on behalf of a lane checks owner, epoch and end in the same transaction (`hold`),
so a holder that slept through its lease can do no harm. `LaneKeeper` holds a process's fair share of them and gives
everything up half a second before a lease could have run out by its own monotonic clock, counted from before each
renewal was asked for: a database that is slow or gone never leaves two owners at work.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from storage.errors import StorageError

if TYPE_CHECKING:
    from storage.database import Database, Transaction

log = logging.getLogger(__name__)

LEASE_TTL = timedelta(seconds=30)
# The server ends a session that falls silent for so long in a transaction that holds a lane. A machine that is frozen
# or cut off there would else keep its locks, and the next owner waiting, while its connection seems to stand.
IDLE_LIMIT = timedelta(seconds=20)
# A keeper that died is forgotten after this; until its presence ends it counts for the shares.
_FORGET = timedelta(hours=1)
_EARLY_SECONDS = 0.5
_RETRY_SECONDS = 0.2
_SHARE_SECONDS = 5.0

KeysSource = Callable[[], Awaitable[Iterable[str]]]


class LaneKind(StrEnum):
    INBOX = "inbox"
    PAGE = "page"
    LOG = "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to work one lane, for as long as it is renewed under this epoch."""

    kind: LaneKind
    key: str
    owner: UUID
    epoch: int


LaneCall = Callable[[Lease], Awaitable[None]]


class LaneLost(StorageError):
    """Another owner may have the lane: nothing of this transaction may stand."""

    code = "storage.lane_lost"

    def __init__(self, lease: Lease) -> None:
        super().__init__(f"the lease of lane {lease.kind}/{lease.key} ended; stop working it, its new owner goes on")
        self.lease = lease


# For statements that change rows on behalf of a lane; parameters 1 to 3 are key, owner and epoch of a Page's lane.
HELD_PAGE_LANE = """
held as materialized (
    select true as yes from lane
    where kind = 'page' and key = $1 and owner = $2 and epoch = $3 and until > clock_timestamp()
    for share
)
"""
_HOLD = """
select set_config('idle_in_transaction_session_timeout', $5, true) is not null from lane
where kind = $1 and key = $2 and owner = $3 and epoch = $4 and until > clock_timestamp()
for share
"""
_REGISTER = "insert into lane (kind, key) select $1, unnest($2::text[]) on conflict do nothing"
_TAKE = """
update lane set owner = $2, epoch = epoch + 1, until = clock_timestamp() + $3::interval
where kind = $1 and key in (
    select key from lane where kind = $1 and key = any($4::text[]) and until < clock_timestamp()
    order by until, key limit $5 for update skip locked
)
returning key, epoch
"""
_RENEW = """
with lanes as (
    update lane set until = clock_timestamp() + $3::interval
    where kind = $1 and owner = $2 and until > clock_timestamp()
    returning key, epoch
), presence as (
    insert into lane (kind, key, owner, until) values ('keeper', $4, $2, clock_timestamp() + $3::interval)
    on conflict (kind, key) do update set until = excluded.until
)
select key, epoch from lanes
"""
_RELEASE = """
update lane set until = '-infinity', owner = null
where kind = $1 and owner = $2 and key = $3 and epoch = $4
"""
_LEAVE = "delete from lane where kind = 'keeper' and (key = $1 or until < clock_timestamp() - $2::interval)"
_KEEPERS = """
select count(*) from lane where kind = 'keeper' and key like $1 || '/%' and until > clock_timestamp()
"""


@dataclass(frozen=True, slots=True)
class LaneStore:
    database: "Database"
    idle_limit: timedelta = IDLE_LIMIT

    async def hold(self, tx: "Transaction", lease: Lease) -> None:
        """Nobody can take the lane before this transaction ends; raises LaneLost when somebody may have it already.

        The database ends the transaction when this process says nothing in it for `idle_limit`.
        """
        limit = f"{self.idle_limit // timedelta(milliseconds=1)}ms"
        if not await tx.fetchval(_HOLD, lease.kind, lease.key, lease.owner, lease.epoch, limit):
            raise LaneLost(lease)

    async def register(self, kind: LaneKind, keys: Iterable[str]) -> None:
        """Makes sure that these lanes exist."""
        async with self.database.connection() as connection:
            await connection.execute(_REGISTER, kind, list(keys))

    async def take(
        self, kind: LaneKind, keys: Iterable[str], owner: UUID, *, limit: int, ttl: timedelta = LEASE_TTL
    ) -> list[Lease]:
        """Up to `limit` lanes of these that nobody holds, the longest abandoned first, each under a new epoch."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(_TAKE, kind, owner, ttl, list(keys), limit)
        return [Lease(kind=kind, key=row["key"], owner=owner, epoch=row["epoch"]) for row in rows]

    async def renew(self, kind: LaneKind, owner: UUID, *, ttl: timedelta = LEASE_TTL) -> set[tuple[str, int]]:
        """Every (key, epoch) this owner still holds, each for a whole `ttl` from now; also says that it is there."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(_RENEW, kind, owner, ttl, _presence(kind, owner))
        return {(row["key"], row["epoch"]) for row in rows}

    async def release(self, lease: Lease) -> None:
        """Gives the lane to whoever wants it; harmless when it is lost already."""
        async with self.database.connection() as connection:
            await connection.execute(_RELEASE, lease.kind, lease.owner, lease.key, lease.epoch)

    async def leave(self, kind: LaneKind, owner: UUID) -> None:
        """Ends this owner's presence, so that the others' shares grow."""
        async with self.database.connection() as connection:
            await connection.execute(_LEAVE, _presence(kind, owner), _FORGET)

    async def keepers(self, kind: LaneKind) -> int:
        """How many owners are there to share the lanes of this kind."""
        async with self.database.connection() as connection:
            return int(await connection.fetchval(_KEEPERS, kind))


def _presence(kind: LaneKind, owner: UUID) -> str:
    return f"{kind}/{owner}"


@dataclass(slots=True, kw_only=True, eq=False)
class LaneKeeper:
    """Holds lanes of one kind until `stop`.

    `on_gained` starts the work of a lane and returns at once. `on_lost` ends it and returns when nothing of it runs
    any more: while it drains the lease is still renewed, unless it ran out, and the lane is given back after it.
    """

    kind: LaneKind
    keys: KeysSource
    lanes: LaneStore
    on_gained: LaneCall
    on_lost: LaneCall
    ttl: timedelta = LEASE_TTL
    owner: UUID = field(default_factory=uuid4)
    _held: dict[str, Lease] = field(default_factory=dict)
    _released: dict[str, int] = field(default_factory=dict)
    _leaving: dict[Lease, asyncio.Task[None]] = field(default_factory=dict)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _sure_until: float = 0.0

    @property
    def held(self) -> list[Lease]:
        """The lanes this process works now."""
        return list(self._held.values())

    def stop(self) -> None:
        """Asks `run` to drain and give back everything and to return."""
        self._stop.set()

    async def run(self) -> None:
        """Takes, renews and shares lanes until `stop`; cancelling it leaves the leases to run out."""
        pause = 0.0
        while not await self._stopped_within(pause):
            pause = await self._turn()
        await self._give_back(self.held)
        while self._leaving:
            await asyncio.wait(self._leaving.values(), timeout=self._third)
            if self._leaving:
                await self._renew_in_time()
        await self._leave()

    @property
    def _third(self) -> float:
        return self.ttl.total_seconds() / 3

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stop.wait()
        except TimeoutError:
            return self._stop.is_set()

    async def _turn(self) -> float:
        """One renewal and one look at the shares; seconds until the next."""
        if not await self._renew_in_time():
            return _RETRY_SECONDS
        try:
            async with asyncio.timeout_at(self._sure_until - _RETRY_SECONDS):
                await self._share()
        except (StorageError, TimeoutError) as error:
            log.warning("lanes.sharing_failed", extra={"kind": self.kind, "error": type(error).__name__})
        return min(self._third, _SHARE_SECONDS)

    async def _renew_in_time(self) -> bool:
        """False when the database did not answer; past the sure time every lane is given up."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        holding = bool(self._held or self._leaving)
        limit = max(self._sure_until, asked + _RETRY_SECONDS) if holding else asked + self._third
        try:
            async with asyncio.timeout_at(limit):
                still = await self.lanes.renew(self.kind, self.owner, ttl=self.ttl)
        except (StorageError, TimeoutError) as error:
            log.warning("lanes.renewal_failed", extra={"kind": self.kind, "error": type(error).__name__})
            if holding and loop.time() >= self._sure_until - _RETRY_SECONDS:
                await self._give_back(self.held)
            return False
        self._sure_until = asked + self.ttl.total_seconds() - _EARLY_SECONDS
        await self._give_back([lease for lease in self.held if (lease.key, lease.epoch) not in still])
        await self._adopt(still)
        return True

    async def _adopt(self, still: Iterable[tuple[str, int]]) -> None:
        """Works what is ours by the database without our knowing: the answer to a take or a release was lost."""
        leaving = {lease.key for lease in self._leaving}
        for key, epoch in still:
            unknown = key not in self._held and key not in leaving and self._released.get(key) != epoch
            if unknown and not self._stop.is_set():
                await self._gain(Lease(kind=self.kind, key=key, owner=self.owner, epoch=epoch))

    async def _share(self) -> None:
        wanted = set(await self.keys())
        await self._give_back([lease for lease in self.held if lease.key not in wanted])
        await self.lanes.register(self.kind, wanted)
        keepers = max(1, await self.lanes.keepers(self.kind))
        share = -(-len(wanted) // keepers)
        if len(self._held) > share:
            await self._give_back(self.held[share:])
        elif len(self._held) < share:
            await self._take(wanted, share - len(self._held))

    async def _take(self, wanted: Iterable[str], limit: int) -> None:
        for lease in await self.lanes.take(self.kind, wanted, self.owner, limit=limit, ttl=self.ttl):
            await self._gain(lease)

    async def _gain(self, lease: Lease) -> None:
        self._held[lease.key] = lease
        log.info("lane.gained", extra={"kind": self.kind, "key": lease.key, "epoch": lease.epoch})
        await self.on_gained(lease)

    async def _give_back(self, leases: Iterable[Lease]) -> None:
        for lease in leases:
            del self._held[lease.key]
            self._leaving[lease] = asyncio.create_task(self._drain(lease))

    async def _drain(self, lease: Lease) -> None:
        try:
            await self.on_lost(lease)
            await self.lanes.release(lease)
            self._released[lease.key] = lease.epoch
        except StorageError as error:
            log.warning("lane.release_failed", extra={"key": lease.key, "error": error.code})
        finally:
            log.info("lane.lost", extra={"kind": self.kind, "key": lease.key, "epoch": lease.epoch})
            del self._leaving[lease]

    async def _leave(self) -> None:
        try:
            await self.lanes.leave(self.kind, self.owner)
        except StorageError as error:
            log.warning("lanes.leaving_failed", extra={"kind": self.kind, "error": error.code})
