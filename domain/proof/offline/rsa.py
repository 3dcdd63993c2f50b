"""Did the holder of this RSA key sign a message with this digest?

RFC 8017: PKCS #1 v1.5 by making the one padded text and comparing, and PSS. Verification only.
"""

import hashlib

_DIGEST_PREFIX = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
_LEAST_BITS, _MOST_BITS = 2048, 16_384


def rsa_fits(modulus: int, exponent: int, algorithm: str, digest: bytes, signature: bytes) -> bool:
    """Whether the PKCS #1 v1.5 signature is the key's; `algorithm` made the digest."""
    opened = _opened(modulus, exponent, signature)
    if opened is None:
        return False
    tail = b"\x00" + _DIGEST_PREFIX[algorithm] + digest
    return opened == b"\x00\x01" + b"\xff" * (len(opened) - 2 - len(tail)) + tail


def rsa_pss_fits(modulus: int, exponent: int, algorithm: str, digest: bytes, signature: bytes, salt_bytes: int) -> bool:
    """Whether the PSS signature is the key's; the mask is made with the same algorithm as the digest."""
    opened = _opened(modulus, exponent, signature)
    if opened is None:
        return False
    bits = modulus.bit_length() - 1
    encoded = opened[-((bits + 7) // 8) :]
    length = len(digest)
    split = len(encoded) - length - 1
    padding = split - salt_bytes - 1
    if padding < 0 or encoded[-1] != 0xBC or any(opened[: -len(encoded)]):
        return False
    masked, made = encoded[:split], encoded[split:-1]
    spare = 8 * len(encoded) - bits
    if masked[0] >> (8 - spare):
        return False
    mask = b"".join(
        hashlib.new(algorithm, made + counter.to_bytes(4, "big")).digest() for counter in range(split // length + 1)
    )
    block = bytearray(one ^ other for one, other in zip(masked, mask, strict=False))
    block[0] &= 0xFF >> spare
    if any(block[:padding]) or block[padding] != 1:
        return False
    return hashlib.new(algorithm, bytes(8) + digest + block[padding + 1 :]).digest() == made


def _opened(modulus: int, exponent: int, signature: bytes) -> bytes | None:
    """The padded text in a signature; None where key or signature cannot be looked at."""
    bits = modulus.bit_length()
    number = int.from_bytes(signature, "big")
    proper_key = _LEAST_BITS <= bits <= _MOST_BITS and modulus & 1 and exponent & 1 and 3 <= exponent < 2**64
    if not proper_key or len(signature) != (bits + 7) // 8 or number >= modulus:
        return None
    return pow(number, exponent, modulus).to_bytes(len(signature), "big")
