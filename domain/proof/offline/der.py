"""What values are in these DER bytes?

Distinguished encoding only: definite lengths in their shortest form, short tags, nothing behind the end. A value is
looked at when somebody asks for it, so nesting costs nothing and no recursion depends on the input.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from domain.proof.offline.errors import Unreadable, Wrong

INTEGER, BIT_STRING, OCTET_STRING, OID = 0x02, 0x03, 0x04, 0x06
SEQUENCE, SET = 0x30, 0x31
_BOOLEAN, _UTC_TIME, _GENERALIZED_TIME = 0x01, 0x17, 0x18
_MAX_VALUES = 1_000
_MAX_TIME_BYTES = 64
# Not left to strptime, which takes small letters for the Z and the digits of any script.
_TIME = re.compile(r"([0-9]{14})(\..*)?Z", re.DOTALL)
_FRACTION = re.compile(r"\.[0-9]*[1-9]")


@dataclass(frozen=True, slots=True)
class Der:
    """One value: its tag, its content, and all its bytes."""

    tag: int
    content: bytes = field(repr=False)
    encoded: bytes = field(repr=False)

    def expect(self, tag: int) -> "Der":
        if self.tag != tag:
            raise Wrong(f"a value has the tag {self.tag:#04x} where {tag:#04x} belongs")
        return self

    def values(self, tag: int = SEQUENCE) -> "DerReader":
        """The values inside, to be taken one after the other."""
        return DerReader(self.expect(tag).content)

    def only(self, tag: int) -> "Der":
        """The one value inside an explicit tag or a wrapping string."""
        reader = self.values(tag)
        value = reader.take()
        reader.end()
        return value

    def number(self) -> int:
        content = self.expect(INTEGER).content
        if not content or (len(content) > 1 and content[0] in (0, 0xFF) and content[0] >> 7 == content[1] >> 7):
            raise Wrong("a number is not in its shortest form")
        return int.from_bytes(content, "big", signed=True)

    def boolean(self) -> bool:
        if self.expect(_BOOLEAN).content not in (b"\x00", b"\xff"):
            raise Wrong("a truth value is neither 00 nor ff")
        return self.content == b"\xff"

    def oid(self) -> str:
        """The object identifier in dotted decimals."""
        content = self.expect(OID).content
        if not 1 <= len(content) <= 64 or content[-1] & 0x80:
            raise Wrong("an object identifier is cut, or too long")
        arcs = [0]
        for position, byte in enumerate(content):
            if byte == 0x80 and (position == 0 or not content[position - 1] & 0x80):
                raise Wrong("an object identifier is not in its shortest form")
            arcs[-1] = arcs[-1] << 7 | byte & 0x7F
            if not byte & 0x80:
                arcs.append(0)
        first = min(arcs[0] // 40, 2)
        return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:-1]))

    def bits(self) -> bytes:
        """The bytes of a bit string that ends on a whole byte."""
        content = self.expect(BIT_STRING).content
        if not content or content[0]:
            raise Wrong("a bit string does not end on a whole byte")
        return content[1:]

    def time(self) -> datetime:
        """UTCTime or GeneralizedTime in UTC; fractions of a second are cut."""
        text = self.content[:_MAX_TIME_BYTES].decode("latin-1")
        if self.tag not in (_UTC_TIME, _GENERALIZED_TIME):
            raise Wrong("a value is no time")
        century = "" if self.tag == _GENERALIZED_TIME else "19" if text[:2] >= "50" else "20"
        digits, fraction = found.groups() if (found := _TIME.fullmatch(century + text)) else (None, None)
        if fraction and (self.tag == _UTC_TIME or not _FRACTION.fullmatch(fraction)):
            raise Wrong("a time has a fraction that is not in its one form")
        try:
            if digits is None or len(self.content) > _MAX_TIME_BYTES:
                raise ValueError
            return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            raise Wrong("a time has the wrong form") from None


@dataclass(slots=True)
class DerReader:
    """Takes the values of a structure in their order; at the end nothing may be left."""

    data: bytes
    at: int = 0
    taken: int = 0

    def take(self, tag: int | None = None) -> Der:
        """The next value, which must have this tag when one is given."""
        data, start = self.data, self.at
        self.taken += 1
        if self.taken > _MAX_VALUES:
            raise Unreadable(f"a structure has more than {_MAX_VALUES} values")
        if start + 2 > len(data):
            raise Wrong("a structure ends where a value belongs")
        if data[start] & 0x1F == 0x1F:
            raise Wrong("a value has a long tag, which nothing here uses")
        length, begin = data[start + 1], start + 2
        if length & 0x80:
            width = length & 0x7F
            begin += width
            length = int.from_bytes(data[start + 2 : begin], "big")
            if not 1 <= width <= 4 or begin > len(data) or length < 0x80 or length >> 8 * (width - 1) == 0:
                raise Wrong("a length is not in its one short form")
        self.at = begin + length
        if self.at > len(data):
            raise Wrong("a value is longer than what holds it")
        value = Der(data[start], data[begin : self.at], data[start : self.at])
        return value if tag is None else value.expect(tag)

    def take_if(self, *tags: int) -> Der | None:
        """The next value if it has one of these tags, else None and nothing is taken."""
        return self.take() if self.at < len(self.data) and self.data[self.at] in tags else None

    def rest(self) -> list[Der]:
        found = []
        while self.at < len(self.data):
            found.append(self.take())
        return found

    def end(self) -> None:
        if self.at != len(self.data):
            raise Wrong("a structure has more values than belong in it")


def read_der(data: bytes) -> Der:
    """The one value that these bytes are."""
    reader = DerReader(data)
    value = reader.take()
    reader.end()
    return value
