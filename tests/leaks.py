"""Would somebody who holds these bytes find this text in them, in any form in which programs keep or show text?

All comparisons ignore ASCII letter case. A form that is looked for has an example in tests/leak_controls.py; a journey
plants each of them and fails when the scanner misses one.
"""

import base64
import hashlib
import html
import html.entities
import json
import re
import struct
import unicodedata
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

DEEPEST = 4
"""How many layers of hexadecimal and compressed bytes are opened, one inside the other."""

_INFLATED_MOST = 64 * 1024 * 1024
_HEX_RUN = re.compile(rb"[0-9a-fA-F]{16,}")
_COMPRESSED = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
_PIECE = 4
_WORD = 4
_PART_BYTES = 2 * 1024 * 1024
_LONGEST_BYTES = 8 * 1024  # of a needle
_ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s")
_DIGEST_KEPT = 12  # a digest is found though it was cut to this many bytes


@dataclass(frozen=True, slots=True)
class Hit:
    """A canary that was found: which, in which form, in what, and how far from its beginning."""

    canary: str
    form: str
    place: str
    offset: int


def _each(text: str, shown: Callable[[int], str], *, all_of_it: bool) -> str:
    """The text with its characters outside ASCII, or all of them, in another notation."""
    return "".join(shown(ord(char)) if all_of_it or ord(char) > 126 else char for char in text)


def _each_byte(text: str, shown: str, *, all_of_it: bool) -> bytes:
    return "".join(shown % byte if all_of_it or byte > 126 else chr(byte) for byte in text.encode()).encode()


def _json_escape(code: int) -> str:
    return json.dumps(chr(code))[1:-1] if code > 126 else f"\\u{code:04x}"


def _named_entity(code: int) -> str:
    name = html.entities.codepoint2name.get(code)
    return f"&{name};" if name else f"&#{code};"


def _python_escape(code: int) -> str:
    return chr(code).encode("unicode_escape").decode()


def _base64_inside(raw: bytes) -> Iterator[bytes]:
    """What stays the same of base64 wherever in a longer text the bytes stand: one for each alignment."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw + b"\0\0")
        inside = coded[-(-8 * before // 6) : 8 * (before + len(raw)) // 6]
        yield inside
        yield inside.translate(bytes.maketrans(b"+/", b"-_"))


_Form = Callable[[str], Iterable[bytes]]

TEXT_FORMS: Mapping[str, _Form] = {
    "utf-8": lambda text: [text.encode()],
    "utf-16": lambda text: [text.encode("utf-16-le"), text.encode("utf-16-be")],
    "utf-32": lambda text: [text.encode("utf-32-le"), text.encode("utf-32-be")],
    "latin-1": lambda text: [text.encode("latin-1")] if _fits_latin_1(text) else [],
    "json": lambda text: [_each(text, _json_escape, all_of_it=every).encode() for every in (False, True)],
    "percent": lambda text: [
        quote(text, safe="").encode(),
        quote_plus(text).encode(),
        _each_byte(text, "%%%02X", all_of_it=True),
    ],
    "html": lambda text: [
        html.escape(text).encode(),
        _each(text, _named_entity, all_of_it=False).encode(),
        *(_each(text, lambda code: f"&#{code};", all_of_it=every).encode() for every in (False, True)),
        *(_each(text, lambda code: f"&#x{code:x};", all_of_it=every).encode() for every in (False, True)),
    ],
    "quoted-printable": lambda text: [
        *(_each_byte(text, "=%02X", all_of_it=every) for every in (False, True)),
        _each_byte(text, "=%02X", all_of_it=False).replace(b" ", b"_"),
    ],
    "python": lambda text: [
        _each(text, _python_escape, all_of_it=False).encode(),
        *(_each_byte(text, "\\x%02x", all_of_it=every) for every in (False, True)),
    ],
    "octal": lambda text: [_each_byte(text, "\\%03o", all_of_it=every) for every in (False, True)],
    "hex": lambda text: [text.encode().hex().encode()],
    "base64": lambda text: _base64_inside(text.encode()),
    "reversed": lambda text: [text[::-1].encode(), text.encode()[::-1]],
}


def _fits_latin_1(text: str) -> bool:
    return all(ord(char) < 256 for char in text)


def _digests(text: str) -> Iterator[tuple[str, bytes]]:
    for name in _ALGORITHMS:
        raw = hashlib.new(name, text.encode()).digest()
        yield f"digest {name}", raw[:_DIGEST_KEPT]
        yield f"digest {name} in hex", raw.hex().encode()[: 2 * _DIGEST_KEPT]
        coded = base64.b64encode(raw)[: 8 * _DIGEST_KEPT // 6]
        yield f"digest {name} in base64", coded
        yield f"digest {name} in base64", coded.translate(bytes.maketrans(b"+/", b"-_"))


def _numbers(digits: str) -> Iterator[tuple[str, bytes]]:
    number = int(digits)
    yield from (("int64", struct.pack(order + "q", number)) for order in "<>")
    yield from (("float64", struct.pack(order + "d", number)) for order in "<>")
    yield "float64 as text", repr(float(number)).partition("e")[0].encode()
    # PostgreSQL keeps numeric in groups of four digits, each in 16 bits.
    groups = [int(group) for group in _grouped(digits, 4)]
    yield from (("numeric", struct.pack(f"{order}{len(groups)}h", *groups)) for order in "<>")
    for size in (3, 4):
        yield from (("digit groups", mark.join(_grouped(digits, size)).encode()) for mark in ",._' -\u00a0\u202f")


def _grouped(digits: str, size: int) -> list[str]:
    first = len(digits) % size
    rest = [digits[at : at + size] for at in range(first, len(digits), size)]
    return ([digits[:first]] if first else []) + rest


def _variants(canary: str) -> set[str]:
    composed = {unicodedata.normalize(form, canary) for form in ("NFC", "NFD")}
    return composed | {changed for text in composed for changed in (text.upper(), text.lower())}


def needles(canary: str) -> dict[str, set[bytes]]:
    """What to look for, by form, in lower case."""
    found: dict[str, set[bytes]] = defaultdict(set)
    for text in _variants(canary):
        for form, encode in TEXT_FORMS.items():
            found[form].update(encode(text))
        for form, needle in _digests(text):
            found[form].add(needle)
    if canary.isascii() and canary.isdigit():
        for form, needle in _numbers(canary):
            found[form].add(needle)
    return {form: {needle.lower() for needle in several} for form, several in found.items()}


@dataclass(frozen=True, slots=True)
class _Broken:
    """A text in which bytes were put between the characters, at most one in eight, as PostgreSQL's compression does."""

    pieces: tuple[bytes, ...]
    whole: re.Pattern[bytes]
    most_bytes: int

    @classmethod
    def of(cls, text: bytes) -> "_Broken":
        # Of two neighbouring pieces one is whole, wherever the other bytes stand.
        pieces = (text[:_PIECE], text[_PIECE : 2 * _PIECE])
        whole = b".?".join(re.escape(text[at : at + 1]) for at in range(len(text)))
        return cls(pieces, re.compile(whole, re.DOTALL), 2 * len(text))

    def find(self, content: bytes) -> int:
        for piece in self.pieces:
            at = content.find(piece)
            while at >= 0:
                start = max(0, at - self.most_bytes)
                match = self.whole.search(content, start, at + self.most_bytes)
                if match:
                    return match.start()
                at = content.find(piece, at + 1)
        return -1


@dataclass(frozen=True, slots=True)
class _Needle:
    """What to look for, with its words of four bytes: wherever it stands, one of these groups stands on even ground."""

    canary: str
    form: str
    sought: bytes
    words: tuple[frozenset[int], ...]

    @classmethod
    def of(cls, canary: str, form: str, sought: bytes) -> "_Needle":
        return cls(canary, form, sought, tuple(frozenset(_words(sought[before:])) for before in range(_WORD)))

    def may_be_among(self, words: set[int]) -> bool:
        return any(group <= words for group in self.words)


def _words(content: bytes) -> memoryview:
    return memoryview(content)[: len(content) // _WORD * _WORD].cast("I")


@dataclass(slots=True)
class Scanner:
    """Looks for canaries, named for the reports; texts of fewer than eight characters would be found by chance."""

    canaries: Mapping[str, str]
    scanned_bytes: int = 0
    _needles: list[_Needle] = field(init=False, repr=False)
    _broken: list[tuple[str, _Broken]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        short = [name for name, text in self.canaries.items() if len(text) < 8]
        if short:
            raise ValueError(f"too short to look for: {', '.join(short)}")
        # Forms that come out alike, as those of a text without accents, are looked for once.
        alike: dict[tuple[str, bytes], str] = {}
        for name, text in self.canaries.items():
            for form, several in needles(text).items():
                for needle in several:
                    alike.setdefault((name, needle), form)
        self._needles = [_Needle.of(name, form, needle) for (name, needle), form in alike.items()]
        plain = {
            (name, encoded.lower())
            for name, text in self.canaries.items()
            for variant in _variants(text)
            for form in ("utf-8", "latin-1")
            for encoded in TEXT_FORMS[form](variant)
        }
        self._broken = [(name, _Broken.of(encoded)) for name, encoded in sorted(plain)]

    def scan(self, place: str, content: bytes, *, depth: int = 0) -> list[Hit]:
        """Where each canary is in there, in which forms; also inside of what is hexadecimal or compressed."""
        self.scanned_bytes += len(content)
        hits = []
        for start in range(0, len(content) or 1, _PART_BYTES):
            part = content[start : start + _PART_BYTES + _LONGEST_BYTES].lower()
            hits += [Hit(name, form, place, start + at) for name, form, at in self._found(part)]
        if depth < DEEPEST:
            for kind, inner in _opened(content):
                hits += self.scan(f"{place} > {kind}", inner, depth=depth + 1)
        return hits

    def _found(self, part: bytes) -> Iterator[tuple[str, str, int]]:
        words = set(_words(part))  # there are thousands of needles: most need no look at the bytes
        for needle in self._needles:
            if needle.may_be_among(words) and (at := part.find(needle.sought)) >= 0:
                yield needle.canary, needle.form, at
        for name, broken in self._broken:
            if (at := broken.find(part)) >= 0:
                yield name, "broken by single bytes", at


def _opened(content: bytes) -> Iterator[tuple[str, bytes]]:
    """What is inside of hexadecimal runs (all of them in one, to look once) and of compressed members."""
    runs = [run[0] for run in _HEX_RUN.finditer(content)]
    for shift in (0, 1):
        # A run may begin with a digit that does not belong to it.
        cut = (run[shift : len(run) - (len(run) - shift) % 2] for run in runs)
        decoded = b"\0\0".join(bytes.fromhex(run.decode()) for run in cut)
        if decoded:
            yield f"hex+{shift}", decoded
    for found in _COMPRESSED.finditer(content):
        inner = _inflated(content, found.start())
        if len(inner) >= 8:
            yield f"zlib at {found.start()}", inner


def _inflated(content: bytes, start: int) -> bytes:
    """As much as comes out of it before its end or its first fault."""
    opener, out, size = zlib.decompressobj(wbits=47), bytearray(), 512
    try:
        while start < len(content) and not opener.eof and len(out) < _INFLATED_MOST:
            out += opener.decompress(content[start : start + size])
            start, size = start + size, 64 * 1024
    except zlib.error:
        pass
    return bytes(out)
