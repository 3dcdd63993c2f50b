"""What became of everybody in the audience of a campaign, and who is behind each number?

Counts add up to the frozen audience at every moment, also after rows ended by retention: these are counted in
`campaign_count`. Lists are read in portions by key, so that no long look holds up what senders clean away.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from domain.delivery import DeliveryState
from domain.ids import CampaignId, LeadId, PageId

if TYPE_CHECKING:
    from storage.database import Database

REPORT_SECONDS = 60
PORTION = 1_000

_COUNT = """
select state, coalesce(reason, '') as reason, count(*) as people, 0::bigint as ended from delivery
where page_id = $1 and campaign_id = $2 group by state, reason
union all
select state, reason, people, people from campaign_count where page_id = $1 and campaign_id = $2
"""
_UNKNOWN = """
select lead_id, reason, sending_at from delivery
where page_id = $1 and campaign_id = $2 and state = 'unknown' order by sending_at, lead_id limit $3
"""
# Sent again once the row carries another attempt; twice in their hands once two of the attempts are proven.
_AGAIN = """
select count(*) as people, count(*) filter (where arrived + other > 1) as twice from (
    select d.lead_id, count(a.arrived_at) as arrived,
        (d.mid_hash is not null and d.mid_hash <> all(array_remove(array_agg(a.mid_hash), null)))::integer as other
    from delivery_again a join delivery d using (page_id, campaign_id, lead_id)
    where a.page_id = $1 and a.campaign_id = $2 and d.attempt_id <> a.attempt_id
    group by d.page_id, d.campaign_id, d.lead_id, d.mid_hash) people
"""
# Of a thousand at most, looking at five thousand: ids of leads are random, so the first ones by key are a sample.
_ECHOES = """
select count(*) as measured, percentile_cont(array[0.5, 0.95, 1.0]) within group (order by delay) as seconds from (
    select extract(epoch from echoed_at - sending_at)::float8 as delay
    from (select * from delivery where page_id = $1 and campaign_id = $2 order by lead_id limit 5000) first_ones
    where echoed_at >= sending_at limit 1000) sample
"""
_LIST = """
select lead_id, state, reason, rule, error_code, error_subcode, planned_at, sending_at, settled_at from delivery
where page_id = $1 and campaign_id = $2 and ($3 in ('all', state, reason)) and lead_id > $4
order by lead_id limit $5
"""
_BEFORE_ALL = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownDelivery:
    lead_id: LeadId
    reason: str | None
    sending_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoDelay:
    """Seconds from the beginning of a call to its echo, over `measured` messages: the half, 95 of 100, and all."""

    measured: int
    half: float
    most: float
    longest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """Every person of the audience, counted once, by state and reason; the unknown ones also by id.

    `ended` of them have no row any more. `sent_again` were sent once more because the first attempt was unknown, of
    whom `came_twice` surely got both. `echo_delay` is None while no echo came.
    """

    counts: Mapping[DeliveryState, Mapping[str, int]]
    unknown: Sequence[UnknownDelivery]
    ended: int = 0
    sent_again: int = 0
    came_twice: int = 0
    echo_delay: EchoDelay | None = None

    def of(self, state: DeliveryState) -> int:
        return sum(self.counts.get(state, {}).values())

    @property
    def total(self) -> int:
        return sum(sum(reasons.values()) for reasons in self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDelivery:
    """One person behind a number of the report, by the random id of their lead."""

    lead_id: LeadId
    state: DeliveryState
    reason: str | None
    rule: str | None
    error_code: int | None
    error_subcode: int | None
    planned_at: datetime
    sending_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class CampaignReports:
    database: "Database"

    async def report(self, page_id: PageId, campaign_id: CampaignId, *, unknown_limit: int = 1000) -> DeliveryReport:
        """One consistent count of the whole audience, with up to `unknown_limit` of the unknown by id."""
        async with self.database.transaction() as tx:
            await tx.execute("set transaction isolation level repeatable read, read only")
            counted = await tx.fetch(_COUNT, page_id, campaign_id, timeout=REPORT_SECONDS)
            listed = await tx.fetch(_UNKNOWN, page_id, campaign_id, unknown_limit)
            again = await tx.fetchrow(_AGAIN, page_id, campaign_id)
            echoes = await tx.fetchrow(_ECHOES, page_id, campaign_id)
        counts: dict[DeliveryState, dict[str, int]] = {}
        for row in counted:
            of_state = counts.setdefault(DeliveryState(row["state"]), {})
            of_state[row["reason"]] = of_state.get(row["reason"], 0) + row["people"]
        return DeliveryReport(
            counts=counts,
            unknown=[UnknownDelivery(**row) for row in listed],
            ended=sum(row["ended"] for row in counted),
            sent_again=again["people"],
            came_twice=again["twice"],
            echo_delay=_delay(echoes["measured"], echoes["seconds"]),
        )

    async def listed(
        self, page_id: PageId, campaign_id: CampaignId, wanted: str, *, after: LeadId | None, limit: int
    ) -> list[ListedDelivery]:
        """Up to `limit` people of a state or reason, or of `all`, whose id comes behind `after`, in order of ids."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                _LIST, page_id, campaign_id, wanted, after or _BEFORE_ALL, limit, timeout=REPORT_SECONDS
            )
        return [ListedDelivery(**{**row, "state": DeliveryState(row["state"])}) for row in rows]

    async def everybody(
        self, page_id: PageId, campaign_id: CampaignId, wanted: str
    ) -> AsyncIterator[list[ListedDelivery]]:
        """All of them in portions; each person once, as they were when their portion was read."""
        after: LeadId | None = None
        while portion := await self.listed(page_id, campaign_id, wanted, after=after, limit=PORTION):
            yield portion
            after = portion[-1].lead_id


def _delay(measured: int, seconds: Sequence[float]) -> EchoDelay | None:
    return EchoDelay(measured=measured, half=seconds[0], most=seconds[1], longest=seconds[2]) if measured else None
