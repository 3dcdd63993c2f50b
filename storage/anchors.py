"""Which checkpoints does something outside of our hands hold, and how does each of these authorities do?

An anchor is kept together with the log record that says so, and never changed. The state beside it is small talk for
operators: when an authority was last asked, when it last answered well, and what kind of thing went wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from domain.proof.record_sections import AnchorMethod

if TYPE_CHECKING:
    from asyncpg import Record

    from storage.database import Transaction

_COLUMNS = (
    "a.anchor_id, a.log_id, a.method, a.authority, a.size, a.note, a.answer, a.anchored_at, a.kept_at, a.record_id"
)
# Every authority that ever kept an anchor has a state, so that each is looked up by index instead of reading them all.
_UPPER = f"""
select a.* from anchor_state s cross join lateral (
    select {_COLUMNS}, e.idx from anchor a join log_entry e on e.entry_id = a.record_id and e.log_id = a.log_id
    where a.log_id = $1 and a.method = s.method and a.authority = s.authority and a.size > $2 and e.idx < $3
    order by a.size, a.anchored_at, a.anchor_id limit 1
) a order by a.method, a.authority
"""  # noqa: S608 - constants of this file
# An anchor's entry comes after all entries it covers, so one whose entry is below the index is smaller than the index.
_LOWER = f"""
select a.* from anchor_state s cross join lateral (
    select {_COLUMNS}, e.idx from anchor a join log_entry e on e.entry_id = a.record_id and e.log_id = a.log_id
    where a.log_id = $1 and a.method = s.method and a.authority = s.authority and a.size < $2 and e.idx < $2
    order by a.size desc, a.anchored_at desc, a.anchor_id limit 1
) a order by a.method, a.authority
"""  # noqa: S608 - constants of this file
_NEWEST = f"""
select a.* from anchor_state s cross join lateral (
    select {_COLUMNS} from anchor a
    where a.log_id = $1 and a.method = s.method and a.authority = s.authority
    order by a.size desc, a.anchored_at desc, a.anchor_id limit 1
) a order by a.method, a.authority
"""  # noqa: S608 - constants of this file
_KEPT = """
insert into anchor_state (method, authority, first_tried_at, last_tried_at, last_kept_at)
values ($1, $2, $3, $3, $3)
on conflict (method, authority) do update set last_tried_at = excluded.last_tried_at,
    last_kept_at = excluded.last_kept_at, failures = 0, error = null
"""
_FAILED = """
insert into anchor_state (method, authority, first_tried_at, last_tried_at, failures, error)
values ($1, $2, $3, $3, 1, $4)
on conflict (method, authority) do update set last_tried_at = excluded.last_tried_at,
    failures = anchor_state.failures + 1, error = excluded.error
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnchor:
    """One checkpoint an authority holds: `note` as it was anchored, `answer` the token of a time-stamp authority."""

    anchor_id: UUID
    log_id: int
    method: AnchorMethod
    authority: str
    size: int
    note: bytes = field(repr=False)
    answer: bytes | None = field(repr=False)
    anchored_at: datetime
    kept_at: datetime
    record_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedAnchor:
    """An anchor whose own record stands in the same log, at `index`."""

    anchor: StoredAnchor
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorState:
    """How an authority does; `error` is the class of the last failure, None since it last went well."""

    method: AnchorMethod
    authority: str
    first_tried_at: datetime
    last_tried_at: datetime
    last_kept_at: datetime | None
    failures: int
    error: str | None


@dataclass(frozen=True, slots=True)
class AnchorStore:
    async def add(self, tx: "Transaction", anchor: StoredAnchor) -> None:
        """Keeps the anchor and that its authority did well; its record must be in log_record already."""
        await tx.execute(
            "insert into anchor (anchor_id, log_id, method, authority, size, note, answer, anchored_at, kept_at, "
            "record_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            anchor.anchor_id,
            anchor.log_id,
            anchor.method,
            anchor.authority,
            anchor.size,
            anchor.note,
            anchor.answer,
            anchor.anchored_at,
            anchor.kept_at,
            anchor.record_id,
        )
        await tx.execute(_KEPT, anchor.method, anchor.authority, anchor.kept_at)

    async def failed(
        self, tx: "Transaction", method: AnchorMethod, authority: str, *, error: str, now: datetime
    ) -> None:
        """Counts a failure; `error` is a class of ours, never a text from outside."""
        await tx.execute(_FAILED, method, authority, now, error)

    async def states(self, tx: "Transaction") -> list[AnchorState]:
        """Every authority that was ever tried."""
        rows = await tx.fetch("select * from anchor_state order by method, authority")
        return [AnchorState(**{**row, "method": AnchorMethod(row["method"])}) for row in rows]

    async def newest(self, tx: "Transaction", log_id: int) -> list[StoredAnchor]:
        """The largest anchor of each method and authority over one log."""
        return [_anchor(row) for row in await tx.fetch(_NEWEST, log_id)]

    async def upper(self, tx: "Transaction", log_id: int, index: int, *, size: int) -> Sequence[PlacedAnchor]:
        """Of each method and authority the earliest anchor that covers the entry at `index`.

        Only anchors whose own record stands within the first `size` entries of the same log.
        """
        return [_placed(row) for row in await tx.fetch(_UPPER, log_id, index, size)]

    async def lower(self, tx: "Transaction", log_id: int, index: int) -> Sequence[PlacedAnchor]:
        """Of each method and authority the latest anchor whose own record stands before `index` in the same log."""
        return [_placed(row) for row in await tx.fetch(_LOWER, log_id, index)]


def _anchor(row: "Record") -> StoredAnchor:
    values = {name: value for name, value in row.items() if name != "idx"}
    return StoredAnchor(**{**values, "method": AnchorMethod(row["method"])})


def _placed(row: "Record") -> PlacedAnchor:
    return PlacedAnchor(anchor=_anchor(row), index=row["idx"])
