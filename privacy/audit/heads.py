"""Is a checkpoint signed by a key that was in force, and does it say what its row says?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.proof.checkpoint import Checkpoint, open_cosigned
from domain.proof.errors import ProofError
from domain.proof.findings import Finding, FindingKind
from domain.proof.keys import Verifier
from domain.proof.log import LogKey


@dataclass(slots=True, kw_only=True)
class HeadChecks:
    """Opens checkpoints of one log with those of its keys that were in force."""

    origin: str
    keys: Sequence[LogKey]
    _verifiers: dict[str, Verifier] = field(default_factory=dict)

    def opened(self, note: bytes, size: int, stored_at: datetime | None) -> Checkpoint | None:
        """What the note says, if a key in force signed it; without a time any key of the log at that size will do."""
        in_force = [
            self._verifier(key.vkey)
            for key in self.keys
            if (key.from_size <= size if stored_at is None else key.signs(size, stored_at))
        ]
        try:
            checkpoint = open_cosigned(note, in_force).checkpoint
        except ProofError:
            return None
        return checkpoint if checkpoint.origin == self.origin else None

    def check(self, note: str, size: int, root: bytes, stored_at: datetime) -> Finding | None:
        """A finding unless the stored note is the signed statement of this size and root."""
        checkpoint = self.opened(note.encode(), size, stored_at)
        if checkpoint is not None and (checkpoint.size, checkpoint.root) == (size, root):
            return None
        return Finding(kind=FindingKind.CHECKPOINT_FORGED, origin=self.origin, index=size)

    def _verifier(self, vkey: str) -> Verifier:
        found = self._verifiers.get(vkey)
        if found is None:
            found = self._verifiers[vkey] = Verifier.from_vkey(vkey)
        return found


def checks_of(origins: Mapping[int, str], keys: Mapping[int, Sequence[LogKey]]) -> dict[int, HeadChecks]:
    """One for each log, by its id."""
    return {log_id: HeadChecks(origin=origin, keys=keys.get(log_id, ())) for log_id, origin in origins.items()}
