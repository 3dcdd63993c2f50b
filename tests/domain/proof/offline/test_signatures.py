"""Do our plain RSA and ECDSA judge signatures as OpenSSL does?"""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.proof.offline.ecdsa import CURVES, ecdsa_fits
from domain.proof.offline.rsa import rsa_fits, rsa_pss_fits

DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
NIST: dict[str, ec.EllipticCurve] = {
    "1.2.840.10045.3.1.7": ec.SECP256R1(),
    "1.3.132.0.34": ec.SECP384R1(),
    "1.3.132.0.35": ec.SECP521R1(),
}
RSA_KEYS = {bits: rsa.generate_private_key(public_exponent=65537, key_size=bits) for bits in (2048, 2056, 2049)}
EC_KEYS = {oid: ec.generate_private_key(curve) for oid, curve in NIST.items()}


def openssl_accepts_ec(key: ec.EllipticCurvePublicKey, name: str, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, message, ec.ECDSA(DIGESTS[name]))
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("oid", NIST)
@settings(max_examples=12, deadline=None)
@given(message=st.binary(max_size=100), name=st.sampled_from(list(DIGESTS)), data=st.data())
def test_ecdsa_is_judged_as_openssl_does(oid: str, message: bytes, name: str, data: st.DataObject) -> None:
    secret, curve = EC_KEYS[oid], CURVES[oid]
    public = secret.public_key()
    numbers = public.public_numbers()
    signature = secret.sign(message, ec.ECDSA(DIGESTS[name]))
    r, s = utils.decode_dss_signature(signature)
    bit = data.draw(st.integers(0, 9_999)) % (len(signature) * 8)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    candidates = [
        signature,
        bytes(changed),
        utils.encode_dss_signature(r, curve.n - s),  # ECDSA's own second signature; both judge it alike
        utils.encode_dss_signature(r + curve.n, s),
        utils.encode_dss_signature(r, s + curve.n),
        utils.encode_dss_signature(0, s),
        utils.encode_dss_signature(r, 0),
        utils.encode_dss_signature(curve.n, s),
        signature + b"\0",
        signature[:-1],
        b"",
    ]
    digest = hashlib.new(name, message).digest()
    for candidate in candidates:
        ours = ecdsa_fits(curve, (numbers.x, numbers.y), digest, candidate)
        assert ours == openssl_accepts_ec(public, name, message, candidate)
    assert ecdsa_fits(curve, (numbers.x, numbers.y), digest, signature)
    other = hashlib.new(name, message + b"x").digest()
    assert not ecdsa_fits(curve, (numbers.x, numbers.y), other, signature)


@pytest.mark.parametrize("oid", NIST)
def test_a_point_off_the_curve_signs_nothing(oid: str) -> None:
    secret, curve = EC_KEYS[oid], CURVES[oid]
    numbers = secret.public_key().public_numbers()
    signature = secret.sign(b"x", ec.ECDSA(hashes.SHA256()))
    digest = hashlib.sha256(b"x").digest()
    for point in ((numbers.x, numbers.y + 1), (numbers.x + curve.p, numbers.y), (0, 0)):
        assert not ecdsa_fits(curve, point, digest, signature)


@pytest.mark.parametrize("oid", NIST)
def test_sums_that_meet_the_point_at_infinity_come_out(oid: str) -> None:
    # Public key = generator: both products then lie on one line, and the table adds equal and opposite points.
    curve = CURVES[oid]
    for factor in (1, curve.n - 1, 2, curve.n - 2):
        secret = ec.derive_private_key(factor, NIST[oid])
        numbers = secret.public_key().public_numbers()
        for message in (b"a", b"b", b"c"):
            signature = secret.sign(message, ec.ECDSA(hashes.SHA256()))
            assert ecdsa_fits(curve, (numbers.x, numbers.y), hashlib.sha256(message).digest(), signature)


@pytest.mark.parametrize("bits", RSA_KEYS)
@settings(max_examples=15, deadline=None)
@given(message=st.binary(max_size=100), name=st.sampled_from(list(DIGESTS)), data=st.data())
def test_rsa_is_judged_as_openssl_does(bits: int, message: bytes, name: str, data: st.DataObject) -> None:
    secret = RSA_KEYS[bits]
    numbers = secret.public_key().public_numbers()
    signature = secret.sign(message, padding.PKCS1v15(), DIGESTS[name])
    digest = hashlib.new(name, message).digest()
    bit = data.draw(st.integers(0, 9_999)) % (len(signature) * 8)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert rsa_fits(numbers.n, numbers.e, name, digest, signature)
    larger = int.from_bytes(signature, "big") + numbers.n
    refused = [bytes(changed), b"\0" + signature, signature[:-1], b"", bytes(len(signature))]
    if larger < 1 << 8 * len(signature):
        refused.append(larger.to_bytes(len(signature), "big"))
    for candidate in refused:
        assert not rsa_fits(numbers.n, numbers.e, name, digest, candidate)
    assert not rsa_fits(numbers.n, numbers.e, name, hashlib.new(name, message + b"x").digest(), signature)
    other = next(other for other in DIGESTS if other != name)
    assert not rsa_fits(numbers.n, numbers.e, other, hashlib.new(other, message).digest(), signature)


@pytest.mark.parametrize("bits", RSA_KEYS)
@settings(max_examples=15, deadline=None)
@given(
    message=st.binary(max_size=100),
    name=st.sampled_from(list(DIGESTS)),
    salt=st.sampled_from([0, 20, 32, 64]),
    data=st.data(),
)
def test_pss_is_judged_as_openssl_does(bits: int, message: bytes, name: str, salt: int, data: st.DataObject) -> None:
    secret = RSA_KEYS[bits]
    numbers = secret.public_key().public_numbers()
    signature = secret.sign(message, padding.PSS(padding.MGF1(DIGESTS[name]), salt), DIGESTS[name])
    digest = hashlib.new(name, message).digest()
    assert rsa_pss_fits(numbers.n, numbers.e, name, digest, signature, salt)
    bit = data.draw(st.integers(0, 9_999)) % (len(signature) * 8)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert not rsa_pss_fits(numbers.n, numbers.e, name, digest, bytes(changed), salt)
    assert not rsa_pss_fits(numbers.n, numbers.e, name, digest, signature, salt + 1)
    assert not rsa_pss_fits(numbers.n, numbers.e, name, digest, signature, 500)
    assert not rsa_pss_fits(numbers.n, numbers.e, name, hashlib.new(name, message + b"x").digest(), signature, salt)
    assert not rsa_fits(numbers.n, numbers.e, name, digest, signature)


def test_keys_that_are_too_weak_or_odd_sign_nothing() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - on purpose
    numbers = weak.public_key().public_numbers()
    signature = weak.sign(b"x", padding.PKCS1v15(), hashes.SHA256())
    assert not rsa_fits(numbers.n, numbers.e, "sha256", hashlib.sha256(b"x").digest(), signature)
    # With the exponent 1 every padded text is its own signature.
    n = RSA_KEYS[2048].public_key().public_numbers().n
    prefix = bytes.fromhex("3031300d060960864801650304020105000420")
    tail = b"\0" + prefix + hashlib.sha256(b"x").digest()
    padded = b"\0\1" + b"\xff" * (256 - 2 - len(tail)) + tail
    assert not rsa_fits(n, 1, "sha256", hashlib.sha256(b"x").digest(), padded)
