"""What goes into the log, so that it holds nothing personal?

An entry is a keyed commitment to the exact bytes of a record: 0x01 || HMAC-SHA256(nonce, record).
Without the nonce it says nothing about the record; with it, nobody can open it to another one.
"""

import hashlib
import hmac

from domain.proof.errors import EntryError

NONCE_BYTES = 64
# Also the labels under which a person's key gives the nonces of these two commitments.
PRINCIPAL = "assent/principal/v1"
NAME = "assent/name/v1"
ENTRY_BYTES = 33
_COMMITMENT = b"\x01"
_LEAF = b"\x00"


def commit(record: bytes, nonce: bytes) -> bytes:
    """The 33-byte log entry for these record bytes; the nonce must be fresh and stay secret.

    Exactly 64 bytes of nonce: HMAC pads shorter keys with zeros, so two nonces could open one
    entry, and hashes longer ones.
    """
    return _COMMITMENT + _keyed(nonce, record)


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
    return _keyed(nonce, length_prefixed(PRINCIPAL.encode(), page_id.encode(), psid.encode())).hex()


def commit_name(name: str, nonce: bytes) -> str:
    """The `name_commitment` of a record: lower-case hex, opened only by who has name and nonce."""
    return _keyed(nonce, length_prefixed(NAME.encode(), name.encode())).hex()


def commit_raw(content: bytes, nonce: bytes) -> str:
    """The `raw_event.commitment` of a record: lower-case hex over what the platform sent, as it is kept."""
    return _keyed(nonce, content).hex()


def _keyed(nonce: bytes, message: bytes) -> bytes:
    if len(nonce) != NONCE_BYTES:
        raise EntryError(f"the nonce is {len(nonce)} bytes long, not {NONCE_BYTES}")
    return hmac.digest(nonce, message, "sha256")
