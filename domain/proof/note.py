"""Who has signed this text?

C2SP signed-note 1.0.0: a text, an empty line, signature lines. The empty line that separates them is
the last one of the note, so a text may hold empty lines of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.proof.encoding import MAX_NUMBER, from_base64, to_base64
from domain.proof.errors import KeyFormatError, NoteError, UnknownSignersError
from domain.proof.keys import (
    KEY_ID_BYTES,
    KeyType,
    Signer,
    Verifier,
    check_key_name,
    cosigned_message,
)

__all__ = [
    "KeyType",
    "Note",
    "Signer",
    "VerifiedSignature",
    "Verifier",
    "add_signatures",
    "cosign",
    "lines_by",
    "open_note",
    "sign",
    "signed_text",
]

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
_DASH = "— "
_COSIGNATURE_BYTES = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedSignature:
    """A signature that fits; `time` is when a witness cosigned (POSIX seconds), None for other keys."""

    verifier: Verifier
    time: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text that at least one trusted key signed; `unknown` counts signatures by other keys."""

    text: bytes
    signatures: tuple[VerifiedSignature, ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class _SignatureLine:
    name: str
    key_id: bytes
    signature: bytes


def sign(text: bytes, signer: Signer, *others: Signer) -> bytes:
    """The text as a note with a signature by each; raises NoteError when a note cannot hold the text."""
    signers = (signer, *others)
    if any(one.key_type is not KeyType.ED25519 for one in signers):
        raise KeyFormatError("a witness key signs cosignatures only")
    _require_text(text)
    return text + b"\n" + b"".join(_line(one.verifier, one.sign(text)) for one in signers)


def cosign(text: bytes, signer: Signer, time: int) -> bytes:
    """One signature line over the text by a witness; time in POSIX seconds."""
    if signer.key_type is not KeyType.COSIGNATURE:
        raise KeyFormatError("only a witness key signs cosignatures")
    if not 0 <= time <= MAX_NUMBER:
        raise NoteError("the time of a cosignature is outside 0 to 2^63-1")
    _require_text(text)
    return _line(signer.verifier, time.to_bytes(8, "big") + signer.sign(cosigned_message(text, time)))


def add_signatures(note: bytes, lines: bytes) -> bytes:
    """The note with these signature lines behind its own; lines it already has are left out.

    Nothing is verified; raises NoteError when note or lines have the wrong shape.
    """
    text, _ = _split(note)
    _parse_lines(lines)
    present = set(note[len(text) + 1 :].splitlines(keepends=True))
    grown = note + b"".join(line for line in lines.splitlines(keepends=True) if line not in present)
    _split(grown)
    return grown


def open_note(data: bytes, verifiers: Iterable[Verifier]) -> Note:
    """The note, once all signatures by these keys fit and there is at least one.

    A known key (name and key id match) with a signature that fails rejects the whole note with
    SignatureError; unknown keys are skipped, and nothing but those raises UnknownSignersError.
    """
    known = _by_name_and_id(verifiers)
    text, lines = _split(data)
    signatures: dict[VerifiedSignature, None] = {}
    unknown = 0
    for line in lines:
        verifier = known.get((line.name, line.key_id))
        if verifier is None:
            unknown += 1
            continue
        signatures[VerifiedSignature(verifier=verifier, time=verifier.verify(text, line.signature))] = None
    if not signatures:
        raise UnknownSignersError("no key that is trusted here has signed this note")
    return Note(text=text, signatures=tuple(signatures), unknown=unknown)


def signed_text(data: bytes) -> bytes:
    """The text of a note, nothing verified; raises NoteError when it has the wrong shape."""
    return _split(data)[0]


def lines_by(data: bytes, verifiers: Iterable[Verifier]) -> bytes:
    """The signature lines that name one of these keys, as they stand; `open_note` says whether they fit."""
    known = _by_name_and_id(verifiers)
    text, lines = _split(data)
    written = data[len(text) + 1 :].splitlines(keepends=True)
    return b"".join(raw for raw, line in zip(written, lines, strict=True) if (line.name, line.key_id) in known)


def times_by(data: bytes, name: str) -> list[int]:
    """The POSIX seconds in the cosignature lines that bear this name; nobody's word before `open_note` took them."""
    _, lines = _split(data)
    found = [line.signature for line in lines if line.name == name and len(line.signature) == _COSIGNATURE_BYTES]
    return [int.from_bytes(signature[:8], "big") for signature in found]


def _by_name_and_id(verifiers: Iterable[Verifier]) -> dict[tuple[str, bytes], Verifier]:
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise KeyFormatError(f"two keys share the name {verifier.name} and one key id")
    return known


def _split(data: bytes) -> tuple[bytes, list[_SignatureLine]]:
    if len(data) > MAX_NOTE_BYTES:
        raise NoteError(f"the note is longer than {MAX_NOTE_BYTES} bytes")
    end = data.rfind(b"\n\n")
    if end < 0:
        raise NoteError("the note has no empty line between text and signatures")
    text = data[: end + 1]
    _require_text(text)
    return text, _parse_lines(data[end + 2 :])


def _require_text(text: bytes) -> None:
    _decode(text)
    if not text.endswith(b"\n"):
        raise NoteError("the text of a note ends with a line feed")


def _decode(data: bytes) -> str:
    try:
        decoded = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteError(f"the note is not UTF-8 at byte {error.start}") from None
    if any(byte < 0x20 and byte != 0x0A for byte in data):
        raise NoteError("the note holds a control character other than the line feed")
    return decoded


def _parse_lines(block: bytes) -> list[_SignatureLine]:
    text = _decode(block)
    if not text.endswith("\n"):
        raise NoteError("the signatures of a note end with a line feed, and there is at least one")
    lines = text[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"the note has more than {MAX_SIGNATURES} signatures")
    return [_parse_line(line, number) for number, line in enumerate(lines, 1)]


def _parse_line(line: str, number: int) -> _SignatureLine:
    where = f"signature line {number}"
    if not line.startswith(_DASH):
        raise NoteError(f"{where} does not begin with an em dash and a space")
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        check_key_name(name)
    except KeyFormatError:
        raise NoteError(f"{where} has no proper key name") from None
    blob = from_base64(encoded, where, NoteError)
    if len(blob) <= KEY_ID_BYTES:
        raise NoteError(f"{where} is too short for a key id and a signature")
    return _SignatureLine(name, blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])


def _line(verifier: Verifier, signature: bytes) -> bytes:
    return f"{_DASH}{verifier.name} {to_base64(verifier.key_id + signature)}\n".encode()
