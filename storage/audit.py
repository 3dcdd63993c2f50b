"""Who answers for what operators looked at, handed out or put right?

A list that is only ever added to, each entry chained to the one before (domain/audit.py). The reason an operator gave
may name somebody: it is sealed under the key of the installation.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from domain.audit import FIRST, AuditAction, AuditEntry, chain_hash
from storage.keys import Keys
from storage.labels import Label

if TYPE_CHECKING:
    from storage.database import Transaction

_APPEND = """
insert into audit_entry (seq, at, action, page_id, subject, reason_sealed, previous, hash)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_COLUMNS = "seq, at, action, page_id, subject, reason_sealed, previous, hash"


@dataclass(frozen=True, slots=True)
class AuditStore:
    keys: Keys

    async def append(
        self, tx: "Transaction", action: AuditAction, subject: str, reason: str, *, now: datetime, page_id: str | None
    ) -> AuditEntry:
        """Durable when the caller's transaction commits, together with what it is about."""
        # Two writers would chain to the same entry.
        await tx.execute("lock table audit_entry in exclusive mode")
        newest = await tx.fetchrow("select seq, hash from audit_entry order by seq desc limit 1")
        seq, previous = (1, FIRST) if newest is None else (newest["seq"] + 1, newest["hash"])
        sealed = self.keys.system.seal(Label.AUDIT_REASON, seq.to_bytes(8, "big"), reason.encode())
        made = chain_hash(
            previous,
            seq=seq,
            at=now,
            action=action.value,
            page_id=page_id,
            subject=subject,
            reason_sealed=sealed,
        )
        await tx.execute(_APPEND, seq, now, action.value, page_id, subject, sealed, previous, made)
        return AuditEntry(
            seq=seq,
            at=now,
            action=action.value,
            page_id=page_id,
            subject=subject,
            reason_sealed=sealed,
            previous=previous,
            hash=made,
        )

    def entries(self, tx: "Transaction") -> AsyncIterator[AuditEntry]:
        """Every entry in order."""
        return audit_entries(tx)

    def reason(self, entry: AuditEntry) -> str:
        """What the operator gave as reason; raises OpenFailed when it was altered."""
        return self.keys.system.open(Label.AUDIT_REASON, entry.seq.to_bytes(8, "big"), entry.reason_sealed).decode()


async def audit_entries(tx: "Transaction") -> AsyncIterator[AuditEntry]:
    """Every entry in order, a few at a time; the transaction must stay open meanwhile."""
    async for row in tx.cursor(f"select {_COLUMNS} from audit_entry order by seq", prefetch=500):  # noqa: S608
        yield AuditEntry(**row)
