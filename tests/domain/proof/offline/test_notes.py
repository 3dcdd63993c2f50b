"""Are notes, checkpoints, cosignatures, proofs and policies read exactly as the specifications have them?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.proof.offline.errors import UnknownSigner, Unreadable, Wrong
from domain.proof.offline.notes import from_base64, number_from, open_note, read_checkpoint, read_key, read_note
from domain.proof.offline.paths import read_consistency_proof, read_entry_proof
from domain.proof.offline.policies import own_policy, read_own_policy, read_policy
from domain.proof.offline.tree import check_consistency, check_inclusion
from tests.domain.proof.samples import VECTORS

from .maker import LOG_KEY, WITNESS, TestKey, b64

LOG, WITNESS_KEY = read_key(VECTORS["keys"]["log_vkey"]), read_key(VECTORS["keys"]["witness_vkey"])
NOTE, COSIGNED = VECTORS["checkpoint_8"].encode(), VECTORS["checkpoint_8_cosigned"].encode()
LEAF_5 = bytes.fromhex(VECTORS["ct_tree"]["leaf_hashes"][5])


def test_the_published_keys_are_read() -> None:
    assert (LOG.kind, LOG.public.hex()) == (1, VECTORS["keys"]["log_public_hex"])
    assert (WITNESS_KEY.kind, WITNESS_KEY.public.hex()) == (4, VECTORS["keys"]["witness_public_hex"])
    assert (LOG.vkey, WITNESS_KEY.vkey) == (VECTORS["keys"]["log_vkey"], VECTORS["keys"]["witness_vkey"])


def test_the_published_checkpoints_open() -> None:
    for name, size in (("checkpoint_6", 6), ("checkpoint_8", 8), ("checkpoint_8_cosigned", 8)):
        opened = open_note(VECTORS[name].encode(), (LOG,))
        assert (opened.checkpoint.origin, opened.checkpoint.size) == ("log.example/optin", size)
        assert opened.checkpoint.root.hex() == VECTORS["ct_tree"]["roots"][str(size)]
    [cosignature] = open_note(COSIGNED, (LOG,), (WITNESS_KEY,)).cosignatures
    assert cosignature.time == 1790000000
    assert NOTE + VECTORS["add_checkpoint_response"].encode() == COSIGNED


def test_the_published_proof_files_verify() -> None:
    proof = VECTORS["tlog_proof_index_5"].replace("\nindex 5", f"\nextra {b64(bytes(64))}\nindex 5", 1).encode()
    read = read_entry_proof(proof)
    checkpoint = open_note(read.note, (LOG,)).checkpoint
    check_inclusion(LEAF_5, read.index, checkpoint.size, read.path, checkpoint.root)
    grown = read_consistency_proof(VECTORS["add_checkpoint_request_6_to_8"].encode())
    new = open_note(grown.note, (LOG,)).checkpoint
    old = open_note(VECTORS["checkpoint_6"].encode(), (LOG,)).checkpoint
    check_consistency(grown.old_size, new.size, grown.path, old.root, new.root)


def test_the_example_of_the_specification_is_read() -> None:
    key = read_key("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    assert key.key_id.hex() == "530d903a"


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "a+b",
        LOG.vkey + "A",
        LOG.vkey.replace("36f1d301", "36F1D301"),
        LOG.vkey.replace("36f1d301", "36f1d302"),
        LOG.vkey.replace("log.example/optin", "log.example/other"),
        LOG.vkey.replace("log.example", "log example"),
        f"a+00000000+{b64(bytes([6]) + bytes(1312))}",
        f"a+00000000+{b64(bytes([1]) + bytes(31))}",
    ],
)
def test_other_key_texts_are_refused(vkey: str) -> None:
    with pytest.raises(Wrong):
        read_key(vkey)


TEXT = b"log.example/2026\n1\n" + b64(bytes(32)).encode() + b"\n"
GOOD = TEXT + b"\n" + LOG_KEY.line(TEXT)
KEY = read_key(LOG_KEY.vkey)


def test_unknown_keys_are_skipped_and_known_ones_must_fit() -> None:
    stranger = TestKey("somebody.else", 9)
    both = TEXT + b"\n" + stranger.line(TEXT) + LOG_KEY.line(TEXT)
    assert open_note(both, (KEY,)).signers == (KEY,)
    with pytest.raises(UnknownSigner):
        open_note(TEXT + b"\n" + stranger.line(TEXT), (KEY,))
    broken = TEXT + b"\n" + stranger.line(TEXT + b"x") + LOG_KEY.line(TEXT)
    assert open_note(broken, (KEY,)).signers == (KEY,)
    with pytest.raises(Wrong, match="does not fit"):
        open_note(broken, (KEY, read_key(stranger.vkey)))


def test_a_witness_never_opens_a_log_and_another_log_never_this_one() -> None:
    witnessed = TEXT + b"\n" + WITNESS.line(TEXT, 5)
    with pytest.raises(UnknownSigner):
        open_note(witnessed, (KEY,), (read_key(WITNESS.vkey),))
    other = TestKey("log.example/2025", 4)
    with pytest.raises(Wrong, match="another log"):
        open_note(TEXT + b"\n" + other.line(TEXT), (read_key(other.vkey),))


def test_a_cosignature_covers_its_time() -> None:
    line = WITNESS.line(TEXT, 5)
    [cosignature] = open_note(GOOD + line, (KEY,), (read_key(WITNESS.vkey),)).cosignatures
    assert cosignature.time == 5
    blob = from_base64(line.decode().split(" ")[2].strip(), "it")
    for wrong in (
        blob[:4] + (6).to_bytes(8, "big") + blob[12:],
        blob[:4] + (2**63).to_bytes(8, "big") + blob[12:],
        blob + b"\0",
        blob[:-1],
    ):
        note = GOOD + f"— {WITNESS.name} {b64(wrong)}\n".encode()
        with pytest.raises(Wrong):
            open_note(note, (KEY,), (read_key(WITNESS.vkey),))


@pytest.mark.parametrize(
    "note",
    [
        b"",
        TEXT,
        TEXT + b"\n",
        GOOD[:-1],
        GOOD + b"\n",
        GOOD.replace("—".encode(), b"-"),
        GOOD.replace(b"log.example/2026 ", b"log.example/2026  "),
        GOOD.replace(b"\n1\n", b"\n01\n"),
        GOOD.replace(b"\n1\n", b"\n+1\n"),
        GOOD.replace(b"\n1\n", b"\n-1\n"),
        GOOD.replace(b"\n1\n", "\n\u0661\n".encode()),
        GOOD.replace(b"=\n\n", b"=\nextension\n\n"),
        GOOD.replace(b"\n1\n", b"\r\n1\r\n"),
        GOOD.replace(b"\n1\n", b"\n1\t\n"),
        GOOD.replace(b"A=\n\n", b"B=\n\n"),
        GOOD.replace(b"AAAA=", b"AAA="),
        GOOD.replace(b"log.example/2026\n", b"log.example/2026\xff\n"),
        GOOD + b"\xe2\x80\x94 somebody AAAA\n",
        b"log.example/2026\n0\n" + TEXT.split(b"\n")[2] + b"\n\n" + LOG_KEY.line(TEXT),
    ],
)
def test_notes_of_another_shape_are_refused(note: bytes) -> None:
    with pytest.raises(Wrong):
        open_note(note, (KEY,))


def test_endless_notes_are_not_looked_at() -> None:
    stranger = TestKey("somebody.else", 9).line(TEXT)
    open_note(GOOD + stranger * 99, (KEY,))
    with pytest.raises(Unreadable, match="more than 100"):
        open_note(GOOD + stranger * 100, (KEY,))
    with pytest.raises(Unreadable, match="longer than"):
        read_note(b"a" * 300_000)
    with pytest.raises(Unreadable, match="2\\^63"):
        read_checkpoint(TEXT.replace(b"\n1\n", b"\n9223372036854775808\n"))
    assert number_from("9223372036854775807", "it") == 2**63 - 1


PROOF = f"c2sp.org/tlog-proof@v1\nextra {b64(bytes(64))}\nindex 5\n{b64(bytes(32))}\n\n".encode() + GOOD


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@v1", b"@v2"),
        (b"extra ", b"Extra "),
        (b"index 5", b"index 05"),
        (b"index 5", b"index -5"),
        (b"index 5", b"index 5 "),
        (b"index 5\n", b""),
        (b"\nextra", b"\n\nextra"),
        (b"\n\n", b"\n"),
        (b"index", "ındex".encode()),
        (b64(bytes(32)).encode() + b"\n\n", b64(bytes(31)).encode() + b"\n\n"),
        (b64(bytes(32)).encode() + b"\n\n", (b64(bytes(32)).encode() + b"\n") * 64 + b"\n"),
    ],
)
def test_proof_files_of_another_shape_are_refused(old: bytes, new: bytes) -> None:
    assert read_entry_proof(PROOF).index == 5
    assert PROOF.count(old) >= 1
    with pytest.raises(Wrong):
        read_entry_proof(PROOF.replace(old, new))


def test_consistency_files_of_another_shape_are_refused() -> None:
    good = b"old 3\n" + b64(bytes(32)).encode() + b"\n\n" + GOOD
    assert read_consistency_proof(good).old_size == 3
    for wrong in (good.replace(b"old 3", b"old 03"), good.replace(b"old", b"new"), good.replace(b"\n\n", b"\n"), b""):
        with pytest.raises(Wrong):
            read_consistency_proof(wrong)


def policy(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


WITNESSES = [TestKey(f"witness.example/{number}", 20 + number, kind=4) for number in range(3)]
LINES = [f"witness w{number} {key.vkey}" for number, key in enumerate(WITNESSES)]


@pytest.mark.parametrize(
    ("group", "met"),
    [
        (["quorum none"], {0, 1, 2, 3}),
        (["quorum w1"], {2, 3}),
        (["group g any w0 w1 w2", "quorum g"], {1, 2, 3}),
        (["group g 2 w0 w1 w2", "quorum g"], {2, 3}),
        (["group g all w0 w1 w2", "quorum g"], {3}),
        (["group a any w0 w1", "group b all a w2", "quorum b"], {3}),
    ],
)
def test_a_quorum_counts_the_witnesses_that_cosigned(group: list[str], met: set[int]) -> None:
    read = read_policy(policy("# mine", f"log {LOG_KEY.vkey} https://log.example", *LINES, "", *group))
    for count in range(4):
        note = GOOD + b"".join(key.line(TEXT, 7) for key in WITNESSES[:count])
        opened = open_note(note, read.logs, read.witness_keys)
        if count in met:
            read.require_quorum(opened)
        else:
            with pytest.raises(Wrong, match="no quorum"):
                read.require_quorum(opened)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["quorum none", "quorum none"],
        ["quorum w0"],
        ["log", "quorum none"],
        [f"log {WITNESS.vkey}", "quorum none"],
        [f"witness w {LOG_KEY.vkey}", "quorum none"],
        [f"log {LOG_KEY.vkey}", f"log {LOG_KEY.vkey}", "quorum none"],
        [LINES[0], LINES[0].replace("w0", "w9"), "quorum none"],
        [LINES[0], LINES[1].replace("w1", "w0"), "quorum none"],
        [LINES[0].replace("w0", "none"), "quorum none"],
        [*LINES, "group g 4 w0 w1 w2", "quorum g"],
        [*LINES, "group g 0 w0 w1 w2", "quorum g"],
        [*LINES, "group g any w7", "quorum g"],
        [*LINES, "group g any w0", "group h any w0", "quorum g"],
        [*LINES, "group g any", "quorum g"],
        ["trust everybody", "quorum none"],
        ["\x00", "quorum none"],
    ],
)
def test_policies_of_another_shape_are_refused(lines: list[str]) -> None:
    with pytest.raises(Wrong):
        read_policy(policy(*lines))


def test_a_bundles_own_policy_has_one_form() -> None:
    own = own_policy([LOG_KEY.vkey, LOG_KEY.vkey], [(WITNESS.name, WITNESS.vkey)])
    read = read_own_policy(own)
    assert (len(read.logs), len(read.witnesses), read.quorum) == (1, 1, None)
    for wrong in (
        own.replace(b"# Supplied", b"# supplied"),
        own.replace(b"quorum none", b"quorum " + WITNESS.name.encode()),
        own + b"\n",
        own.replace(b"log ", b"log  "),
        own.replace(f"witness {WITNESS.name} ".encode(), b"witness w "),
        own_policy([], [(WITNESS.name, WITNESS.vkey)]),
        own[:-1],
        own.replace(b"convenience", b"convenience\xff"),
    ):
        with pytest.raises(Wrong):
            read_own_policy(wrong)


@settings(max_examples=100)
@given(value=st.binary(max_size=70), data=st.data())
def test_base64_has_one_spelling(value: bytes, data: st.DataObject) -> None:
    text = b64(value)
    assert from_base64(text, "it") == value
    for other in (text + "\n", " " + text, text.rstrip("="), text + "=", text.replace("+", "-")):
        if other != text:
            with pytest.raises(Wrong):
                from_base64(other, "it")
