"""Which campaigns are there, and in which state?

A state changes only from the states that allow it, in the statement that changes it: of two people who press pause and
cancel at once one is told that the campaign moved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from domain import content
from domain.campaign import Campaign, CampaignState, NewCampaign, sources
from domain.content import Content
from domain.ids import CampaignId, PageId, Topic
from storage.errors import RowMissing, StorageError

if TYPE_CHECKING:
    from storage.database import Database, Transaction

CHANNEL = "assent_campaign"
CANCEL_SECONDS = 1800

_ADD = """
insert into campaign (page_id, campaign_id, name, topic, state, created_at, wait_until, audience, weight)
select $1, 1 + coalesce(max(campaign_id), 0), $2, $3, 'draft', $4, $5, $6, $7 from campaign where page_id = $1
returning campaign_id
"""
_ADD_TEXT = "insert into campaign_content (page_id, campaign_id, language, body) values ($1, $2, $3, $4)"
_COLUMNS = """
page_id, campaign_id, name, topic, state, paused_cause, created_at, started_at, finished_at, audience_size, wait_until,
start_at
"""
_MOVE = """
update campaign set state = $3::text, paused_cause = $5,
    started_at = case when $3 = 'running' then coalesce(started_at, $6) else started_at end,
    finished_at = case when $3 in ('finished', 'cancelled') then $6 else finished_at end
where page_id = $1 and campaign_id = $2 and state = any($4::text[])
  and ($7::boolean is null or (audience_size is not null) = $7)
returning state
"""
# At one time of the clock it begins where that comes first.
_SCHEDULE = """
update campaign set start_wall = $3::timestamp, start_at = coalesce($4::timestamptz, (
    select min($3::timestamp at time zone zone) from (
        select time_zone as zone from page where page_id = $1
        union select time_zone from lead where page_id = $1 and time_zone is not null) zones))
where page_id = $1 and campaign_id = $2
returning start_at
"""
# Three questions, for each state has an index of its own.
_NONE = "not exists (select from delivery d where d.page_id = $1 and d.campaign_id = c.campaign_id and d.state ="
_FINISH = f"""
update campaign c set state = 'finished', finished_at = $2
where c.page_id = $1 and c.state = 'running'
  and {_NONE} 'queued') and {_NONE} 'sending') and {_NONE} 'awaiting_window')
returning c.campaign_id
"""  # noqa: S608
_LOCK_RUNNING = "select from campaign where page_id = $1 and state = 'running' order by campaign_id for no key update"
# A cursor that ran ahead of a row that came back is put where it belongs; normally changes nothing.
_MEND_CURSORS = """
update campaign c set cursor = d.seq - 1
from (select c.campaign_id, first.seq from campaign c cross join lateral (
        select d.seq from delivery d where d.page_id = $1 and d.campaign_id = c.campaign_id and d.state = 'queued'
        order by d.seq limit 1) first
      where c.page_id = $1 and c.state = 'running') d
where c.page_id = $1 and c.campaign_id = d.campaign_id and c.cursor >= d.seq
"""
_CANCEL_ROWS = """
update delivery set state = 'skipped', reason = 'cancelled', settled_at = $3, not_before = null
where page_id = $1 and campaign_id = $2 and state in ('queued', 'awaiting_window')
"""


class CampaignMoved(StorageError):
    """The campaign is not in a state from which it can go there: somebody else was first."""

    code = "storage.campaign_moved"

    def __init__(self, campaign_id: CampaignId, state: CampaignState, target: CampaignState) -> None:
        super().__init__(f"campaign {campaign_id} is {state} and cannot become {target}; look at its status")
        self.state = state


@dataclass(frozen=True, slots=True)
class CampaignStore:
    database: "Database"

    async def add(self, tx: "Transaction", new: NewCampaign, *, now: datetime) -> CampaignId:
        """Stores a draft under the next number of its Page."""
        if not await tx.fetchval("select true from page where page_id = $1 for no key update", new.page_id):
            raise RowMissing("the Page of the campaign")
        number = await tx.fetchval(
            _ADD, new.page_id, new.name, new.topic, now, new.wait_until, new.audience, new.weight
        )
        await tx.executemany(
            _ADD_TEXT, [(new.page_id, number, tag, content.encode(said)) for tag, said in new.contents.items()]
        )
        return CampaignId(number)

    async def get(self, page_id: PageId, campaign_id: CampaignId) -> Campaign:
        """The campaign; raises RowMissing when the Page has none of this number."""
        async with self.database.connection() as connection:
            row = await connection.fetchrow(
                f"select {_COLUMNS} from campaign where page_id = $1 and campaign_id = $2",  # noqa: S608
                page_id,
                campaign_id,
            )
        if row is None:
            raise RowMissing(f"campaign {campaign_id}")
        return _campaign(row)

    async def of_page(self, page_id: PageId) -> list[Campaign]:
        """Every campaign of the Page, the newest first."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                f"select {_COLUMNS} from campaign where page_id = $1 order by campaign_id desc",  # noqa: S608
                page_id,
            )
        return [_campaign(row) for row in rows]

    async def texts(self, page_id: PageId, campaign_id: CampaignId) -> Mapping[str, Content]:
        """What it says, for each language it was written in."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "select language, body from campaign_content where page_id = $1 and campaign_id = $2",
                page_id,
                campaign_id,
            )
        return {row["language"]: content.decode(row["body"]) for row in rows}

    async def running(self, page_id: PageId) -> dict[CampaignId, int]:
        """The campaigns that may send now, with their weights; none while the Page is paused."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "select campaign_id, weight from campaign c join page p using (page_id) "
                "where page_id = $1 and c.state = 'running' and p.state = 'connected' order by campaign_id",
                page_id,
            )
        return {CampaignId(row["campaign_id"]): row["weight"] for row in rows}

    async def move(
        self,
        tx: "Transaction",
        page_id: PageId,
        campaign_id: CampaignId,
        target: CampaignState,
        *,
        now: datetime,
        only_from: CampaignState | None = None,
        begun: bool | None = None,
        cause: str | None = None,
    ) -> None:
        """Takes the step and wakes the senders; raises CampaignMoved when the campaign's state does not allow it.

        With `begun` it must have frozen its audience, or must not have.
        """
        allowed = [only_from] if only_from else sources(target)
        moved = await tx.fetchval(_MOVE, page_id, campaign_id, target, allowed, cause, now, begun)
        if moved is None:
            found = await tx.fetchval(
                "select state from campaign where page_id = $1 and campaign_id = $2", page_id, campaign_id
            )
            if found is None:
                raise RowMissing(f"campaign {campaign_id}")
            raise CampaignMoved(campaign_id, CampaignState(found), target)
        if target is CampaignState.CANCELLED:
            await tx.execute(_CANCEL_ROWS, page_id, campaign_id, now, timeout=CANCEL_SECONDS)
        await tx.execute("select pg_notify($1, $2)", CHANNEL, page_id)

    async def step(self, page_id: PageId, campaign_id: CampaignId, target: CampaignState, **more: Any) -> None:
        """`move` in a transaction of its own."""
        async with self.database.transaction() as tx:
            await self.move(tx, page_id, campaign_id, target, **more)

    async def set_start(
        self,
        tx: "Transaction",
        page_id: PageId,
        campaign_id: CampaignId,
        *,
        at: datetime | None = None,
        wall: datetime | None = None,
    ) -> datetime:
        """Notes the moment, or the time of each person's own clock, at which it begins; gives the first moment."""
        start_at: datetime = await tx.fetchval(_SCHEDULE, page_id, campaign_id, wall, at)
        return start_at

    async def set_spread(self, tx: "Transaction", page_id: PageId, campaign_id: CampaignId, spread: timedelta) -> None:
        """Over which time its messages are spread; before it begins."""
        await tx.execute(
            "update campaign set spread = $3 where page_id = $1 and campaign_id = $2", page_id, campaign_id, spread
        )

    async def due(self, page_id: PageId, *, now: datetime) -> list[Campaign]:
        """The scheduled campaigns whose moment has come."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                f"select {_COLUMNS} from campaign where page_id = $1 and state = 'scheduled' "  # noqa: S608
                "and start_at <= $2 order by start_at, campaign_id",
                page_id,
                now,
            )
        return [_campaign(row) for row in rows]

    async def set_audience_size(self, tx: "Transaction", page_id: PageId, campaign_id: CampaignId, people: int) -> None:
        """What the counts of its report add up to, from now on."""
        await tx.execute(
            "update campaign set audience_size = $3 where page_id = $1 and campaign_id = $2",
            page_id,
            campaign_id,
            people,
        )

    async def finish(self, page_id: PageId, *, now: datetime) -> list[CampaignId]:
        """Ends the running campaigns of which nothing is queued, sending or waiting; which they were."""
        async with self.database.transaction() as tx:
            # Who puts a row back also writes its campaign: before this, and it is seen below, or after the end.
            await tx.execute(_LOCK_RUNNING, page_id)
            await tx.execute(_MEND_CURSORS, page_id)
            rows = await tx.fetch(_FINISH, page_id, now)
        return [CampaignId(row["campaign_id"]) for row in rows]

    async def pause_all(self, *, cause: str) -> int:
        """Pauses every campaign that runs or would by itself, as after a restore; how many."""
        async with self.database.connection() as connection:
            status = await connection.execute(
                "update campaign set state = 'paused', paused_cause = $1 where state in ('scheduled', 'running')", cause
            )
        return int(status.rpartition(" ")[2])


def _campaign(row: Any) -> Campaign:
    return Campaign(
        page_id=PageId(row["page_id"]),
        campaign_id=CampaignId(row["campaign_id"]),
        name=row["name"],
        topic=Topic(row["topic"]),
        state=CampaignState(row["state"]),
        paused_cause=row["paused_cause"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        audience_size=row["audience_size"],
        wait_until=row["wait_until"],
        start_at=row["start_at"],
    )
