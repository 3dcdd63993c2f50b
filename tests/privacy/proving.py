"""A log that is worked, anchors that somebody holds, and bundles as an officer and an auditor see them."""

import io
import zipfile
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from domain.ids import LeadId
from domain.lead import Lead
from domain.proof.bundle_parts import Checkers
from domain.proof.checkpoint import Checkpoint
from domain.proof.keys import KeyType, Signer
from domain.proof.note import cosign, signed_text
from domain.proof.offline.notes import read_key
from domain.proof.offline.policies import Policy
from domain.proof.offline.steps import Brought
from domain.proof.offline.verdict import Verdict, verify
from domain.proof.record import ProofRecord
from domain.proof.record_sections import Anchor, AnchorMethod, RecordKind, TimeUnit
from privacy.checkpoints import Sequencer
from privacy.proof_parts import ProofParts
from privacy.proofs import Cover, Disclosure, ExportedProof, Proofs
from storage.anchors import StoredAnchor
from storage.log import LogHead
from tests.privacy.people import PAGE, World

CHECKERS = Checkers(verify_py=b"print('no check')\n", verify_html=b"<!doctype html>\n")
WITNESS = Signer(name="witness.example/w", key_type=KeyType.COSIGNATURE, seed=bytes(range(32)))


@dataclass
class Office:
    """Who works the log, hands out proofs, and checks them with what an auditor got elsewhere."""

    world: World
    proofs: Proofs = field(init=False)

    def __post_init__(self) -> None:
        parts = ProofParts(store=self.world.store, witnesses=(WITNESS.verifier,))
        self.proofs = Proofs(store=self.world.store, clock=self.world.clock, checkers=lambda: CHECKERS, parts=parts)

    @property
    def sequencer(self) -> Sequencer:
        return Sequencer(store=self.world.store, host="bot.example", clock=self.world.clock)

    async def work(self) -> None:
        """Gives everything that waits its place under a signed checkpoint."""
        await self.sequencer.catch_up()

    async def rotate_key(self) -> str:
        """A new key signs the log from now on; the key of before."""
        before = (await self.head()).vkey
        await self.sequencer.changes.rotate_key()
        await self.work()
        assert (await self.head()).vkey != before
        return before

    async def head(self) -> LogHead:
        async with self.world.database.transaction() as tx:
            return (await self.world.store.log.heads(tx))[-1]

    async def hold(
        self, method: AnchorMethod, *, authority: str | None = None, after: timedelta = timedelta(minutes=1)
    ) -> UUID:
        """Somebody holds the newest checkpoint; the log says so from its next state on."""
        self.world.now += after
        store, head = self.world.store, await self.head()
        async with self.world.database.transaction() as tx:
            stored = await store.log.newest_checkpoint(tx, head.log_id)
            assert stored is not None
            assert stored.note is not None
            note, who = stored.note.encode(), authority or method.value
            if method is AnchorMethod.WITNESS:
                note, who = note + cosign(signed_text(note), WITNESS, int(self.world.now.timestamp())), WITNESS.name
            record = await store.log_records.append(
                tx, _anchor_record(method, who, head.origin, stored.size, stored.root, note, self.world.now), bytes(64)
            )
            await store.anchors.add(
                tx,
                StoredAnchor(
                    anchor_id=uuid4(),
                    log_id=head.log_id,
                    method=method,
                    authority=who,
                    size=stored.size,
                    note=note,
                    answer=None,
                    anchored_at=self.world.now,
                    kept_at=self.world.now,
                    record_id=record.record_id,
                ),
            )
        await self.work()
        return record.record_id

    async def records(self, lead: Lead) -> dict[str, UUID]:
        """The person's records in the log, by kind; of several of one kind the last."""
        found = await self.proofs.records_of(PAGE, LeadId(lead.lead_id))
        return {kind: record_id for record_id in found for kind in [await self._kind(record_id)]}

    async def export(self, record_id: UUID, *, cover: Cover | None = None, **disclosed: Any) -> ExportedProof:
        return await self.proofs.export(record_id, disclosure=Disclosure(**disclosed), cover=cover)

    async def pinned(self, **more: Any) -> Brought:
        """What an auditor brings who got the keys of all logs elsewhere."""
        async with self.world.database.transaction() as tx:
            heads = await self.world.store.log.heads(tx)
        unique = {key.public: key for key in (read_key(head.vkey) for head in heads)}
        return Brought(policy=Policy(logs=tuple(unique.values())), **more)

    async def quorum(self) -> Brought:
        """What an auditor brings who also asks for the cosignature of the witness."""
        pinned = await self.pinned()
        assert pinned.policy is not None
        witness = ("w", read_key(WITNESS.verifier.vkey))
        return replace(pinned, policy=replace(pinned.policy, witnesses=(witness,), quorum="w"))

    async def verdict(self, proof: ExportedProof, **more: Any) -> Verdict:
        return verify(proof.content, await self.pinned(**more))

    async def _kind(self, record_id: UUID) -> str:
        return str(await self.world.value("select kind from consent_record where record_id = $1", record_id))


def members_of(proof: ExportedProof) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(proof.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def main_state(proof: ExportedProof) -> Checkpoint:
    """The checkpoint that the record stands under."""
    note = members_of(proof)["record.tlog-proof"].partition(b"\n\n")[2]
    return Checkpoint.parse(signed_text(note))


def _anchor_record(
    method: AnchorMethod, authority: str, origin: str, size: int, root: bytes, note: bytes, now: datetime
) -> ProofRecord:
    return ProofRecord(
        kind=RecordKind.ANCHOR,
        record_id=uuid4(),
        event_time=now,
        event_time_unit=TimeUnit.SECONDS,
        received_at=now,
        log_anchor=Anchor(
            method=method,
            authority=authority,
            origin=origin,
            size=size,
            root=root.hex(),
            checkpoint_sha256=sha256(note).hexdigest(),
        ),
    )
