"""What names the entries that a restore has left without what opens them?

The erasure that destroyed their openings is younger than the restored log, so the log does not know it. An operator
says so, with a reason: a record names the entries, and an entry in the list of what operators do says who answers for
it. Only entries whose row is still there are named; for a row that is gone nobody can say anything.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.audit import AuditAction
from domain.ids import PageId
from domain.page import Page
from domain.proof.coverage import Coverage, LogAccount, Place
from domain.proof.endings import EntryPlaces, endings
from domain.proof.entry import NONCE_BYTES, leaf_hash
from domain.proof.record import ProofRecord
from domain.proof.record_json import decode
from domain.proof.record_sections import Controller, EntryPoint, RecordKind, TimeUnit
from storage.database import Transaction
from storage.errors import RowMissing
from storage.log_reader import LogReader
from storage.store import Store

ENDS = (RecordKind.ERASURE_DONE, RecordKind.RECORD_EXPIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounted:
    """How many entries were named, in which records."""

    entries: int
    records: tuple[UUID, ...]


@dataclass(slots=True)
class _PagePlaces:
    """Entries of one Page that nothing names yet."""

    indexes: dict[str, list[int]] = field(default_factory=dict)
    waiting: list[bytes] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.waiting) + sum(len(found) for found in self.indexes.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounting:
    """Names what nobody can open and nothing names."""

    store: Store
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]

    async def account(self, reason: str) -> Accounted:
        """Everything or nothing is written; a second call finds nothing left."""
        now = self.clock()
        pages = {page.page_id: page for page in await self.store.pages.all()}
        async with self.store.database.transaction() as tx:
            # One picture for both questions: an erasure that commits meanwhile must not be named twice.
            await tx.execute("set transaction isolation level repeatable read")
            found = await self._unnamed(tx)
            records: list[UUID] = []
            for page_id, places in sorted(found.items()):
                page = pages.get(page_id)
                if page is None:
                    raise RowMissing("the Page of a record")
                records += await self._name(tx, page, places, reason, now)
        return Accounted(entries=sum(places.count for places in found.values()), records=tuple(records))

    async def _unnamed(self, tx: Transaction) -> dict[PageId, _PagePlaces]:
        reader = LogReader(tx)
        logs = await reader.logs()
        numbers = {log.log_id: number for number, log in enumerate(logs)}
        coverage = Coverage([LogAccount.of(log.origin, log.size) for log in logs])
        for kind in ENDS:
            for row in await self.store.log_records.of_kind(tx, kind.value):
                said = decode(row.record)
                for _ in coverage.name(coverage.behind, said.destroyed, said.waiting):
                    continue  # what it cannot name is for the audit to say
        found: dict[PageId, _PagePlaces] = {}
        async for row in reader.closed():
            leaf = leaf_hash(row["entry"] or row["pending"] or b"")
            place = None if row["idx"] is None else Place(numbers[row["log_id"]], row["idx"])
            if leaf in coverage.awaited or (place is not None and coverage.is_named(place)):
                continue
            places = found.setdefault(PageId(row["page_id"]), _PagePlaces())
            if place is not None:
                places.indexes.setdefault(logs[place.log].origin, []).append(place.index)
            elif row["pending"] is not None:
                places.waiting.append(leaf)
        return {page_id: places for page_id, places in found.items() if places.count}

    async def _name(self, tx: Transaction, page: Page, places: _PagePlaces, reason: str, now: datetime) -> list[UUID]:
        named: list[UUID] = []
        for ending in endings(EntryPlaces(indexes=places.indexes, waiting=places.waiting)):
            record = ProofRecord(
                kind=RecordKind.RECORD_EXPIRED,
                record_id=UUID(bytes=self.random_bytes(16), version=4),
                page_id=page.page_id,
                event_time_unit=TimeUnit.MISSING,
                received_at=now,
                entry_point=EntryPoint.CONSOLE,
                controller=Controller(name=page.controller_name, contact=page.controller_contact),
                unreadable_by=self.store.keys.ring.horizon(now),
                destroyed=ending.destroyed,
                waiting=ending.waiting,
                counts=None if named else {"records": places.count},
            )
            await self.store.log_records.append(tx, record, self.random_bytes(NONCE_BYTES))
            action, subject = AuditAction.ENTRIES_ACCOUNTED, str(record.record_id)
            await self.store.audit.append(tx, action, subject, reason, now=now, page_id=page.page_id)
            named.append(record.record_id)
        return named
