"""What goes into the log, so that it holds nothing personal?

An entry is a keyed commitment to the exact bytes of a record: 0x01 || HMAC-SHA256(nonce, record).
Without the nonce it says nothing about the record; with it, nobody can open it to another one.
"""

import hashlib
import hmac

from domain.proof.errors import EntryError

NONCE_BYTES = 64
ENTRY_BYTES = 33
_COMMITMENT = b"\x01"
_LEAF = b"\x00"


def commit(record: bytes, nonce: bytes) -> bytes:
    """The 33-byte log entry for these record bytes; the nonce must be fresh and stay secret.

    Exactly 64 bytes of nonce: HMAC pads shorter keys with zeros, so two nonces could open one
    entry, and hashes longer ones.
    """
    if len(nonce) != NONCE_BYTES:
        raise EntryError(f"the nonce is {len(nonce)} bytes long, not {NONCE_BYTES}")
    return _COMMITMENT + hmac.digest(nonce, record, "sha256")


def opens(entry: bytes, record: bytes, nonce: bytes) -> bool:
    """Whether record and nonce open the entry, compared in constant time."""
    if len(nonce) != NONCE_BYTES:
        return False
    return hmac.compare_digest(entry, commit(record, nonce))


def leaf_hash(entry: bytes) -> bytes:
    """RFC 6962 section 2.1; the prefix keeps an inner node from passing as an entry."""
    return hashlib.sha256(_LEAF + entry).digest()


def length_prefixed(*parts: bytes) -> bytes:
    """Each part behind its 4-byte big-endian length, so that no two lists of parts look alike."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def commit_principal(page_id: str, psid: str, nonce: bytes) -> str:
    """The `pii_principal_id` of a record: lower-case hex, opened only by who has PSID and nonce."""
    if len(nonce) != NONCE_BYTES:
        raise EntryError(f"the nonce is {len(nonce)} bytes long, not {NONCE_BYTES}")
    message = length_prefixed(b"assent/principal/v1", page_id.encode(), psid.encode())
    return hmac.digest(nonce, message, "sha256").hex()
