"""Which bytes are a ZIP file with exactly these members?

One answer, so that a bundle made again is the same file and a changed one is noticed: members are
stored, not compressed, in the order given, dated 1 January 1980, with nothing before, between or
behind them. Reading accepts that form only; any unzip program can open it.
"""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from domain.proof.errors import BundleError

MAX_ZIP_BYTES = 16 * 1024 * 1024
MAX_MEMBERS = 256

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION = 20
_MADE_BY = (3 << 8) | _VERSION  # Unix, so that the file mode below counts
_MODE = 0o100644 << 16
_STORED = 0
_TIME, _DATE = 0, (1 << 5) | 1


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    offset: int
    size: int


def write_zip(members: Iterable[tuple[str, bytes]]) -> bytes:
    """The file; names are plain ASCII paths and come once each, or BundleError is raised."""
    body, directory = bytearray(), bytearray()
    seen: set[str] = set()
    for name, content in members:
        _check_name(name, seen)
        raw, crc, size = name.encode("ascii"), zlib.crc32(content), len(content)
        shared = (0, _STORED, _TIME, _DATE, crc, size, size, len(raw), 0)
        directory += _CENTRAL.pack(
            _CENTRAL_MARK, _MADE_BY, _VERSION, *shared, 0, 0, 0, _MODE, len(body)
        ) + raw  # fmt: skip
        body += _LOCAL.pack(_LOCAL_MARK, _VERSION, *shared) + raw + content
        _check_bounds(len(seen), len(body) + len(directory))
    end = _END.pack(_END_MARK, 0, 0, len(seen), len(seen), len(directory), len(body), 0)
    return bytes(body + directory + end)


def read_zip(data: bytes) -> dict[str, bytes]:
    """The members in their order; raises BundleError with the reason for every other kind of file."""
    _check_bounds(0, len(data))
    if len(data) < _END.size or data[-_END.size :][:4] != _END_MARK:
        raise BundleError("the file is no ZIP file that ends where it should")
    _, _, _, _, count, directory_size, directory_at, _ = _END.unpack(data[-_END.size :])
    _check_bounds(count, len(data))
    if directory_at + directory_size + _END.size != len(data):
        raise BundleError("the ZIP directory is not where the file says")
    members: dict[str, bytes] = {}
    seen: set[str] = set()
    end = 0
    for entry in _entries(data, directory_at, count):
        _check_name(entry.name, seen)
        start = end + _LOCAL.size + len(entry.name)
        if entry.offset != end or start + entry.size > directory_at:
            raise BundleError(f"member {entry.name} overlaps another one or leaves a gap")
        end = start + entry.size
        members[entry.name] = data[start:end]
    if write_zip(members.items()) != data:
        raise BundleError("the ZIP file is not in the one exact form of a bundle")
    return members


def _entries(data: bytes, at: int, count: int) -> Iterable[_Entry]:
    for number in range(1, count + 1):
        head = data[at : at + _CENTRAL.size]
        if len(head) < _CENTRAL.size or head[:4] != _CENTRAL_MARK:
            raise BundleError(f"the ZIP directory is cut or damaged at member {number}")
        fields = _CENTRAL.unpack(head)
        flags, method, packed, size, name_length = fields[3], fields[4], fields[8], fields[9], fields[10]
        if flags & 1:
            raise BundleError(f"member {number} is encrypted")
        if method != _STORED or packed != size:
            raise BundleError(f"member {number} is compressed; a bundle holds its members as they are")
        raw = data[at + _CENTRAL.size : at + _CENTRAL.size + name_length]
        try:
            name = raw.decode("ascii")
        except UnicodeDecodeError:
            raise BundleError(f"the name of member {number} is not ASCII") from None
        yield _Entry(name, fields[16], size)
        at += _CENTRAL.size + name_length + fields[11] + fields[12]


def _check_name(name: str, seen: set[str]) -> None:
    parts = name.split("/")
    plain = all(part.strip(".") and part.isascii() and part.isprintable() for part in parts)
    if not plain or "\\" in name or ":" in name or len(name) > 200:
        raise BundleError("a member has a name that is no plain path inside the bundle")
    if name.lower() in seen:
        raise BundleError(f"member {name} is there twice")
    seen.add(name.lower())


def _check_bounds(members: int, size: int) -> None:
    if members > MAX_MEMBERS:
        raise BundleError(f"the bundle has more than {MAX_MEMBERS} members")
    if size > MAX_ZIP_BYTES:
        raise BundleError(f"the bundle is larger than {MAX_ZIP_BYTES} bytes")
