"""Did the holder of this key on a NIST curve sign a message with this digest?

ECDSA as in FIPS 186-5 over P-256, P-384 and P-521, verification only, in plain Python: Jacobian coordinates, and both
products in one pass.
"""

from dataclasses import dataclass

from domain.proof.offline.der import INTEGER, read_der
from domain.proof.offline.errors import Wrong


@dataclass(frozen=True, slots=True)
class Curve:
    """y² = x³ - 3x + b over the field of p; the generator has the prime order n."""

    p: int
    b: int
    n: int
    generator: tuple[int, int]

    def holds(self, x: int, y: int) -> bool:
        return 0 <= x < self.p and 0 <= y < self.p and (y * y - (x * x * x - 3 * x + self.b)) % self.p == 0


CURVES = {
    "1.2.840.10045.3.1.7": Curve(
        p=2**256 - 2**224 + 2**192 + 2**96 - 1,
        b=0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        n=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        generator=(
            0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
            0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
        ),
    ),
    "1.3.132.0.34": Curve(
        p=2**384 - 2**128 - 2**96 + 2**32 - 1,
        b=0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        n=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        generator=(
            0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
            0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
        ),
    ),
    "1.3.132.0.35": Curve(
        p=2**521 - 1,
        b=int(
            "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e1"
            "56193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
            16,
        ),
        n=int(
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
            "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
            16,
        ),
        generator=(
            int(
                "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa"
                "14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
                16,
            ),
            int(
                "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c"
                "97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
                16,
            ),
        ),
    ),
}

# x = X/Z², y = Y/Z³; Z = 0 is the point at infinity.
_Jacobian = tuple[int, int, int]
_INFINITY: _Jacobian = (1, 1, 0)


def ecdsa_fits(curve: Curve, public: tuple[int, int], digest: bytes, signature: bytes) -> bool:
    """Whether the DER signature is the key's for a message with this digest."""
    try:
        values = read_der(signature).values()
        r, s = values.take(INTEGER).number(), values.take(INTEGER).number()
        values.end()
    except Wrong:
        return False
    if not (1 <= r < curve.n and 1 <= s < curve.n and curve.holds(*public)):
        return False
    bits = curve.n.bit_length()
    e = int.from_bytes(digest, "big") >> max(0, 8 * len(digest) - bits)
    w = pow(s, -1, curve.n)
    x, _, z = _combination(curve, e * w % curve.n, curve.generator, r * w % curve.n, public)
    return z != 0 and x * pow(z, -2, curve.p) % curve.p % curve.n == r


def _combination(curve: Curve, first: int, one: tuple[int, int], second: int, other: tuple[int, int]) -> _Jacobian:
    """first times one point plus second times the other."""
    p = curve.p
    a, b = (*one, 1), (*other, 1)
    # The sums of up to three times each point, by two bits of each factor.
    table: list[_Jacobian] = [_INFINITY]
    for number in range(1, 16):
        table.append(_plus(p, table[number - 1], b) if number & 3 else _plus(p, table[number - 4], a))
    total = _INFINITY
    for shift in range((curve.n.bit_length() + 1) & ~1, -1, -2):
        total = _doubled(p, _doubled(p, total))
        if digits := (first >> shift & 3) << 2 | second >> shift & 3:
            total = _plus(p, total, table[digits])
    return total


def _doubled(p: int, point: _Jacobian) -> _Jacobian:
    x, y, z = point
    if not z or not y:
        return _INFINITY
    square = y * y % p
    s = 4 * x * square % p
    zz = z * z % p
    m = 3 * (x - zz) * (x + zz) % p
    doubled_x = (m * m - 2 * s) % p
    return doubled_x, (m * (s - doubled_x) - 8 * square * square) % p, 2 * y * z % p


def _plus(p: int, one: _Jacobian, other: _Jacobian) -> _Jacobian:
    x1, y1, z1 = one
    x2, y2, z2 = other
    if not z1 or not z2:
        return one if z1 else other
    zz1, zz2 = z1 * z1 % p, z2 * z2 % p
    u1, u2 = x1 * zz2 % p, x2 * zz1 % p
    s1, s2 = y1 * zz2 * z2 % p, y2 * zz1 * z1 % p
    h, r = (u2 - u1) % p, (s2 - s1) % p
    if not h:
        return _INFINITY if r else _doubled(p, one)
    hh = h * h % p
    v, hhh = u1 * hh % p, h * hh % p
    x = (r * r - hhh - 2 * v) % p
    return x, (r * (v - x) - s1 * hhh) % p, h * z1 * z2 % p
