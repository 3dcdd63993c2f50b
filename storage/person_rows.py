"""Which rows of all the tables are about one person, to be shown to them and to be erased?

Reading gives plain values ready for an export; what is sealed is opened here. Erasing counts what went. A lead's key
is destroyed by deleting its row: from then on nothing sealed under it opens, here or in a later backup.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.ids import LeadId, PageId, Psid
from domain.inbox import Arrival
from domain.personal import Pii
from storage.errors import KeyRefused, OpenFailed, RowMissing
from storage.inbox import shard_of
from storage.keyring import KeyMissing
from storage.keys import Keys
from storage.labels import Label

if TYPE_CHECKING:
    from storage.database import Transaction

Row = Mapping[str, Any]
BEGIN_WITHIN = timedelta(seconds=1)

_CONVERSATION = """
select first_seen, newest_event, window_until, human_until, unreachable_since, unreachable_reason, restricted_since,
    erasing_since, dialog as waiting_for, time_zone, entry_point, sent_at as newest_campaign_message
from lead left join lead_sent using (page_id, lead_id) where page_id = $1 and lead_id = $2
"""
_LABELS = """
select 'tag' as kind, name, null as value, since from lead_tag where page_id = $1 and lead_id = $2
union all
select 'field', name, value, null from lead_field where page_id = $1 and lead_id = $2
order by kind, name
"""
_DELIVERIES = """
select c.name as campaign, c.topic, d.state, d.reason, d.rule, d.planned_at, d.sending_at, d.settled_at,
    d.echoed_at, d.error_code,
    (select max(a.asked_at) from delivery_again a where a.page_id = d.page_id and a.campaign_id = d.campaign_id
       and a.lead_id = d.lead_id) as sent_again_at
from delivery d join campaign c using (page_id, campaign_id)
where d.page_id = $1 and d.lead_id = $2 order by d.planned_at, d.seq
"""
_ANSWERS = """
select outbox_id, purpose, state, reason, created_at, sending_at, settled_at, day, message_sealed
from outbox where page_id = $1 and lead_id = $2 order by seq
"""
_TOPICS = """
select topic, state, event_time, notice_version from lead_topic where page_id = $1 and lead_id = $2 order by topic
"""
_WAITING = """
select received_on, event_key, event_time, received_at, event_sealed from inbox
where page_id = $1 and person = $2 and shard = $3 order by event_time, item_id
"""
_SET_ASIDE = """
select item_id, day, received_at, reason, event_sealed from inbox_set_aside
where page_id = $1 and reason <> 'storage.open_failed' order by received_at, item_id
"""
_NOTICES = """
select distinct n.version, n.language, n.published_at, encode(n.sha256, 'hex') as sha256, n.body
from notice n join consent_record r using (page_id)
where n.page_id = $1 and r.lead_id = $2 and n.version = r.notice_version and n.language = any($3::text[])
order by n.version, n.language
"""
_COUNTS = """
select
    (select count(*) from outbox where page_id = $1 and lead_id = $2)
        + (select count(*) from inbox where page_id = $1 and person = $3 and shard = $4) as messages,
    (select count(*) from consent_record where page_id = $1 and lead_id = $2 and record_sealed is not null) as records,
    (select count(*) from delivery where page_id = $1 and lead_id = $2) as deliveries,
    (select count(*) from export_archive join data_request using (page_id, request_id)
     where page_id = $1 and lead_id = $2) as files
"""
_PUT_TOMBSTONE = """
insert into tombstone (page_id, handle, erased_at) values ($1, $2, $3)
on conflict (page_id, handle) do update set erased_at = greatest(tombstone.erased_at, excluded.erased_at)
"""
_SENDING = """
select exists (select from delivery where page_id = $1 and lead_id = $2 and state = 'sending'
                 and sending_at > clock_timestamp() - $3::interval)
    or exists (select from outbox where page_id = $1 and lead_id = $2 and state = 'sending'
                 and sending_at > clock_timestamp() - $3::interval)
"""


@dataclass(frozen=True, slots=True)
class PersonRows:
    keys: Keys

    # What is kept

    async def conversation(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> Row:
        """The times and states that are kept in clear."""
        row = await tx.fetchrow(_CONVERSATION, page_id, lead_id)
        if row is None:
            raise RowMissing("a lead that is locked by the caller")
        return dict(row)

    async def topics(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> list[Row]:
        """The standing answers, by topic."""
        return [dict(row) for row in await tx.fetch(_TOPICS, page_id, lead_id)]

    async def labels(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> list[Row]:
        """The tags the person has, and their values of declared fields."""
        return [dict(row) for row in await tx.fetch(_LABELS, page_id, lead_id)]

    async def deliveries(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> list[Row]:
        """Every campaign message that was planned for the person, and what became of it."""
        return [dict(row) for row in await tx.fetch(_DELIVERIES, page_id, lead_id)]

    async def answers(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> list[Row]:
        """The bot's answers of the last days; their words only while these wait to be sent."""
        found: list[Row] = []
        for row in await tx.fetch(_ANSWERS, page_id, lead_id):
            fields = dict(row)
            sealed, day, row_id = fields.pop("message_sealed"), fields.pop("day"), fields.pop("outbox_id")
            opened = sealed and await self._open_day(tx, day, Label.OUTBOX_MESSAGE, row_id.bytes, sealed)
            fields["message"] = json.loads(opened)["message"] if opened else None
            # A purpose may carry ids after its first word.
            fields["purpose"] = fields["purpose"].partition("/")[0]
            found.append(fields)
        return found

    async def waiting(self, tx: "Transaction", page_id: PageId, person: bytes) -> list[Row]:
        """Events that have arrived from the person and are not handled yet, in the platform's own words."""
        found: list[Row] = []
        for row in await tx.fetch(_WAITING, page_id, person, shard_of(person)):
            opened = await self._open_day(
                tx, row["received_on"], Label.INBOX_EVENT, row["event_key"], row["event_sealed"]
            )
            event = opened and Arrival.decode(opened).raw.reveal("show the person their waiting event")
            found.append(
                {
                    "event_time": row["event_time"],
                    "received_at": row["received_at"],
                    "event": event and event.decode(errors="replace"),
                }
            )
        return found

    async def set_aside(self, tx: "Transaction", page_id: PageId, psid: Pii[Psid]) -> list[tuple[UUID, Row]]:
        """Events that nobody could handle and that name the person, with their ids; all of the Page are opened."""
        name = psid.reveal("find the person's events among those set aside").encode()
        found: list[tuple[UUID, Row]] = []
        for row in await tx.fetch(_SET_ASIDE, page_id):
            label, row_id = Label.INBOX_BROKEN, row["item_id"]
            opened = await self._open_day(tx, row["day"], label, row_id.bytes, row["event_sealed"])
            event = opened and _event_in(opened)
            if event and name in event:
                shown = {"received_at": row["received_at"], "reason": row["reason"]}
                found.append((row_id, {**shown, "event": event.decode(errors="replace")}))
        return found

    async def notices(
        self, tx: "Transaction", page_id: PageId, lead_id: LeadId, languages: Collection[str]
    ) -> list[Row]:
        """The notice versions that the person's records refer to, in these languages, word for word."""
        return [dict(row) for row in await tx.fetch(_NOTICES, page_id, lead_id, list(languages))]

    async def suppression(self, tx: "Transaction", page_id: PageId, handle: bytes) -> Row | None:
        """The standing "never send", if there is one."""
        row = await tx.fetchrow(
            "select reason, since from suppression where page_id = $1 and handle = $2", page_id, handle
        )
        return row and dict(row)

    async def tombstone(self, tx: "Transaction", page_id: PageId, psid: Pii[Psid]) -> Row | None:
        """The mark of an earlier erasure, while it is kept."""
        row = await tx.fetchrow(
            "select erased_at from tombstone where page_id = $1 and handle = $2",
            page_id,
            self.keys.tombstone(page_id, psid),
        )
        return row and dict(row)

    async def counts(self, tx: "Transaction", page_id: PageId, lead_id: LeadId, person: bytes) -> dict[str, int]:
        """How many messages, records, deliveries and files there are."""
        row = await tx.fetchrow(_COUNTS, page_id, lead_id, person, shard_of(person))
        if row is None:
            raise RowMissing("a count")
        return dict(row)

    async def _open_day(self, tx: "Transaction", day: Any, label: Label, row_id: bytes, sealed: bytes) -> bytes | None:
        try:
            return (await self.keys.day_key(tx, day)).open(label, row_id, sealed)
        except (KeyMissing, KeyRefused, OpenFailed):
            return None  # the key of that day is gone, so nobody can read it, and there is nothing to show

    # What goes

    async def destroy(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> int:
        """Deletes the lead and its key; 1, or 0 when they were gone. Nothing sealed for the person opens any more."""
        await tx.execute("delete from lead_key where page_id = $1 and lead_id = $2", page_id, lead_id)
        return _count(await tx.execute("delete from lead where page_id = $1 and lead_id = $2", page_id, lead_id))

    async def put_tombstone(self, tx: "Transaction", page_id: PageId, psid: Pii[Psid], erased_at: datetime) -> None:
        """Marks the person as erased, for events of before that are still on their way."""
        await tx.execute(_PUT_TOMBSTONE, page_id, self.keys.tombstone(page_id, psid), erased_at)

    async def erased_at(self, tx: "Transaction", page_id: PageId, psid: Pii[Psid]) -> datetime | None:
        """Up to when the person's events count as erased; None when they were not erased lately."""
        row = await self.tombstone(tx, page_id, psid)
        return None if row is None else row["erased_at"]

    async def erased_among(self, tx: "Transaction", page_id: PageId, psids: Sequence[Pii[Psid]]) -> list[bool]:
        """Of each of these people, in order, whether they were erased lately."""
        handles = [self.keys.tombstone(page_id, psid) for psid in psids]
        rows = await tx.fetch(
            "select handle from tombstone where page_id = $1 and handle = any($2::bytea[])", page_id, handles
        )
        erased = {row["handle"] for row in rows}
        return [handle in erased for handle in handles]

    async def delete_topics(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> int:
        """Deletes the standing answers."""
        return _count(await tx.execute("delete from lead_topic where page_id = $1 and lead_id = $2", page_id, lead_id))

    async def delete_labels(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> int:
        """Takes every tag and every field value away; how many."""
        tags = await tx.execute("delete from lead_tag where page_id = $1 and lead_id = $2", page_id, lead_id)
        fields = await tx.execute("delete from lead_field where page_id = $1 and lead_id = $2", page_id, lead_id)
        return _count(tags) + _count(fields)

    async def delete_newest_sent(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> int:
        """Deletes when the newest campaign message left."""
        return _count(await tx.execute("delete from lead_sent where page_id = $1 and lead_id = $2", page_id, lead_id))

    async def delete_waiting(self, tx: "Transaction", page_id: PageId, person: bytes, until: datetime) -> int:
        """Deletes waiting events up to then; a newer one is a new start of the person and stays."""
        return _count(
            await tx.execute(
                "delete from inbox where page_id = $1 and person = $2 and event_time <= $3 and shard = $4",
                page_id,
                person,
                until,
                shard_of(person),
            )
        )

    async def delete_set_aside(self, tx: "Transaction", page_id: PageId, psid: Pii[Psid]) -> int:
        """Deletes events that nobody could handle and that name the person."""
        ids = [item_id for item_id, _ in await self.set_aside(tx, page_id, psid)]
        await tx.execute("delete from inbox_set_aside where page_id = $1 and item_id = any($2::uuid[])", page_id, ids)
        return len(ids)

    async def delete_answers(self, tx: "Transaction", page_id: PageId, lead_id: LeadId, keep: Collection[str]) -> int:
        """Deletes answers that are settled, except of these purposes; those on their way are empty already."""
        return _count(
            await tx.execute(
                "delete from outbox where page_id = $1 and lead_id = $2 and purpose <> all($3::text[]) "
                "and state in ('sent', 'refused', 'dropped')",
                page_id,
                lead_id,
                list(keep),
            )
        )

    async def is_quiet(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> bool:
        """Whether no call to this person can still begin: what was claimed before has left or was given back."""
        return not await tx.fetchval(_SENDING, page_id, lead_id, BEGIN_WITHIN)


def _event_in(opened: bytes) -> bytes:
    try:
        return Arrival.decode(opened).raw.reveal("look whose event was set aside")
    except (ValueError, KeyError, TypeError):
        return opened  # what could not be understood was kept as it came


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])
