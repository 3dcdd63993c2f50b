"""Which rows does a proof need besides its record and its place in the log?

Reads only, each in the order in which a bundle has it, so that an unchanged state gives an unchanged bundle.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from domain.proof.record_sections import RecordKind
from storage.log_records import LogRecord

if TYPE_CHECKING:
    from asyncpg import Record

    from storage.database import Transaction

_LOG_RECORD = "r.record_id, r.kind, r.page_id, r.recorded_at, r.record, r.nonce"
_KEYS = """
select k.log_id, k.vkey from log_key k join log l using (log_id) where k.log_id = any($1)
order by l.year, l.part, k.from_size, k.until nulls last, k.vkey
"""
_KEY_CHANGES = f"""
select {_LOG_RECORD}, e.log_id, e.idx from log_record r join log_entry e on e.entry_id = r.record_id
where r.kind = $2 and e.log_id = any($1) order by r.recorded_at, e.log_id, e.idx
"""  # noqa: S608 - constants of this file
_COSIGNED = """
select size, note from anchor
where log_id = $1 and method = 'witness' and authority = any($4) and size = (
    select size from anchor
    where log_id = $1 and method = 'witness' and authority = any($4) and size > $2 and size <= $3
    order by size desc limit 1)
order by authority, anchored_at, anchor_id
"""
_ENDINGS = f"""
select {_LOG_RECORD} from log_record r where r.kind = any($1) and r.page_id = $2 and r.recorded_at >= $3
order by r.recorded_at, r.record_id
"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """A record that hands a log over to its next key, and where it stands."""

    record: LogRecord
    log_id: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """A checkpoint that witnesses have cosigned; `notes` are the same text, each as one of them holds it."""

    size: int
    notes: Sequence[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProofRows:
    async def keys(self, tx: "Transaction", log_ids: Sequence[int]) -> dict[int, list[str]]:
        """The vkeys of these logs, older logs and older keys first."""
        found: dict[int, list[str]] = {}
        for row in await tx.fetch(_KEYS, log_ids):
            found.setdefault(row["log_id"], []).append(row["vkey"])
        return found

    async def key_changes(self, tx: "Transaction", log_ids: Sequence[int]) -> list[KeyChange]:
        """Every change of a key of these logs that has its place, oldest first."""
        rows = await tx.fetch(_KEY_CHANGES, log_ids, RecordKind.KEY_ROTATED.value)
        return [KeyChange(record=_log_record(row), log_id=row["log_id"], index=row["idx"]) for row in rows]

    async def cosigned(
        self, tx: "Transaction", log_id: int, index: int, *, size: int, witnesses: Sequence[str]
    ) -> Cosigned | None:
        """The largest checkpoint up to this size that covers the index and that one of these witnesses cosigned."""
        rows = await tx.fetch(_COSIGNED, log_id, index, size, list(witnesses))
        return Cosigned(size=rows[0]["size"], notes=[row["note"] for row in rows]) if rows else None

    async def endings(self, tx: "Transaction", page_id: str, since: datetime) -> AsyncIterator[LogRecord]:
        """The erasures and expiries of the Page since then, a few at a time; the transaction stays open meanwhile."""
        kinds = [RecordKind.ERASURE_DONE.value, RecordKind.RECORD_EXPIRED.value]
        async for row in tx.cursor(_ENDINGS, kinds, page_id, since, prefetch=200):
            yield _log_record(row)


def _log_record(row: "Record") -> LogRecord:
    return LogRecord(**{name: row[name] for name in LogRecord.__dataclass_fields__})
