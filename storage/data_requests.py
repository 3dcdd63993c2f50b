"""Who asked for their data or its erasure, until when is an answer due, and how far did it get?

A row says that somebody asked, when, and what was done; never what was in the data. When a person is erased their rows
lose the lead's id and stay as the account that is owed for it.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.data_request import DataRequest, RequestKind, RequestSource, RequestState
from domain.ids import LeadId, PageId
from storage.errors import StorageError

if TYPE_CHECKING:
    from storage.database import Database, Transaction

_COLUMNS = """
page_id, request_id, lead_id, kind, source, state, reason, received_at, due_at, completed_at, status_hash, steps
"""
_ADD = """
insert into data_request (page_id, request_id, lead_id, kind, source, state, reason, received_at, due_at, status_hash)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing
"""
_MOVE = """
update data_request set state = $3, reason = coalesce($4, reason), completed_at = $5
where page_id = $1 and request_id = $2 and state = any($6::text[])
returning true
"""
_OPEN = "('pending', 'in_progress')"
_STEPS: Mapping[RequestState, tuple[RequestState, ...]] = {
    RequestState.IN_PROGRESS: (RequestState.PENDING, RequestState.IN_PROGRESS),
    RequestState.COMPLETED: (RequestState.IN_PROGRESS,),
    RequestState.REFUSED: (RequestState.PENDING,),
    RequestState.CANCELLED: (RequestState.PENDING, RequestState.IN_PROGRESS),
}


class RequestMoved(StorageError):
    """The request is not in a state from which it can go there: somebody else was first, or it is over."""

    code = "storage.request_moved"

    def __init__(self, request_id: UUID, target: RequestState) -> None:
        super().__init__(f"request {request_id} cannot become {target.value} from its present state; look at it again")
        self.target = target


@dataclass(frozen=True, slots=True)
class DataRequestStore:
    database: "Database"

    async def add(self, tx: "Transaction", request: DataRequest) -> bool:
        """Stores the request; False when one with this id is there already."""
        status = await tx.execute(
            _ADD,
            request.page_id,
            request.request_id,
            request.lead_id,
            request.kind.value,
            request.source.value,
            request.state.value,
            request.reason,
            request.received_at,
            request.due_at,
            request.status_hash,
        )
        return bool(status.endswith(" 1"))

    async def get(self, tx: "Transaction", request_id: UUID) -> DataRequest | None:
        """The request with this id, locked until the transaction ends."""
        row = await tx.fetchrow(
            f"select {_COLUMNS} from data_request where request_id = $1 for update",  # noqa: S608 - only our own names
            request_id,
        )
        return row and _request(row)

    async def find_open(
        self, tx: "Transaction", page_id: PageId, lead_id: LeadId, request_id: UUID
    ) -> DataRequest | None:
        """This person's request while it can still be confirmed or taken back, locked until the transaction ends."""
        row = await tx.fetchrow(
            f"select {_COLUMNS} from data_request where page_id = $1 and lead_id = $2 and request_id = $3 "  # noqa: S608
            "and state = 'pending' for update",
            page_id,
            lead_id,
            request_id,
        )
        return row and _request(row)

    async def open_of_kind(
        self, tx: "Transaction", page_id: PageId, lead_id: LeadId, kind: RequestKind
    ) -> DataRequest | None:
        """The person's request of this kind that is not answered yet, the oldest if there are several."""
        row = await tx.fetchrow(
            f"select {_COLUMNS} from data_request where page_id = $1 and lead_id = $2 and kind = $3 "  # noqa: S608
            f"and state in {_OPEN} order by received_at limit 1",
            page_id,
            lead_id,
            kind.value,
        )
        return row and _request(row)

    async def by_status(self, tx: "Transaction", status_hash: bytes) -> DataRequest | None:
        """The request whose status code has this hash."""
        row = await tx.fetchrow(
            f"select {_COLUMNS} from data_request where status_hash = $1",  # noqa: S608
            status_hash,
        )
        return row and _request(row)

    async def of_lead(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> list[DataRequest]:
        """Everything this person asked for, oldest first."""
        rows = await tx.fetch(
            f"select {_COLUMNS} from data_request where page_id = $1 and lead_id = $2 "  # noqa: S608
            "order by received_at, request_id",
            page_id,
            lead_id,
        )
        return [_request(row) for row in rows]

    async def listed(self, tx: "Transaction", page_id: PageId | None, *, open_only: bool) -> list[DataRequest]:
        """Requests of the Page, or of all, the next due first."""
        rows = await tx.fetch(
            f"select {_COLUMNS} from data_request where ($1::text is null or page_id = $1) "  # noqa: S608
            f"and (not $2 or state in {_OPEN}) order by due_at, request_id",
            page_id,
            open_only,
        )
        return [_request(row) for row in rows]

    async def unfinished(self, tx: "Transaction", kind: RequestKind) -> list[UUID]:
        """Ids of the requests of this kind that were begun and not completed, oldest first."""
        rows = await tx.fetch(
            "select request_id from data_request where kind = $1 and state = 'in_progress' order by received_at",
            kind.value,
        )
        return [row["request_id"] for row in rows]

    async def move(
        self,
        tx: "Transaction",
        request: DataRequest,
        target: RequestState,
        *,
        now: datetime,
        reason: str | None = None,
    ) -> None:
        """Changes the state where the old one allows it; raises RequestMoved where it does not."""
        over = target not in {RequestState.PENDING, RequestState.IN_PROGRESS}
        moved = await tx.fetchval(
            _MOVE,
            request.page_id,
            request.request_id,
            target.value,
            reason,
            now if over else None,
            [state.value for state in _STEPS[target]],
        )
        if not moved:
            raise RequestMoved(request.request_id, target)

    async def cancel(self, tx: "Transaction", page_id: PageId, request_id: UUID, *, now: datetime) -> bool:
        """Closes a request that its person took back; False when it was confirmed or over already."""
        status = await tx.execute(
            "update data_request set state = 'cancelled', reason = 'taken_back', completed_at = $3 "
            "where page_id = $1 and request_id = $2 and state = 'pending'",
            page_id,
            request_id,
            now,
        )
        return bool(status.endswith(" 1"))

    async def postpone(self, tx: "Transaction", request: DataRequest, due_at: datetime) -> None:
        """Sets a later due time; the caller decided that it may."""
        await tx.execute(
            "update data_request set due_at = $3 where page_id = $1 and request_id = $2",
            request.page_id,
            request.request_id,
            due_at,
        )

    async def note(self, tx: "Transaction", request: DataRequest, steps: Mapping[str, Any]) -> None:
        """Adds these steps to what is noted of the request; equal names are overwritten."""
        await tx.execute(
            "update data_request set steps = steps || $3::jsonb where page_id = $1 and request_id = $2",
            request.page_id,
            request.request_id,
            json.dumps(dict(steps)),
        )

    async def forget(self, tx: "Transaction", request: DataRequest, names: Collection[str]) -> None:
        """Removes these steps from what is noted."""
        await tx.execute(
            "update data_request set steps = steps - $3::text[] where page_id = $1 and request_id = $2",
            request.page_id,
            request.request_id,
            list(names),
        )

    async def detach(self, tx: "Transaction", page_id: PageId, lead_id: LeadId) -> int:
        """Takes the person's id off all their requests, and closes those that wait; how many there were."""
        status = await tx.execute(
            "update data_request set lead_id = null, "
            "state = case when state = 'pending' then 'cancelled' else state end, "
            "reason = case when state = 'pending' then 'erased' else reason end "
            "where page_id = $1 and lead_id = $2",
            page_id,
            lead_id,
        )
        return int(status.rpartition(" ")[2])

    async def cancel_unconfirmed(self, tx: "Transaction", *, before: datetime, now: datetime) -> int:
        """Closes requests that were put to the person, were never confirmed and were opened before then; how many.

        One that could not be put to them, because a human held the thread, stays open for an operator.
        """
        status = await tx.execute(
            "update data_request set state = 'cancelled', reason = 'not_confirmed', completed_at = $2 "
            "where state = 'pending' and source = 'chat' and steps ? 'asked' and received_at < $1",
            before,
            now,
        )
        return int(status.rpartition(" ")[2])


def _request(row: Any) -> DataRequest:
    lead_id = row["lead_id"]
    return DataRequest(
        page_id=PageId(row["page_id"]),
        request_id=row["request_id"],
        lead_id=None if lead_id is None else LeadId(lead_id),
        kind=RequestKind(row["kind"]),
        source=RequestSource(row["source"]),
        state=RequestState(row["state"]),
        reason=row["reason"],
        received_at=row["received_at"],
        due_at=row["due_at"],
        completed_at=row["completed_at"],
        status_hash=row["status_hash"],
        steps=json.loads(row["steps"]),
    )
