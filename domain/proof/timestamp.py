"""How is a time-stamping authority asked to stamp a checkpoint, and when is its answer good enough to keep?

RFC 3161. The request is written byte by byte. An answer is kept only when two checkers that share no code accept it:
OpenSSL's, through rfc3161-client, and the one that lies in every bundle, because an anchor that an auditor's checker
refuses would be worse than none.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from rfc3161_client import TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response

from domain.proof.errors import StampError, StampRefusedError
from domain.proof.offline.certificates import Certificate, read_pem, trusted_root
from domain.proof.offline.errors import Wrong
from domain.proof.offline.timestamps import read_time_stamp

NONCE_BYTES = 8
MAX_ANSWER_BYTES = 65_536
_SHA256 = bytes.fromhex("300d06096086480165030402010500")
_TRUE = b"\x01\x01\xff"
_GRANTED, _GRANTED_WITH_MODS = 0, 1
_GRANTED_STATUS = bytes.fromhex("3003020100")


@dataclass(frozen=True, slots=True)
class StampRoots:
    """The certificates an operator pinned: every kept time stamp leads to one of them."""

    certificates: tuple[x509.Certificate, ...] = field(repr=False)
    for_auditors: tuple[Certificate, ...] = field(repr=False)

    @classmethod
    def from_pem(cls, data: bytes) -> "StampRoots":
        """Raises StampError unless the file holds at least one certificate that both checkers can read."""
        try:
            return cls(tuple(dict.fromkeys(x509.load_pem_x509_certificates(data))), read_pem(data))
        except (ValueError, Wrong):
            raise StampError("the file with the roots holds no certificates in PEM form") from None


def stamp_request(stamped: bytes, nonce: int) -> bytes:
    """The DER bytes that ask for a stamp over the SHA-256 of these bytes, with the authority's certificate."""
    if nonce < 0:
        raise StampError("the nonce of a time-stamp request is not negative")
    imprint = _der(0x30, _SHA256 + _der(0x04, hashlib.sha256(stamped).digest()))
    # One bit more than the number has: a leading zero where the first byte would read as negative.
    number = nonce.to_bytes(nonce.bit_length() // 8 + 1, "big")
    return _der(0x30, b"\x02\x01\x01" + imprint + _der(0x02, number) + _TRUE)


def check_stamp(answer: bytes, stamped: bytes, nonce: int, roots: StampRoots) -> datetime:
    """When the authority saw the stamped bytes, in whole seconds; raises StampError unless every check holds.

    Granted; imprint and nonce as asked; one signer, whose signature covers content type, digest and its own
    certificate; a certificate for time-stamping alone; a chain to a pinned root that is good at that time.
    """
    if len(answer) > MAX_ANSWER_BYTES:
        raise StampError(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
    response = _granted(answer)
    builder = VerifierBuilder(roots=list(roots.certificates), nonce=nonce)
    try:
        builder.build().verify_message(response, stamped)
        time = response.tst_info.gen_time.replace(microsecond=0, tzinfo=UTC)
    except VerificationError as error:
        raise StampError(_REASONS.get(str(error), "the token does not hold, or leads to no pinned root")) from None
    except (ValueError, TypeError):
        raise StampError("the token cannot be read") from None
    if _check_as_an_auditor(answer, stamped, roots) != time:
        raise StampError("two checkers read two times in one token")
    return time


def _granted(answer: bytes) -> TimeStampResponse:
    try:
        response = decode_timestamp_response(answer)
        if response.status == _GRANTED_WITH_MODS:
            # The library knows plain grants only; what the token says is checked all the same.
            response = decode_timestamp_response(_der(0x30, _GRANTED_STATUS + response.time_stamp_token()))
    except (ValueError, TypeError):
        raise StampError("the answer is no time-stamp response") from None
    if response.status != _GRANTED:
        raise StampRefusedError(f"the authority did not grant a stamp (status {response.status:d})")
    return response


def _check_as_an_auditor(answer: bytes, stamped: bytes, roots: StampRoots) -> datetime:
    """The time that the checker in every bundle reads, when it accepts the token too."""
    try:
        stamp = read_time_stamp(answer, stamped)
        trusted_root(stamp.signer, stamp.certificates, roots.for_auditors, stamp.time)
    except Wrong as error:
        raise StampError(str(error)) from None
    return stamp.time


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    width = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(width))) + width + content


_REASONS = {
    "Nonce mismatch": "the nonce is another than that of the request",
    "Mismatch between messages": "the imprint is of other bytes",
}
