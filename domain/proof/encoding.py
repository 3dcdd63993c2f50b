"""How do the log formats write bytes and numbers as text?

Readers here accept exactly one spelling of each value, so that no file can be changed and still
mean the same: base64 of RFC 4648 section 4 with padding and zero spare bits, decimals without a
leading zero.
"""

import base64
import binascii
import re

from domain.proof.errors import ProofError

HASH_BYTES = 32
MAX_NUMBER = 2**63 - 1

_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,18})", re.ASCII)


def to_base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def from_base64(text: str, what: str, error: type[ProofError]) -> bytes:
    """The bytes behind `text`; raises `error` unless it is their one canonical spelling."""
    try:
        value = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise error(f"{what} is not base64") from None
    if to_base64(value) != text:
        raise error(f"{what} is not canonical base64")
    return value


def hash_from_base64(text: str, what: str, error: type[ProofError]) -> bytes:
    value = from_base64(text, what, error)
    if len(value) != HASH_BYTES:
        raise error(f"{what} is {len(value)} bytes long, not {HASH_BYTES}")
    return value


def from_decimal(text: str, what: str, error: type[ProofError]) -> int:
    """A number from 0 to 2^63-1; raises `error` on signs, spaces, leading zeros and other digits."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_NUMBER:
        raise error(f"{what} is not a plain decimal number below 2^63")
    return int(text)
