"""How does an operator get the keys back after a loss, without an old copy undoing an erasure?

The sheet on paper holds only the root, which never opens anything in the database. It opens copies of the
ring; those are made with each backup of the keys and deleted after a few days (`KeyRing.copies_end_at`).
"""

import base64
import hmac
import re
from hashlib import sha256
from uuid import UUID

from storage import keyring_json
from storage.errors import OpenFailed
from storage.keyring import KeyRing, RingUnreadable
from storage.labels import Label
from storage.sealing import KEY_BYTES, DataKey, derive, lp

COPY_MAGIC = b"assent-ring-copy/1\n"
_LOOK_ALIKES = str.maketrans("018", "OIB")  # none of the three digits is in the alphabet


def fingerprint(ring: KeyRing) -> str:
    """Names the root without telling it, in groups of four; changes only when the root does."""
    return root_fingerprint(ring.root)


def root_fingerprint(root: bytes) -> str:
    """The same for a root alone, as it comes from a typed sheet."""
    digest = sha256(lp(b"assent/escrow-fingerprint/v1", root)).digest()
    return "-".join(_groups(digest[:10]))


def escrow_sheet(ring: KeyRing) -> str:
    """The text to print once and lock away: whoever has it and a copy of the ring has every key."""
    groups = _groups(ring.root + _check_bytes(ring.root))
    lines = "\n".join("    " + " ".join(groups[start : start + 5]) for start in range(0, len(groups), 5))
    return (
        "ASSENT ESCROW SHEET\n\n"
        f"Installation  {ring.install_id}\n"
        f"Fingerprint   {fingerprint(ring)}\n\n"
        f"Root\n{lines}\n\n"
        "The root opens copies of the key ring made by `assent backup`. Without the ring or a copy of it,\n"
        "everything sealed is lost; nobody can bring it back. Keep this sheet apart from every backup.\n"
    )


def read_root(typed: str) -> bytes:
    """The root as typed from a sheet, spaces and letter case ignored; raises RingUnreadable on a slip."""
    letters = re.sub(r"[\s-]", "", typed).upper().translate(_LOOK_ALIKES)
    try:
        found = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError:
        found = b""
    root, check = found[:KEY_BYTES], found[KEY_BYTES:]
    if len(root) != KEY_BYTES or not hmac.compare_digest(check, _check_bytes(root)):
        raise RingUnreadable("this is not the root of an escrow sheet; compare it group by group and type it again")
    return root


def seal_copy(ring: KeyRing) -> bytes:
    """The whole ring, readable with the root alone; keep it no longer than `ring.copies_end_at` says."""
    sealed = _copy_key(ring.root, ring.install_id).seal(
        Label.RING_COPY, ring.install_id.bytes, keyring_json.encode(ring).encode()
    )
    return COPY_MAGIC + ring.install_id.bytes + sealed


def open_copy(root: bytes, copy: bytes) -> KeyRing:
    """The ring of a copy; raises RingUnreadable when the root is another one or the copy was altered."""
    start = len(COPY_MAGIC)
    if copy.startswith(COPY_MAGIC) and len(copy) > start + 16:
        install_id = UUID(bytes=copy[start : start + 16])
        try:
            key = _copy_key(root, install_id)
            return keyring_json.decode(key.open(Label.RING_COPY, install_id.bytes, copy[start + 16 :]))
        except OpenFailed:
            pass
    raise RingUnreadable("the copy of the key ring does not open with this root; look for the sheet printed last")


def _copy_key(root: bytes, install_id: UUID) -> DataKey:
    return DataKey(install_id, derive(root, "assent/ring-copy/v1"))


def _check_bytes(root: bytes) -> bytes:
    return sha256(lp(b"assent/escrow-check/v1", root)).digest()[:3]


def _groups(value: bytes) -> list[str]:
    text = base64.b32encode(value).decode("ascii").rstrip("=")
    return [text[start : start + 4] for start in range(0, len(text), 4)]
