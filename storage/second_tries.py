"""Which messages are tried once more because a person chose it?

Two kinds that are never mixed: what surely was not sent and may be tried again (`retry`), and what may have been sent
(`send_again`), where somebody may get it twice. Every claim asks anew whether the person may be written to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from domain.campaign import CampaignState
from domain.delivery import RETRIED
from domain.ids import CampaignId, LeadId, Mid, PageId
from storage.campaigns import CHANNEL, CampaignMoved
from storage.errors import RowMissing
from storage.keys import Keys

if TYPE_CHECKING:
    from storage.database import Transaction

RETRY_SECONDS = 600

_LOCK = "select state from campaign where page_id = $1 and campaign_id = $2 for no key update"
_GO_ON = """
update campaign set state = case state when 'finished' then 'running' else state end,
    finished_at = null,
    cursor = least(cursor, coalesce((
        select min(d.seq) - 1 from delivery d
        where d.page_id = $1 and d.campaign_id = $2 and d.state = 'queued' and d.not_before is null), cursor))
where page_id = $1 and campaign_id = $2
"""
_UNCLEAR = """
from delivery d where d.page_id = $1 and d.campaign_id = $2 and d.state = 'unknown' and d.reason = 'no_echo'
    and ($3::uuid[] is null or d.lead_id = any($3::uuid[]))
"""
_FAILED = """
from delivery d where d.page_id = $1 and d.campaign_id = $2 and d.state in ('refused', 'skipped', 'expired')
    and d.reason = any($3::text[]) and ($4::uuid[] is null or d.lead_id = any($4::uuid[]))
    and not exists (select from delivery_again a
                    where a.page_id = d.page_id and a.campaign_id = d.campaign_id and a.lead_id = d.lead_id)
"""
_COUNT_UNCLEAR = f"select count(*) {_UNCLEAR}"
_COUNT_FAILED = f"select d.reason, count(*) as people {_FAILED} group by d.reason order by d.reason"
_QUEUE = "set state = 'queued', reason = null, settled_at = null, not_before = null"
_SEND_AGAIN = f"""
with chosen as (select d.lead_id {_UNCLEAR} for update),
queued as (
    update delivery d {_QUEUE} from chosen w
    where d.page_id = $1 and d.campaign_id = $2 and d.lead_id = w.lead_id
    returning d.attempt_id, d.lead_id
),
kept as (
    insert into delivery_again (page_id, attempt_id, campaign_id, lead_id, asked_at)
    select $1, attempt_id, $2, lead_id, $4 from queued
    on conflict (page_id, attempt_id) do update set asked_at = excluded.asked_at
)
select count(*) from queued
"""  # noqa: S608 - only our own names are put in
_RETRY = f"""
with chosen as (select d.lead_id {_FAILED} for update),
queued as (
    update delivery d {_QUEUE}, rule = null, error_code = null, error_subcode = null from chosen w
    where d.page_id = $1 and d.campaign_id = $2 and d.lead_id = w.lead_id
    returning d.lead_id
)
select count(*) from queued
"""  # noqa: S608
_ARRIVED = """
update delivery_again set arrived_at = coalesce(arrived_at, $4), mid_hash = $3
where page_id = $1 and attempt_id = $2
returning campaign_id, lead_id
"""
# Who has the message needs no second one. A call under way is judged when its outcome is written down.
_SETTLE_ANYHOW = """
update delivery set state = 'sent', reason = null, settled_at = $5, not_before = null,
    mid_hash = coalesce(mid_hash, $4), error_code = null, error_subcode = null
where page_id = $1 and campaign_id = $2 and lead_id = $3 and state not in ('sent', 'sending')
"""


@dataclass(frozen=True, slots=True)
class SecondTries:
    """`leads` of None mean everybody; messages in other states than a method names are left alone."""

    keys: Keys

    async def unclear(
        self, tx: "Transaction", page_id: PageId, campaign_id: CampaignId, leads: Sequence[LeadId] | None
    ) -> int:
        """How many messages `send_again` would queue: unknown, their echo overdue."""
        return int(await tx.fetchval(_COUNT_UNCLEAR, page_id, campaign_id, _ids(leads)))

    async def failed(
        self,
        tx: "Transaction",
        page_id: PageId,
        campaign_id: CampaignId,
        reasons: Sequence[str],
        leads: Sequence[LeadId] | None,
    ) -> dict[str, int]:
        """How many messages `retry` would queue, by reason."""
        wanted = sorted(RETRIED.intersection(reasons))
        rows = await tx.fetch(_COUNT_FAILED, page_id, campaign_id, wanted, _ids(leads))
        return {row["reason"]: row["people"] for row in rows}

    async def send_again(
        self,
        tx: "Transaction",
        page_id: PageId,
        campaign_id: CampaignId,
        leads: Sequence[LeadId] | None,
        *,
        now: datetime,
    ) -> int:
        """Queues them once more; some may come twice, so a person decides it. How many; raises CampaignMoved.

        A campaign that was finished goes on.
        """
        await self._lock(tx, page_id, campaign_id)
        queued = await tx.fetchval(_SEND_AGAIN, page_id, campaign_id, _ids(leads), now, timeout=RETRY_SECONDS)
        return await self._go_on(tx, page_id, campaign_id, int(queued))

    async def retry(
        self,
        tx: "Transaction",
        page_id: PageId,
        campaign_id: CampaignId,
        reasons: Sequence[str],
        leads: Sequence[LeadId] | None,
    ) -> int:
        """Queues what surely was not sent, for reasons that may have passed; how many. Raises CampaignMoved.

        A campaign that was finished goes on.
        """
        await self._lock(tx, page_id, campaign_id)
        wanted = sorted(RETRIED.intersection(reasons))
        queued = await tx.fetchval(_RETRY, page_id, campaign_id, wanted, _ids(leads), timeout=RETRY_SECONDS)
        return await self._go_on(tx, page_id, campaign_id, int(queued))

    async def settle_earlier(
        self, tx: "Transaction", page_id: PageId, attempt_id: UUID, mid: Mid, *, now: datetime
    ) -> bool:
        """The echo of an attempt that was made once more since: it had been sent. False when there is none such."""
        mid_hash = self.keys.index.message(page_id, mid)
        row = await tx.fetchrow(_ARRIVED, page_id, attempt_id, mid_hash, now)
        if row is None:
            return False
        await tx.execute(_SETTLE_ANYHOW, page_id, row["campaign_id"], row["lead_id"], mid_hash, now)
        return True

    async def _lock(self, tx: "Transaction", page_id: PageId, campaign_id: CampaignId) -> None:
        found = await tx.fetchval(_LOCK, page_id, campaign_id)
        if found is None:
            raise RowMissing(f"campaign {campaign_id}")
        if found not in ("running", "paused", "finished"):
            raise CampaignMoved(campaign_id, CampaignState(found), CampaignState.RUNNING)

    async def _go_on(self, tx: "Transaction", page_id: PageId, campaign_id: CampaignId, queued: int) -> int:
        if queued:
            await tx.execute(_GO_ON, page_id, campaign_id)
            await tx.execute("select pg_notify($1, $2)", CHANNEL, page_id)
        return queued


def _ids(leads: Sequence[LeadId] | None) -> list[LeadId] | None:
    return None if leads is None else list(leads)
