"""Does docs/check-by-hand.sh accept a good bundle and name what is wrong with each bad one, with no help of ours?"""

import base64
import hashlib
import io
import re
import shutil
import subprocess
import warnings
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from domain.proof.offline.certificates import read_pem
from domain.proof.offline.policies import read_policy
from domain.proof.offline.steps import Brought
from domain.proof.offline.verdict import verify
from tests.domain.proof.offline.maker import LOG_KEY, WITNESS, TestKey, TestLog
from tests.privacy.handmade import LAST_YEAR, LATE, NEXT_KEY, STRANGER, Authority, Members, make_members, pack
from tests.privacy.verify_cases import surrounded
from tests.programs import require

SCRIPT = Path(__file__).parents[2] / "docs" / "check-by-hand.sh"
# All programs that the script may use; it runs with these and no others.
PROGRAMS = ["base32", "base64", "basename", "bash", "cat", "cmp", "cp", "cut", "date", "find", "grep", "head", "mkdir"]
PROGRAMS += ["mktemp", "od", "openssl", "realpath", "rm", "sed", "sha256sum", "sort", "stat", "tail", "tr", "uniq"]
PROGRAMS += ["unzip", "wc"]
START = "related/01-conversation_started"
STAMP, COSIGNED, DROPPED = "anchors/02-rfc3161", "anchors/03-witness", "anchors/04-folder"
OTHER_WITNESS = TestKey(WITNESS.name, 5, kind=4)
Change = Callable[[Members], None]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def members(authority: Authority) -> Members:
    return make_members(authority)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require(*PROGRAMS)
    folder = tmp_path_factory.mktemp("programs")
    for name in PROGRAMS:
        found = shutil.which(name)
        assert found, f"{name} is not installed"
        (folder / name).symlink_to(found)
    return folder


@pytest.fixture
def check(programs: Path, tmp_path: Path, authority: Authority) -> Callable[..., tuple[int, str]]:
    """Runs the script in an empty folder, in an empty environment; its status and what it said."""

    def run(bundle: bytes, *options: str) -> tuple[int, str]:
        (tmp_path / "bundle.zip").write_bytes(bundle)
        empty = tmp_path / "empty"
        empty.mkdir(exist_ok=True)
        done = subprocess.run(
            ["bash", str(SCRIPT), str(tmp_path / "bundle.zip"), *options],
            cwd=empty,
            env={"PATH": str(programs), "TMPDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=110,
        )
        assert list(empty.iterdir()) == []
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture(scope="module")
def brought(authority: Authority) -> Brought:
    """The same keys and root, for the program that lies in every bundle."""
    policy = f"log {LOG_KEY.vkey}\nwitness w {WITNESS.vkey}\nquorum none\n"
    return Brought(policy=read_policy(policy.encode()), roots=read_pem(authority.root_file.read_bytes()))


@pytest.fixture
def trust(authority: Authority) -> tuple[str, ...]:
    return (
        *("--vkey", LOG_KEY.vkey),
        *("--tsa-root", str(authority.root_file)),
        *("--witness", WITNESS.vkey),
    )


def test_a_good_bundle_is_verified_and_anchored(
    check, members: Members, trust: tuple[str, ...], brought: Brought
) -> None:
    assert verify(pack(members), brought).status == 0
    status, said = check(pack(members), *trust)
    assert (status, said.count("leads to a root that you gave"), said.count("whose key you gave")) == (0, 2, 1)
    for step in (
        "record",
        "leaf",
        "checkpoint",
        "place",
        "receipt",
        "notice",
        "related",
        "identity",
        "name",
        "raw event",
    ):
        assert f"\n{step} " in said
    assert members["record.json"].decode() in said


def test_the_key_alone_gives_three_and_says_that_the_log_could_have_been_rebuilt(check, members: Members) -> None:
    status, said = check(pack(members), "--vkey", LOG_KEY.vkey)
    assert (status, said.count("NOT confirmed"), "NOT anchored" in said) == (3, 4, True)


def test_the_receipt_in_the_thread_anchors_and_another_one_fails(check, members: Members) -> None:
    _, said = check(pack(members), "--vkey", LOG_KEY.vkey)
    [code] = [line.split()[1].rstrip(";") for line in said.splitlines() if line.startswith("receipt")]
    sloppy = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert check(pack(members), "--vkey", LOG_KEY.vkey, "--receipt", sloppy)[0] == 0
    other = ("0" if code[0] != "0" else "2") + code[1:]
    status, said = check(pack(members), "--vkey", LOG_KEY.vkey, "--receipt", other)
    assert (status, "shows another receipt code" in said) == (1, True)


def test_a_checkpoint_that_was_kept_anchors_and_one_with_another_root_is_a_fork(
    check, members: Members, tmp_path: Path
) -> None:
    mailed = tmp_path / "mailed.txt"
    mailed.write_bytes(members[f"{DROPPED}.checkpoint"].replace(b"\n", b"\r\n"))
    status, said = check(pack(members), "--vkey", LOG_KEY.vkey, "--checkpoint", str(mailed))
    assert (status, "you kept this checkpoint" in said) == (0, True)
    lines = members[f"{DROPPED}.checkpoint"].decode().split("\n")
    mailed.write_text("\n".join([*lines[:2], "A" * 43 + "=", *lines[3:]]))
    status, said = check(pack(members), "--vkey", LOG_KEY.vkey, "--checkpoint", str(mailed))
    assert (status, "a fork" in said) == (1, True)


def test_a_kept_checkpoint_that_nothing_is_compared_with_is_named(check, members: Members, tmp_path: Path) -> None:
    mailed = tmp_path / "mailed.txt"
    for name, key, words in (
        (LOG_KEY.name, LOG_KEY, "it is of size 2, and this bundle holds no state of that size"),
        (LOG_KEY.name, STRANGER, "it is not signed by a known key"),
        (LAST_YEAR.name, LAST_YEAR, f"it is of another log, {LAST_YEAR.name}"),
    ):
        log = TestLog(TestKey(name, key.number))
        log.fill(2)
        mailed.write_bytes(log.note(2))
        status, said = check(pack(members), "--vkey", LOG_KEY.vkey, "--checkpoint", str(mailed))
        assert (status, f"mailed.txt: NOT compared: {words}" in said) == (3, True), said


def test_it_says_of_records_around_another_what_the_program_says(check) -> None:
    for bundle in surrounded():
        verdict = verify(bundle.made(), Brought(policy=read_policy(f"log {LOG_KEY.vkey}\nquorum none\n".encode())))
        status, said = check(bundle.made(), "--vkey", LOG_KEY.vkey)
        told = [line.split(maxsplit=1)[1].split(",")[0] for line in said.splitlines() if line.startswith("WITHDRAWN")]
        expected = [value.split(",")[0] for label, value in verdict.summary if label == "WITHDRAWN"]
        assert (status, told) == (verdict.status, expected)


def test_a_changed_key_is_followed_from_the_older_and_from_the_newer_one(check, authority: Authority) -> None:
    rotated = make_members(authority, rotated=True)
    for vkey in (LOG_KEY.vkey, NEXT_KEY.vkey):
        status, said = check(pack(rotated), "--vkey", vkey)
        assert (status, said.count("\nkey "), said.count("fits, NOT confirmed")) == (3, 1, 4)
    status, said = check(pack(rotated), "--vkey", STRANGER.vkey)
    assert (status, "keys/01-key_rotated.json is not signed by a key that you gave" in said) == (1, True)


def test_a_witness_of_the_newest_checkpoint_anchors_and_its_time_counts(check, authority: Authority) -> None:
    cosigned = make_members(authority, cosigned=True)
    alone = {name: content for name, content in cosigned.items() if not name.startswith("anchors/")}
    status, said = check(pack(alone), "--vkey", LOG_KEY.vkey, "--witness", WITNESS.vkey)
    assert (status, "not after  2026-11-23T20:00:00.000Z" in said) == (0, True)
    assert check(pack(alone), "--vkey", LOG_KEY.vkey)[0] == 3
    other_signature("record.tlog-proof", WITNESS.name.encode())(alone)
    status, said = check(pack(alone), "--vkey", LOG_KEY.vkey, "--witness", WITNESS.vkey)
    assert (status, f"the cosignature by {WITNESS.name} is wrong" in said) == (1, True)


def test_a_key_that_was_given_up_signs_no_newer_state(check, authority: Authority) -> None:
    rotated = make_members(authority, rotated=True, last_key=LOG_KEY)
    status, said = check(pack(rotated), "--vkey", NEXT_KEY.vkey)
    assert (status, "the checkpoint in record.tlog-proof is not signed by a key" in said) == (1, True)


def test_a_token_counts_at_its_own_time_though_its_certificate_has_run_out(check, tmp_path: Path) -> None:
    run_out = Authority.make(tmp_path / "run-out", until=LATE + timedelta(minutes=30))
    status, said = check(pack(make_members(run_out)), "--vkey", LOG_KEY.vkey, "--tsa-root", str(run_out.root_file))
    assert (status, said.count("leads to a root that you gave")) == (0, 2)
    too_early = Authority.make(tmp_path / "too-early", until=LATE - timedelta(minutes=30))
    status, said = check(pack(make_members(too_early)), "--vkey", LOG_KEY.vkey, "--tsa-root", str(too_early.root_file))
    assert (status, f"{STAMP}.tsr: OpenSSL refuses it" in said, "expired" in said) == (1, True, True)


@pytest.mark.parametrize("name", ["Test root", "Root of the operator"], ids=["of that name", "of another name"])
def test_a_token_of_an_authority_that_the_operator_made_up_anchors_nothing(
    name: str, check, tmp_path: Path, trust: tuple[str, ...]
) -> None:
    made_up = Authority.make(tmp_path / "made-up", name)
    status, said = check(pack(make_members(made_up)), *trust[:4])
    assert (status, said.count("NOT confirmed"), said.count("no root that you gave vouches")) == (3, 4, 2)


# What is wrong with a bundle whose SHA256SUMS fits it


def put(name: str, old: bytes, new: bytes) -> Change:
    def change(members: Members) -> None:
        assert old in members[name], (name, old)
        members[name] = members[name].replace(old, new, 1)

    return change


def other_line(name: str, number: int) -> Change:
    """One base64 line with another first character."""

    def change(members: Members) -> None:
        lines = members[name].split(b"\n")
        lines[number] = (b"B" if lines[number][:1] == b"A" else b"A") + lines[number][1:]
        members[name] = b"\n".join(lines)

    return change


def drop(name: str) -> Change:
    def change(members: Members) -> None:
        del members[name]

    return change


def swap(name: str, other: str) -> Change:
    def change(members: Members) -> None:
        members[name] = members[other]

    return change


def other_signature(name: str, signer: bytes) -> Change:
    """Another last byte in the signature line of this signer."""

    def change(members: Members) -> None:
        lines = members[name].split(b"\n")
        [at] = [number for number, line in enumerate(lines) if line.startswith("— ".encode() + signer)]
        head, _, blob = lines[at].rpartition(b" ")
        raw = bytearray(base64.b64decode(blob))
        raw[-40] ^= 1
        lines[at] = head + b" " + base64.b64encode(raw)
        members[name] = b"\n".join(lines)

    return change


BROKEN: dict[str, tuple[Change, str]] = {
    "another word in the record": (
        put("record.json", b"Yes, please", b"Yes, pleasE"),
        "record.tlog-proof: the path does not lead from the record",
    ),
    "a record without version": (put("record.json", b'{"v":1', b'{"v":2'), "no record of version 1"),
    "another nonce": (put("record.tlog-proof", b"extra ", b"extra A"), "is not base64"),
    "a nonce of another length": (
        lambda members: members.update({"record.tlog-proof": _with_nonce(members["record.tlog-proof"], bytes(63))}),
        "has 63 bytes, not 64",
    ),
    "the nonce of another record": (
        lambda members: members.update({"record.tlog-proof": _with_nonce(members["record.tlog-proof"], bytes(64))}),
        "the path does not lead",
    ),
    "another hash in the path": (other_line("record.tlog-proof", 4), "the path does not lead"),
    "another index": (put("record.tlog-proof", b"index 7\n", b"index 6\n"), "the path does not lead"),
    "an index beyond the tree": (put("record.tlog-proof", b"index 7\n", b"index 70\n"), "there is no entry 70"),
    "a path that is too short": (
        lambda members: members.update({"record.tlog-proof": _without_line(members["record.tlog-proof"], 5)}),
        "the path does not lead",
    ),
    "another size in the checkpoint": (
        put("record.tlog-proof", LOG_KEY.name.encode() + b"\n17\n", LOG_KEY.name.encode() + b"\n16\n"),
        "the signature by log.example/2026 is wrong",
    ),
    "a signature that was changed": (
        other_signature("record.tlog-proof", LOG_KEY.name.encode()),
        "the signature by log.example/2026 is wrong",
    ),
    "another notice": (put("notice.txt", b"version 3", b"version 4"), "notice.txt is not the text"),
    "no notice": (drop("notice.txt"), "notice.txt is missing"),
    "a related record of another kind": (
        put(f"{START}.json", b"conversation_started", b"conversation_starteD"),
        f"{START}.tlog-proof: the path does not lead",
    ),
    "another related record with the proof of this one": (
        swap(f"{START}.json", "record.json"),
        f"{START}.tlog-proof: the path does not lead",
    ),
    "a main record among the related under another name": (
        lambda members: members.update(
            {f"{START}.json": members["record.json"], f"{START}.tlog-proof": members["record.tlog-proof"]}
        ),
        f"{START}.json is of another kind",
    ),
    "an anchored state that was changed": (
        put(f"{STAMP}.checkpoint", b"\n8\n", b"\n9\n"),
        f"{STAMP}.checkpoint: the signature by log.example/2026 is wrong",
    ),
    "another hash in a consistency path": (
        other_line(f"{STAMP}.consistency", 2),
        f"{STAMP}.consistency: the newer tree does not continue",
    ),
    "a consistency path to another checkpoint": (
        swap(f"{STAMP}.consistency", f"{COSIGNED}.consistency"),
        f"{STAMP}.consistency does not begin at its checkpoint",
    ),
    "the state of another anchor": (
        swap(f"{STAMP}.checkpoint", f"{DROPPED}.checkpoint"),
        f"{STAMP}.consistency does not begin at its checkpoint",
    ),
    "the answer to another anchor": (swap(f"{STAMP}.tsr", "anchors/01-rfc3161.tsr"), "does not describe this anchor"),
    "no answer": (drop(f"{STAMP}.tsr"), "does not describe this anchor"),
    "an anchor's record that was changed": (
        put(f"{COSIGNED}.json", b'"method":"witness"', b'"method":"rfc3161"'),
        f"{COSIGNED}.tlog-proof: the path does not lead",
    ),
    "the id of another person": (
        put("disclosed/identity.json", b"283746", b"283747"),
        "identity.json is of another person",
    ),
    "another name": (put("disclosed/identity.json", "Zoë".encode(), "Zoé".encode()), "another name"),
    "another raw event": (put("disclosed/raw-event.bin", b"hi", b"ho"), "not the event that the record commits to"),
    "another record as JSON-LD": (put("record.jsonld", b"Yes", b"yes"), "record.jsonld holds another record"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_bundle_fails_with_what_is_wrong_by_hand_as_by_program(
    name: str, check, members: Members, trust: tuple[str, ...], brought: Brought
) -> None:
    change, words = BROKEN[name]
    changed = dict(members)
    change(changed)
    status, said = check(pack(changed), *trust)
    [failed] = [line for line in said.splitlines() if line.startswith("FAILED")]
    assert (status, bool(re.search(words, failed))) == (1, True), said
    assert verify(pack(changed), brought).status in {1, 2}


def _with_nonce(data: bytes, nonce: bytes) -> bytes:
    return re.sub(rb"extra \S+", b"extra " + base64.b64encode(nonce), data)


def _without_line(data: bytes, number: int) -> bytes:
    lines = data.split(b"\n")
    return b"\n".join(lines[:number] + lines[number + 1 :])


def test_a_related_record_of_another_year_needs_the_key_of_that_log_too(check, authority: Authority) -> None:
    bundle = pack(make_members(authority, two_years=True))
    given = ("--vkey", LOG_KEY.vkey, "--witness", WITNESS.vkey)
    assert check(bundle, *given, "--vkey", LAST_YEAR.vkey)[0] == 0
    status, said = check(bundle, *given)
    assert (status, f"but for related records in {LAST_YEAR.name}" in said) == (4, True)
    status, said = check(bundle, *given, "--vkey", TestKey(LAST_YEAR.name, 8).vkey)
    assert (status, f"is not signed by a key of {LAST_YEAR.name} that you gave" in said) == (1, True)
    status, said = check(bundle, "--vkey", LAST_YEAR.vkey)
    assert (status, f"the record stands in {LOG_KEY.name}: give the key of that log" in said) == (1, True)


def test_a_key_that_did_not_sign_fails(check, members: Members) -> None:
    status, said = check(pack(members), "--vkey", STRANGER.vkey)
    assert (status, "is not signed by a key of log.example/2026 that you gave" in said) == (1, True)


# What an operator with the real key may try


def test_a_log_rebuilt_with_its_real_key_after_an_anchor_fails(
    check, authority: Authority, trust: tuple[str, ...], brought: Brought
) -> None:
    def forget_the_first_entry(log: TestLog) -> None:
        log.leaves[0] = hashlib.sha256(b"another entry").digest()

    rebuilt = make_members(authority, rebuild=forget_the_first_entry)
    status, said = check(pack(rebuilt), *trust)
    assert (status, "the newer tree does not continue the older one" in said) == (1, True)
    assert verify(pack(rebuilt), brought).status == 1
    alone = {name: content for name, content in rebuilt.items() if not name.startswith("anchors/")}
    assert check(pack(alone), *trust)[0] == 3  # all signatures fit: without an anchor nothing shows it


def test_a_forged_answer_of_the_authority_fails_though_the_log_notes_it(
    check, authority: Authority, trust: tuple[str, ...]
) -> None:
    def other_byte(answer: bytes) -> bytes:
        return answer[:-9] + bytes([answer[-9] ^ 1]) + answer[-8:]

    status, said = check(pack(make_members(authority, forge=other_byte)), *trust)
    assert (status, f"{STAMP}.tsr: OpenSSL refuses it: signature failure" in said) == (1, True)


def test_the_token_of_an_older_state_does_not_pass_for_this_one(
    check, authority: Authority, trust: tuple[str, ...]
) -> None:
    older = authority.stamp(b"another state", LATE)
    status, said = check(pack(make_members(authority, forge=lambda _: older)), *trust)
    assert (status, f"{STAMP}.tsr: OpenSSL refuses it: message imprint mismatch" in said) == (1, True)


def test_a_cosignature_by_another_key_of_that_name_is_not_confirmed_and_a_changed_one_fails(
    check, authority: Authority, members: Members, trust: tuple[str, ...]
) -> None:
    status, said = check(pack(members), *trust[:2], "--witness", OTHER_WITNESS.vkey)
    assert (status, said.count("NOT confirmed")) == (3, 4)


# What is no bundle at all


def test_files_that_are_no_bundle_are_unreadable(check, members: Members, tmp_path: Path) -> None:
    listed = list(members.items())
    found = {
        "text": check(b"no archive", "--vkey", LOG_KEY.vkey),
        "empty": check(other_zip([("README.txt", b"")]), "--vkey", LOG_KEY.vkey),
        "packed": check(other_zip(listed, zipfile.ZIP_DEFLATED), "--vkey", LOG_KEY.vkey),
        "outside": check(other_zip([*listed, ("../outside", b"")]), "--vkey", LOG_KEY.vkey),
        "absolute": check(other_zip([*listed, ("/tmp/outside", b"")]), "--vkey", LOG_KEY.vkey),
        "twice": check(other_zip([*listed, listed[0]]), "--vkey", LOG_KEY.vkey),
        "link": check(
            other_zip([*listed, ("disclosed/raw-event.bin", b"/etc/passwd")], link=True), "--vkey", LOG_KEY.vkey
        ),
        "large": check(other_zip([*listed, ("disclosed/raw-event.bin", bytes(17 << 20))]), "--vkey", LOG_KEY.vkey),
    }
    assert {what: (status, "UNREADABLE" in said) for what, (status, said) in found.items()} == dict.fromkeys(
        found, (2, True)
    )
    assert not (tmp_path / "outside").exists()


def other_zip(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED, *, link: bool = False) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a name comes twice is what is tried
        for name, content in members:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = method
            entry.external_attr = (0o120777 if link and name == members[-1][0] else 0o100644) << 16
            archive.writestr(entry, content)
    return written.getvalue()


def test_sums_of_other_files_fail_and_wrong_use_is_two(check, members: Members) -> None:
    packed = pack(members)
    listed = list(members.items())
    changed = [*listed[:-3], ("verify.py", b"# changed"), *listed[-2:]]
    status, said = check(other_zip(changed), "--vkey", LOG_KEY.vkey)
    assert (status, "SHA256SUMS: verify.py: FAILED" in said) == (1, True)
    status, said = check(other_zip(listed[1:]), "--vkey", LOG_KEY.vkey)
    assert (status, "does not name exactly the files" in said) == (1, True)
    assert check(packed)[0] == 2
    assert check(packed, "--vkey", "log.example/2026+00000000+AAAA")[0] == 2
    assert check(packed, "--vkey", LOG_KEY.vkey, "--no-such-option")[0] == 2


def test_an_unpacked_bundle_is_checked_as_well(members: Members, tmp_path: Path) -> None:
    for name, content in members.items():
        (tmp_path / "unpacked" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "unpacked" / name).write_bytes(content)
    command = ["bash", str(SCRIPT), str(tmp_path / "unpacked"), "--vkey", LOG_KEY.vkey]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 3
    (tmp_path / "unpacked" / "notice.txt").write_bytes(b"another notice")
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (done.returncode, "SHA256SUMS: notice.txt: FAILED" in done.stdout) == (1, True)
