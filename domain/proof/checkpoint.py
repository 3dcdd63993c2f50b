"""How large is the log, and what is its root, in the words of its key?

C2SP tlog-checkpoint 1.0.0 without extension lines, on whose signing witnesses differ.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.proof.encoding import HASH_BYTES, MAX_NUMBER, from_decimal, hash_from_base64, to_base64
from domain.proof.errors import CheckpointError, KeyFormatError, UnknownSignersError
from domain.proof.keys import KeyType, Signer, Verifier, check_key_name
from domain.proof.merkle import EMPTY_ROOT
from domain.proof.note import VerifiedSignature, open_note, sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A log's statement about its whole content at one size."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        try:
            check_key_name(self.origin)
        except KeyFormatError:
            raise CheckpointError("the origin of a checkpoint is no proper key name") from None
        if not 0 <= self.size <= MAX_NUMBER:
            raise CheckpointError("the size of a checkpoint is outside 0 to 2^63-1")
        if len(self.root) != HASH_BYTES:
            raise CheckpointError(f"the root of a checkpoint is {len(self.root)} bytes long, not {HASH_BYTES}")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise CheckpointError("the checkpoint of an empty log has another root than the empty tree")

    def text(self) -> bytes:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n".encode()

    @classmethod
    def parse(cls, text: bytes) -> "Checkpoint":
        try:
            lines = text.decode("utf-8").split("\n")
        except UnicodeDecodeError:
            raise CheckpointError("the checkpoint is not UTF-8") from None
        if len(lines) != 4 or lines[3]:
            raise CheckpointError("a checkpoint has three lines: origin, size, root")
        return cls(
            origin=lines[0],
            size=from_decimal(lines[1], "the size of the checkpoint", CheckpointError),
            root=hash_from_base64(lines[2], "the root of the checkpoint", CheckpointError),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCheckpoint:
    """A checkpoint whose own log signed it, with the cosignatures of known witnesses."""

    checkpoint: Checkpoint
    log: Verifier
    cosignatures: tuple[VerifiedSignature, ...]


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer, *retiring: Signer) -> bytes:
    """The signed note, by the log's key and those it follows for a while.

    The caller answers for never signing two checkpoints that contradict each other.
    """
    if any(checkpoint.origin != one.name for one in (signer, *retiring)):
        raise CheckpointError("a checkpoint is signed by keys that bear the name of its log")
    return sign(checkpoint.text(), signer, *retiring)


def open_checkpoint(note: bytes, verifier: Verifier) -> Checkpoint:
    """The checkpoint this log key signed; raises a ProofError otherwise, also for another log's."""
    return open_cosigned(note, (verifier,)).checkpoint


def open_cosigned(note: bytes, verifiers: Iterable[Verifier]) -> OpenedCheckpoint:
    """The checkpoint that a log key among the verifiers signed under its own name.

    Cosignatures alone never open it: a witness vouches for growth, not for the log.
    """
    opened = open_note(note, verifiers)
    checkpoint = Checkpoint.parse(opened.text)
    logs = [s.verifier for s in opened.signatures if s.verifier.key_type is KeyType.ED25519]
    if not logs:
        raise UnknownSignersError("no log key that is trusted here has signed this checkpoint")
    own = [verifier for verifier in logs if verifier.name == checkpoint.origin]
    if not own:
        raise CheckpointError("the checkpoint names another log than the key that signed it")
    witnesses = tuple(s for s in opened.signatures if s.verifier.key_type is KeyType.COSIGNATURE)
    return OpenedCheckpoint(checkpoint=checkpoint, log=own[0], cosignatures=witnesses)
