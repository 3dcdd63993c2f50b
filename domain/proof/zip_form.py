"""Which bytes are a ZIP file with exactly these members?

One answer, so that a bundle made again is the same file and a changed one is noticed: members are
stored, not compressed, in the order given, dated 1 January 1980, with nothing before, between or
behind them. Any unzip program can open it; the verifier takes that form only.
"""

import struct
import zlib
from collections.abc import Iterable

from domain.proof.errors import BundleError

MAX_ZIP_BYTES = 16 * 1024 * 1024
MAX_MEMBERS = 1000

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION = 20
_MADE_BY = (3 << 8) | _VERSION  # Unix, so that the file mode below counts
_MODE = 0o100644 << 16
_STORED = 0
_TIME, _DATE = 0, (1 << 5) | 1


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
