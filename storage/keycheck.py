"""Is this the key ring that this database was sealed with?

The database holds one sealed constant per KEK. It is compared before anything is written: a wrong ring must
never seal over what the right one opens.
"""

from collections.abc import Mapping
from uuid import UUID

from storage.errors import OpenFailed
from storage.keyring import KeyMismatch, KeyRing, RingUnreadable
from storage.labels import Label
from storage.sealing import DataKey, derive

CONSTANT = b"assent key check"


def check_value(ring: KeyRing, kid: int) -> bytes:
    """What the database keeps for this KEK; raises KeyMissing."""
    return _checking_key(ring, kid).seal(Label.KEYCHECK, _row(kid), CONSTANT)


def check_key(ring: KeyRing, kid: int, stored: bytes) -> None:
    """Raises KeyMissing or KeyMismatch unless the ring's KEK made this check value."""
    try:
        opened = _checking_key(ring, kid).open(Label.KEYCHECK, _row(kid), stored)
    except OpenFailed:
        raise KeyMismatch(kid) from None
    if opened != CONSTANT:
        raise KeyMismatch(kid)


def check_ring(ring: KeyRing, stored: Mapping[int, bytes], install_id: UUID | None) -> dict[int, bytes]:
    """The check values the database does not have yet; raises KeyRingError when the ring does not fit it."""
    if install_id is not None and install_id != ring.install_id:
        raise RingUnreadable(
            "the key ring belongs to another installation than the database; check DATABASE_URL and ASSENT_KEYRING_FILE"
        )
    for kid, value in stored.items():
        check_key(ring, kid, value)
    return {kid: check_value(ring, kid) for kid in sorted(ring.kids - stored.keys())}


def _checking_key(ring: KeyRing, kid: int) -> DataKey:
    return DataKey(ring.install_id, derive(ring.wrapping_key(kid).secret, "assent/keycheck/v1"))


def _row(kid: int) -> bytes:
    return kid.to_bytes(2, "big")
