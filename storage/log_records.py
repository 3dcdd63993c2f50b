"""What opens the log's entries that concern nobody?

Starts, breaks and keys of logs, anchors, erasures and expiries: records that hold nothing personal stand in clear
beside their nonces, for whoever audits the log. A record and its pending entry are written together.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from domain.proof.entry import commit, leaf_hash
from domain.proof.record import ProofRecord
from domain.proof.record_json import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """A record about nobody: the committed bytes and the nonce that opens its entry."""

    record_id: UUID
    kind: str
    page_id: str | None
    recorded_at: datetime
    record: bytes
    nonce: bytes

    @property
    def leaf(self) -> bytes:
        """The leaf hash of its entry."""
        return leaf_hash(commit(self.record, self.nonce))


@dataclass(frozen=True, slots=True)
class LogRecordStore:
    async def append(self, tx: "Transaction", record: ProofRecord, nonce: bytes) -> LogRecord:
        """Durable with its pending entry when the transaction commits."""
        committed = encode(record)
        row = LogRecord(
            record_id=record.record_id,
            kind=record.kind.value,
            page_id=record.page_id,
            recorded_at=record.received_at,
            record=committed,
            nonce=nonce,
        )
        await tx.execute(
            "insert into log_record (record_id, kind, page_id, recorded_at, record, nonce) "
            "values ($1, $2, $3, $4, $5, $6)",
            row.record_id,
            row.kind,
            row.page_id,
            row.recorded_at,
            row.record,
            row.nonce,
        )
        await tx.execute(
            "insert into log_pending (entry_id, entry) values ($1, $2)", row.record_id, commit(committed, nonce)
        )
        return row

    async def get(self, tx: "Transaction", record_id: UUID) -> LogRecord | None:
        row = await tx.fetchrow("select * from log_record where record_id = $1", record_id)
        return None if row is None else LogRecord(**row)

    async def get_all(self, tx: "Transaction", record_ids: "Sequence[UUID]") -> "dict[UUID, LogRecord]":
        """Those of these records that are here."""
        rows = await tx.fetch("select * from log_record where record_id = any($1)", list(record_ids))
        return {row["record_id"]: LogRecord(**row) for row in rows}

    async def ids_of_kind(self, tx: "Transaction", kind: str, page_id: str) -> "list[UUID]":
        """Ids of the records of this kind about this Page or about no Page, oldest first."""
        rows = await tx.fetch(
            "select record_id from log_record where kind = $1 and (page_id is null or page_id = $2) "
            "order by recorded_at, record_id",
            kind,
            page_id,
        )
        return [row["record_id"] for row in rows]

    async def of_kind(self, tx: "Transaction", kind: str) -> "Sequence[LogRecord]":
        """Every record of this kind, oldest first."""
        rows = await tx.fetch("select * from log_record where kind = $1 order by recorded_at, record_id", kind)
        return [LogRecord(**row) for row in rows]
