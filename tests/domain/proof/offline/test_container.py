"""Are files that hide something, or cost something, refused before anything looks into them?"""

import io
import struct
import time
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.proof.offline.container import (
    MAX_BUNDLE_BYTES,
    MAX_BUNDLE_MEMBERS,
    read_container,
    read_stored_zip,
    sums_text,
)
from domain.proof.offline.errors import Unreadable, Wrong
from domain.proof.offline.steps import Brought
from domain.proof.offline.verdict import verify
from domain.proof.zip_form import write_zip

from .maker import small_bundle, with_sums, zipped

MEMBERS = small_bundle().members()
MADE = zipped(MEMBERS)
Members = dict[str, bytes]


def packed(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return file.getvalue()


def end(count: int, size: int, at: int) -> bytes:
    return struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, size, at, 0)


def entry(name: bytes, size: int, *, at: int = 0, crc: int = 0) -> bytes:
    """A line of a directory that claims this much."""
    numbers = (0x314, 20, 0, 0, 0, 33, crc, size, size, len(name), 0, 0, 0, 0, 0x81A4 << 16, at)
    return struct.pack("<4s6H3I5H2I", b"PK\1\2", *numbers) + name


def zip64(data: bytes) -> bytes:
    """With a 64-bit end record, whose numbers could be anything."""
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 2**63, 2**62)
    return (
        data[:-22] + record + struct.pack("<4sIQI", b"PK\6\7", 0, len(data) - 22, 1) + end(0xFFFF, 2**32 - 1, 2**32 - 1)
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no ZIP file"),
        (b"%PDF-1.7", "no ZIP file"),
        (MADE[:-1], "no ZIP file"),
        (MADE + b"\0", "no ZIP file"),
        (b"#!/bin/sh\n" + MADE, "directory is not where"),
        (zip64(MADE), "more than 1000 members"),
        (packed(("README.txt", bytes(10_000_000)), method=zipfile.ZIP_DEFLATED), "is compressed"),
        (packed(("README.txt", bytes(10_000_000)), method=zipfile.ZIP_BZIP2), "is compressed"),
        (packed(("README.txt", b"a"), method=zipfile.ZIP_LZMA), "is compressed"),
        (packed(("README.txt", b"a")), "damaged, overlaps another, or is not in its one exact form"),
        (packed(("../README.txt", b"a")), "no plain path"),
        (packed(("/etc/passwd", b"a")), "no plain path"),
        (packed(("related//a", b"a")), "no plain path"),
        (packed(("C:README.txt", b"a")), "no plain path"),
        (packed(("related\\..\\a", b"a")), "no plain path"),
        (packed(("related/..", b"a")), "no plain path"),
        (packed(("README.txt\n", b"a")), "no plain path"),
        (packed(("README.txt/", b"")), "no plain path"),
        (packed(("r\u00e9cord.json", b"a")), "not ASCII"),
        (packed(("a" * 201, b"a")), "no plain path"),
        (zipped({"README.txt": b"a", "readme.TXT": b"b"}), "there twice"),
        (packed(*((f"a{number}.txt", b"") for number in range(MAX_BUNDLE_MEMBERS + 1))), "more than 1000 members"),
        (bytes(MAX_BUNDLE_BYTES + 1), "larger than"),
        (end(1, 0, 0), "cut or damaged"),
        (end(65_535, 0, 0), "more than 1000 members"),
        (end(1, 46, 0), "not where the file says"),
        (bytes(46) + end(1, 46, 0), "cut or damaged"),
        (entry(b"a", 2**32 - 1) + end(1, 47, 0), "more bytes than the file has"),
        (entry(b"a", 20, at=2**32 - 1) + end(1, 47, 0), "damaged, overlaps"),
        (end(0, 0, 0), "has no README.txt"),
        (MADE[:-22] + struct.pack("<4s4H2IH", b"PK\5\6", 1, *struct.unpack("<3H2IH", MADE[-16:])), "exact form"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_plain_bundle_is_unreadable(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_container(data)
    verdict = verify(data, Brought())
    assert (verdict.status, verdict.finding and verdict.finding.name) == (2, "container")
    assert verdict.meaning.startswith("UNREADABLE at step 1, container: ")


def without(name: str) -> Callable[[Members], Members]:
    return lambda members: {other: content for other, content in members.items() if other != name}


def before_sums(name: str, content: bytes = b"x") -> Callable[[Members], Members]:
    return lambda members: with_sums(members | {name: content})


def reordered(members: Members) -> Members:
    first, second, *rest = members.items()
    return dict([second, first, *rest])


def renamed(old: str, new: str) -> Callable[[Members], Members]:
    return lambda members: {name.replace(old, new): content for name, content in members.items()}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        *((without(name), f"no {name}") for name in MEMBERS if "/" not in name and name != "notice.txt"),
        (without("related/01-conversation_started.tlog-proof"), "no related/01-conversation_started.tlog-proof"),
        (without("related/01-conversation_started.json"), "no related/01-conversation_started.json"),
        (before_sums("verify.exe"), "does not belong"),
        (before_sums("extra.txt"), "belongs in no bundle"),
        (before_sums("disclosed/other.json"), "belongs in no bundle"),
        (before_sums("disclosed/raw-event.bin"), "no disclosed/raw-event.nonce"),
        (before_sums("related/03-notice_shown.json"), "no related/03"),
        (before_sums("related/09-notice_shown.json"), "not the next by its number"),
        (before_sums("related/01-notice_shown.json"), "not the next by its number"),
        (before_sums("anchors/01-fax.json"), "method that is not known"),
        (before_sums("anchors/01-mail.tsr"), "no anchors/01-mail"),
        (renamed("related/02", "related/03"), "not the next by its number"),
        (reordered, "stands where README.txt belongs"),
        (lambda m: dict(reversed(m.items())), "not the next by its number"),
        (lambda m: m | {"more.txt": b""}, "behind the end"),
        (lambda m: m | {"record.json": bytes(262_145)}, "longer than 262144"),
        (lambda m: m | {"README.txt": bytes(1_048_577)}, "longer than 1048576"),
        (lambda m: m | {"notice.txt": bytes(1_048_577)}, "longer than 1048576"),
    ],
)
def test_members_that_make_no_bundle_are_unreadable(change: Callable[[Members], Members], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_container(zipped(change(dict(MEMBERS))))


def test_members_that_share_their_bytes_are_refused() -> None:
    first = zipped({"README.txt": bytes(1000)})
    directory = first[-22 - 46 - 10 : -22]
    second = directory.replace(b"README.txt", b"policy.txt")
    data = first[: len(first) - 22 - len(directory)] + directory + second + end(2, 2 * len(directory), 1040)
    with pytest.raises(Unreadable, match="overlaps another"):
        read_stored_zip(data)


def test_a_thousand_members_over_the_same_bytes_cost_nothing() -> None:
    body = bytes(15_000_000)
    crc = zlib.crc32(body[100:])
    lines = b"".join(entry(b"%03d.txt" % number, len(body) - 100, crc=crc) for number in range(1000))
    started = time.process_time()
    with pytest.raises(Unreadable, match="overlaps another"):
        read_stored_zip(body + lines + end(1000, len(lines), len(body)))
    assert time.process_time() - started < 2


def test_an_encrypted_member_is_refused() -> None:
    changed = bytearray(zipped({"README.txt": b"a"}))
    changed[changed.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(Unreadable, match="encrypted"):
        read_stored_zip(bytes(changed))


def test_what_the_directory_says_and_what_the_member_says_must_agree() -> None:
    # Some programs read the one, some the other.
    for old, new in ((b"README.txt", b"READYOU.tx"), (b"\x01\x00\x00\x00\x01\x00", b"\x02\x00\x00\x00\x01\x00")):
        made = zipped({"README.txt": b"a"})
        assert made.count(old) >= 1
        with pytest.raises(Unreadable, match="exact form"):
            read_stored_zip(made.replace(old, new, 1))


def test_huge_numbers_make_a_bundle_unreadable_where_they_stand() -> None:
    for name, old, new, step in (
        ("record.json", b'"minimum_age":16', b'"minimum_age":' + b"9" * 4000, "record"),
        ("record.tlog-proof", b"index 14", b"index " + b"9" * 4000, "entry"),
        ("record.tlog-proof", b"\n23\n", b"\n" + b"9" * 30 + b"\n", "checkpoint"),
        ("record.json", b'"purposes":["dpv:DirectMarketing"]', b'"purposes":' + b"[" * 99 + b"]" * 99, "record"),
    ):
        assert old in MEMBERS[name]
        changed = with_sums(MEMBERS | {name: MEMBERS[name].replace(old, new)})
        verdict = verify(zipped(changed), Brought())
        assert (verdict.status, verdict.finding and verdict.finding.name) == (2, step)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damaged_files_raise_nothing_but_a_named_refusal(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(MADE)))
    changed = MADE[:at] + data.draw(st.binary(max_size=30)) + MADE[at + data.draw(st.integers(0, 40)) :]
    if changed != MADE:
        with pytest.raises(Wrong):
            read_container(changed)


@given(members=st.dictionaries(st.text("abc", min_size=1, max_size=5), st.binary(max_size=50), max_size=5))
def test_two_writers_write_the_form_that_is_read(members: Members) -> None:
    assert read_stored_zip(zipped(members)) == members
    assert write_zip(members.items()) == zipped(members)


def test_the_digests_are_those_of_coreutils(tmp_path) -> None:
    import subprocess

    for name, content in MEMBERS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    others = [(name, content) for name, content in MEMBERS.items() if name != "SHA256SUMS"]
    assert sums_text(others) == MEMBERS["SHA256SUMS"]
    subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=tmp_path, check=True, capture_output=True)
