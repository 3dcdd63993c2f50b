"""What is the state of each campaign message, and who may be sent one right now?

A claim is one statement: it checks the lane, the Page, the campaign, consent, window, restriction and suppression of
each row and commits `sending` with lane epoch and attempt id before any call. What may have been sent is never queued
again here; an echo settles it, in either order with the answer, however late.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.delivery import Accepted, Declined, DeliveryState, NotSent, Outcome, Unsure
from domain.eligibility import Reason
from domain.ids import CampaignId, LeadId, Mid, PageId
from domain.lead import LeadProfile
from storage import delivery_sql as sql
from storage.audiences import AudienceStore, condition
from storage.errors import KeyRefused, OpenFailed, RowMissing
from storage.keyring import KeyMissing
from storage.keys import Keys
from storage.labels import Label
from storage.lanes import Lease

if TYPE_CHECKING:
    from storage.database import Database, Transaction

# A claim of a holder that is gone becomes unknown only when its call has surely begun or will not begin any more.
ORPHAN_AFTER = timedelta(seconds=2)
LARGEST_CLAIM = 512
FREEZE_SECONDS = 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """One message on its way: committed as `sending`, to be called within BEGIN_WITHIN or given back."""

    campaign_id: CampaignId
    lead_id: LeadId
    attempt_id: UUID
    link_ref: UUID
    profile: LeadProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one claim brought: messages to send now, and how many rows were settled as skipped instead."""

    deliveries: Sequence[ClaimedDelivery] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Why a person gets nothing of a campaign now, if they get nothing, and what their links are made for."""

    reason: Reason | None
    link_ref: UUID | None


@dataclass(frozen=True, slots=True)
class DeliveryStore:
    database: "Database"
    keys: Keys
    claim_sql: str = field(default=sql.CLAIM, repr=False)

    async def freeze(self, tx: "Transaction", page_id: PageId, campaign_id: CampaignId, *, now: datetime) -> int:
        """Writes one row for everybody whom the filter chooses, queued or refused with its reason; their number.

        Waits for stops that are under way: one that did not see these rows is seen by the first claim.
        """
        wanted = await AudienceStore(self.database).of_campaign(tx, page_id, campaign_id)
        chosen, values = condition(wanted, now=sql.NOW_AT_FREEZE, first=4)
        freeze = sql.FREEZE.replace(":audience", chosen)
        status = await tx.execute(freeze, page_id, campaign_id, now, *values, timeout=FREEZE_SECONDS)
        await tx.execute(sql.AFTER_FREEZE)
        return _count(status)

    async def standing(
        self, tx: "Transaction", page_id: PageId, campaign_id: CampaignId, lead_id: LeadId, *, now: datetime
    ) -> Standing:
        """What a claim would say of this person now; stops wait until the transaction ends."""
        await tx.execute(sql.AFTER_FREEZE)
        row = await tx.fetchrow(sql.STANDING, page_id, campaign_id, lead_id, now)
        if row is None:
            raise RowMissing(f"campaign {campaign_id}")
        return Standing(reason=row["reason"] and Reason(row["reason"]), link_ref=row["link_ref"])

    async def claim(self, lease: Lease, campaign_id: CampaignId, *, limit: int, look: int = 0, now: datetime) -> Claim:
        """Commits up to `limit` people as `sending`, in order, and skips those who may not be written to.

        Looks at about `look` rows (at least `limit`): more when many of them will be skipped. Empty when the lease,
        the Page or the campaign does not allow sending.
        """
        rows_looked_at = _power_of_two(min(max(limit, look), LARGEST_CLAIM))
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                self.claim_sql.replace(":look", str(rows_looked_at)),
                lease.key,
                lease.owner,
                lease.epoch,
                campaign_id,
                now,
                limit,
            )
        sending = [row for row in rows if row["state"] == DeliveryState.SENDING]
        opened: list[ClaimedDelivery] = []
        shut: list[tuple[UUID, Outcome]] = []
        for row in sending:
            try:
                opened.append(self._opened(campaign_id, row))
            except KeyMissing:
                # Another process rotated the ring; ours is read again every few seconds.
                shut.append((row["attempt_id"], NotSent("key_missing", now + timedelta(seconds=5))))
            except (KeyRefused, OpenFailed):
                shut.append((row["attempt_id"], Declined("unreadable")))
        await self.mark(PageId(lease.key), shut, now=now)
        return Claim(deliveries=opened, skipped=len(rows) - len(sending))

    def _opened(self, campaign_id: CampaignId, row: Any) -> ClaimedDelivery:
        lead_id = LeadId(row["lead_id"])
        key = self.keys.open_lead_key(lead_id, row["kid"], row["wrapped"], row["commitment"])
        profile = LeadProfile.decode(key.open(Label.LEAD_PROFILE, lead_id.bytes, row["profile_sealed"]))
        return ClaimedDelivery(
            campaign_id=campaign_id,
            lead_id=lead_id,
            attempt_id=row["attempt_id"],
            link_ref=row["link_ref"],
            profile=profile,
        )

    async def mark(self, page_id: PageId, outcomes: Sequence[tuple[UUID, Outcome]], *, now: datetime) -> int:
        """Settles attempts by what is certain of them; how many moved.

        A row that an echo settled first, or that belongs to another attempt by now, stays as it is.
        """
        if not outcomes:
            return 0
        columns = zip(*(self._columns(page_id, attempt, outcome) for attempt, outcome in outcomes), strict=True)
        async with self.database.connection() as connection:
            return int(await connection.fetchval(sql.MARK, page_id, now, *(list(column) for column in columns)))

    def _columns(self, page_id: PageId, attempt: UUID, outcome: Outcome) -> tuple[Any, ...]:
        match outcome:
            case Accepted(mid):
                return attempt, "sent", None, self.keys.index.message(page_id, mid), None, None, None
            case NotSent(reason, retry_at, code, subcode):
                return attempt, "queued", reason, None, code, subcode, retry_at
            case Declined(reason, skip, code, subcode):
                return attempt, "skipped" if skip else "refused", reason, None, code, subcode, None
            case Unsure(reason, code, subcode):
                return attempt, "unknown", reason, None, code, subcode, None

    async def settle(self, tx: "Transaction", page_id: PageId, attempt_id: UUID, mid: Mid, *, now: datetime) -> bool:
        """The echo of this attempt arrived: the message was sent, whatever was believed. False when not a delivery."""
        mid_hash = self.keys.index.message(page_id, mid)
        return bool(await tx.fetchval(sql.SETTLE, page_id, attempt_id, mid_hash, now))

    async def delivered(self, tx: "Transaction", page_id: PageId, mids: Sequence[Mid], *, now: datetime) -> int:
        """The platform delivered these messages, so they were sent; of how many was that not known."""
        hashes = [self.keys.index.message(page_id, mid) for mid in mids]
        return _count(await tx.execute(sql.DELIVERED, page_id, hashes, now))

    async def orphans(self, lease: Lease, *, after: timedelta = ORPHAN_AFTER) -> int:
        """Turns what earlier holders of the lane left `sending` into unknown; how many.

        A row younger than `after` stays for the next call: its holder might just be beginning its call. Our own rows
        count after a minute, longer than any call takes: the answer to their claim was lost.
        """
        async with self.database.connection() as connection:
            return _count(await connection.execute(sql.ORPHANS, lease.key, lease.owner, lease.epoch, after))

    async def name_unknown(self, lease: Lease, *, after: timedelta, now: datetime) -> int:
        """Notes `no_echo` on messages unknown for longer than `after`: the report lists them as such from now on."""
        async with self.database.connection() as connection:
            return _count(await connection.execute(sql.NAME_UNKNOWN, lease.key, lease.owner, lease.epoch, after, now))

    async def advance(self, lease: Lease, campaign_id: CampaignId) -> None:
        """Moves the campaign's cursor past rows that are not queued any more, so that claims stay quick."""
        async with self.database.transaction() as tx:
            cursor = await tx.fetchval(sql.LOCK_CURSOR, lease.key, campaign_id)
            # A second statement sees what a row set back to queued before the lock was ours.
            await tx.execute(sql.ADVANCE, lease.key, campaign_id, cursor)

    async def drop(
        self,
        tx: "Transaction",
        page_id: PageId,
        lead_id: LeadId,
        reason: str,
        *,
        topic: str | None = None,
        now: datetime,
    ) -> int:
        """Skips every message to this person that has not left (of this topic only, if given); how many.

        Call it in the transaction that withdraws, restricts or locks for erasure: a claim that runs at the same time
        either sees it or is seen by `SuppressionStore.wait_until_quiet`.
        """
        return _count(await tx.execute(sql.DROP, page_id, lead_id, reason, topic, now))

    async def wake(self, tx: "Transaction", page_id: PageId, lead_id: LeadId, *, now: datetime) -> int:
        """The person's window opened: the oldest message that waited for it goes after the bot's answer; 1 or 0."""
        return _count(await tx.execute(sql.WAKE, page_id, lead_id, now))

    async def release(self, lease: Lease, *, limit: int, now: datetime) -> int:
        """Lets up to `limit` rows whose time has come into the queue; how many."""
        async with self.database.connection() as connection:
            return int(
                await connection.fetchval(sql.RELEASE, lease.key, lease.owner, lease.epoch, now, limit, timeout=30)
            )

    async def sweep(self, lease: Lease, *, now: datetime) -> None:
        """Expires what waited in vain, settles leftovers of campaigns that are over, and what was sent once more."""
        async with self.database.connection() as connection:
            for statement in (
                *(sql.WAKE_REACHABLE, sql.EXPIRE, sql.LEFTOVERS),
                *(sql.ARRIVED_EARLIER, sql.STILL_UNKNOWN),
            ):
                await connection.execute(statement, lease.key, lease.owner, lease.epoch, now)

    async def lost_touch(
        self, page_id: PageId, lead_ids: Sequence[LeadId], reason: str, *, asked_at: datetime, now: datetime
    ) -> None:
        """The platform says these people cannot be reached: no campaign tries until they write again."""
        async with self.database.connection() as connection:
            await connection.execute(sql.UNREACHABLE, page_id, list(lead_ids), reason, asked_at, now)


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])


def _power_of_two(number: int) -> int:
    """Rounded up: a limit the planner can read makes one prepared statement per size, so there are few sizes."""
    return 1 << max(0, number - 1).bit_length()
