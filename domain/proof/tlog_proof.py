"""How is one entry shown to be in the log, in a file that needs nothing else?

C2SP tlog-proof (`c2sp.org/tlog-proof@v1`). The `extra` line is not authenticated; ours holds the nonce
of the commitment, and a wrong nonce simply gives another leaf, which is not in the tree.
"""

from dataclasses import dataclass, field

from domain.proof.encoding import (
    HASH_BYTES,
    MAX_NUMBER,
    from_base64,
    from_decimal,
    hash_from_base64,
    to_base64,
)
from domain.proof.errors import TlogProofError
from domain.proof.note import MAX_NOTE_BYTES

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PATH = 63
MAX_EXTRA_BYTES = 65_536
MAX_PROOF_BYTES = MAX_NOTE_BYTES + 2 * MAX_EXTRA_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class TlogProof:
    """Where the entry stands, its path, and the signed checkpoint as the log gave it."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.index <= MAX_NUMBER:
            raise TlogProofError("the index is outside 0 to 2^63-1")
        if len(self.path) > MAX_PATH or any(len(value) != HASH_BYTES for value in self.path):
            raise TlogProofError(f"the path is no list of at most {MAX_PATH} hashes")
        if self.extra is not None and not 1 <= len(self.extra) <= MAX_EXTRA_BYTES:
            raise TlogProofError(f"the extra line holds 1 to {MAX_EXTRA_BYTES} bytes or is left out")
        if not self.checkpoint:
            raise TlogProofError("the checkpoint is empty")

    def encode(self) -> bytes:
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {to_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines += [to_base64(value) for value in self.path]
        return "\n".join([*lines, "", ""]).encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> "TlogProof":
        """The parts of the file, nothing verified; raises TlogProofError."""
        if len(data) > MAX_PROOF_BYTES:
            raise TlogProofError(f"the proof is longer than {MAX_PROOF_BYTES} bytes")
        head, separator, checkpoint = data.partition(b"\n\n")
        if not separator:
            raise TlogProofError("the proof has no empty line before the checkpoint")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise TlogProofError("the proof has other than ASCII characters before the checkpoint") from None
        if lines.pop(0) != HEADER:
            raise TlogProofError(f"the proof does not begin with the line {HEADER}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = from_base64(lines.pop(0).removeprefix("extra "), "the extra line", TlogProofError)
        if not lines or not lines[0].startswith("index "):
            raise TlogProofError("the proof has no index line in its place")
        return cls(
            index=from_decimal(lines[0].removeprefix("index "), "the index", TlogProofError),
            path=tuple(
                hash_from_base64(line, f"hash {number} of the path", TlogProofError)
                for number, line in enumerate(lines[1:], 1)
            ),
            checkpoint=checkpoint,
            extra=extra,
        )
