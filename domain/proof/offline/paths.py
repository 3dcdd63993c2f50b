"""How do the files of a bundle say where an entry stands, and that one state of the log continues another?

C2SP tlog-proof (`c2sp.org/tlog-proof@v1`), and the body of a tlog-witness add-checkpoint request.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.proof.offline.errors import Unreadable, Wrong
from domain.proof.offline.notes import MAX_NOTE_BYTES, from_base64, hash_from, number_from

PROOF_HEADER = "c2sp.org/tlog-proof@v1"
MAX_PATH = 63
MAX_PROOF_BYTES = MAX_NOTE_BYTES + 16_384


@dataclass(frozen=True, slots=True)
class EntryProof:
    """A .tlog-proof file: nonce of the commitment, place, path, and the note of the checkpoint."""

    nonce: bytes = field(repr=False)
    index: int
    path: tuple[bytes, ...]
    note: bytes


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """A .consistency file: the older size, the path, and the note of the newer checkpoint."""

    old_size: int
    path: tuple[bytes, ...]
    note: bytes


def read_entry_proof(data: bytes) -> EntryProof:
    """The parts of the file, nothing verified."""
    lines, note = _head_and_note(data, "the proof")
    if lines[0] != PROOF_HEADER:
        raise Wrong(f"the proof does not begin with the line {PROOF_HEADER}")
    if len(lines) < 3 or not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise Wrong("the proof has no line extra (the nonce) and no line index in their places")
    nonce = from_base64(lines[1].removeprefix("extra "), "the nonce in the line extra")
    index = number_from(lines[2].removeprefix("index "), "the index of the proof")
    return EntryProof(nonce, index, _path(lines[3:]), note)


def read_consistency_proof(data: bytes) -> ConsistencyProof:
    """The parts of the file, nothing verified."""
    lines, note = _head_and_note(data, "the consistency proof")
    if not lines[0].startswith("old "):
        raise Wrong("the consistency proof does not begin with the line old")
    return ConsistencyProof(number_from(lines[0].removeprefix("old "), "the older size"), _path(lines[1:]), note)


def _head_and_note(data: bytes, what: str) -> tuple[list[str], bytes]:
    if len(data) > MAX_PROOF_BYTES:
        raise Unreadable(f"{what} is longer than {MAX_PROOF_BYTES} bytes")
    head, separator, note = data.partition(b"\n\n")
    if not separator:
        raise Wrong(f"{what} has no empty line before the checkpoint")
    try:
        return head.decode("ascii").split("\n"), note
    except UnicodeDecodeError:
        raise Wrong(f"{what} has other than ASCII characters before the checkpoint") from None


def _path(lines: Sequence[str]) -> tuple[bytes, ...]:
    if len(lines) > MAX_PATH:
        raise Unreadable(f"a path has more than {MAX_PATH} hashes")
    return tuple(hash_from(line, f"hash {number} of the path") for number, line in enumerate(lines, 1))
