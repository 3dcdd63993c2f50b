"""Who must never be written to, whatever else is known of them?

A suppression holds a keyed hash of Page and person and so outlives an erasure. A stop works in the transaction that
calls `stop`: open deliveries are skipped there, and `wait_until_quiet` returns only when no send to that person can
begin any more.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.ids import PageId
from storage.outbox_sql import CAMPAIGN_TEST, CAMPAIGN_TEST_MEDIA

if TYPE_CHECKING:
    from storage.database import Database, Transaction

# A sender begins a call at most this long after it asked for its claim, or gives the claim back unsent.
BEGIN_WITHIN = timedelta(seconds=0.8)
# What `wait_until_quiet` allows on top: the way of the request out of the sender's process.
QUIET_AFTER = timedelta(seconds=1)
QUIET_POLL_SECONDS = 0.02

_TESTS = f"'{{{CAMPAIGN_TEST},{CAMPAIGN_TEST_MEDIA}}}'::text[]"
_STOP = f"""
with later_yes as (
    select 1 from lead l join lead_topic t using (page_id, lead_id)
    where l.page_id = $1 and l.suppression_handle = $2 and t.state = 'given' and t.event_time > $4
), stopped as (
    insert into suppression (page_id, handle, reason, since)
    select $1, $2, $3, $4 where not exists (select from later_yes)
    on conflict (page_id, handle) do update set since = greatest(suppression.since, excluded.since)
    returning 1
), untested as (
    update outbox o set message_sealed = null, state = case when o.state = 'queued' then 'dropped' else o.state end
    from lead l
    where l.page_id = $1 and l.suppression_handle = $2 and o.page_id = l.page_id and o.lead_id = l.lead_id
      and o.purpose = any({_TESTS}) and o.state in ('queued', 'sending', 'unknown') and exists (select from stopped)
)
update delivery d set state = 'skipped', reason = 'stopped', settled_at = $5
from lead l
where l.page_id = $1 and l.suppression_handle = $2
  and d.page_id = l.page_id and d.lead_id = l.lead_id and d.state in ('queued', 'awaiting_window')
  and exists (select from stopped)
"""  # noqa: S608 - only our own names are put in

# Once more, after the stop is committed: a message that came back to the queue while it was under way was not seen by
# it, and a claim that began before saw no stop. Such a claim has the row already, then it is waited for here and found
# below; or it finds the row gone.
_SKIP_WHAT_CAME_BACK = f"""
with stopped as (select from suppression where page_id = $1 and handle = $2),
untested as (
    update outbox o set message_sealed = null, state = 'dropped'
    from lead l
    where l.page_id = $1 and l.suppression_handle = $2 and o.page_id = l.page_id and o.lead_id = l.lead_id
      and o.purpose = any({_TESTS}) and o.state = 'queued' and exists (select from stopped)
)
update delivery d set state = 'skipped', reason = 'stopped', settled_at = clock_timestamp(), not_before = null
from lead l
where l.page_id = $1 and l.suppression_handle = $2 and d.page_id = l.page_id and d.lead_id = l.lead_id
  and d.state in ('queued', 'awaiting_window') and exists (select from stopped)
"""  # noqa: S608

_LIFT = "delete from suppression where page_id = $1 and handle = $2 and since < $3"

_BEGINNING = f"""
select exists (
    select from delivery d join lead l using (page_id, lead_id)
    where l.page_id = $1 and l.suppression_handle = $2
      and d.state = 'sending' and d.sending_at > clock_timestamp() - $3::interval
    union all
    select from outbox o join lead l using (page_id, lead_id)
    where l.page_id = $1 and l.suppression_handle = $2 and o.purpose = any({_TESTS})
      and o.state = 'sending' and o.sending_at > clock_timestamp() - $3::interval
)
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class SuppressionStore:
    database: "Database"

    async def stop(self, tx: "Transaction", page_id: PageId, handle: bytes, *, since: datetime, now: datetime) -> None:
        """No send begins for this person once the transaction is committed and `wait_until_quiet` returned.

        A yes that is newer than `since` stands (a late or replayed stop does not undo it); at equal times the stop
        wins. Rows already claimed by a sender are not touched: they are on their way.
        """
        await tx.execute(_STOP, page_id, handle, "stop", since, now)

    async def lift(self, tx: "Transaction", page_id: PageId, handle: bytes, *, opted_in_at: datetime) -> bool:
        """True when no suppression is left: a newer, explicit yes ends it, an older one does not."""
        await tx.execute(_LIFT, page_id, handle, opted_in_at)
        return not await self.find(tx, page_id, handle)

    async def find(self, tx: "Transaction", page_id: PageId, handle: bytes) -> bool:
        """Whether the person is suppressed now."""
        return bool(
            await tx.fetchval("select true from suppression where page_id = $1 and handle = $2", page_id, handle)
        )

    async def wait_until_quiet(self, page_id: PageId, handle: bytes, *, at_most: timedelta) -> bool:
        """Waits until no sender can still begin a call to this person; False when `at_most` ran out before."""
        deadline = asyncio.get_running_loop().time() + at_most.total_seconds()
        async with self.database.connection() as connection:
            await connection.execute(_SKIP_WHAT_CAME_BACK, page_id, handle)
        while True:
            async with self.database.connection() as connection:
                if not await connection.fetchval(_BEGINNING, page_id, handle, QUIET_AFTER):
                    return True
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(QUIET_POLL_SECONDS)
