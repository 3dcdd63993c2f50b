"""An installation with people and a log, its audit, and what somebody who has database and keys can do to it."""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from domain.ids import LeadId
from domain.lead import Lead
from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.entry import leaf_hash
from domain.proof.findings import FindingKind
from domain.proof.keys import KeyType, Signer
from domain.proof.log_tree import TreeWalk
from domain.proof.note import cosign, signed_text
from domain.proof.record import ProofRecord
from domain.proof.record_sections import Anchor, AnchorMethod, RecordKind, TimeUnit
from domain.proof.tiles import TILE_WIDTH, Tile
from privacy.audit.kept import KeptCheckpoint
from privacy.audit.live_log import LiveAudit
from privacy.audit.report import AuditReport
from privacy.log_signing import signer_from
from storage.anchors import StoredAnchor
from storage.database import Transaction
from storage.labels import Label
from storage.log import LogHead, StoredCheckpoint
from tests.domain.proof.offline.authority import Desk, generalized, root, time_stamper, tst_info
from tests.privacy.people import PAGE, World


def stamped(note: bytes, moment: datetime) -> bytes:
    """The answer of a time-stamping authority that says this moment; needs the `openssl` program."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), time_stamper(root()))
        return desk.signed(tst_info(note, generalized(moment)))


GUARDED = ("log", "log_entry", "checkpoint", "log_record", "anchor", "consent_record", "audit_entry")
Found = tuple[FindingKind, int | None]


@dataclass
class Audited:
    """A world whose log is audited."""

    world: World

    async def person(self, number: int = 0) -> Lead:
        """Somebody who wrote first and said yes; their entries wait."""
        lead = await self.world.lead(psid=str(73104829190000000 + number))
        await self.world.acts(lead)
        return lead

    async def people(self, count: int) -> list[Lead]:
        """So many of them, with their entries in the log."""
        leads = [await self.person(number) for number in range(count)]
        await self.world.sequenced()
        return leads

    async def audit(self, *kept: bytes, processes: int = 1, **options: Any) -> AuditReport:
        audit = LiveAudit(
            dsn=self.world.database.dsn,
            ring=self.world.store.keys.ring,
            processes=processes,
            alone_below=0 if processes > 1 else 10**9,
            prepare=options.pop("prepare", None),
        )
        notes = [KeptCheckpoint.read(f"kept-{number}", note) for number, note in enumerate(kept)]
        return await audit.run(limit=options.pop("limit", 100), kept=notes, **options)

    async def found(self, *kept: bytes) -> list[Found]:
        """What the audit finds, by name and index."""
        report = await self.audit(*kept)
        assert report.found == len(report.findings)
        return [(one.kind, one.index) for one in report.findings]

    # Looking

    async def head(self) -> LogHead:
        async with self.world.database.connection() as connection:
            return (await self.world.store.log.heads(connection))[-1]

    async def newest(self) -> StoredCheckpoint:
        async with self.world.database.connection() as connection:
            found = await self.world.store.log.newest_checkpoint(connection, (await self.head()).log_id)
        assert found is not None
        return found

    async def note(self) -> bytes:
        """The newest signed head, as somebody outside keeps it."""
        return ((await self.newest()).note or "").encode()

    async def indexes(self, lead: Lead) -> list[int]:
        rows = await self.world.fetch(
            "select idx from log_entry join consent_record on record_id = entry_id where lead_id = $1 order by idx",
            lead.lead_id,
        )
        return [row["idx"] for row in rows]

    async def record_ids(self, lead: Lead) -> list[UUID]:
        """In the order of their entries."""
        rows = await self.world.fetch(
            "select record_id from log_entry join consent_record on record_id = entry_id "
            "where lead_id = $1 order by idx",
            lead.lead_id,
        )
        return [row["record_id"] for row in rows]

    # Anchors

    async def anchored(
        self,
        method: AnchorMethod = AnchorMethod.WITNESS,
        authority: str = "witness.example",
        *,
        at: datetime | None = None,
        really: datetime | None = None,
    ) -> StoredAnchor:
        """The newest head, held by somebody outside since then, as the log says; `really` is what they say."""
        head, stored, moment = await self.head(), await self.newest(), (at or self.world.now).replace(microsecond=0)
        note, answer = (stored.note or "").encode(), None
        if method is AnchorMethod.WITNESS:
            witness = Signer(name=authority, key_type=KeyType.COSIGNATURE, seed=bytes(range(32)))
            note += cosign(signed_text(note), witness, int((really or moment).timestamp()))
        if method is AnchorMethod.RFC3161:
            answer = await asyncio.to_thread(stamped, note, really or moment)
        record = ProofRecord(
            kind=RecordKind.ANCHOR,
            record_id=uuid4(),
            received_at=self.world.now,
            event_time=moment,
            event_time_unit=TimeUnit.SECONDS,
            log_anchor=Anchor(
                method=method,
                authority=authority,
                origin=head.origin,
                size=stored.size,
                root=stored.root.hex(),
                checkpoint_sha256=hashlib.sha256(note).hexdigest(),
                answer_sha256=None if answer is None else hashlib.sha256(answer).hexdigest(),
            ),
        )
        anchor = StoredAnchor(
            anchor_id=uuid4(),
            log_id=head.log_id,
            method=method,
            authority=authority,
            size=stored.size,
            note=note,
            answer=answer,
            anchored_at=moment,
            kept_at=self.world.now,
            record_id=record.record_id,
        )
        async with self.world.database.transaction() as tx:
            await self.world.store.log_records.append(tx, record, os.urandom(64))
            await self.world.store.anchors.add(tx, anchor)
        await self.world.sequenced()
        return anchor

    # What an attacker does

    @asynccontextmanager
    async def unguarded(self) -> AsyncIterator[Transaction]:
        """The database as its owner can write to it, with no rule in the way."""
        async with self.world.database.transaction() as tx:
            for table in GUARDED:
                await tx.execute(f"alter table {table} disable trigger user")
            yield tx
            for table in GUARDED:
                await tx.execute(f"alter table {table} enable trigger user")

    async def opened(self, lead_id: LeadId, record_id: UUID) -> tuple[bytes, bytes]:
        """The record and its nonces, with the person's key."""
        async with self.world.database.transaction() as tx:
            key = await self.world.store.leads.key_of(tx, PAGE, lead_id)
            assert key is not None
            row = await tx.fetchrow("select * from consent_record where record_id = $1", record_id)
        return (
            key.open(Label.PROOF_RECORD, record_id.bytes, row["record_sealed"]),
            key.open(Label.PROOF_NONCE, record_id.bytes, row["nonce_sealed"]),
        )

    async def reseal(self, lead_id: LeadId, record_id: UUID, label: Label, content: bytes) -> None:
        """Puts another content under the person's own key."""
        column = {Label.PROOF_RECORD: "record", Label.PROOF_NONCE: "nonce", Label.PROOF_RAW: "raw"}[label]
        async with self.unguarded() as tx:
            key = await self.world.store.leads.key_of(tx, PAGE, lead_id)
            assert key is not None
            await tx.execute(
                f"update consent_record set {column}_sealed = $2 where record_id = $1",
                record_id,
                key.seal(label, record_id.bytes, content),
            )

    async def rebuild(self) -> None:
        """Makes tiles, heads and signatures anew over the entries as they are, with the log's real key."""
        head = await self.head()
        seed = self.world.store.keys.ring.log_seeds["log"]
        signer = signer_from(seed, head.origin)
        async with self.unguarded() as tx:
            rows = await tx.fetch(
                "select idx, entry_id, entry from log_entry where log_id = $1 order by idx", head.log_id
            )
            stored = await tx.fetch(
                "select size, stored_at from checkpoint where log_id = $1 order by size", head.log_id
            )
            for table in ("log_entry", "log_tile", "checkpoint"):
                await tx.execute(f"delete from {table} where log_id = $1", head.log_id)
            entries = [(head.log_id, index, row["entry_id"], row["entry"]) for index, row in enumerate(rows)]
            await tx.executemany("insert into log_entry values ($1, $2, $3, $4)", entries)
            sizes = {min(row["size"], len(rows)): row["stored_at"] for row in stored}
            walk, roots, tiles = TreeWalk(), {}, []
            for leaves in _tiles([leaf_hash(row["entry"]) for row in rows]):
                first = walk.size
                found, completed = walk.add(leaves, sizes)
                roots |= found
                tiles += [(Tile(0, first // TILE_WIDTH, len(leaves)), b"".join(leaves)), *completed]
            for tile, content in [*tiles, *walk.unfinished()]:
                await tx.execute(
                    "insert into log_tile values ($1, $2, $3, $4)", head.log_id, tile.level, tile.n, content
                )
            for size, root in roots.items():
                note = sign_checkpoint(Checkpoint(origin=head.origin, size=size, root=root), signer).decode()
                await tx.execute(
                    "insert into checkpoint values ($1, $2, $3, $4, $5)", head.log_id, size, root, sizes[size], note
                )
            await tx.execute("update log set size = $2, root = $3 where log_id = $1", head.log_id, len(rows), walk.root)


def _tiles(leaves: list[bytes]) -> Iterator[list[bytes]]:
    for at in range(0, len(leaves), TILE_WIDTH):
        yield leaves[at : at + TILE_WIDTH]
