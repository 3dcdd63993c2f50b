"""What expires when, and who sees to it?

One sweep goes through everything that has an end and says how much went. Periods stand here and nowhere else,
except those of keys (storage/keyring.py) and of links (privacy/exports.py).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
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
from privacy.exports import Exports
from storage import inbox_days
from storage.expiry import Expiry
from storage.store import Store

log = logging.getLogger(__name__)

WAITING = timedelta(days=inbox_days.KEEP_DAYS)
UNCONFIRMED = timedelta(days=7)
ARCHIVE_ROWS = timedelta(days=90)
DELIVERIES = timedelta(days=396)
RELATION = timedelta(days=3 * 365 + 1)
ERASED_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Deletes what is past its time, and ends requests that were begun and left; repeating a sweep does no more."""

    store: Store
    erasure: Erasure
    exports: Exports

    async def sweep(self, now: datetime) -> Mapping[str, int]:
        """How many rows of each kind went; docs/data.md says which."""
        expiry = Expiry(self.store.database)
        oldest_day = now.astimezone(UTC).date() - WAITING
        counts = {
            "unfinished_erasures": await self.erasure.resume(),
            "unfinished_copies": await self.exports.resume(),
            "event_keys": await self._inbox(now, oldest_day),
            "tombstones": await expiry.tombstones(now - WAITING),
            "answers": await self.store.outbox.purge(now=now),
            "export_contents": await expiry.archives(now),
            "exports": await expiry.archive_rows(now - ARCHIVE_ROWS),
            "deliveries": await expiry.deliveries(now - DELIVERIES),
            "unconfirmed_requests": await self._unconfirmed(now),
            "silent_leads": await self._silent_leads(now),
            "requests": await expiry.requests(now - RELATION),
        }
        # Last, for the rows above are what still needed them.
        async with self.store.database.transaction() as tx:
            counts["day_keys"] = await inbox_days.destroy_day_keys(tx, before=oldest_day)
        return counts

    async def _inbox(self, now: datetime, oldest_day: date) -> int:
        async with self.store.database.transaction() as tx:
            gone = await inbox_days.forget(tx, before=oldest_day)
            holding = await inbox_days.drop_old_partitions(tx, before=oldest_day)
        if holding:
            log.warning("inbox.events_left", extra={"days": len(holding)})
        return gone

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
