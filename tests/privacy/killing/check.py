"""Does everything still add up after the deaths, and was nothing ever said that the log does not keep?

The tree is computed anew by another program (pymerkle); the notes are held against the keys of the ring, not against
what the database says are the keys.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pymerkle

from domain.proof.checkpoint import Checkpoint, open_cosigned
from domain.proof.errors import ProofError
from domain.proof.merkle import consistency_coordinates, consistency_path, verify_consistency
from privacy.audit.kept import KeptCheckpoint
from privacy.audit.live_log import LiveAudit
from privacy.log_signing import signer_from
from storage.log import LogHead
from tests.privacy.killing.installation import Worker

_RECORDS = "select record_id from consent_record union all select record_id from log_record"


@dataclass(slots=True, kw_only=True)
class Check:
    """Holds one installation against its book; every fault is a sentence of `faults`, found once."""

    worker: Worker
    faults: list[str] = field(default_factory=list)
    _known: dict[bytes, Checkpoint | None] = field(default_factory=dict)

    def fault(self, said: str) -> None:
        if said not in self.faults:
            self.faults.append(said)

    async def rows(self, statement: str, *arguments: Any) -> list[Any]:
        return await self.worker.world.fetch(statement, *arguments)

    async def after_a_death(self) -> None:
        """What may not be wrong even for a moment, whatever the next process will mend."""
        await self.worker.world.store.keys.refresh()
        await self._acknowledged()
        await self._records_and_entries()
        for head in await self._heads():
            stored = await self.rows("select size, root, note from checkpoint where log_id = $1", head.log_id)
            await self._notes_are_stored(head, stored)
            await self._outside(head, stored)

    async def at_the_end(self) -> None:
        """Everything, when the last process has ended in peace."""
        await self.after_a_death()
        if await self.rows("select from log_pending"):
            self.fault("an entry waits")
        for head in await self._heads():
            await self._one_log(head)
        await self._audited()

    async def unacknowledged(self) -> int:
        """How many acts are kept of which nobody was told."""
        rows = await self.rows("select record_id from consent_record")
        return len({row["record_id"] for row in rows} - set(self.worker.book.acts()))

    async def _heads(self) -> Sequence[LogHead]:
        async with self.worker.world.database.connection() as connection:
            return await self.worker.world.store.log.heads(connection)

    async def _acknowledged(self) -> None:
        there = {row["record_id"] for row in await self.rows("select record_id from consent_record")}
        if not there.issuperset(self.worker.book.acts()):
            self.fault("an acknowledged act is not there")

    async def _records_and_entries(self) -> None:
        """Each record stands in a log once, or waits once; and nothing else stands or waits."""
        async with self.worker.world.database.transaction() as tx:
            await tx.execute("set transaction isolation level repeatable read")
            records = Counter(row["record_id"] for row in await tx.fetch(_RECORDS))
            places = await tx.fetch("select entry_id from log_entry union all select entry_id from log_pending")
            anchors = await tx.fetch("select record_id from anchor")
        entries: Counter[UUID] = Counter(row["entry_id"] for row in places)
        if max(entries.values(), default=1) > 1:
            self.fault("an entry stands twice")
        if entries.keys() - records.keys():
            self.fault("an entry belongs to no record")
        if records.keys() - entries.keys():
            self.fault("a record has no entry")
        if {row["record_id"] for row in anchors} - entries.keys():
            self.fault("an anchor is kept without its entry")

    async def _notes_are_stored(self, head: LogHead, stored: list[Any]) -> None:
        """A signature is only over a head that is stored: were it not, the next process could store another one."""
        roots = {row["size"]: row["root"] for row in stored}
        for note in self._notes(head):
            if roots.get(note.size) != note.root:
                self.fault("a head was signed that is not stored")

    async def _outside(self, head: LogHead, stored: list[Any]) -> None:
        signed = max((row["size"] for row in stored if row["note"] is not None), default=0)
        for note in await self.worker.files.newest(head.origin):
            checkpoint = self._opened(head, note)
            if checkpoint is not None and checkpoint.size > signed:
                self.fault("what lies outside is ahead of the database")

    async def _one_log(self, head: LogHead) -> None:
        rows = await self.rows("select idx, entry from log_entry where log_id = $1 order by idx", head.log_id)
        if [row["idx"] for row in rows] != list(range(head.size)):
            self.fault("the indexes have a gap")
        tree = pymerkle.InmemoryTree("sha256")
        for row in rows:
            tree.append_entry(row["entry"])
        if tree.get_root() != head.root:
            self.fault("the head is not that of the entries")
        stored = await self.rows("select size, root, note from checkpoint where log_id = $1 order by size", head.log_id)
        if not stored or (stored[-1]["size"], stored[-1]["root"]) != (head.size, head.root):
            self.fault("the head is not the newest checkpoint")
        if any(row["note"] is None for row in stored):
            self.fault("a checkpoint was never signed")
        notes = [*self._notes(head), *(self._opened(head, row["note"].encode()) for row in stored if row["note"])]
        for note in {(one.size, one.root): one for one in notes if one is not None}.values():
            if note.size > len(rows) or tree.get_root(note.size) != note.root:
                self.fault("a signed head is not the beginning of the log")
            elif not await self._continued(head, note):
                self.fault("the newest head does not continue a signed one")
        for kept in await self.worker.files.newest(head.origin):
            if self._opened(head, kept) != Checkpoint(origin=head.origin, size=head.size, root=head.root):
                self.fault("the newest head does not lie outside")

    async def _continued(self, head: LogHead, note: Checkpoint) -> bool:
        """By the proof that the product gives out, from its tiles."""
        log = self.worker.world.store.log
        async with self.worker.world.database.connection() as connection:
            wanted = consistency_coordinates(note.size, head.size)
            read = await log.reader(connection, head.log_id, head.size, wanted)
        try:
            path = consistency_path(note.size, head.size, read)
            verify_consistency(note.size, head.size, path, note.root, head.root)
        except ProofError:
            return False
        return True

    async def _audited(self) -> None:
        """The audit that everybody can run, over every note that is out of our hands or was signed."""
        world = self.worker.world
        audit = LiveAudit(dsn=world.database.dsn, ring=world.store.keys.ring, processes=1, alone_below=1_000_000)
        notes = list(dict.fromkeys(self.worker.told()))
        kept = [KeptCheckpoint.read(str(number), note) for number, note in enumerate(notes)]
        for finding in (await audit.run(limit=100, kept=kept)).findings:
            self.fault(f"the audit finds {finding.kind.value}")

    def _notes(self, head: LogHead) -> list[Checkpoint]:
        """Every head of this log that was ever signed or seen."""
        name = head.origin.encode() + b"\n"
        opened = [self._opened(head, note) for note in self.worker.told() if note.startswith(name)]
        return [checkpoint for checkpoint in opened if checkpoint is not None]

    def _opened(self, head: LogHead, note: bytes) -> Checkpoint | None:
        if note not in self._known:
            seeds = self.worker.world.store.keys.ring.log_seeds.values()
            keys = [signer_from(seed, head.origin).verifier for seed in seeds]
            try:
                self._known[note] = open_cosigned(note, keys).checkpoint
            except ProofError:
                self.fault("a note bears no good signature of the log's key")
                self._known[note] = None
        return self._known[note]
