"""Which mistakes must the check find? Each can be planted into the processes of a run; the product has none of them."""

import contextlib
import os
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import wraps
from typing import Any
from uuid import UUID

import asyncpg

from domain.delivery import Outcome
from domain.ids import CampaignId, PageId
from domain.personal import Pii
from storage import delivery_sql, inbox_writer
from storage.database import Transaction
from storage.deliveries import Claim, DeliveryStore
from storage.inbox_rows import AcceptedEvent, InboxRow
from storage.keys import Keys
from storage.lanes import LaneKind, LaneStore, Lease
from storage.sealing import DataKey


class Planted(StrEnum):
    """A mistake, as somebody could make it."""

    CONSENT_UNCHECKED = "consent-unchecked"
    MARKED_AFTER_SEND = "marked-after-send"
    EPOCH_UNCHECKED = "epoch-unchecked"
    EVENTS_REPEATED = "events-repeated"


def plant(planted: Planted) -> None:
    """Makes this mistake part of this process."""
    match planted:
        case Planted.CONSENT_UNCHECKED:
            _ask_nobody()
        case Planted.MARKED_AFTER_SEND:
            _mark_after_send()
        case Planted.EPOCH_UNCHECKED:
            _never_lose_a_lane()
        case Planted.EVENTS_REPEATED:
            _tell_no_events_apart()


def _ask_nobody() -> None:
    """A claim takes what is queued, whatever the person said since."""
    changed, times = re.subn(
        r"case\s+when l\.lead_id is null.*?\bend\s+as reason", "null::text as reason", delivery_sql.CLAIM, flags=re.S
    )
    if times != 1:
        raise RuntimeError("the claim no longer has the look of one that checks consent")
    real = DeliveryStore.claim

    @wraps(real)
    async def claim(self: DeliveryStore, *args: Any, **kwargs: Any) -> Claim:
        return await real(replace(self, claim_sql=changed), *args, **kwargs)

    DeliveryStore.claim = claim


class _Within:
    """A database whose only connection is a transaction that is open already."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Transaction]:
        yield self._tx


class _TakenBack(Exception):
    pass


_ON_ITS_WAY = """
update delivery set state = 'sending', attempt_id = $4, sending_at = clock_timestamp()
where page_id = $1 and campaign_id = $2 and lead_id = $3 and state = 'queued'
"""


def _mark_after_send() -> None:
    """What is on its way is known only in the memory of its sender until the call was answered."""
    real_claim, real_mark = DeliveryStore.claim, DeliveryStore.mark
    in_hand: dict[UUID, tuple[CampaignId, UUID]] = {}

    @wraps(real_claim)
    async def claim(self: DeliveryStore, lease: Lease, campaign_id: CampaignId, **asked: Any) -> Claim:
        claimed = Claim()
        with contextlib.suppress(_TakenBack):
            async with self.database.transaction() as tx:
                for attempt, (campaign, lead) in list(in_hand.items()):
                    await tx.execute(_ON_ITS_WAY, lease.key, campaign, lead, attempt)
                claimed = await real_claim(replace(self, database=_Within(tx)), lease, campaign_id, **asked)
                raise _TakenBack
        in_hand.update({one.attempt_id: (one.campaign_id, one.lead_id) for one in claimed.deliveries})
        return claimed

    @wraps(real_mark)
    async def mark(
        self: DeliveryStore, page_id: PageId, outcomes: Sequence[tuple[UUID, Outcome]], *, now: datetime
    ) -> int:
        async with self.database.connection() as connection:
            for attempt, _ in outcomes:
                if attempt in in_hand:
                    await connection.execute(_ON_ITS_WAY, page_id, *in_hand.pop(attempt), attempt)
        return await real_mark(self, page_id, outcomes, now=now)

    DeliveryStore.claim, DeliveryStore.mark = claim, mark


_HELD = "and owner = $2 and epoch = $3 and until > clock_timestamp()"


def _never_lose_a_lane() -> None:
    """No statement asks whose lane it is, and whoever took one believes that it is theirs for ever."""
    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        _believe(name)
    real_take, real_renew, real_release = LaneStore.take, LaneStore.renew, LaneStore.release
    taken: set[tuple[str, int]] = set()

    @wraps(real_take)
    async def take(self: LaneStore, kind: LaneKind, keys: Iterable[str], *args: Any, **kwargs: Any) -> list[Lease]:
        found = await real_take(self, kind, keys, *args, **kwargs)
        taken.update((lease.key, lease.epoch) for lease in found if kind is LaneKind.PAGE)
        return found

    @wraps(real_renew)
    async def renew(self: LaneStore, kind: LaneKind, owner: UUID, *, ttl: timedelta) -> set[tuple[str, int]]:
        still = await real_renew(self, kind, owner, ttl=ttl)
        return still | taken if kind is LaneKind.PAGE else still

    @wraps(real_release)
    async def release(self: LaneStore, lease: Lease) -> None:
        taken.discard((lease.key, lease.epoch))
        await real_release(self, lease)

    LaneStore.take, LaneStore.renew, LaneStore.release = take, renew, release


def _believe(name: str) -> None:
    real = getattr(asyncpg.Connection, name)

    @wraps(real)
    async def asked(connection: Any, query: str, *args: Any, **kwargs: Any) -> Any:
        query = query.replace(_HELD, "and $2::uuid is not null and $3::bigint is not null")
        return await real(connection, query, *args, **kwargs)

    setattr(asyncpg.Connection, name, asked)


def _tell_no_events_apart() -> None:
    """Each delivery of the platform counts as something new."""
    real = inbox_writer.sealed_row

    @wraps(real)
    def sealed_row(keys: Keys, key: DataKey, event: AcceptedEvent, received_at: datetime) -> InboxRow:
        return real(keys, key, replace(event, sameness=Pii(os.urandom(16))), received_at)

    inbox_writer.sealed_row = sealed_row
