"""Who signed this state of the log?

C2SP signed-note 1.0.0, tlog-checkpoint 1.0.0 without extension lines, and the Ed25519 cosignatures of witnesses
(tlog-cosignature, type 0x04). Every value has one accepted spelling, so that no file can be changed and still mean the
same.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from domain.proof.offline.ed25519 import ed25519_fits
from domain.proof.offline.errors import UnknownSigner, Unreadable, Wrong
from domain.proof.offline.tree import EMPTY_ROOT, HASH_BYTES

MAX_NUMBER = 2**63 - 1
MAX_NOTE_BYTES = 262_144
MAX_SIGNATURES = 100
LOG_KEY, WITNESS_KEY = 1, 4
_DASH = "— "
_DECIMAL = re.compile(r"0|[1-9][0-9]*", re.ASCII)
_HEX_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)


def from_base64(text: str, what: str) -> bytes:
    """The bytes behind the text, which must be their one canonical spelling."""
    try:
        value = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise Wrong(f"{what} is not base64") from None
    if to_base64(value) != text:
        raise Wrong(f"{what} is not canonical base64")
    return value


def to_base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def hash_from(text: str, what: str) -> bytes:
    value = from_base64(text, what)
    if len(value) != HASH_BYTES:
        raise Wrong(f"{what} is {len(value)} bytes long, not {HASH_BYTES}")
    return value


def number_from(text: str, what: str) -> int:
    """A decimal number without leading zero or sign; from 2^63 on the file is not looked at further."""
    if not _DECIMAL.fullmatch(text):
        raise Wrong(f"{what} is not a plain decimal number")
    if len(text) > 19 or int(text) > MAX_NUMBER:
        raise Unreadable(f"{what} is 2^63 or more")
    return int(text)


@dataclass(frozen=True, slots=True)
class Key:
    """A public Ed25519 key under its name; `kind` says whether a log or a witness signs with it."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([self.kind]) + self.public)}"


@lru_cache(maxsize=256)
def read_key(vkey: str) -> Key:
    """The key in a vkey, `name+key id+key`."""
    parts = vkey.split("+", 2)  # base64 has plus signs of its own
    if len(parts) != 3:
        raise Wrong("a vkey has three parts joined by plus signs: name, key id, key")
    check_key_name(parts[0])
    typed = from_base64(parts[2], "the key in a vkey")
    if len(typed) != 33 or typed[0] not in (LOG_KEY, WITNESS_KEY):
        raise Wrong("a vkey holds no Ed25519 key of type 1 (log) or 4 (witness)")
    key = Key(parts[0], typed[0], typed[1:])
    if not _HEX_ID.fullmatch(parts[1]) or parts[1] != key.key_id.hex():
        raise Wrong("the key id in a vkey does not belong to its name and key")
    return key


def check_key_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() or c < " " or "\ud800" <= c <= "\udfff" for c in name):
        raise Wrong("a key name is empty or holds a space, a control character or a plus sign")


@dataclass(frozen=True, slots=True)
class SignatureLine:
    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's statement about its whole content at one size; `text` is what was signed."""

    origin: str
    size: int
    root: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness saw this state at that time (POSIX seconds), and nothing that contradicts it before."""

    key: Key
    time: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A checkpoint that its own log signed: with which of the accepted keys, and seen by which known witnesses."""

    checkpoint: Checkpoint
    signers: tuple[Key, ...]
    cosignatures: tuple[Cosignature, ...]


@lru_cache(maxsize=128)
def read_note(data: bytes) -> tuple[Checkpoint, tuple[SignatureLine, ...]]:
    """The checkpoint and its signature lines, nothing verified."""
    if len(data) > MAX_NOTE_BYTES:
        raise Unreadable(f"the note is longer than {MAX_NOTE_BYTES} bytes")
    end = data.rfind(b"\n\n")
    if end < 0:
        raise Wrong("the note has no empty line between text and signatures")
    lines = _note_text(data[end + 2 :]).split("\n")
    if lines.pop() or not lines:
        raise Wrong("the signatures of a note end with a line feed, and there is at least one")
    if len(lines) > MAX_SIGNATURES:
        raise Unreadable(f"the note has more than {MAX_SIGNATURES} signatures")
    return read_checkpoint(data[: end + 1]), tuple(_signature_line(line, at) for at, line in enumerate(lines, 1))


def read_checkpoint(text: bytes) -> Checkpoint:
    """The three lines that are signed: origin, size, root."""
    lines = _note_text(text).split("\n")
    if len(lines) != 4 or lines[3]:
        raise Wrong("a checkpoint has three lines: origin, size, root")
    check_key_name(lines[0])
    size = number_from(lines[1], "the size of the checkpoint")
    root = hash_from(lines[2], "the root of the checkpoint")
    if size == 0 and root != EMPTY_ROOT:
        raise Wrong("the checkpoint of an empty log has another root than the empty tree")
    return Checkpoint(lines[0], size, root, text)


@lru_cache(maxsize=128)
def open_note(data: bytes, logs: tuple[Key, ...], witnesses: tuple[Key, ...] = ()) -> Opened:
    """The checkpoint, once every signature by one of these keys fits and one is a log key's under its own name.

    A known key (name and key id match) whose signature fails refuses the whole note; unknown keys are skipped.
    Cosignatures alone never open it: a witness vouches for growth and not for the log.
    """
    checkpoint, lines = read_note(data)
    known = _known(logs, witnesses)
    signers: dict[Key, None] = {}
    cosignatures: dict[Cosignature, None] = {}
    for line in lines:
        key = known.get((line.name, line.key_id))
        if key is None:
            continue
        if key.kind == LOG_KEY:
            _require_fit(key, checkpoint.text, line.signature)
            signers[key] = None
        else:
            cosignatures[Cosignature(key, _cosigned_at(key, checkpoint.text, line.signature))] = None
    if not signers:
        raise UnknownSigner("no log key that is accepted here has signed this checkpoint")
    own = tuple(key for key in signers if key.name == checkpoint.origin)
    if not own:
        raise Wrong("the checkpoint names another log than the key that signed it")
    return Opened(checkpoint, own, tuple(cosignatures))


def _known(logs: Sequence[Key], witnesses: Sequence[Key]) -> dict[tuple[str, bytes], Key]:
    known: dict[tuple[str, bytes], Key] = {}
    for key in (*logs, *witnesses):
        if known.setdefault((key.name, key.key_id), key) != key:
            raise Wrong(f"two keys share the name {key.name} and one key id")
    return known


def _cosigned_at(key: Key, text: bytes, signature: bytes) -> int:
    time = int.from_bytes(signature[:8], "big")
    if len(signature) != 72 or time > MAX_NUMBER:
        raise Wrong(f"a cosignature by {key.name} has the wrong shape")
    _require_fit(key, b"cosignature/v1\ntime %d\n" % time + text, signature[8:])
    return time


def _require_fit(key: Key, message: bytes, signature: bytes) -> None:
    if not _fits(key.public, message, signature):
        raise Wrong(f"the signature by {key.name} does not fit the text")


@lru_cache(maxsize=1024)
def _fits(public: bytes, message: bytes, signature: bytes) -> bool:
    return ed25519_fits(public, message, signature)


def _note_text(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Wrong(f"the note is not UTF-8 at byte {error.start}") from None
    if any(byte < 0x20 and byte != 0x0A for byte in data):
        raise Wrong("the note holds a control character other than the line feed")
    return text


def _signature_line(line: str, number: int) -> SignatureLine:
    where = f"signature line {number}"
    if not line.startswith(_DASH):
        raise Wrong(f"{where} does not begin with an em dash and a space")
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    check_key_name(name)
    blob = from_base64(encoded, where)
    if len(blob) <= 4:
        raise Wrong(f"{where} is too short for a key id and a signature")
    return SignatureLine(name, blob[:4], blob[4:])
