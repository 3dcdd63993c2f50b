"""Is this record where its proof says, in a log whose key is accepted?"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.proof.offline.container import Item
from domain.proof.offline.errors import Wrong
from domain.proof.offline.kept import Kept, check_kept
from domain.proof.offline.notes import Checkpoint, Key, Opened, open_note
from domain.proof.offline.paths import EntryProof, read_entry_proof
from domain.proof.offline.records import Record, read_record
from domain.proof.offline.tree import check_inclusion, leaf_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A record with its proof; `leaf` follows from record and nonce, nothing else is verified yet."""

    record: Record
    proof: EntryProof
    leaf: bytes


def read_entry(item: Item, kind: str | None = None) -> Entry:
    """The entry in the .json and .tlog-proof of a numbered item, whose record is of the kind in its name."""
    record = read_record(item.parts["json"])
    if record.kind != (kind or item.kind):
        raise Wrong(f"its record is not of kind {kind or item.kind}")
    proof = read_entry_proof(item.parts["tlog-proof"])
    return Entry(record, proof, leaf_of(item.parts["json"], proof.nonce))


def place_entry(entry: Entry, logs: Sequence[Key], witnesses: Sequence[Key] = ()) -> Opened:
    """The signed checkpoint under which the entry stands; Wrong when it does not."""
    opened = open_note(entry.proof.note, tuple(logs), tuple(witnesses))
    checkpoint = opened.checkpoint
    check_inclusion(entry.leaf, entry.proof.index, checkpoint.size, entry.proof.path, checkpoint.root)
    return opened


@dataclass(slots=True)
class SeenStates:
    """All states of logs that came up, so that two which contradict each other, or a kept one, are noticed."""

    kept: tuple[Kept, ...] = ()
    roots: dict[tuple[str, int], bytes] = field(default_factory=dict)
    notes: dict[str, bytes] = field(default_factory=dict)

    def add(self, checkpoint: Checkpoint) -> None:
        """Raises Wrong when the same log had another root at this size, here or in the auditor's own copy."""
        check_kept(checkpoint, self.kept)
        root = self.roots.setdefault((checkpoint.origin, checkpoint.size), checkpoint.root)
        if root != checkpoint.root:
            raise Wrong(f"two states of {checkpoint.origin} at size {checkpoint.size} have two roots: it was forked")

    def add_newest(self, checkpoint: Checkpoint, note: bytes) -> None:
        """As `add`, and all records of one log must stand under one and the same note of it.

        Otherwise their indexes could not be compared: nothing would show that the one state continues the other.
        """
        self.add(checkpoint)
        if self.notes.setdefault(checkpoint.origin, note) != note:
            raise Wrong(f"it stands under another checkpoint of {checkpoint.origin} than the records before it")
