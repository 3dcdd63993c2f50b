"""May a witness cosign this checkpoint, given what it cosigned before?

C2SP tlog-witness 1.0.0 as arithmetic: the checks in their order, and for each one that fails what the log is told. A
witness vouches for one thing only, that the tree it saw last is the beginning of the one it signs now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from domain.proof.add_checkpoint import AddCheckpoint
from domain.proof.checkpoint import Checkpoint, open_cosigned
from domain.proof.errors import ConsistencyError, KeyFormatError, ProofError, WitnessRequestError
from domain.proof.keys import KeyType, Signer, Verifier
from domain.proof.merkle import EMPTY_ROOT, verify_consistency
from domain.proof.note import add_signatures, cosign, lines_by, open_note, signed_text

Logs = Mapping[str, Sequence[Verifier]]
"""The keys of each log a witness knows, by origin."""


class Objection(Enum):
    """Why a checkpoint is not cosigned, as the HTTP status that says so."""

    MALFORMED = 400
    NOT_SIGNED = 403
    UNKNOWN_LOG = 404
    OLD_SIZE = 409
    INCONSISTENT = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The largest tree of one log that a witness cosigned."""

    size: int
    root: bytes


NOTHING_SEEN = Seen(size=0, root=EMPTY_ROOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignable:
    """The witness may cosign: nothing it cosigned before is contradicted. `note` has the log's own signatures only."""

    checkpoint: Checkpoint
    note: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The witness must not cosign; `size` is what it cosigned last, told with OLD_SIZE."""

    objection: Objection
    size: int = 0


def known_logs(vkeys: Sequence[str]) -> dict[str, list[Verifier]]:
    """The logs behind these verifier keys; several keys may share an origin. Raises KeyFormatError."""
    logs: dict[str, list[Verifier]] = {}
    for vkey in vkeys:
        verifier = Verifier.from_vkey(vkey)
        if verifier.key_type is not KeyType.ED25519:
            raise KeyFormatError("a log is named by its own key, not by the key of a witness")
        logs.setdefault(verifier.name, []).append(verifier)
    return logs


def origin_of(body: bytes, logs: Logs) -> "tuple[AddCheckpoint, str] | Refused":
    """The request and the log it is about, before anything is looked up; Refused when it cannot be read or known."""
    try:
        asked = AddCheckpoint.parse(body)
        origin = Checkpoint.parse(signed_text(asked.checkpoint)).origin
    except ProofError:
        return Refused(objection=Objection.MALFORMED)
    return (asked, origin) if origin in logs else Refused(objection=Objection.UNKNOWN_LOG)


def decide(asked: AddCheckpoint, logs: Logs, seen: Seen) -> Cosignable | Refused:
    """Whether to cosign; `seen` must be of the same log, and must not change until the cosignature is stored."""
    note = asked.checkpoint
    try:
        verifiers = logs[Checkpoint.parse(signed_text(note)).origin]
        checkpoint = open_cosigned(note, verifiers).checkpoint
        own = signed_text(note) + b"\n" + lines_by(note, verifiers)
    except ProofError:
        return Refused(objection=Objection.NOT_SIGNED)
    if asked.old > checkpoint.size:
        return Refused(objection=Objection.MALFORMED)
    if asked.old != seen.size:
        return Refused(objection=Objection.OLD_SIZE, size=seen.size)
    try:
        verify_consistency(seen.size, checkpoint.size, asked.path, seen.root, checkpoint.root)
    except ConsistencyError:
        return Refused(objection=Objection.INCONSISTENT)
    return Cosignable(checkpoint=checkpoint, note=own)


def cosigned(allowed: Cosignable, signer: Signer, time: int) -> tuple[bytes, bytes]:
    """The signature line to answer with, and the whole note to store before that; time in POSIX seconds."""
    line = cosign(allowed.checkpoint.text(), signer, time)
    return line, add_signatures(allowed.note, line)


def seen_in(stored: bytes, witness: Verifier, origin: str) -> Seen:
    """What a stored note says the witness cosigned; raises a ProofError when it is damaged or of another log."""
    checkpoint = Checkpoint.parse(open_note(stored, (witness,)).text)
    if checkpoint.origin != origin:
        raise WitnessRequestError("the stored checkpoint is of another log")
    return Seen(size=checkpoint.size, root=checkpoint.root)


def cosignature_by(checkpoint: bytes, lines: bytes, witness: Verifier) -> tuple[bytes, int]:
    """The note with the one line by this witness, and its time, once it fits; raises a ProofError otherwise.

    Lines by other keys are left out: nothing is kept that was not verified.
    """
    answered = signed_text(checkpoint) + b"\n" + lines
    opened = open_note(answered, (witness,))
    line = lines_by(answered, (witness,)).splitlines(keepends=True)[0]
    note = add_signatures(checkpoint, line)
    time = opened.signatures[0].time
    if time is None:
        raise WitnessRequestError("the answer holds no cosignature")
    return note, time
