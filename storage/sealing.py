"""How does a value become unreadable without its key, and how is it looked up all the same?

Bytes in, bytes out: nothing here knows a table or a row type. Formats are version 1 and frozen by the
vectors in tests/storage/test_sealing.py. Nonces come from the operating system; the parameter is for
those vectors. Keys of people are unwrapped for one use and never cached: a cache would outlive an erasure.
"""

import hmac
import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Final, NoReturn, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from storage.errors import KeyRefused, OpenFailed
from storage.labels import Label

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
WRAPPED_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES
COMMITMENT_BYTES = 32
COMMITMENT_NONCE_BYTES = 64
INDEX_BYTES = 16
HEADER = b"\x01\x01"  # format 1, suite AES-256-GCM
MAX_KID = 0x7FFF  # two bytes in the context, a signed smallint in the table

FAILED_OPENS: Counter[Label] = Counter()
"""How often an open failed since the start, by label: a count above zero is an alarm."""


def lp(*parts: bytes) -> bytes:
    """The parts, each behind its 4-byte big-endian length: no two lists of parts give the same bytes."""
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


# Made once: this file runs for every event and every send.
_SHA256 = SHA256()
_WRAP_CONTEXT = lp(b"assent/dek/v1") + (16).to_bytes(4, "big")
_LABEL_CONTEXT = {label: HEADER + lp(label.encode()) for label in Label}


def derive(key: bytes, label: str, length: int = KEY_BYTES) -> bytes:
    """A key for one purpose: HKDF-Expand-SHA256; `key` must be uniformly random, so there is no extract."""
    return HKDFExpand(_SHA256, length, label.encode()).derive(key)


def padded_bytes(length: int) -> int:
    """The bucket for a plaintext of this length: powers of two from 32 to 1024, then steps of 512."""
    needed = length + 1
    if needed > 1024:
        return -(-needed // 512) * 512
    return max(32, 1 << (needed - 1).bit_length())


def pad(plaintext: bytes) -> bytes:
    """The plaintext, 0x80, and zeros up to the bucket, so that a size says little."""
    return (plaintext + b"\x80").ljust(padded_bytes(len(plaintext)), b"\x00")


def unpad(padded: bytes) -> bytes:
    """What `pad` was given; raises ValueError for bytes it cannot have made."""
    stripped = padded.rstrip(b"\x00")
    if not stripped.endswith(b"\x80") or padded_bytes(len(stripped) - 1) != len(padded):
        raise ValueError("not padded by this format")
    return stripped[:-1]


class DataKey:
    """The key of one owner (a lead, a day of the inbox, the installation): seals and opens its values.

    A sealed value opens only under the same owner, label and row. Hold a key for one task, then let it go.
    """

    # Not a dataclass: frozen ones cost more to make than their two derivations, and one is made for every event.
    __slots__ = ("_aead", "_owner_context", "owner", "secret")

    def __init__(self, owner: UUID, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a data key has {KEY_BYTES} bytes")
        self.owner: Final = owner
        self.secret: Final = secret
        self._aead = AESGCM(HKDFExpand(_SHA256, KEY_BYTES, b"assent/seal/v1").derive(secret))
        self._owner_context = lp(owner.bytes)

    @classmethod
    def generate(cls, owner: UUID) -> Self:
        """A new random key for this owner."""
        return cls(owner, os.urandom(KEY_BYTES))

    def commitment(self) -> bytes:
        """What is stored beside the wrapped key: it fits this key and no other."""
        return HKDFExpand(_SHA256, COMMITMENT_BYTES, b"assent/commit/v1").derive(self.secret)

    def nonce(self, label: str) -> bytes:
        """The 64 bytes under which a commitment of this kind is made: the same each time, gone with the key."""
        return HKDFExpand(_SHA256, COMMITMENT_NONCE_BYTES, label.encode()).derive(self.secret)

    def seal(self, label: Label, row_id: bytes, plaintext: bytes, *, nonce: bytes | None = None) -> bytes:
        """Header, nonce, ciphertext and tag; the size shows only the bucket. `nonce` is for vectors alone."""
        fresh = os.urandom(NONCE_BYTES) if nonce is None else nonce
        context = self._context(label, row_id)
        return HEADER + fresh + self._aead.encrypt(fresh, pad(plaintext), context)

    def open(self, label: Label, row_id: bytes, sealed: bytes) -> bytes:
        """The plaintext; raises OpenFailed when a bit, the owner, label, row or format differs."""
        body = len(HEADER) + NONCE_BYTES
        if sealed[: len(HEADER)] != HEADER or len(sealed) < body + TAG_BYTES:
            raise _failed(label, row_id)
        try:
            context = self._context(label, row_id)
            return unpad(self._aead.decrypt(sealed[len(HEADER) : body], sealed[body:], context))
        except (InvalidTag, ValueError):
            pass
        raise _failed(label, row_id)

    def _context(self, label: Label, row_id: bytes) -> bytes:
        return _LABEL_CONTEXT[label] + self._owner_context + len(row_id).to_bytes(4, "big") + row_id

    def __repr__(self) -> str:
        return f"DataKey(owner={self.owner})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is never pickled")


def _failed(label: Label, row_id: bytes) -> OpenFailed:
    FAILED_OPENS[label] += 1
    return OpenFailed(label, row_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A data key as it is stored: readable only with the key of its `kid`, and only for its owner."""

    kid: int
    wrapped: bytes = field(repr=False)
    commitment: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class WrappingKey:
    """A key-encryption key at work: wraps the data keys of one key epoch."""

    kid: int
    secret: bytes = field(repr=False)
    _aead: AESGCM = field(init=False, repr=False)
    _kid_context: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"a wrapping key has {KEY_BYTES} bytes")
        if not 1 <= self.kid <= MAX_KID:
            raise ValueError(f"a key id is between 1 and {MAX_KID}")
        object.__setattr__(self, "_aead", AESGCM(derive(self.secret, "assent/kek-wrap/v1")))
        object.__setattr__(self, "_kid_context", lp(self.kid.to_bytes(2, "big")))

    def wrap(self, key: DataKey, *, nonce: bytes | None = None) -> WrappedKey:
        """The key as its row stores it. `nonce` is for vectors alone."""
        fresh = os.urandom(NONCE_BYTES) if nonce is None else nonce
        wrapped = fresh + self._aead.encrypt(fresh, key.secret, self._context(key.owner))
        return WrappedKey(kid=self.kid, wrapped=wrapped, commitment=key.commitment())

    def unwrap(self, owner: UUID, stored: WrappedKey) -> DataKey:
        """The owner's key; raises KeyRefused when it is another owner's, another epoch's, or altered."""
        if stored.kid == self.kid and len(stored.wrapped) == WRAPPED_BYTES:
            try:
                secret = self._aead.decrypt(
                    stored.wrapped[:NONCE_BYTES], stored.wrapped[NONCE_BYTES:], self._context(owner)
                )
            except InvalidTag:
                raise KeyRefused(owner, stored.kid) from None
            key = DataKey(owner, secret)
            if hmac.compare_digest(key.commitment(), stored.commitment):
                return key
        raise KeyRefused(owner, stored.kid)

    def _context(self, owner: UUID) -> bytes:
        return b"".join((_WRAP_CONTEXT, owner.bytes, self._kid_context))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is never pickled")


def inbox_day(day: date) -> UUID:
    """The owner that the key of this day is wrapped for; the same day always gives the same owner."""
    return UUID(bytes=sha256(lp(b"assent/inbox-day/v1", day.isoformat().encode())).digest()[:16])


@dataclass(frozen=True, slots=True, eq=False)
class IndexKey:
    """Keyed hashes by which rows are found without holding what they are about.

    Each kind has its own derived key and label: equal inputs of two kinds never give equal hashes.
    """

    kid: int
    secret: bytes = field(repr=False)
    _kinds: dict[str, bytes] = field(init=False, repr=False, default_factory=dict)

    def psid(self, page_id: str, psid: str) -> bytes:
        """The look-up hash of a person on a Page (16 bytes); unique per key and Page."""
        return self._hash("assent/idx/psid/v1", page_id.encode(), psid.encode())[:INDEX_BYTES]

    def message(self, page_id: str, message_id: str) -> bytes:
        """The hash of a platform message id (16 bytes): a send's answer and its echo meet under it."""
        return self._hash("assent/idx/mid/v1", page_id.encode(), message_id.encode())[:INDEX_BYTES]

    def event(self, *parts: bytes) -> bytes:
        """The unique key of an inbox event (32 bytes), over whatever makes the event one and the same."""
        return self._hash("assent/idx/event/v1", *parts)

    def email(self, address: str) -> bytes:
        """The sign-in look-up hash of an operator's address (16 bytes), letter case ignored."""
        return self._hash("assent/idx/email/v1", address.strip().casefold().encode())[:INDEX_BYTES]

    def network_address(self, address: str) -> bytes:
        """The hash under which the security log keeps a network address (16 bytes)."""
        return self._hash("assent/idx/address/v1", address.encode())[:INDEX_BYTES]

    def _hash(self, label: str, *parts: bytes) -> bytes:
        # Derived once: every event asks for several.
        key = self._kinds.get(label)
        if key is None:
            key = self._kinds[label] = derive(self.secret, label)
        return hmac.digest(key, lp(*parts), "sha256")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is never pickled")


SUPPRESSION_KIND: Final = "assent/idx/suppression/v1"
TOMBSTONE_KIND: Final = "assent/idx/tombstone/v1"


def suppression_handle(suppression_key: bytes, page_id: str, psid: str) -> bytes:
    """What a standing "never send" is kept under (32 bytes): it outlives the erasure of the person."""
    return person_handle(derive(suppression_key, SUPPRESSION_KIND), page_id, psid)


def tombstone_handle(suppression_key: bytes, page_id: str, psid: str) -> bytes:
    """What an erasure leaves behind (32 bytes), so that late events of before are known and dropped."""
    return person_handle(derive(suppression_key, TOMBSTONE_KIND), page_id, psid)


def person_handle(kind_key: bytes, page_id: str, psid: str) -> bytes:
    """Either handle, under a key that was derived for its kind before."""
    return hmac.digest(kind_key, lp(page_id.encode(), psid.encode()), "sha256")
