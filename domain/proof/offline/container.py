"""Which bytes are a bundle, and which members does it hold?

A ZIP file in one exact form: members stored and not compressed, dated 1 January 1980, with nothing before, between or
behind them. Counts, sizes and names are checked against limits before anything is looked into.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.proof.offline.errors import Unreadable

MAX_BUNDLE_BYTES = 16 * 1024 * 1024
MAX_BUNDLE_MEMBERS = 1_000
SUMS = "SHA256SUMS"
NOTICE, IDENTITY = "notice.txt", "disclosed/identity.json"
RAW_EVENT, RAW_NONCE = "disclosed/raw-event.bin", "disclosed/raw-event.nonce"

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_MEGABYTE = 1_048_576
ALWAYS_FIRST = ("README.txt", "report.html", "record.json", "record.tlog-proof", "record.jsonld")
MEMBER_SIZES = {
    "json": 262_144, "jsonld": 327_680, "tlog-proof": 278_528, "consistency": 278_528, "checkpoint": 262_144,
    "tsr": 131_072, "nonce": 256, "txt": _MEGABYTE, "html": _MEGABYTE, "py": _MEGABYTE, "bin": _MEGABYTE,
    SUMS: 262_144,
}  # fmt: skip
_ITEM = re.compile(r"(related|keys|anchors)/([0-9]{2})-([a-z0-9_]{1,40})\.([a-z-]+)", re.ASCII)
ANCHOR_METHODS = ("rfc3161", "witness", "mail", "folder")


@dataclass(frozen=True, slots=True)
class Item:
    """A numbered group of members, such as `related/01-notice_shown`; `parts` by their ending."""

    name: str
    kind: str
    parts: dict[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Container:
    """The members of a bundle in their order, and the numbered ones grouped."""

    members: dict[str, bytes] = field(repr=False)
    related: tuple[Item, ...]
    keys: tuple[Item, ...]
    anchors: tuple[Item, ...]


def sums_text(members: Iterable[tuple[str, bytes]]) -> bytes:
    """The bytes of SHA256SUMS for these other members, in their order; `sha256sum -c` reads it."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in members).encode()


def read_container(data: bytes) -> Container:
    """The members, in the form and order of a bundle; for every other file Unreadable says why."""
    members = read_stored_zip(data)
    for name, content in members.items():
        limit = MEMBER_SIZES.get(name.rpartition(".")[2])
        if limit is None:
            raise Unreadable(f"member {name} does not belong in a bundle")
        if len(content) > limit:
            raise Unreadable(f"member {name} is longer than {limit} bytes")
    items: dict[str, list[Item]] = {"related": [], "keys": [], "anchors": []}
    for name, content in members.items():
        if found := _ITEM.fullmatch(name):
            _put(items[found[1]], name.rpartition(".")[0], found, content)
    container = Container(members, *(tuple(items[folder]) for folder in ("related", "keys", "anchors")))
    expected = _expected_names(container)
    for name in expected:
        if name not in members:
            raise Unreadable(f"the bundle has no {name}")
    for name, place in zip(members, expected, strict=False):
        if name != place:
            raise Unreadable(f"member {name} stands where {place} belongs, or belongs in no bundle")
    if len(members) != len(expected):
        raise Unreadable("members stand behind the end of the bundle")
    return container


def _put(items: list[Item], name: str, found: re.Match[str], content: bytes) -> None:
    if not items or items[-1].name != name:
        if int(found[2]) != len(items) + 1:
            raise Unreadable(f"member {found[0]} is not the next by its number")
        items.append(Item(name, found[3], {}))
    items[-1].parts[found[4]] = content


def _expected_names(container: Container) -> list[str]:
    """What a bundle with these optional members and numbered groups consists of, in order."""
    members = container.members
    names = [*ALWAYS_FIRST, *([NOTICE] if NOTICE in members else []), "policy.txt"]
    for item in (*container.related, *container.keys):
        names += [f"{item.name}.json", f"{item.name}.tlog-proof"]
    for item in container.anchors:
        if item.kind not in ANCHOR_METHODS:
            raise Unreadable(f"{item.name} is of a method that is not known here")
        answer = [f"{item.name}.tsr"] if item.kind == "rfc3161" else []
        names += [f"{item.name}.checkpoint", f"{item.name}.consistency", *answer]
        names += [f"{item.name}.json", f"{item.name}.tlog-proof"]
    names += [IDENTITY] if IDENTITY in members else []
    names += [RAW_EVENT, RAW_NONCE] if RAW_EVENT in members or RAW_NONCE in members else []
    return [*names, "verify.py", "verify.html", SUMS]


def read_stored_zip(data: bytes) -> dict[str, bytes]:
    """The members in their order; for every file that is not in the one exact form Unreadable says why."""
    if len(data) > MAX_BUNDLE_BYTES:
        raise Unreadable(f"the file is larger than {MAX_BUNDLE_BYTES} bytes")
    if len(data) < _END.size or data[-_END.size :][:4] != b"PK\x05\x06":
        raise Unreadable("the file is no ZIP file that ends where it should")
    end = data[-_END.size :]
    _, _, _, _, count, directory_size, directory_at, _ = _END.unpack(end)
    if count > MAX_BUNDLE_MEMBERS:
        raise Unreadable(f"the file has more than {MAX_BUNDLE_MEMBERS} members")
    if directory_at + directory_size + _END.size != len(data):
        raise Unreadable("the ZIP directory is not where the file says")
    if end != _END.pack(b"PK\x05\x06", 0, 0, count, count, directory_size, directory_at, 0):
        raise Unreadable("the end of the ZIP file is not in its one exact form")
    members: dict[str, bytes] = {}
    seen: set[str] = set()
    at, body = directory_at, 0
    for number in range(1, count + 1):
        name, size, at = _central_entry(data, at, number)
        _check_member_name(name, seen)
        raw = name.encode("ascii")
        start = body + _LOCAL.size + len(raw)
        content = data[start : start + size]
        shared = (0, 0, 0, 33, zlib.crc32(content), size, size, len(raw), 0)
        local = _LOCAL.pack(b"PK\x03\x04", 20, *shared) + raw + content
        central = _CENTRAL.pack(b"PK\x01\x02", 0x314, 20, *shared, 0, 0, 0, 0o100644 << 16, body) + raw
        if data[at - len(central) : at] != central or data[body : body + len(local)] != local:
            raise Unreadable(f"member {name} is damaged, overlaps another, or is not in its one exact form")
        body += len(local)
        members[name] = content
    if body != directory_at or at + _END.size != len(data):
        raise Unreadable("the ZIP file has bytes that belong to no member")
    return members


def _central_entry(data: bytes, at: int, number: int) -> tuple[str, int, int]:
    """Name and size of a member, and where the next entry of the directory begins."""
    head = data[at : at + _CENTRAL.size]
    if len(head) < _CENTRAL.size or head[:4] != b"PK\x01\x02":
        raise Unreadable(f"the ZIP directory is cut or damaged at member {number}")
    fields = _CENTRAL.unpack(head)
    flags, method, packed, size, length = fields[3], fields[4], fields[8], fields[9], fields[10]
    if flags & 1:
        raise Unreadable(f"member {number} is encrypted")
    if method or packed != size:
        raise Unreadable(f"member {number} is compressed; a bundle holds its members as they are")
    if size > len(data):
        raise Unreadable(f"member {number} claims more bytes than the file has")
    try:
        name = data[at + _CENTRAL.size : at + _CENTRAL.size + length].decode("ascii")
    except UnicodeDecodeError:
        raise Unreadable(f"the name of member {number} is not ASCII") from None
    return name, size, at + _CENTRAL.size + length + fields[11] + fields[12]


def _check_member_name(name: str, seen: set[str]) -> None:
    plain = all(part.strip(".") and part.isprintable() for part in name.split("/"))
    if not plain or "\\" in name or ":" in name or len(name) > 200:
        raise Unreadable("a member has a name that is no plain path inside the bundle")
    if name.lower() in seen:
        raise Unreadable(f"member {name} is there twice")
    seen.add(name.lower())
