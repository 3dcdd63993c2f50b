"""How does an officer get the file that proves one act?

A proof is made from what stands in the database at one moment: the sealed record and its nonce, the way from its entry
to a signed checkpoint, the notice as it was shown, other records of the same person, and who else holds states of the
log. Who the person is and what the platform sent is put in on request only, with a reason that is written down first.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from domain.audit import AuditAction
from domain.ids import LeadId, PageId
from domain.proof.bundle import make_bundle
from domain.proof.bundle_parts import Checkers, Identity, OptInProof, RawDelivery
from domain.proof.entry import NAME, PRINCIPAL, commit_name, leaf_hash
from domain.proof.record import ProofRecord
from domain.proof.record_json import decode
from domain.proof.record_sections import RecordKind, parse_indexes
from domain.tokens import RECEIPT_CODE_BYTES, BadToken, in_one_word, receipt_bytes, receipt_code
from privacy.proof_parts import Opening, ProofParts, ProofUnavailable, opening_of
from storage.consents import ConsentRecord
from storage.database import Transaction
from storage.log import LogEntry
from storage.sealing import DataKey
from storage.store import Store

__all__ = ["Cover", "Disclosure", "DisclosureRefused", "ExportedProof", "ProofUnavailable", "Proofs"]

log = logging.getLogger(__name__)

Cover: TypeAlias = Callable[[int, int], Awaitable[object]]
"""Asks somebody outside to hold the log now, if nobody does yet, for the entry of that log at that index."""


class DisclosureRefused(ProofUnavailable):
    """What is personal was asked for in a way in which it is not handed out."""

    code = "proof.disclosure_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """What of the personal parts was asked for, and why."""

    identity: bool = False
    raw: bool = False
    reason: str = field(default="", repr=False)

    @property
    def parts(self) -> list[str]:
        return [name for name, asked in (("identity", self.identity), ("raw", self.raw)) if asked]


NOTHING = Disclosure()
DISCLOSED = {"identity": "who the person is", "raw": "what the platform sent"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedProof:
    """A bundle and the name its file should have; `left_out` counts other records of the person not in it.

    `disclosed` says in words what of it is personal: such a file is for few eyes, and never has the plain one's name.
    """

    record_id: UUID
    kind: str
    file_name: str
    left_out: int
    disclosed: tuple[str, ...]
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    """The person a record is about, for as long as the snapshot lasts."""

    page_id: PageId
    lead_id: LeadId
    key: DataKey
    record: ConsentRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """Makes bundles from the database; `checkers` gives the programs that lie in each."""

    store: Store
    clock: Callable[[], datetime]
    checkers: Callable[[], Checkers]
    parts: ProofParts

    async def find(self, name: str) -> UUID:
        """The record that a receipt or a record id names; raises ProofUnavailable when there is none."""
        try:
            return UUID(name)
        except ValueError:
            return await self._by_receipt(name)

    async def records_of(self, page_id: PageId, lead_id: LeadId) -> list[UUID]:
        """The person's records that stand in the log, oldest first."""
        async with self.store.database.transaction() as tx:
            key = await self.store.leads.key_of(tx, page_id, lead_id)
            if key is None:
                raise ProofUnavailable("this person's data was erased: nobody can open their records any more")
            records = await self.store.consents.of_lead(tx, key, page_id, lead_id)
            placed = await self.store.log.find_all(tx, [record.record_id for record in records])
        return [record.record_id for record in records if record.record_id in placed]

    async def of_kind(self, page_id: PageId, kind: str) -> list[UUID]:
        """The records of this kind that can be opened, oldest first: of the Page, or about the log."""
        async with self.store.database.transaction() as tx:
            of_people = await self.store.consents.ids_of_kind(tx, page_id, kind)
            return [*of_people, *await self.store.log_records.ids_of_kind(tx, kind, page_id)]

    async def export(
        self, record_id: UUID, *, disclosure: Disclosure = NOTHING, cover: Cover | None = None
    ) -> ExportedProof:
        """The bundle of one record; equal bytes from an equal state. Raises ProofUnavailable or another ProofError.

        `cover` is awaited before anything is read. What is personal is disclosed only behind a written reason.
        """
        async with self.store.database.transaction() as tx:
            place = await self.store.log.find(tx, record_id)
            if disclosure.parts:
                await self._write_down(tx, record_id, disclosure)
        if cover is not None and place is not None:
            await cover(place.log_id, place.index)
        async with self.store.database.snapshot() as tx:
            return await self._export(tx, record_id, disclosure)

    async def _export(self, tx: Transaction, record_id: UUID, disclosure: Disclosure) -> ExportedProof:
        person, main, others = await self._openings(tx, record_id)
        placed = await self.parts.collect(tx, main, others)
        record = decode(main.record)
        proof = OptInProof(
            main=placed.main,
            notice=await self._notice(tx, record),
            log_vkeys=placed.log_vkeys,
            witnesses=placed.witnesses,
            related=placed.related,
            keys=placed.keys,
            anchors=placed.anchors,
            identity=await self._identity(tx, person, record) if disclosure.identity else None,
            raw=_raw(person) if disclosure.raw else None,
            checkers=self.checkers(),
        )
        what = "erasure-certificate" if record.kind is RecordKind.ERASURE_DONE else "optin-proof"
        return ExportedProof(
            record_id=record_id,
            kind=record.kind.value,
            file_name=f"{what}-{in_one_word(_receipt(placed.main.leaf))}{'-disclosed' if disclosure.parts else ''}.zip",
            left_out=placed.left_out,
            disclosed=tuple(DISCLOSED[part] for part in disclosure.parts),
            content=make_bundle(proof),
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

    async def _openings(self, tx: Transaction, record_id: UUID) -> tuple[_Person | None, Opening, list[Opening]]:
        """What opens the record, and the other records of the same person; nobody for records about the log."""
        owner = await self.store.consents.owner_of(tx, record_id)
        if owner is None:
            about_nobody = await self.store.log_records.get(tx, record_id)
            if about_nobody is None:
                raise ProofUnavailable("there is no record with this id; `assent leads show` lists those of a person")
            return None, opening_of(about_nobody), []
        page_id, lead_id, _ = owner
        key = await self.store.leads.key_of(tx, page_id, lead_id)
        records = [] if key is None else await self.store.consents.of_lead(tx, key, page_id, lead_id)
        main = next((record for record in records if record.record_id == record_id), None)
        if key is None or main is None:
            raise ProofUnavailable(await self._ended(tx, page_id, record_id))
        person = _Person(page_id=page_id, lead_id=lead_id, key=key, record=main)
        return person, _opening(main), [_opening(record) for record in records if record is not main]

    async def _ended(self, tx: Transaction, page_id: PageId, record_id: UUID) -> str:
        """Why a record cannot be opened any more, with the receipt of the entry that says so."""
        why = "this record was erased: the log keeps a commitment that nobody can open."
        place = await self.store.log.find(tx, record_id)
        if place is None:
            return why
        origin = next(head.origin for head in await self.store.log.heads(tx) if head.log_id == place.log_id)
        received_at = await self.store.consents.received_at(tx, page_id, record_id)
        async for ending in self.parts.rows.endings(tx, page_id, received_at):
            record = decode(ending.record)
            if _names(record, origin, place):
                receipt = _receipt(ending.leaf)
                return f"{why} Receipt of the entry that accounts for it: {receipt}; `assent proofs export` takes it."
        return why

    async def _notice(self, tx: Transaction, record: ProofRecord) -> bytes | None:
        named = record.privacy_notice
        if named is None or record.page_id is None:
            return None
        found = await self.store.notices.get(tx, PageId(record.page_id), named.version, named.language)
        return None if found is None else found.body.encode()

    # What is personal

    async def _write_down(self, tx: Transaction, record_id: UUID, disclosure: Disclosure) -> None:
        """Puts the disclosure and its reason into the chain; it stays there whatever becomes of the export."""
        reason = disclosure.reason.strip()
        if not reason:
            raise DisclosureRefused("who the person is and what the platform sent is handed out with a --reason only")
        owner = await self.store.consents.owner_of(tx, record_id)
        if owner is None:
            raise DisclosureRefused("this record is about nobody: there is nothing personal to disclose")
        page_id, parts = owner[0], "+".join(disclosure.parts)
        subject, now = f"{record_id}/{parts}", self.clock()
        await self.store.audit.append(tx, AuditAction.PROOF_DISCLOSED, subject, reason, now=now, page_id=page_id)
        log.info(
            "proof.disclosed",
            extra={"page": page_id, "record": record_id, "identity": disclosure.identity, "raw": disclosure.raw},
        )

    async def _identity(self, tx: Transaction, person: _Person | None, record: ProofRecord) -> Identity:
        lead = None if person is None else await self.store.leads.read(tx, person.page_id, person.lead_id)
        if person is None or lead is None:
            raise DisclosureRefused("this record is about nobody: there is nothing personal to disclose")
        why, nonce = "disclose the person of a proof", person.key.nonce(NAME)
        known = lead.profile.first_name and lead.profile.first_name.reveal(why)
        # A name that was learned, or changed, after the record is not in it.
        fits = known is not None and commit_name(known, nonce) == record.name_commitment
        return Identity(
            page_id=person.page_id,
            psid=lead.profile.psid.reveal(why),
            principal_nonce=person.key.nonce(PRINCIPAL),
            name=known if fits else None,
            name_nonce=nonce if fits else None,
        )


def _raw(person: _Person | None) -> RawDelivery:
    kept = None if person is None else person.record
    if kept is None or kept.raw is None or kept.raw_nonce is None:
        raise DisclosureRefused("nothing of what the platform sent is kept with this record")
    return RawDelivery(content=kept.raw, nonce=kept.raw_nonce)


def _opening(record: ConsentRecord) -> Opening:
    return Opening(record_id=record.record_id, record=record.record, nonce=record.nonce)


def _receipt(leaf: bytes) -> str:
    return receipt_code(leaf[:RECEIPT_CODE_BYTES])


def _names(record: ProofRecord, origin: str, place: LogEntry) -> bool:
    """Whether an erasure or expiry names this entry, by its index or by the leaf hash it had while it waited."""
    ranges = [span for one in record.destroyed if one.origin == origin for span in parse_indexes(one.indexes)]
    named = any(low <= place.index <= high for low, high in ranges)
    return named or leaf_hash(place.entry).hex() in record.waiting
