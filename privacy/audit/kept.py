"""What does a checkpoint that somebody kept elsewhere say about this log?

A log that was rebuilt and signed anew agrees with itself everywhere. Only what lies outside its operator's hands shows
it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from domain.proof.checkpoint import Checkpoint
from domain.proof.encoding import MAX_NUMBER
from domain.proof.errors import CheckpointError
from domain.proof.findings import Finding, FindingKind
from domain.proof.log_chain import ExpectedRoot
from domain.proof.note import MAX_NOTE_BYTES
from privacy.audit.book import FindingBook
from privacy.audit.heads import HeadChecks


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCheckpoint:
    """A checkpoint from elsewhere, under the name of its file; `said` is not verified yet."""

    name: str
    note: bytes = field(repr=False)
    said: Checkpoint

    @classmethod
    def read(cls, name: str, note: bytes) -> "KeptCheckpoint":
        """Raises a ProofError for what is no signed checkpoint at all."""
        end = note.rfind(b"\n\n")
        if end < 0 or len(note) > MAX_NOTE_BYTES:
            raise CheckpointError("this is no signed checkpoint")
        return cls(name=name, note=note, said=Checkpoint.parse(note[: end + 1]))


def expectations(
    kept: Sequence[KeptCheckpoint], sizes: Mapping[str, int], heads: Sequence[HeadChecks], book: FindingBook
) -> Iterator[ExpectedRoot]:
    """The roots they state of logs of these sizes; findings for those that go beyond or that no key of a log signed."""
    by_origin = {checks.origin: checks for checks in heads}
    for one in kept:
        origin, size, row = one.said.origin, one.said.size, f"kept as {one.name}"
        checks = by_origin.get(origin)
        if checks is None or size > sizes[origin]:
            book.add(Finding(kind=FindingKind.CHECKPOINT_BEYOND, origin=origin, index=size, row=row))
        elif checks.opened(one.note, MAX_NUMBER, None) is None:
            book.add(Finding(kind=FindingKind.CHECKPOINT_FORGED, origin=origin, index=size, row=row))
        else:
            finding = Finding(kind=FindingKind.CHECKPOINT_CONTRADICTED, origin=origin, index=size, row=row)
            yield ExpectedRoot(origin=origin, size=size, root=one.said.root, otherwise=finding)
