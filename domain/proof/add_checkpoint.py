"""How is a witness asked to cosign a checkpoint?

The body of `add-checkpoint` in C2SP tlog-witness 1.0.0: the size the witness is believed to have cosigned last, the
consistency path from there, an empty line, and the signed checkpoint as the log gave it.
"""

from dataclasses import dataclass

from domain.proof.encoding import HASH_BYTES, MAX_NUMBER, from_decimal, hash_from_base64, to_base64
from domain.proof.errors import WitnessRequestError
from domain.proof.note import MAX_NOTE_BYTES

MAX_PATH = 63
MAX_REQUEST_BYTES = MAX_NOTE_BYTES + 64 * 45
SIZE_TYPE = "text/x.tlog.size"
"""The content type of a 409 that tells the size to ask from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """What a log asks of a witness; the checkpoint is the whole note."""

    old: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.old <= MAX_NUMBER:
            raise WitnessRequestError("the old size is outside 0 to 2^63-1")
        if len(self.path) > MAX_PATH or any(len(value) != HASH_BYTES for value in self.path):
            raise WitnessRequestError(f"the path is no list of at most {MAX_PATH} hashes")
        if self.old == 0 and self.path:
            raise WitnessRequestError("the path from an empty tree has no hashes")
        if not self.checkpoint:
            raise WitnessRequestError("the checkpoint is empty")

    def encode(self) -> bytes:
        lines = [f"old {self.old}", *(to_base64(value) for value in self.path), "", ""]
        return "\n".join(lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> "AddCheckpoint":
        """The parts of the body, nothing verified; raises WitnessRequestError."""
        if len(data) > MAX_REQUEST_BYTES:
            raise WitnessRequestError(f"the request is longer than {MAX_REQUEST_BYTES} bytes")
        head, separator, checkpoint = data.partition(b"\n\n")
        if not separator:
            raise WitnessRequestError("the request has no empty line before the checkpoint")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise WitnessRequestError("the request has other than ASCII characters before the checkpoint") from None
        if not lines[0].startswith("old "):
            raise WitnessRequestError("the request does not begin with the old size")
        return cls(
            old=from_decimal(lines[0].removeprefix("old "), "the old size", WitnessRequestError),
            path=tuple(
                hash_from_base64(line, f"hash {number} of the path", WitnessRequestError)
                for number, line in enumerate(lines[1:], 1)
            ),
            checkpoint=checkpoint,
        )


def told_size(body: bytes) -> int:
    """The size in the body of a 409; raises WitnessRequestError."""
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError:
        raise WitnessRequestError("the size a witness told is no number") from None
    if not text.endswith("\n"):
        raise WitnessRequestError("the size a witness told does not end with a line feed")
    return from_decimal(text[:-1], "the size a witness told", WitnessRequestError)
