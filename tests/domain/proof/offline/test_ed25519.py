"""Does our plain Ed25519 accept what OpenSSL signs, and nothing that is merely close?"""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.proof.offline.ed25519 import ed25519_fits

ORDER = 2**252 + 27742317777372353535851937790883648493
P = 2**255 - 19

# RFC 8032, section 7.1: public key, message, signature.
KNOWN = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), KNOWN)
def test_the_published_signatures_fit_and_their_neighbours_do_not(public: str, message: str, signature: str) -> None:
    key, text, blob = (bytes.fromhex(value) for value in (public, message, signature))
    assert ed25519_fits(key, text, blob)
    assert not ed25519_fits(key, text + b"\0", blob)
    for bit in range(0, 512, 7):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        assert not ed25519_fits(key, text, bytes(changed))


def openssl_accepts(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@settings(max_examples=60, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200), data=st.data())
def test_signatures_and_malleated_ones_are_judged_as_openssl_does(
    seed: bytes, message: bytes, data: st.DataObject
) -> None:
    secret = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = secret.public_key().public_bytes_raw(), secret.sign(message)
    s = int.from_bytes(signature[32:], "little")
    longer = signature[:32] + (s + ORDER).to_bytes(32, "little")
    bit = data.draw(st.integers(0, 511))
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    other_key = bytearray(public)
    other_key[bit % 32] ^= 1 << bit // 64
    for key, text, blob in (
        (public, message, signature),
        (public, message, longer),
        (public, message, bytes(changed)),
        (public, message + b"x", signature),
        (bytes(other_key), message, signature),
        (public, message, signature[:63]),
        (public, message, signature + b"\0"),
    ):
        assert ed25519_fits(key, text, blob) == openssl_accepts(key, text, blob)
    assert ed25519_fits(public, message, signature)
    assert not ed25519_fits(public, message, longer)


def small_order_points() -> list[bytes]:
    """The eight points whose order divides 8: three by name, the others by their published y."""
    y8 = int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little")
    found = []
    for y in (0, 1, P - 1, y8, P - y8):
        for sign in (0, 1):
            found.append((y | sign << 255).to_bytes(32, "little"))
    return found


@pytest.mark.parametrize("public", small_order_points(), ids=lambda key: key.hex()[:8] + key.hex()[-2:])
def test_a_key_of_small_order_signs_nothing(public: bytes) -> None:
    # With such a key, R = the neutral element and s = 0 fit one message in eight or more.
    for message in (b"%d" % number for number in range(40)):
        for r in (*small_order_points(), public):
            assert not ed25519_fits(public, message, r + bytes(32))


def test_a_key_in_a_second_spelling_is_refused() -> None:
    # y + p still fits into 255 bits for y below 19; the RFC's decoding refuses it.
    for y in range(19):
        for sign in (0, 1):
            public = (y + P | sign << 255).to_bytes(32, "little")
            assert not ed25519_fits(public, b"", (1).to_bytes(32, "little") + bytes(32))


def test_a_key_that_is_no_point_is_refused() -> None:
    refused = 0
    for y in range(2, 40):
        public = y.to_bytes(32, "little")
        refused += not ed25519_fits(public, b"", bytes(64))
    assert refused == 38
