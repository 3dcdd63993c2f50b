"""What do the links and codes that we hand to people contain, and when is one genuine?

A token holds no personal data: a random reference that is replaced at erasure, a campaign number and a MAC.
Purpose, version and key id are inside the MAC, so a token of one kind never passes as another. Anything
wrong gives the same error, so an answer never tells whether a person exists.
"""

import base64
import binascii
import hmac
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from domain.proof.entry import length_prefixed

MAC_BYTES = 16
EXPORT_CODE_BYTES = 5
RECEIPT_CODE_BYTES = 20

_UNSUBSCRIBE = "u1"
_UNSUBSCRIBE_LABEL = b"assent/link/unsubscribe/v1"
_TOKEN = re.compile(r"u1\.(0|[1-9][0-9]{0,4})\.([A-Za-z0-9_-]{32})\.([A-Za-z0-9_-]{22})")

# Crockford's digits: no I, L, O, U; people may still type them.
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_FORGIVEN = str.maketrans("OIL", "011")


class BadToken(ValueError):
    """The link or code is not one of ours, is damaged, or its key is gone; the text never says which."""

    def __init__(self) -> None:
        super().__init__("this link or code is not valid; ask for a new one in the chat")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeLink:
    """What a genuine unsubscribe link names: somebody's link reference, and the campaign it came with."""

    link_ref: UUID
    campaign: int


def make_unsubscribe(key: bytes, kid: int, link_ref: UUID, campaign: int) -> str:
    """The token of one person's unsubscribe link; the same inputs give the same token."""
    body = link_ref.bytes + campaign.to_bytes(8)
    return f"{_UNSUBSCRIBE}.{kid}.{_encode(body)}.{_encode(_unsubscribe_mac(key, kid, body))}"


def read_unsubscribe(token: str, keys: Mapping[int, bytes]) -> UnsubscribeLink:
    """What the token names; raises BadToken for anything that we did not make with one of these keys."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise BadToken
    kid, body, mac = int(found[1]), _decode(found[2]), _decode(found[3])
    key = keys.get(kid)
    if key is None or not hmac.compare_digest(mac, _unsubscribe_mac(key, kid, body)):
        raise BadToken
    return UnsubscribeLink(link_ref=UUID(bytes=body[:16]), campaign=int.from_bytes(body[16:]))


def export_code(random_bytes: bytes) -> str:
    """Eight characters for one download, typed by hand from the chat: ABCD-EFGH; needs 5 random bytes."""
    return _grouped(_base32(random_bytes, EXPORT_CODE_BYTES))


def read_export_code(typed: str) -> str:
    """The code as we store it, however it was typed; raises BadToken when it cannot be one."""
    return _grouped(_read_base32(typed, EXPORT_CODE_BYTES))


def receipt_code(random_bytes: bytes) -> str:
    """Thirty-two characters that open a status or receipt, in groups of four; needs 20 random bytes."""
    return _grouped(_base32(random_bytes, RECEIPT_CODE_BYTES))


def read_receipt_code(typed: str) -> str:
    """The code in its grouped form, however it was typed; raises BadToken when it cannot be one."""
    return _grouped(_read_base32(typed, RECEIPT_CODE_BYTES))


def receipt_bytes(typed: str) -> bytes:
    """The 20 bytes a receipt was made from; raises BadToken when it cannot be one."""
    number = 0
    for digit in _read_base32(typed, RECEIPT_CODE_BYTES):
        number = number << 5 | _DIGITS.index(digit)
    return number.to_bytes(RECEIPT_CODE_BYTES)


def in_one_word(code: str) -> str:
    """The code without its hyphens, for addresses and for platforms that want letters and digits only."""
    return code.replace("-", "")


def codes_match(stored: str, typed: str) -> bool:
    """Whether somebody typed this code; takes the same time for every wrong one of the same length."""
    return hmac.compare_digest(_plain(stored).encode(), _plain(typed).encode())


def _unsubscribe_mac(key: bytes, kid: int, body: bytes) -> bytes:
    # HKDF-Expand of one block is a single HMAC over the label and the counter 1.
    purpose_key = hmac.digest(key, _UNSUBSCRIBE_LABEL + b"\x01", sha256)
    message = length_prefixed(_UNSUBSCRIBE_LABEL, kid.to_bytes(2), body[:16], body[16:])
    return hmac.digest(purpose_key, message, sha256)[:MAC_BYTES]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise BadToken from None
    # One token, one spelling: spare bits at the end must be zero.
    if _encode(raw) != text:
        raise BadToken
    return raw


def _base32(random_bytes: bytes, size_bytes: int) -> str:
    if len(random_bytes) != size_bytes:
        raise ValueError(f"this code is made from exactly {size_bytes} random bytes")
    number, length = int.from_bytes(random_bytes), size_bytes * 8 // 5
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(length)))


def _read_base32(typed: str, size_bytes: int) -> str:
    plain = _plain(typed)
    if len(plain) != size_bytes * 8 // 5 or not set(plain) <= set(_DIGITS):
        raise BadToken
    return plain


def _plain(typed: str) -> str:
    # A pasted page is cut before it costs anything.
    text = unicodedata.normalize("NFKC", typed[:200]).upper().translate(_FORGIVEN)
    return "".join(char for char in text if char.isalnum())


def _grouped(code: str) -> str:
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))
