"""Did a time-stamping authority see these bytes, and when?

RFC 3161 answers, with CMS SignedData (RFC 5652) around them and signing-certificate attributes (RFC 2634, RFC 5816).
Everything that a token says about itself must hold, whether or not its authority is trusted.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from domain.proof.offline.certificates import (
    SIGN_OR_COMMIT,
    TIME_STAMPING,
    Certificate,
    check_readable,
    digest_name_of,
    read_certificate,
    signature_fits,
)
from domain.proof.offline.der import INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Der, DerReader, read_der
from domain.proof.offline.errors import Wrong

_SIGNED_DATA, _TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE, _SIGNING_CERTIFICATE_2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
_MAX_ATTRIBUTES = 64


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """A token that holds by itself: when, by whom, and with which other certificates it came."""

    time: datetime
    signer: Certificate
    certificates: tuple[Certificate, ...]


@lru_cache(maxsize=128)
def read_time_stamp(answer: bytes, stamped: bytes) -> TimeStamp:
    """What the answer shows about the stamped bytes; Wrong when anything about the token does not hold.

    Whether the signer leads to a trusted root is asked by `certificates.trusted_root`.
    """
    outer = read_der(answer).values()
    status = outer.take(SEQUENCE).values().take(INTEGER).number()
    if status not in (0, 1):
        raise Wrong("the authority did not grant a time stamp")
    token = outer.take(SEQUENCE).values()
    outer.end()
    if token.take(OID).oid() != _SIGNED_DATA:
        raise Wrong("the token is no signed data")
    signed = token.take(0xA0).only(0xA0).values()
    token.end()
    signed.take(INTEGER)
    signed.take(SET)
    wrapped = signed.take(SEQUENCE).values()
    if wrapped.take(OID).oid() != _TST_INFO:
        raise Wrong("what the token signs is no time stamp")
    content = wrapped.take(0xA0).only(0xA0).expect(OCTET_STRING).content
    wrapped.end()
    certificates = _certificates(signed.take_if(0xA0))
    signed.take_if(0xA1)
    signers = signed.take(SET).values(SET)
    signed.end()
    signer_info = signers.take(SEQUENCE)
    signers.end()  # RFC 3161, section 2.4.2: nobody but the authority signs
    signer = _check_signer(signer_info, content, certificates)
    time = _check_content(content, stamped)
    _check_authority(signer, time)
    return TimeStamp(time, signer, tuple(other for other in certificates if other != signer))


def _certificates(holder: Der | None) -> tuple[Certificate, ...]:
    if holder is None:
        raise Wrong("the token brings no certificate of its authority")
    found = tuple(read_certificate(one.expect(SEQUENCE).encoded) for one in holder.values(0xA0).rest())
    check_readable(found)
    return found


def _check_content(content: bytes, stamped: bytes) -> datetime:
    """The time in a TSTInfo about these bytes."""
    info = read_der(content).values()
    if info.take(INTEGER).number() != 1:
        raise Wrong("the time stamp is of a version that is not known here")
    info.take(OID)
    imprint = info.take(SEQUENCE).values()
    name = digest_name_of(imprint.take(SEQUENCE))
    if imprint.take(OCTET_STRING).content != hashlib.new(name, stamped).digest() or name != "sha256":
        raise Wrong("the time stamp is about other bytes: its imprint is not the digest of the checkpoint")
    imprint.end()
    info.take(INTEGER).number()
    return info.take(0x18).time()


def _check_signer(info: Der, content: bytes, certificates: Sequence[Certificate]) -> Certificate:
    """The certificate whose key signed the token, once signature and signed attributes hold."""
    reader = info.values()
    reader.take(INTEGER)
    name_of_signer = reader.take()
    digest_name = digest_name_of(reader.take(SEQUENCE))
    attributes_block = reader.take(0xA0)
    algorithm, signature = reader.take(SEQUENCE), reader.take(OCTET_STRING).content
    reader.take_if(0xA1)
    reader.end()
    attributes = _attributes(attributes_block)
    if _one_value(attributes, _CONTENT_TYPE, "content type").oid() != _TST_INFO:
        raise Wrong("the signed content type is no time stamp")
    digest = hashlib.new(digest_name, content).digest()
    if _one_value(attributes, _MESSAGE_DIGEST, "message digest").expect(OCTET_STRING).content != digest:
        raise Wrong("the signed digest is not that of the time stamp")
    signer = _named_signer(attributes, certificates)
    if not _is_named(name_of_signer, signer):
        raise Wrong("the signer's name is not on the certificate of the signing-certificate attribute")
    # What is signed are the attributes as a SET (RFC 5652, section 5.4), not under their tag in the token.
    if not signature_fits(signer, algorithm, digest_name, b"\x31" + attributes_block.encoded[1:], signature):
        raise Wrong("the authority's signature does not fit the token")
    return signer


def _attributes(block: Der) -> dict[str, Der]:
    found: dict[str, Der] = {}
    for attribute in block.values(0xA0).rest():
        reader = attribute.values()
        oid = reader.take(OID).oid()
        if oid in found or len(found) >= _MAX_ATTRIBUTES:
            raise Wrong("the token has one signed attribute twice, or too many")
        found[oid] = reader.take(SET)
        reader.end()
    return found


def _one_value(attributes: dict[str, Der], oid: str, what: str) -> Der:
    if oid not in attributes:
        raise Wrong(f"the token has no signed attribute for the {what}")
    return attributes[oid].only(SET)


def _named_signer(attributes: dict[str, Der], certificates: Sequence[Certificate]) -> Certificate:
    """The certificate that the signing-certificate attribute names by its digest."""
    for oid in (_SIGNING_CERTIFICATE_2, _SIGNING_CERTIFICATE):
        if oid not in attributes:
            continue
        first = attributes[oid].only(SET).values().take(SEQUENCE).values().take(SEQUENCE).values()
        name = "sha1" if oid == _SIGNING_CERTIFICATE else "sha256"
        stated = first.take_if(SEQUENCE) if oid == _SIGNING_CERTIFICATE_2 else None
        if stated is not None:
            name = digest_name_of(stated)
        digest = first.take(OCTET_STRING).content
        for certificate in certificates:
            if hashlib.new(name, certificate.encoded, usedforsecurity=False).digest() == digest:
                _check_issuer_and_serial(first, certificate)
                return certificate
        raise Wrong("the signing-certificate attribute names a certificate that is not in the token")
    raise Wrong("the token has no signing-certificate attribute")


def _check_issuer_and_serial(reader: DerReader, certificate: Certificate) -> None:
    """IssuerSerial, where it is there: GeneralNames with the issuer's directory name, and the serial number."""
    holder = reader.take_if(SEQUENCE)
    reader.end()
    if holder is None:
        return
    inner = holder.values()
    names, serial = inner.take(SEQUENCE), inner.take(INTEGER).number()
    inner.end()
    issuers = [name.content for name in names.values().rest() if name.tag == 0xA4]
    if serial != certificate.serial or certificate.issuer not in issuers:
        raise Wrong("the signing-certificate attribute names another issuer or serial number")


def _is_named(name: Der, certificate: Certificate) -> bool:
    """Whether the signer identifier (issuer and serial number, or key identifier) is this certificate's."""
    if name.tag == SEQUENCE:
        reader = name.values()
        issuer, serial = reader.take(SEQUENCE).encoded, reader.take(INTEGER).number()
        reader.end()
        return (issuer, serial) == (certificate.issuer, certificate.serial)
    key_id = certificate.extension("2.5.29.14")
    return name.tag == 0x80 and key_id is not None and key_id[1].content == name.content


def _check_authority(signer: Certificate, time: datetime) -> None:
    if signer.uses != (True, (TIME_STAMPING,)):
        raise Wrong("the authority's certificate is not, by a critical extension, for time-stamping alone")
    if signer.unknown_critical:
        raise Wrong("the authority's certificate has a critical extension that is not known here")
    if not signer.may(SIGN_OR_COMMIT):
        raise Wrong("the authority's certificate is not for signatures")
    if not signer.covers(time):
        raise Wrong("the authority's certificate was not in force at the time of the stamp")
