"""Who signs notes, and how are such keys written down?

The key texts of C2SP signed-note: a vkey is public, an skey (the spelling of the Go tools) secret.
Two types: Ed25519 over the text (a log's key) and the timestamped cosignature of a witness.
"""

import hashlib
import re
from dataclasses import dataclass, field
from enum import IntEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain.proof.encoding import MAX_NUMBER, from_base64, to_base64
from domain.proof.errors import KeyFormatError, SignatureError

KEY_ID_BYTES = 4
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_TIME_BYTES = 8
_HEX_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)


class KeyType(IntEnum):
    ED25519 = 0x01
    COSIGNATURE = 0x04


def check_key_name(name: str) -> None:
    """Raises KeyFormatError unless the name may stand in a signature line."""
    if not name or "+" in name or any(c.isspace() or c < " " or "\ud800" <= c <= "\udfff" for c in name):
        raise KeyFormatError("a key name is empty or holds a space, a control character or a plus sign")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """A public key under its name; equal only if name, type and key are."""

    name: str
    key_type: KeyType
    public_key: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.public_key) != _KEY_BYTES:
            raise KeyFormatError(f"a public key is {len(self.public_key)} bytes long, not {_KEY_BYTES}")

    @classmethod
    def from_vkey(cls, vkey: str) -> "Verifier":
        parts = vkey.split("+", 2)  # base64 has plus signs of its own
        if len(parts) != 3:
            raise KeyFormatError("a vkey has three parts joined by plus signs: name, key id, key")
        name, key_id, encoded = parts
        key_type, public_key = _typed_key(encoded, "vkey")
        verifier = cls(name=name, key_type=key_type, public_key=public_key)
        _require_id(key_id, verifier, "vkey")
        return verifier

    @property
    def key_id(self) -> bytes:
        typed = bytes([self.key_type]) + self.public_key
        return hashlib.sha256(self.name.encode() + b"\n" + typed).digest()[:KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([self.key_type]) + self.public_key)}"

    def verify(self, text: bytes, signature: bytes) -> int | None:
        """Returns the time of a cosignature (POSIX seconds), else None; raises SignatureError."""
        time = None
        if self.key_type is KeyType.COSIGNATURE:
            time = int.from_bytes(signature[:_TIME_BYTES], "big")
            if len(signature) != _TIME_BYTES + _SIGNATURE_BYTES or time > MAX_NUMBER:
                raise SignatureError(f"a cosignature by {self.name} has the wrong shape")
            text, signature = cosigned_message(text, time), signature[_TIME_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text)
        except (InvalidSignature, ValueError):
            raise SignatureError(f"the signature by {self.name} does not fit the text") from None
        return time


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A secret key under its name; one key pair serves one type only. The seed stays out of repr."""

    name: str
    key_type: KeyType
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.seed) != _KEY_BYTES:
            raise KeyFormatError(f"a key seed is {len(self.seed)} bytes long, not {_KEY_BYTES}")

    @classmethod
    def from_skey(cls, skey: str) -> "Signer":
        parts = skey.split("+", 4)
        if len(parts) != 5 or parts[:2] != ["PRIVATE", "KEY"]:
            raise KeyFormatError("an skey has the form PRIVATE+KEY+name+key id+key")
        name, key_id, encoded = parts[2:]
        key_type, seed = _typed_key(encoded, "skey")
        signer = cls(name=name, key_type=key_type, seed=seed)
        _require_id(key_id, signer.verifier, "skey")
        return signer

    @property
    def skey(self) -> str:
        typed = to_base64(bytes([self.key_type]) + self.seed)
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{typed}"

    @property
    def verifier(self) -> Verifier:
        public_key = self._private_key().public_key().public_bytes_raw()
        return Verifier(name=self.name, key_type=self.key_type, public_key=public_key)

    def sign(self, message: bytes) -> bytes:
        """The bare 64-byte Ed25519 signature; the same for the same message every time."""
        return self._private_key().sign(message)

    def _private_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def cosigned_message(text: bytes, time: int) -> bytes:
    """What a witness signs (C2SP tlog-cosignature, type 0x04); time in POSIX seconds."""
    return b"cosignature/v1\ntime %d\n" % time + text


def _typed_key(encoded: str, what: str) -> tuple[KeyType, bytes]:
    typed = from_base64(encoded, f"the key in a {what}", KeyFormatError)
    if not typed or typed[0] not in set(KeyType):
        raise KeyFormatError(f"a {what} is of a type that is not supported here (Ed25519: 1 and 4)")
    return KeyType(typed[0]), typed[1:]


def _require_id(key_id: str, verifier: Verifier, what: str) -> None:
    if not _HEX_ID.fullmatch(key_id) or key_id != verifier.key_id.hex():
        raise KeyFormatError(f"the key id in a {what} does not belong to its name and key")
