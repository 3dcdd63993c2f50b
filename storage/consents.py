"""What did a person do, as records that are only ever added?

Each record is committed bytes, sealed under the person's key together with the nonce that opens its log entry, and
what is kept of the platform's delivery: all of it where it concerns one person only, else the one event. The commitment
goes into the log's waiting list in the same transaction: a fact without its entry, or an entry without its fact, cannot
exist.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.consent import ConsentAct, TopicConsent
from domain.ids import LeadId, PageId, Topic
from domain.proof.endings import EntryPlaces
from domain.proof.entry import NONCE_BYTES, leaf_hash
from storage.errors import RowMissing
from storage.labels import Label

if TYPE_CHECKING:
    from storage.database import Transaction
    from storage.sealing import DataKey

_APPEND = """
insert into consent_record (page_id, record_id, lead_id, kind, topic, event_time, received_at, notice_version,
                            record_sealed, nonce_sealed, raw_sealed)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
# One statement sees each entry either waiting or in its place, whatever the sequencer does meanwhile.
_PLACES = """
select l.origin, e.idx, p.entry
from consent_record r
left join log_entry e on e.entry_id = r.record_id
left join log l using (log_id)
left join log_pending p on p.entry_id = r.record_id
where r.page_id = $1 and r.lead_id = $2
order by l.log_id, e.idx
"""
# Page by Page: every key of the table begins with the Page, and an index of its own would cost each act a write.
_OWNER = """
select r.page_id, r.lead_id, r.kind from page p cross join lateral (
    select page_id, lead_id, kind from consent_record where page_id = p.page_id and record_id = $1 limit 1
) r
"""
_PUT_TOPIC = """
insert into lead_topic (page_id, lead_id, topic, state, event_time, notice_version, record_id)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (page_id, lead_id, topic) do update
set state = excluded.state, event_time = excluded.event_time, notice_version = excluded.notice_version,
    record_id = excluded.record_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecord:
    """One act as stored: `record` are the committed bytes, `nonce` opens its log entry.

    `raw` is what is kept of the platform's delivery, `raw_nonce` opens the record's commitment to it.
    """

    page_id: PageId
    record_id: UUID
    lead_id: LeadId
    kind: str
    topic: Topic | None
    event_time: datetime
    received_at: datetime
    notice_version: int | None
    record: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    raw: bytes | None = field(default=None, repr=False)
    raw_nonce: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ConsentStore:
    async def append(self, tx: "Transaction", key: "DataKey", record: ConsentRecord, entry: bytes) -> None:
        """Durable with its pending log entry when the transaction commits; raises Conflict for a second start."""
        row_id = record.record_id.bytes
        await tx.execute(
            _APPEND,
            record.page_id,
            record.record_id,
            record.lead_id,
            record.kind,
            record.topic,
            record.event_time,
            record.received_at,
            record.notice_version,
            key.seal(Label.PROOF_RECORD, row_id, record.record),
            key.seal(Label.PROOF_NONCE, row_id, record.nonce),
            # The nonce goes with what it opens: when this is emptied nobody can try guesses at what it was.
            None if record.raw is None else key.seal(Label.PROOF_RAW, row_id, (record.raw_nonce or b"") + record.raw),
        )
        await self.pend(tx, record.record_id, entry)

    async def pend(self, tx: "Transaction", entry_id: UUID, entry: bytes) -> None:
        """Puts a commitment into the log's waiting list; it gets its index from the sequencer."""
        await tx.execute("insert into log_pending (entry_id, entry) values ($1, $2)", entry_id, entry)

    async def of_lead(self, tx: "Transaction", key: "DataKey", page_id: PageId, lead_id: LeadId) -> list[ConsentRecord]:
        """Every record of the person, opened, oldest first."""
        rows = await tx.fetch(
            "select * from consent_record where page_id = $1 and lead_id = $2 order by received_at, record_id",
            page_id,
            lead_id,
        )
        return [_opened(key, row) for row in rows if row["record_sealed"] is not None]

    async def find(self, tx: "Transaction", key: "DataKey", page_id: PageId, record_id: UUID) -> ConsentRecord | None:
        """One record, opened; None when it is not there or was erased."""
        row = await tx.fetchrow(
            "select * from consent_record where page_id = $1 and record_id = $2", page_id, record_id
        )
        return _opened(key, row) if row is not None and row["record_sealed"] is not None else None

    async def owner_of(self, tx: "Transaction", record_id: UUID) -> tuple[PageId, LeadId, str] | None:
        """Page, lead and kind of a record; None when there is no such record."""
        row = await tx.fetchrow(_OWNER, record_id)
        return row and (PageId(row["page_id"]), LeadId(row["lead_id"]), row["kind"])

    async def received_at(self, tx: "Transaction", page_id: PageId, record_id: UUID) -> datetime:
        """When the act was received, known also of a record that was erased; raises RowMissing for no such record."""
        found: datetime | None = await tx.fetchval(
            "select received_at from consent_record where page_id = $1 and record_id = $2", page_id, record_id
        )
        if found is None:
            raise RowMissing("a record of an act")
        return found

    async def ids_of_kind(self, tx: "Transaction", page_id: PageId, kind: str) -> list[UUID]:
        """The ids of the Page's records of this kind that can still be opened, oldest first."""
        rows = await tx.fetch(
            "select record_id from consent_record where page_id = $1 and kind = $2 and record_sealed is not null "
            "order by received_at, record_id",
            page_id,
            kind,
        )
        return [row["record_id"] for row in rows]

    async def newest_id(self, tx: "Transaction", page_id: PageId, lead_id: LeadId, kind: str) -> UUID | None:
        """The id of the person's newest record of this kind."""
        found: UUID | None = await tx.fetchval(
            "select record_id from consent_record where page_id = $1 and lead_id = $2 and kind = $3 "
            "order by event_time desc, received_at desc limit 1",
            page_id,
            lead_id,
            kind,
        )
        return found

    async def places_of_lead(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> EntryPlaces:
        """Where the entries of all the person's records stand, those that still wait by their leaf hash."""
        indexes: dict[str, list[int]] = {}
        waiting: list[bytes] = []
        for row in await tx.fetch(_PLACES, page_id, lead_id):
            if row["origin"] is not None:
                indexes.setdefault(row["origin"], []).append(row["idx"])
            elif row["entry"] is not None:
                waiting.append(leaf_hash(row["entry"]))
        return EntryPlaces(indexes=indexes, waiting=waiting)

    async def topics(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> dict[Topic, TopicConsent]:
        """The standing answer of the person for each topic they were asked about."""
        rows = await tx.fetch(
            "select topic, state, event_time from lead_topic where page_id = $1 and lead_id = $2",
            page_id,
            lead_id,
        )
        return {
            Topic(row["topic"]): TopicConsent(
                topic=Topic(row["topic"]), act=ConsentAct(row["state"]), event_time=row["event_time"]
            )
            for row in rows
        }

    async def put_topic(
        self,
        tx: "Transaction",
        page_id: PageId,
        lead_id: LeadId,
        consent: TopicConsent,
        *,
        notice_version: int | None,
        record_id: UUID,
    ) -> None:
        """Makes this the standing answer; the caller decided that it outweighs the one before."""
        await tx.execute(
            _PUT_TOPIC,
            page_id,
            lead_id,
            consent.topic,
            consent.act.value,
            consent.event_time,
            notice_version,
            record_id,
        )

    async def destroy_raw(self, tx: "Transaction", page_id: PageId, record_id: UUID) -> None:
        """Empties the kept raw delivery of one record; the record itself stands."""
        await tx.execute(
            "update consent_record set raw_sealed = null where page_id = $1 and record_id = $2", page_id, record_id
        )

    async def destroy_openings(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> int:
        """Empties the sealed parts of the person's records and says of how many; the log keeps its commitments."""
        status = await tx.execute(
            "update consent_record set record_sealed = null, nonce_sealed = null, raw_sealed = null "
            "where page_id = $1 and lead_id = $2 and record_sealed is not null",
            page_id,
            lead_id,
        )
        return int(status.rpartition(" ")[2])


def _opened(key: "DataKey", row: Any) -> ConsentRecord:
    row_id = row["record_id"].bytes
    raw = row["raw_sealed"]
    opened = b"" if raw is None else key.open(Label.PROOF_RAW, row_id, raw)
    return ConsentRecord(
        page_id=PageId(row["page_id"]),
        record_id=row["record_id"],
        lead_id=LeadId(row["lead_id"]),
        kind=row["kind"],
        topic=row["topic"] and Topic(row["topic"]),
        event_time=row["event_time"],
        received_at=row["received_at"],
        notice_version=row["notice_version"],
        record=key.open(Label.PROOF_RECORD, row_id, row["record_sealed"]),
        nonce=key.open(Label.PROOF_NONCE, row_id, row["nonce_sealed"]),
        raw=None if raw is None else opened[NONCE_BYTES:],
        raw_nonce=None if raw is None else opened[:NONCE_BYTES],
    )
