"""How does an officer get the file that proves one act?

A proof is made from what stands in the database at this moment: the sealed record and its nonce, the way from its
entry to the newest signed checkpoint, the notice as it was shown, and the other records of the same person.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.ids import LeadId, PageId
from domain.proof.bundle import MAX_RELATED, LoggedRecord, assemble, make_bundle
from domain.proof.merkle import inclusion_coordinates, inclusion_path
from domain.proof.record_json import decode
from domain.proof.tlog_proof import TlogProof
from domain.tokens import BadToken, receipt_bytes
from storage.consents import ConsentRecord
from storage.database import Transaction
from storage.log import LogEntry, StoredCheckpoint
from storage.sealing import DataKey
from storage.store import Store


class ProofUnavailable(Exception):
    """There is no proof to hand over now; the text says why and what to do."""

    code = "proof.unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedProof:
    """A bundle and the name its file should have."""

    record_id: UUID
    kind: str
    file_name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    entry: LogEntry
    checkpoint: StoredCheckpoint
    vkey: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """Makes bundles from the database."""

    store: Store

    async def find(self, name: str) -> UUID:
        """The record that a receipt or a record id names; raises ProofUnavailable when there is none."""
        try:
            return UUID(name)
        except ValueError:
            return await self._by_receipt(name)

    async def records_of(self, page_id: PageId, lead_id: LeadId) -> list[UUID]:
        """The person's records that stand in the log, oldest first."""
        async with self.store.database.transaction() as tx:
            key = await self._key(tx, page_id, lead_id)
            records = await self.store.consents.of_lead(tx, key, page_id, lead_id)
            placed = await self.store.log.find_all(tx, [record.record_id for record in records])
        return [record.record_id for record in records if record.record_id in placed]

    async def of_kind(self, page_id: PageId, kind: str) -> list[UUID]:
        """The Page's records of this kind that can be opened, oldest first."""
        async with self.store.database.transaction() as tx:
            return await self.store.consents.ids_of_kind(tx, page_id, kind)

    async def export(self, record_id: UUID) -> ExportedProof:
        """The bundle of one record; equal bytes from an equal state. Raises ProofUnavailable."""
        async with self.store.database.transaction() as tx:
            owner = await self.store.consents.owner_of(tx, record_id)
            if owner is None:
                raise ProofUnavailable("there is no record with this id; `assent leads show` lists those of a person")
            page_id, lead_id, kind = owner
            key = await self._key(tx, page_id, lead_id)
            records = await self.store.consents.of_lead(tx, key, page_id, lead_id)
            content = await self._bundle(tx, record_id, records)
        return ExportedProof(
            record_id=record_id, kind=kind, file_name=f"optin-proof-{record_id.hex[:16]}.zip", content=content
        )

    async def _by_receipt(self, receipt: str) -> UUID:
        try:
            prefix = receipt_bytes(receipt)
        except BadToken:
            raise ProofUnavailable("this is neither a record id nor a receipt; a receipt has 32 characters") from None
        async with self.store.database.transaction() as tx:
            entry = await self.store.log.by_receipt(tx, prefix)
        if entry is None:
            raise ProofUnavailable("no entry of the log has this receipt; check it character by character")
        return entry.entry_id

    async def _key(self, tx: Transaction, page_id: PageId, lead_id: LeadId) -> DataKey:
        key = await self.store.leads.key_of(tx, page_id, lead_id)
        if key is None:
            raise ProofUnavailable("this person's data was erased: the log keeps a commitment that nobody can open")
        return key

    async def _bundle(self, tx: Transaction, record_id: UUID, records: Sequence[ConsentRecord]) -> bytes:
        main = next(record for record in records if record.record_id == record_id)
        places = await self._places(tx, [record.record_id for record in records])
        if record_id not in places:
            raise ProofUnavailable("the record has no signed place in the log yet; try again in some seconds")
        others = [record for record in records if record is not main and record.record_id in places][:MAX_RELATED]
        vkeys = tuple(dict.fromkeys(places[record.record_id].vkey for record in (main, *others)))
        return make_bundle(
            assemble(
                await self._logged(tx, main, places[record_id]),
                notice=await self._notice(tx, main),
                vkeys=vkeys,
                related=tuple([await self._logged(tx, other, places[other.record_id]) for other in others]),
            )
        )

    async def _places(self, tx: Transaction, record_ids: Sequence[UUID]) -> dict[UUID, _Place]:
        entries = await self.store.log.find_all(tx, record_ids)
        checkpoints = {log_id: await self.store.log.newest_checkpoint(tx, log_id) for log_id in _logs(entries)}
        heads = {head.log_id: head for head in await self.store.log.heads(tx)}
        return {
            record_id: _Place(entry=entry, checkpoint=checkpoint, vkey=heads[entry.log_id].vkey)
            for record_id, entry in entries.items()
            if (checkpoint := checkpoints[entry.log_id]) is not None and entry.index < checkpoint.size
        }

    async def _logged(self, tx: Transaction, record: ConsentRecord, place: _Place) -> LoggedRecord:
        index, size = place.entry.index, place.checkpoint.size
        read = await self.store.log.reader(tx, place.entry.log_id, size, inclusion_coordinates(index, size))
        proof = TlogProof(
            index=index,
            path=inclusion_path(index, size, read),
            checkpoint=(place.checkpoint.note or "").encode(),
            extra=record.nonce,
        )
        return LoggedRecord(record=record.record, proof=proof)

    async def _notice(self, tx: Transaction, record: ConsentRecord) -> bytes | None:
        named = decode(record.record).privacy_notice
        if named is None:
            return None
        found = await self.store.notices.get(tx, record.page_id, named.version, named.language)
        return None if found is None else found.body.encode()


def _logs(entries: dict[UUID, LogEntry]) -> set[int]:
    return {entry.log_id for entry in entries.values()}
