"""What does a leaked text look like, in each form that the scanner must know?

Made with other means than the scanner's own where there are any, and each inside of something else, as leaks are. The
names are those of the scanner's forms.
"""

import base64
import codecs
import gzip
import hashlib
import json
import quopri
import struct
import unicodedata
import zlib
from collections.abc import Iterator
from urllib.parse import urlencode

ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s")


def text_controls(text: str) -> Iterator[tuple[str, bytes]]:
    """Each form of a text, with the scanner's name of it; the text has letters outside ASCII, all in Latin-1."""
    raw = text.encode()
    yield from _encoded(text)
    yield from _escaped(text)
    for before in (b"", b"a", b"ab"):
        yield "base64", b"<" + base64.b64encode(before + raw + b"zz") + b">"
        yield "base64", b"<" + base64.urlsafe_b64encode(before + raw + b"zz?>") + b">"
    yield "hex", b"0x" + raw.hex().encode()
    yield "hex", b"0x" + raw.hex().upper().encode()
    yield "reversed", "".join(reversed(text)).encode()
    yield "reversed", bytes(reversed(raw))
    yield from _digested(text)
    yield from _opened_first(raw)


def _encoded(text: str) -> Iterator[tuple[str, bytes]]:
    for form in ("NFC", "NFD"):
        same = unicodedata.normalize(form, text)
        for changed in (same, same.upper(), same.lower()):
            yield "utf-8", f"<{changed}>".encode()
    for codec in ("utf-16-le", "utf-16-be"):
        yield "utf-16", text.encode(codec)
    for codec in ("utf-32-le", "utf-32-be"):
        yield "utf-32", text.encode(codec)
    yield "latin-1", text.encode("latin-1")
    raw = text.encode()
    yield "broken by single bytes", b"\x11".join(raw[at : at + 8] for at in range(0, len(raw), 8))
    yield "broken by single bytes", raw[:5] + b"\xfe" + raw[5:]


def _escaped(text: str) -> Iterator[tuple[str, bytes]]:
    yield "json", json.dumps({"name": text}).encode()
    yield "json", json.dumps({"name": text}).upper().encode()
    yield "json", "".join(f"\\u{ord(char):04X}" for char in text).encode()
    yield "percent", urlencode({"name": text}).encode()
    yield "percent", urlencode({"name": text}).lower().encode()
    yield "percent", "".join(f"%{byte:02x}" for byte in text.encode()).encode()
    yield "html", b"<p>" + text.encode("ascii", "xmlcharrefreplace") + b"</p>"
    yield "html", "".join(f"&#x{ord(char):X};" for char in text).encode()
    yield "html", b"<p>" + codecs.encode(text, "ascii", "namereplace_html") + b"</p>"
    yield "quoted-printable", quopri.encodestring(f"Hi {text}".encode())
    yield "quoted-printable", quopri.encodestring(f"Hi {text}".encode(), header=True)
    yield "python", ascii({"name": text}).encode()
    yield "python", repr(text.encode()).encode()
    yield "octal", b"".join(b"\\%03o" % byte if byte > 126 else bytes([byte]) for byte in text.encode())


def _named(error: UnicodeError) -> tuple[str, int]:
    """An error handler of codecs: entities with names, as web pages have them."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    names = {"ë": "euml", "é": "eacute", "ö": "ouml", "Å": "Aring", "ü": "uuml", "ß": "szlig"}
    return "".join(f"&{names[char]};" for char in error.object[error.start : error.end]), error.end


codecs.register_error("namereplace_html", _named)


def _digested(text: str) -> Iterator[tuple[str, bytes]]:
    for name in ALGORITHMS:
        for same in (text, text.lower()):
            digest = hashlib.new(name, same.encode())
            yield f"digest {name}", b"\0" + digest.digest()[:16]
            yield f"digest {name} in hex", digest.hexdigest().encode()
            yield f"digest {name} in base64", base64.urlsafe_b64encode(digest.digest())


def _opened_first(raw: bytes) -> Iterator[tuple[str, bytes]]:
    around = b'{"a long": "value", "name": "' + raw + b'"}'
    yield "utf-8", b"\x07" + zlib.compress(around) + b"\x07"
    yield "utf-8", gzip.compress(around)
    yield "utf-8", zlib.compress(around, 1).hex().encode()
    yield "utf-8", zlib.compress(gzip.compress(around).hex().encode())


def number_controls(digits: str) -> Iterator[tuple[str, bytes]]:
    """Each form that only a number has."""
    number = int(digits)
    yield "int64", number.to_bytes(8, "little")
    yield "int64", number.to_bytes(8, "big")
    yield "float64", struct.pack("<d", number)
    yield "float64", struct.pack(">d", number)
    yield "float64 as text", json.dumps({"id": float(number)}).encode()
    yield "float64 as text", f"{float(number):.15E}".encode()
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.insert(0, group)
    yield "numeric", b"".join(group.to_bytes(2, "big") for group in groups)
    yield "numeric", b"".join(group.to_bytes(2, "little") for group in groups)
    for mark in ",_":
        yield "digit groups", f"{int(digits):{mark}}".encode()
    yield "digit groups", f"{int(digits):,}".replace(",", ".").encode()
    yield "digit groups", f"{int(digits):,}".replace(",", "\u202f").encode()
