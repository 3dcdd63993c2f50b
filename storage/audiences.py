"""How does the database find the people whom a filter of domain/audience.py chooses?

The condition is made of our own words only; whatever the marketer wrote goes in as a value. Filters that were given a
name are kept here too, as text without names of others inside.

Aliases: l lead, p page. The moment is put in by the caller, as in storage/eligibility.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, assert_never

from domain.audience import (
    Either,
    Every,
    FieldIs,
    FieldKind,
    FieldKnown,
    FieldValue,
    Filter,
    FirstContact,
    FirstContactWithin,
    Is,
    Not,
    Order,
    Segment,
    Subject,
    expanded,
    faults_of_names,
)
from domain.audience_text import parse, printed
from domain.campaign import CampaignRefused
from domain.eligibility import WINDOW_MARGIN, Reason
from domain.ids import CampaignId, LeadId, PageId, Topic
from storage.eligibility import FACTS, obstacle
from storage.errors import RowMissing

if TYPE_CHECKING:
    from storage.database import Database, Transaction

PREVIEW_SECONDS = 600
NOW = "$2::timestamptz"

_TAG = "exists (select from lead_tag x where x.page_id = l.page_id and x.lead_id = l.lead_id and x.name = {value})"
_TOPIC = """
exists (select from lead_topic x
        where x.page_id = l.page_id and x.lead_id = l.lead_id and x.topic = {value} and x.state = 'given')
"""
_LANGUAGE = f"""
coalesce((select x.value from lead_field x
          where x.page_id = l.page_id and x.lead_id = l.lead_id and x.name = '{FieldKind.LANGUAGE}'), p.language)
"""  # noqa: S608 - only our own names are put in
# Within the case, for a value is only read as a number or date where the field's kind says that it is one.
_FIELD = """
exists (select from lead_field x join field_definition d using (page_id, name)
        where x.page_id = l.page_id and x.lead_id = l.lead_id and x.name = {name}
          and case when d.kind = any({kinds}) then x.value{cast} {order} {value} else false end)
"""


@dataclass(slots=True)
class _Values:
    """What the marketer wrote, in the order in which the statement takes it in."""

    first: int
    found: list[object] = field(default_factory=list)

    def put(self, value: object, kind: str) -> str:
        self.found.append(value)
        return f"${self.first + len(self.found) - 1}::{kind}"


def condition(wanted: Filter, *, now: str, first: int) -> tuple[str, list[object]]:
    """SQL that holds for whom the filter chooses, and its values, of which the first is number `first`."""
    values = _Values(first)
    return _sql(wanted, now, values), values.found


def _sql(wanted: Filter, now: str, values: _Values) -> str:
    match wanted:
        case Every(parts):
            return f"({' and '.join(_sql(part, now, values) for part in parts) or 'true'})"
        case Either(parts):
            return f"({' or '.join(_sql(part, now, values) for part in parts) or 'false'})"
        case Not(part):
            return f"not {_sql(part, now, values)}"
        case Is(subject, value):
            return f"({_is(subject, value, now, values)})"
        case FirstContact(order, day):
            return f"((l.first_seen at time zone p.time_zone)::date {order.value} {values.put(day, 'date')})"
        case FirstContactWithin(days):
            return f"(l.first_seen > {now} - make_interval(hours => 24 * {values.put(days, 'integer')}))"
        case FieldIs(name, order, value):
            return f"({_field(name, order, value, values)})"
        case FieldKnown(name):
            known = {"cast": "", "order": "is not", "value": "null"}
            return f"({_FIELD.format(name=values.put(name, 'text'), kinds=_listed(FieldKind), **known)})"
        case Segment(name):
            raise ValueError(f"segment {name} was not put in")
        case _:
            assert_never(wanted)


def _is(subject: Subject, value: str, now: str, values: _Values) -> str:
    match subject:
        case Subject.TAG:
            return _TAG.format(value=values.put(value, "text"))
        case Subject.TOPIC:
            return _TOPIC.format(value=values.put(value, "text"))
        case Subject.ENTRY_POINT:
            return f"coalesce(l.entry_point = {values.put(value, 'text')}, false)"
        case Subject.LANGUAGE:
            return f"{_LANGUAGE} = {values.put(value, 'text')}"
        case Subject.WINDOW:
            margin = f"interval '{int(WINDOW_MARGIN.total_seconds())} seconds'"
            is_open = f"coalesce(l.window_until > greatest({now}, l.newest_event) + {margin}, false)"
            return is_open if value == "open" else f"not {is_open}"
        case _:
            assert_never(subject)


def _field(name: str, order: Order, value: FieldValue, values: _Values) -> str:
    kinds: tuple[FieldKind, ...]
    match value:
        case str():
            kinds, cast, kind = (FieldKind.TEXT, FieldKind.LANGUAGE), "", "text"
        case Decimal():
            kinds, cast, kind = (FieldKind.NUMBER,), "::numeric", "numeric"
        case date():
            kinds, cast, kind = (FieldKind.DATE,), "::date", "date"
        case _:
            assert_never(value)
    if isinstance(value, str) and order is not Order.EQUAL:
        return "false"
    return _FIELD.format(
        name=values.put(name, "text"), kinds=_listed(kinds), cast=cast, order=order.value, value=values.put(value, kind)
    )


def _listed(kinds: Iterable[FieldKind]) -> str:
    return "'{" + ",".join(kinds) + "}'::text[]"


# Of a campaign that exists, or of one that might: number 0 is nobody's.
_OF_CAMPAIGN = "(select page_id, campaign_id, topic from campaign where campaign_id = $3::bigint)"
_OF_TOPIC = "(select $1::text as page_id, 0::bigint as campaign_id, $3::text as topic)"
_PREVIEW = f"""
select reason, count(*) as people, array_agg(lead_id order by lead_id) filter (where place <= $4::integer) as samples
from (
    select reason, lead_id, row_number() over (partition by reason order by lead_id) as place
    from (
        select l.lead_id, {obstacle(NOW)} as reason
        from :campaign c join page p using (page_id) join lead l using (page_id)
        {FACTS}
        where c.page_id = $1 and (:audience)
        offset 0  -- judges each person once, however often the reason is named above
    ) judged
) placed
group by reason order by reason nulls first
"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """People whom a filter chooses, by why they would get nothing now; None for those who would."""

    reason: Reason | None
    people: int
    samples: Sequence[LeadId]


@dataclass(frozen=True, slots=True)
class AudienceStore:
    """Filters as campaigns and segments keep them."""

    database: "Database"

    async def of_campaign(self, tx: "Transaction", page_id: PageId, campaign_id: CampaignId) -> Filter:
        """Whom the campaign speaks to."""
        text = await tx.fetchval(
            "select audience from campaign where page_id = $1 and campaign_id = $2", page_id, campaign_id
        )
        if text is None:
            raise RowMissing(f"campaign {campaign_id}")
        return parse(text)

    async def read(self, tx: "Transaction", page_id: PageId, text: str) -> Filter:
        """The filter of this text, its segments put in; raises AudienceRefused for the text and CampaignRefused for
        names that the Page does not have."""
        wanted = expanded(parse(text), await self._segments(tx, page_id))
        tags = await tx.fetch("select name from tag where page_id = $1", page_id)
        fields = await tx.fetch("select name, kind from field_definition where page_id = $1", page_id)
        faults = faults_of_names(
            wanted,
            tags=frozenset(row["name"] for row in tags),
            fields={row["name"]: FieldKind(row["kind"]) for row in fields},
        )
        if faults:
            raise CampaignRefused(faults)
        return wanted

    async def preview(
        self, tx: "Transaction", page_id: PageId, wanted: Filter, of: CampaignId | Topic, *, now: datetime, samples: int
    ) -> list[Group]:
        """Everybody whom the filter chooses, counted by what stands in the way of this campaign or topic now."""
        chosen, values = condition(wanted, now=NOW, first=5)
        statement = _PREVIEW.replace(":campaign", _OF_CAMPAIGN if isinstance(of, int) else _OF_TOPIC)
        rows = await tx.fetch(
            statement.replace(":audience", chosen), page_id, now, of, samples, *values, timeout=PREVIEW_SECONDS
        )
        return [
            Group(
                reason=row["reason"] and Reason(row["reason"]),
                people=row["people"],
                samples=[LeadId(lead_id) for lead_id in row["samples"] or ()],
            )
            for row in rows
        ]

    async def put_segment(self, tx: "Transaction", page_id: PageId, name: str, text: str) -> Filter:
        """Gives the filter a name, in place of what had it; campaigns that used that one keep their own."""
        wanted = await self.read(tx, page_id, text)
        await tx.execute(
            "insert into segment (page_id, name, audience) values ($1, $2, $3) "
            "on conflict (page_id, name) do update set audience = excluded.audience",
            page_id,
            name,
            printed(wanted),
        )
        return wanted

    async def segments(self, page_id: PageId) -> Mapping[str, str]:
        """Every segment's filter, by name."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "select name, audience from segment where page_id = $1 order by name", page_id
            )
        return {row["name"]: row["audience"] for row in rows}

    async def _segments(self, tx: "Transaction", page_id: PageId) -> Mapping[str, Filter]:
        rows = await tx.fetch("select name, audience from segment where page_id = $1", page_id)
        return {row["name"]: parse(row["audience"]) for row in rows}
