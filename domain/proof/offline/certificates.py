"""Does a certificate lead to one that the auditor trusts, at the moment in question?

X.509 version 3 as RFC 5280 has it, as much of it as time-stamping authorities use: RSA and NIST curves, SHA-2, no
revocation lists (they are not in a bundle, and an authority that expired is no reason against an older token).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from domain.proof.offline.der import BIT_STRING, INTEGER, OCTET_STRING, OID, SEQUENCE, Der, read_der
from domain.proof.offline.ecdsa import CURVES, ecdsa_fits
from domain.proof.offline.errors import Unreadable, Wrong
from domain.proof.offline.rsa import rsa_fits, rsa_pss_fits

DIGESTS = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
SIGN_OR_COMMIT, _SIGN_CERTIFICATES = 0xC0, 0x04
_ANY_USE = "2.5.29.37.0"
_BASIC, _KEY_USAGE, _EXTENDED = "2.5.29.19", "2.5.29.15", "2.5.29.37"
# Understood, or about things that are not asked here (names of other kinds, policies, where to find more).
_KNOWN_EXTENSIONS = {_BASIC, _KEY_USAGE, _EXTENDED, "2.5.29.14", "2.5.29.35", "2.5.29.17", "2.5.29.32"}
_RSA, _PSS, _EC = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.10045.2.1"
_RSA_WITH = {f"1.2.840.113549.1.1.{end}": name for end, name in ((11, "sha256"), (12, "sha384"), (13, "sha512"))}
_ECDSA_WITH = {f"1.2.840.10045.4.3.{end}": name for end, name in ((2, "sha256"), (3, "sha384"), (4, "sha512"))}
_COMMON_NAME = "2.5.4.3"
_MAX_CHAIN, _MAX_TRIES = 6, 32
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True)
class Certificate:
    """The parts that matter here; `extensions` by object identifier: whether critical, and the value."""

    encoded: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    algorithm: Der = field(repr=False)
    signature: bytes = field(repr=False)
    serial: int
    issuer: bytes = field(repr=False)
    subject: bytes = field(repr=False)
    not_before: datetime
    not_after: datetime
    public_key: Der = field(repr=False)
    extensions: tuple[tuple[str, bool, bytes], ...] = field(repr=False)

    def extension(self, oid: str) -> tuple[bool, Der] | None:
        for name, critical, value in self.extensions:
            if name == oid:
                return critical, read_der(value)
        return None

    def covers(self, at: datetime) -> bool:
        return self.not_before <= at <= self.not_after

    def may(self, bits: int) -> bool:
        """Whether the key usage, where there is one, has any of these bits of its first byte."""
        found = self.extension(_KEY_USAGE)
        return found is None or bool(found[1].expect(BIT_STRING).content[1:2].ljust(1, b"\0")[0] & bits)

    @property
    def unknown_critical(self) -> bool:
        return any(critical and oid not in _KNOWN_EXTENSIONS for oid, critical, _ in self.extensions)

    @property
    def uses(self) -> tuple[bool, tuple[str, ...]] | None:
        """Whether the extended key usage is critical, and the uses; None without one."""
        found = self.extension(_EXTENDED)
        return found and (found[0], tuple(use.oid() for use in found[1].values().rest()))

    @property
    def common_name(self) -> str:
        """The subject's last common name, for people; never compared."""
        name = "without a common name"
        for group in read_der(self.subject).values().rest():
            for pair in group.values(0x31).rest():
                reader = pair.values()
                if reader.take(OID).oid() == _COMMON_NAME:
                    name = reader.take().content.decode("utf-8", "replace")
        return name


def read_pem(data: bytes) -> tuple[Certificate, ...]:
    """The certificates in a PEM file, at least one."""
    try:
        found = tuple(read_certificate(base64.b64decode(block)) for block in _PEM.findall(data))
    except binascii.Error:
        raise Wrong("a certificate is not base64") from None
    if not found:
        raise Wrong("the file holds no certificate in PEM form")
    return found


@lru_cache(maxsize=64)
def read_certificate(encoded: bytes) -> Certificate:
    """The certificate in these DER bytes, nothing verified."""
    outer = read_der(encoded).values()
    signed, algorithm, signature = outer.take(SEQUENCE), outer.take(SEQUENCE), outer.take(BIT_STRING).bits()
    outer.end()
    inner = signed.values()
    version = inner.take_if(0xA0)
    serial = inner.take(INTEGER).number()
    if inner.take(SEQUENCE) != algorithm:
        raise Wrong("a certificate names two algorithms")
    issuer = inner.take(SEQUENCE)
    validity = inner.take(SEQUENCE).values()
    not_before, not_after = validity.take().time(), validity.take().time()
    validity.end()
    subject, public_key = inner.take(SEQUENCE), inner.take(SEQUENCE)
    inner.take_if(0x81)
    inner.take_if(0x82)
    holder = inner.take_if(0xA3)
    inner.end()
    if holder is not None and (version is None or version.only(0xA0).number() != 2):
        raise Wrong("a certificate has extensions and is not of version 3")
    return Certificate(
        encoded, signed.encoded, algorithm, signature, serial, issuer.encoded, subject.encoded, not_before, not_after,
        public_key, () if holder is None else _extensions(holder.only(0xA3)),
    )  # fmt: skip


def _extensions(block: Der) -> tuple[tuple[str, bool, bytes], ...]:
    found: dict[str, tuple[str, bool, bytes]] = {}
    for one in block.values().rest():
        reader = one.values()
        oid = reader.take(OID).oid()
        critical = reader.take_if(0x01)
        if oid in found:
            raise Wrong("a certificate has one extension twice")
        found[oid] = (oid, critical is not None and critical.boolean(), reader.take(OCTET_STRING).content)
        reader.end()
    return tuple(found.values())


@lru_cache(maxsize=256)
def signature_fits(
    certificate: Certificate, algorithm: Der, digest_name: str | None, message: bytes, signature: bytes
) -> bool:
    """Whether the certificate's key signed the message; `digest_name` where the algorithm does not name its own."""
    reader = algorithm.values()
    oid = reader.take(OID).oid()
    parameters = reader.take() if reader.at < len(reader.data) else None
    reader.end()
    holder = certificate.public_key.values()
    kind = holder.take(SEQUENCE).values()
    key_oid, key = kind.take(OID).oid(), holder.take(BIT_STRING).bits()
    holder.end()
    if oid in _ECDSA_WITH and key_oid == _EC:
        name = _ECDSA_WITH[oid]
        curve = CURVES.get(kind.take(OID).oid())
        if curve is None:
            raise Wrong("a key is on a curve that is not known here")
        width = (curve.p.bit_length() + 7) // 8
        if len(key) != 1 + 2 * width or key[0] != 4:
            raise Wrong("a key on a curve is not an uncompressed point")
        point = int.from_bytes(key[1 : 1 + width], "big"), int.from_bytes(key[1 + width :], "big")
        return ecdsa_fits(curve, point, hashlib.new(name, message).digest(), signature)
    if key_oid not in (_RSA, _PSS) or (oid not in _RSA_WITH and oid not in (_RSA, _PSS)):
        raise Wrong("a signature is of an algorithm that is not known here")
    numbers = read_der(key).values()
    modulus, exponent = numbers.take(INTEGER).number(), numbers.take(INTEGER).number()
    numbers.end()
    if oid == _PSS:
        name, salt_bytes = _pss_parameters(parameters)
        return rsa_pss_fits(modulus, exponent, name, hashlib.new(name, message).digest(), signature, salt_bytes)
    chosen = _RSA_WITH.get(oid, digest_name)
    if chosen is None or key_oid == _PSS:
        raise Wrong("a signature does not say which digest it is made of")
    return rsa_fits(modulus, exponent, chosen, hashlib.new(chosen, message).digest(), signature)


def digest_name_of(algorithm: Der) -> str:
    """sha256, sha384 or sha512; anything else is refused as too weak or unknown."""
    oid = algorithm.values().take(OID).oid()
    if oid not in DIGESTS:
        raise Wrong("a digest is of an algorithm that is too weak, or not known here")
    return DIGESTS[oid]


def _pss_parameters(parameters: Der | None) -> tuple[str, int]:
    """Digest and length of the salt; the defaults mean SHA-1, which is refused."""
    if parameters is None:
        raise Wrong("a PSS signature has no parameters")
    reader = parameters.values()
    digest, mask, salt = reader.take(0xA0).only(0xA0), reader.take(0xA1).only(0xA1), reader.take_if(0xA2)
    trailer = reader.take_if(0xA3)
    reader.end()
    inner = mask.values()
    name, is_mgf1 = digest_name_of(digest), inner.take(OID).oid() == "1.2.840.113549.1.1.8"
    salt_bytes = 20 if salt is None else salt.only(0xA2).number()
    if not is_mgf1 or digest_name_of(inner.take()) != name or not 0 <= salt_bytes <= 512 or trailer is not None:
        raise Wrong("a PSS signature has parameters that are not known here")
    return name, salt_bytes


def trusted_root(
    signer: Certificate, others: Sequence[Certificate], roots: Sequence[Certificate], at: datetime
) -> Certificate:
    """The pinned certificate that the signer's leads to, each one on the way good at that moment; else Wrong."""
    if signer in roots:
        return signer
    reasons: list[str] = []
    chains: list[tuple[Certificate, ...]] = [(signer,)]
    for chain in chains:
        for issuer in (*roots, *others):
            if issuer.subject != chain[-1].issuer or issuer in chain:
                continue
            if len(reasons) >= _MAX_TRIES:
                raise Wrong("a token brings too many certificates of one name")
            reason = _not_an_issuer(issuer, chain, at, pinned=issuer in roots)
            if reason is not None:
                reasons.append(f"the certificate of {issuer.common_name} {reason}")
            elif issuer in roots:
                return issuer
            elif len(chain) < _MAX_CHAIN and len(chains) < _MAX_TRIES:
                chains.append((*chain, issuer))
    raise Wrong(reasons[0] if reasons else "its certificates lead to none of the roots that were given")


def _not_an_issuer(issuer: Certificate, chain: Sequence[Certificate], at: datetime, *, pinned: bool) -> str | None:
    """Why the certificate may not have issued the last one of the chain; None when it may, and did."""
    below = len(chain) - 1
    constraints = issuer.extension(_BASIC)
    values = constraints[1].values() if constraints else None
    authority = values.take_if(0x01) if values else None
    limit = values.take_if(INTEGER) if values else None
    if authority is None or not authority.boolean():
        return "is none of an authority"
    if limit is not None and limit.number() < below:
        return "does not allow that many authorities below it"
    if not issuer.may(_SIGN_CERTIFICATES):
        return "is not for signing certificates"
    if issuer.unknown_critical:
        return "has a critical extension that is not known here"
    if not pinned and issuer.uses is not None and not {TIME_STAMPING, _ANY_USE} & set(issuer.uses[1]):
        return "is not for time-stamping"
    if not issuer.covers(at):
        return "was not in force at that time"
    return None if _has_signed(issuer, chain[-1]) else "did not sign the one below it"


def _has_signed(issuer: Certificate, below: Certificate) -> bool:
    try:
        return signature_fits(issuer, below.algorithm, None, below.signed, below.signature)
    except Wrong:
        return False  # by a key of another kind, which another authority of the same name may have


def check_readable(certificates: Sequence[Certificate]) -> None:
    """Bounds the work that a token's own certificates can cause."""
    if len(certificates) > 16:
        raise Unreadable("a token brings more than 16 certificates")
