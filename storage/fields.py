"""Which fields were declared, and what is known of whom in them?

Their values stand in clear, because campaigns choose by them: so each is declared first, with its purpose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.audience import FieldKind, FieldValue
from domain.ids import LeadId, PageId
from storage.errors import StorageError

if TYPE_CHECKING:
    from storage.database import Database, Transaction

# Of another kind than before, what is stored would mean something else.
_DECLARE = """
insert into field_definition (page_id, name, kind, purpose, declared_at) values ($1, $2, $3, $4, $5)
on conflict (page_id, name) do update set purpose = excluded.purpose
where field_definition.kind = excluded.kind
returning true
"""
# The row is locked, so an erasure that runs at the same time either takes the value away or keeps it out.
_PUT = """
with known as (select lead_id from lead where page_id = $1 and lead_id = $3 for share)
insert into lead_field (page_id, name, lead_id, value) select $1, $2, lead_id, $4 from known
on conflict (page_id, name, lead_id) do update set value = excluded.value
returning true
"""


class FieldOfOtherKind(StorageError):
    """The field was declared with another kind before."""

    code = "storage.field_of_other_kind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    name: str
    kind: FieldKind
    purpose: str


@dataclass(frozen=True, slots=True)
class FieldStore:
    database: "Database"

    async def declare(self, tx: "Transaction", page_id: PageId, field: Field, *, now: datetime) -> None:
        """Declares the field, or words its purpose anew; raises FieldOfOtherKind."""
        if not await tx.fetchval(_DECLARE, page_id, field.name, field.kind, field.purpose, now):
            raise FieldOfOtherKind(f"field {field.name} holds another kind of value already; choose another name")

    async def all(self, tx: "Transaction", page_id: PageId) -> Mapping[str, Field]:
        """The declared fields of the Page, by name."""
        rows = await tx.fetch(
            "select name, kind, purpose from field_definition where page_id = $1 order by name", page_id
        )
        return {
            row["name"]: Field(name=row["name"], kind=FieldKind(row["kind"]), purpose=row["purpose"]) for row in rows
        }

    async def put(self, tx: "Transaction", page_id: PageId, lead_id: LeadId, name: str, value: FieldValue) -> bool:
        """Keeps the value of a declared field; False when the lead is not known or was erased."""
        return bool(await tx.fetchval(_PUT, page_id, name, lead_id, _stored(value)))

    async def clear(self, tx: "Transaction", page_id: PageId, lead_id: LeadId, name: str) -> None:
        """Forgets the value."""
        await tx.execute(
            "delete from lead_field where page_id = $1 and name = $2 and lead_id = $3", page_id, name, lead_id
        )


def _stored(value: FieldValue) -> str:
    match value:
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case _:
            return value
