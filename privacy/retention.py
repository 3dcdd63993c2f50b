"""What expires when, and who sees to it?

One sweep a day goes through everything that has an end and says how much went. Periods stand here and nowhere else,
except those of keys (storage/keyring.py) and of links (privacy/exports.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from domain.data_request import (
    DataRequest,
    RequestKind,
    RequestSource,
    RequestState,
    due_at,
    status_code,
    status_hash,
)
from domain.ids import LeadId, PageId
from privacy.erasure import Erasure
from storage.expiry import Expiry
from storage.store import Store

WAITING = timedelta(days=8)
UNCONFIRMED = timedelta(days=7)
ARCHIVE_ROWS = timedelta(days=90)
DELIVERIES = timedelta(days=396)
RELATION = timedelta(days=3 * 365 + 1)
ERASED_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Deletes what is past its time; repeating a sweep deletes nothing more."""

    store: Store
    erasure: Erasure

    async def sweep(self, now: datetime) -> Mapping[str, int]:
        """How many rows of each kind went; the names are those of docs/data.md."""
        expiry = Expiry(self.store.database)
        oldest_day = now.astimezone(UTC).date() - WAITING
        counts = {
            "event_keys": await expiry.event_keys(oldest_day),
            "tombstones": await expiry.tombstones(now - WAITING),
            "set_aside_events": await expiry.set_aside(oldest_day),
            "answers": await self.store.outbox.purge(now=now),
            "export_contents": await expiry.archives(now),
            "exports": await expiry.archive_rows(now - ARCHIVE_ROWS),
            "deliveries": await expiry.deliveries(now - DELIVERIES),
            "unconfirmed_requests": await self._unconfirmed(now),
            "silent_leads": await self._silent_leads(now),
            "requests": await expiry.requests(now - RELATION),
            "inbox_partitions": await expiry.inbox_partitions(oldest_day),
        }
        # Last, for the rows above are what still needed them.
        counts["day_keys"] = await expiry.day_keys(oldest_day)
        return counts

    async def _unconfirmed(self, now: datetime) -> int:
        async with self.store.database.transaction() as tx:
            return await self.store.requests.cancel_unconfirmed(tx, before=now - UNCONFIRMED, now=now)

    async def _silent_leads(self, now: datetime) -> int:
        silent = await Expiry(self.store.database).silent_leads(now - RELATION, limit=ERASED_AT_ONCE)
        return sum([await self._erase(page_id, lead_id, now) for page_id, lead_id in silent])

    async def _erase(self, page_id: PageId, lead_id: LeadId, now: datetime) -> int:
        page = await self.store.pages.get(page_id)
        async with self.store.database.transaction() as tx:
            lead = await self.store.leads.get(tx, page_id, lead_id)
            if page is None or lead is None or lead.newest_event >= now - RELATION:
                return 0
            request_id = uuid4()
            request = DataRequest(
                page_id=page_id,
                request_id=request_id,
                lead_id=lead_id,
                kind=RequestKind.ERASURE,
                source=RequestSource.RETENTION,
                state=RequestState.PENDING,
                reason="silent",
                received_at=now,
                due_at=due_at(now, UTC),
                completed_at=None,
                status_hash=status_hash(status_code(self.store.keys.ring.link_key().secret, request_id)),
                steps={},
            )
            await self.store.requests.add(tx, request)
            await self.erasure.begin(tx, page, lead, request, now, texts=None)
        return 1
