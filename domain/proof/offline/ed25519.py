"""Did the holder of this Ed25519 key sign this message?

RFC 8032 in plain Python, verification only, in the strict reading that OpenSSL and Go share: the equation without the
cofactor, [s]B = R + [k]A, by comparing bytes. Refused besides:

- s of the group order or more: s + L would be a second signature for the same message (malleability);
- a key that is no canonical encoding of a point: two spellings of one key would have two key ids;
- a key of small order: it "signs" every message with one signature that anybody can make.

R needs no such checks: it must be the one canonical encoding of the point that was computed. Nothing here is secret, so
nothing needs to run in constant time.
"""

import hashlib
from functools import lru_cache

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)
_BASE_Y = 4 * pow(5, -1, _P) % _P

# Extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, x*y = T/Z.
_Point = tuple[int, int, int, int]
_NEUTRAL: _Point = (0, 1, 1, 0)


def ed25519_fits(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the 64-byte signature is the key's for this message."""
    if len(signature) != 64 or len(public_key) != 32:
        return False
    s = int.from_bytes(signature[32:], "little")
    negated = _negated_multiples(public_key)
    if s >= _ORDER or negated is None:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % _ORDER
    return _encode_point(_two_products(s, _base_multiples(), k, negated)) == signature[:32]


def _double(point: _Point) -> _Point:
    x, y, z, _ = point
    a, b = x * x % _P, y * y % _P
    h = a + b
    e = h - (x + y) * (x + y) % _P
    g = a - b
    f = (2 * z * z + g) % _P
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _add(one: _Point, other: _Point) -> _Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % _P, (y1 + x1) * (y2 + x2) % _P
    c, d = 2 * _D * t1 * t2 % _P, 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiples(point: _Point) -> tuple[_Point, ...]:
    """The point 0 to 15 times, for windows of four bits."""
    found = [_NEUTRAL]
    for _ in range(15):
        found.append(_add(found[-1], point))
    return tuple(found)


def _two_products(s: int, first: tuple[_Point, ...], k: int, second: tuple[_Point, ...]) -> _Point:
    """s times the first point plus k times the second."""
    total = _NEUTRAL
    for shift in range(252, -1, -4):
        total = _double(_double(_double(_double(total))))
        if digit := s >> shift & 15:
            total = _add(total, first[digit])
        if digit := k >> shift & 15:
            total = _add(total, second[digit])
    return total


def _decode_point(encoded: bytes) -> _Point | None:
    """The point, or None for anything but its one canonical encoding (RFC 8032, section 5.1.3)."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if v * x * x % _P == -u % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if v * x * x % _P != u or (x == 0 and sign):
        return None
    x = x if x & 1 == sign else _P - x
    return x, y, 1, x * y % _P


def _encode_point(point: _Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    x, y = x * inverse % _P, y * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


@lru_cache(maxsize=1)
def _base_multiples() -> tuple[_Point, ...]:
    base = _decode_point(_BASE_Y.to_bytes(32, "little"))
    assert base is not None
    return _multiples(base)


@lru_cache(maxsize=64)
def _negated_multiples(public_key: bytes) -> tuple[_Point, ...] | None:
    """The multiples of minus the key's point; None when the key is refused."""
    point = _decode_point(public_key)
    if point is None:
        return None
    x, y, z, t = point
    eightfold = _double(_double(_double(point)))
    if eightfold[0] == 0 and eightfold[1] == eightfold[2]:
        return None
    return _multiples((_P - x, y, z, _P - t))
