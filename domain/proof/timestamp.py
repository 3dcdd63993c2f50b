"""How is a time-stamping authority asked to stamp a checkpoint, and when is its answer good enough to keep?

RFC 3161. The request is written byte by byte. An answer is kept only when two checkers that share no code accept it:
OpenSSL's, through rfc3161-client, and the one that lies in every bundle, because an anchor that an auditor's checker
refuses would be worse than none.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response

from domain.proof.errors import StampError, StampRefusedError

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

    @classmethod
    def from_pem(cls, data: bytes) -> "StampRoots":
        """Raises StampError unless the file holds at least one certificate."""
        try:
            return cls(tuple(dict.fromkeys(x509.load_pem_x509_certificates(data))))
        except ValueError:
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
        _check_signer(response)
        time = response.tst_info.gen_time
    except VerificationError as error:
        raise StampError(_REASONS.get(str(error), "the token does not hold, or leads to no pinned root")) from None
    except (ValueError, TypeError, x509.ExtensionNotFound):
        raise StampError("the token cannot be read") from None
    return time.replace(microsecond=0, tzinfo=UTC)


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


def _check_signer(response: TimeStampResponse) -> None:
    """The certificate that signed is for time-stamping and for nothing else."""
    (signer,) = response.signed_data.signer_infos
    for encoded in response.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(encoded)
        if (certificate.issuer, certificate.serial_number) == (signer.issuer, signer.serial_number):
            uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
            if not uses.critical or list(uses.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
                raise StampError("the authority's certificate is not for time-stamping alone")


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    width = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(width))) + width + content


_REASONS = {
    "Nonce mismatch": "the nonce is another than that of the request",
    "Mismatch between messages": "the imprint is of other bytes",
    "The EKU extension is not critical.": "the authority's certificate is not for time-stamping alone",
}
