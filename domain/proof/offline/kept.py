"""Was a checkpoint that the auditor kept compared with this bundle, and what came of it?

A bundle holds few states of a log. A kept one can be compared with a state of the same log and size only, so each is
reported by name: one that was compared with nothing shows nothing.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from domain.proof.offline.errors import Wrong
from domain.proof.offline.notes import Checkpoint, Key, open_note


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint from the auditor's own hands, by the name of its file; `note` is None for its three lines alone."""

    name: str
    checkpoint: Checkpoint
    note: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class KeptStatus:
    """What came of one; a contradiction is no status but ends the check."""

    name: str
    compared: bool
    detail: str

    @property
    def said(self) -> str:
        return f"{self.name}: {'confirmed' if self.compared else 'NOT compared'}: {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldStates:
    """The states in a bundle: that of the record and its anchors, which of these hold it, and all others."""

    origin: str
    connected: Collection[bytes]
    covering: Collection[bytes]
    others: Collection[tuple[str, int]]


def check_kept(checkpoint: Checkpoint, kept: Iterable[Kept]) -> None:
    """Raises Wrong when the auditor's own copy shows that the log said two things at one size."""
    for one in kept:
        own = one.checkpoint
        if (own.origin, own.size) == (checkpoint.origin, checkpoint.size) and own.root != checkpoint.root:
            raise Wrong(f"the checkpoint you kept ({one.name}) contradicts it at size {own.size}: the log was forked")


def kept_status(kept: Kept, held: HeldStates, logs: tuple[Key, ...]) -> KeptStatus:
    """What a kept checkpoint that contradicts nothing was good for; `logs` are the known keys of logs."""
    own = kept.checkpoint
    if own.text in held.covering:
        return KeptStatus(kept.name, True, "it is a state in this bundle, and holds the record")
    if own.text in held.connected:
        return KeptStatus(kept.name, True, "it is a state in this bundle, older than the record")
    if (own.origin, own.size) in held.others:
        where = "it is the state of a related record or of a change of the key"
        return KeptStatus(kept.name, True, f"{where}, and says nothing about the record")
    if own.origin != held.origin:
        return KeptStatus(kept.name, False, f"it is of another log, {own.origin}")
    if kept.note is not None and not _signed(kept.note, logs):
        return KeptStatus(kept.name, False, "it is not signed by a known key")
    nothing = f"it is of size {own.size}, and this bundle holds no state of that size"
    return KeptStatus(kept.name, False, f"{nothing}; an audit of the whole log compares every size")


def _signed(note: bytes, logs: tuple[Key, ...]) -> bool:
    try:
        open_note(note, logs)
    except Wrong:
        return False
    return True
