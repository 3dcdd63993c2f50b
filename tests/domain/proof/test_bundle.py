"""A bundle is the same file every time, and a change in any member is found and named."""

import hashlib
import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.proof.bundle import assemble, make_bundle, read_bundle
from domain.proof.errors import BundleError, ProofError
from domain.proof.keys import Verifier
from domain.proof.policy import Policy
from domain.proof.record_json import encode
from domain.proof.record_sections import RecordKind
from domain.proof.tlog_proof import TlogProof
from domain.proof.verification import Verdict, verify_bundle
from domain.proof.zip_form import MAX_MEMBERS, MAX_ZIP_BYTES, read_zip, write_zip

from .samples import LOG, NOTICE, OTHER_LOG, WITNESS, make_opt_in_proof, make_proofs, make_record

PROOF = make_opt_in_proof()
BUNDLE = make_bundle(PROOF)
MEMBERS = read_zip(BUNDLE)
PINNED = Policy.of_logs([LOG.verifier])
NAMES = [
    *("README.txt", "record.json", "record.tlog-proof", "notice.txt", "policy.txt"),
    *("related/01-conversation_started.json", "related/01-conversation_started.tlog-proof"),
]


def failed_step(verdict: Verdict) -> str:
    assert not verdict.verified
    assert verdict.facts is None
    return next(step.name for step in verdict.steps if not step.ok)


def with_member(name: str, content: bytes) -> bytes:
    return write_zip((MEMBERS | {name: content}).items())


# The good case


def test_a_bundle_is_the_same_file_every_time_and_any_unzip_reads_it() -> None:
    assert make_bundle(make_opt_in_proof()) == BUNDLE
    assert read_bundle(BUNDLE) == PROOF
    assert make_bundle(read_bundle(BUNDLE)) == BUNDLE
    assert (
        hashlib.sha256(BUNDLE).hexdigest() == "2f0547a7da42ab980b98bee6c7c89cab82b46ece727e82036de2efb37ff466d6"
    )  # changes only with a new form number
    with zipfile.ZipFile(io.BytesIO(BUNDLE)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == NAMES == list(MEMBERS)
        assert {archive.read(name) == content for name, content in MEMBERS.items()} == {True}
        assert {(i.date_time, i.external_attr >> 16) for i in archive.infolist()} == {((1980, 1, 1, 0, 0, 0), 0o100644)}


def test_a_bundle_verifies_under_a_pinned_key_in_ten_steps() -> None:
    verdict = verify_bundle(BUNDLE, pinned=PINNED)
    assert verdict.verified
    assert [(step.number, step.ok) for step in verdict.steps] == [(number, True) for number in range(1, 11)]
    assert verdict.trust == "pinned"
    facts = verdict.facts
    assert facts is not None
    assert (facts.shows, facts.kind, facts.page_id) == ("marketing consent", "consent_given", "104567890123456")
    assert (facts.origin, facts.size, facts.index) == (LOG.name, 22, 20)


def test_under_its_own_key_a_bundle_says_nothing_about_who_signed() -> None:
    verdict = verify_bundle(BUNDLE, pinned=None)
    assert (verdict.verified, verdict.trust) == (True, "bundle")
    assert "says nothing about who signed" in verdict.meaning


def test_nobody_claims_that_facebook_signed() -> None:
    verdict = verify_bundle(BUNDLE, pinned=PINNED)
    said = verdict.meaning + "".join(step.detail for step in verdict.steps) + PROOF.readme.decode()
    assert said.count("Facebook") == 1
    assert "Facebook has signed none of\n    this" in said


def test_a_conversation_start_says_that_it_is_no_consent_to_marketing() -> None:
    record = encode(make_record(RecordKind.CONVERSATION_STARTED))
    bundle = make_bundle(assemble(make_proofs([record])[0], notice=None, vkeys=(LOG.verifier.vkey,)))
    verdict = verify_bundle(bundle, pinned=PINNED)
    assert verdict.facts is not None
    assert verdict.facts.shows == "conversation start"
    assert "not consent to marketing" in read_zip(bundle)["README.txt"].decode().replace("\n", " ")
    assert "notice.txt" not in read_zip(bundle)


def test_values_in_the_readme_cannot_pass_as_other_lines() -> None:
    consent = make_record().consent
    assert consent is not None
    record = make_record(consent=replace(consent, choice="No\n    answer   Yes\u202e"))
    proof = assemble(make_proofs([encode(record)])[0], notice=NOTICE, vkeys=(LOG.verifier.vkey,))
    assert "No\\n    answer   Yes\\u202e\n" in proof.readme.decode()


# Trust


def test_a_pinned_key_that_did_not_sign_does_not_verify() -> None:
    for keys in ([OTHER_LOG.verifier], [], [WITNESS.verifier]):
        assert failed_step(verify_bundle(BUNDLE, pinned=Policy.of_logs(keys))) == "checkpoint"


def test_a_forger_with_a_key_of_the_same_name_fails_under_the_pinned_key_only() -> None:
    record = encode(make_record())
    forged = make_bundle(
        assemble(make_proofs([record], signer=OTHER_LOG)[0], notice=NOTICE, vkeys=(OTHER_LOG.verifier.vkey,))
    )
    assert verify_bundle(forged, pinned=None).trust == "bundle"
    assert verify_bundle(forged, pinned=None).verified
    assert failed_step(verify_bundle(forged, pinned=PINNED)) == "checkpoint"


def test_a_pinned_policy_with_a_witness_asks_for_its_cosignature() -> None:
    text = f"log {LOG.verifier.vkey}\nwitness w {WITNESS.verifier.vkey}\nquorum w\n"
    assert failed_step(verify_bundle(BUNDLE, pinned=Policy.parse(text.encode()))) == "witnesses"


# Tampering: each member, re-packed by somebody who knows the form


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pinned", [PINNED, None], ids=["pinned", "own key"])
def test_no_changed_bit_of_any_member_verifies(name: str, pinned: Policy | None) -> None:
    content = MEMBERS[name]
    for at in range(0, len(content), 1 + len(content) // 150):
        changed = bytearray(content)
        changed[at] ^= 1 << (at % 8)
        failed_step(verify_bundle(with_member(name, bytes(changed)), pinned=pinned))


@settings(max_examples=200)
@given(bit=st.integers(0, len(BUNDLE) * 8 - 1))
def test_no_changed_bit_of_the_file_verifies(bit: int) -> None:
    changed = bytearray(BUNDLE)
    changed[bit // 8] ^= 1 << (bit % 8)
    failed_step(verify_bundle(bytes(changed), pinned=PINNED))


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_member_is_noticed(name: str) -> None:
    members = [(other, content) for other, content in MEMBERS.items() if other != name]
    failed_step(verify_bundle(write_zip(members), pinned=PINNED))


OTHER_START = make_record(RecordKind.CONVERSATION_STARTED, record_id=UUID(int=2), pii_principal_id="cd" * 32)


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (lambda m: m | {"record.json": encode(make_record(retention="for ever"))}, "inclusion"),
        (lambda m: m | {"record.json": m["record.json"].replace(b'"v":1', b'"v":2')}, "record"),
        (lambda m: m | {"record.tlog-proof": _without_nonce(m["record.tlog-proof"])}, "entry"),
        (lambda m: m | {"record.tlog-proof": m["related/01-conversation_started.tlog-proof"]}, "inclusion"),
        (lambda m: m | {"notice.txt": NOTICE + b" "}, "notice"),
        (lambda m: {k: v for k, v in m.items() if k != "notice.txt"}, "notice"),
        (lambda m: m | {"policy.txt": m["policy.txt"].replace(b"says nothing", b"says it all!")}, "policy"),
        (lambda m: m | {"policy.txt": m["policy.txt"].replace(*_other_key())}, "policy"),
        (lambda m: m | {"README.txt": m["README.txt"].replace(b"Yes, please", b"No, thanks!")}, "readme"),
        (lambda m: m | {"README.txt": m["README.txt"] + b"Facebook signed this.\n"}, "readme"),
        (lambda m: m | {"related/01-conversation_started.json": encode(OTHER_START)}, "related"),
        (lambda m: _renamed(m, "01-conv", "02-conv"), "container"),
        (lambda m: _renamed(m, "conversation_started", "consent_given"), "container"),
        (lambda m: dict(reversed(m.items())), "container"),
        (lambda m: m | {"verify.exe": b"MZ"}, "container"),
        (lambda m: m | {"related/02-consent_given.json": m["record.json"]}, "container"),
    ],
)
def test_each_kind_of_tampering_fails_at_its_own_step(
    change: Callable[[dict[str, bytes]], dict[str, bytes]], step: str
) -> None:
    verdict = verify_bundle(write_zip(change(dict(MEMBERS)).items()), pinned=PINNED)
    assert failed_step(verdict) == step
    assert verdict.meaning.startswith("Not verified: step ")


def test_records_that_do_not_belong_together_are_not_bundled() -> None:
    main = PROOF.main
    [other] = make_proofs([encode(OTHER_START)])
    for broken in (
        replace(PROOF, related=(other,)),
        replace(PROOF, related=(main,)),
        replace(PROOF, related=PROOF.related * 2),
        replace(PROOF, related=PROOF.related * 100),
        replace(PROOF, notice=None),
        replace(PROOF, notice=b"another notice"),
        replace(PROOF, policy=b"quorum none\n"),
        replace(PROOF, readme=b"Trust me.\n"),
    ):
        with pytest.raises(BundleError):
            make_bundle(broken)


def test_the_repr_of_a_proof_shows_neither_record_nor_nonce() -> None:
    shown = repr(PROOF)
    assert "Yes, please" not in shown
    assert PROOF.main.proof.extra is not None
    assert repr(PROOF.main.proof.extra)[2:20] not in shown


# Hostile files


def packed(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return file.getvalue()


def _end(count: int, size: int, at: int) -> bytes:
    return struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, size, at, 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no ZIP file"),
        (b"PK\5\6" + bytes(18), "no README"),
        (BUNDLE[:-1], "no ZIP file"),
        (BUNDLE + b"\0", "no ZIP file"),
        (b"#!/bin/sh\n" + BUNDLE, "directory is not where"),
        (packed(("README.txt", bytes(10_000_000)), method=zipfile.ZIP_DEFLATED), "is compressed"),
        (packed(("README.txt", b"a"), method=zipfile.ZIP_LZMA), "is compressed"),
        (packed(("../README.txt", b"a")), "no plain path"),
        (packed(("/etc/passwd", b"a")), "no plain path"),
        (packed(("related//a", b"a")), "no plain path"),
        (packed(("C:\\README.txt", b"a")), "no plain path"),
        (packed(("related/..", b"a")), "no plain path"),
        (packed(("README.txt\n", b"a")), "no plain path"),
        (packed(("r\u00e9cord.json", b"a")), "not ASCII"),
        (packed(("a" * 201, b"a")), "no plain path"),
        (packed(("readme.TXT", b"a"), ("README.txt", b"a")), "twice"),
        (packed(*((f"a{number}.txt", b"") for number in range(MAX_MEMBERS + 1))), "more than 256 members"),
        (packed(("README.txt", b"a")), "one exact form"),
        (bytes(MAX_ZIP_BYTES + 1), "larger than"),
        (_end(1, 0, 0), "cut or damaged"),
        (_end(65_535, 0, 0), "more than 256 members"),
        (_end(1, 46, 0), "not where the file says"),
        (bytes(46) + _end(1, 46, 0), "cut or damaged"),
        (write_zip([("README.txt", bytes(1_048_577))]), "longer than 1048576"),
        (write_zip([("record.json", bytes(262_145))]), "longer than 262144"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_files_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(BundleError, match=reason):
        read_bundle(data)
    verdict = verify_bundle(data, pinned=PINNED)
    assert failed_step(verdict) == "container"


def test_members_that_share_their_bytes_are_refused() -> None:
    first = write_zip([("README.txt", bytes(1000))])
    directory = first[-22 - 46 - 10 : -22]
    second = directory.replace(b"README.txt", b"policy.txt")
    body = first[: len(first) - 22 - len(directory)]
    data = body + directory + second + _end(2, 2 * len(directory), len(body))
    with pytest.raises(BundleError, match="overlaps another"):
        read_zip(data)


def test_an_encrypted_member_is_refused() -> None:
    changed = bytearray(write_zip([("README.txt", b"a")]))
    changed[changed.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(BundleError, match="encrypted"):
        read_zip(bytes(changed))


@settings(max_examples=300)
@given(data=st.data())
def test_damaged_files_raise_nothing_but_named_errors(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(BUNDLE)))
    noise = data.draw(st.binary(max_size=30))
    changed = BUNDLE[:at] + noise + BUNDLE[at + data.draw(st.integers(0, 40)) :]
    if changed == BUNDLE:
        return
    with pytest.raises(ProofError):
        read_bundle(changed)


@given(members=st.dictionaries(st.text("abc", min_size=1, max_size=5), st.binary(max_size=50), max_size=5))
def test_every_zip_we_write_is_read_back(members: dict[str, bytes]) -> None:
    assert read_zip(write_zip(members.items())) == members


@pytest.mark.parametrize("names", [("a", "a"), ("a", "A"), ("",), (".",), ("a/../b",), ("é",), ("a\\b",), ("a\0",)])
def test_names_that_cannot_be_read_are_not_written(names: tuple[str, ...]) -> None:
    with pytest.raises(BundleError):
        write_zip([(name, b"") for name in names])


def _without_nonce(data: bytes) -> bytes:
    return replace(TlogProof.parse(data), extra=bytes(63)).encode()


def _other_key() -> tuple[bytes, bytes]:
    other: Verifier = OTHER_LOG.verifier
    return LOG.verifier.vkey.encode(), other.vkey.encode()


def _renamed(members: dict[str, bytes], old: str, new: str) -> dict[str, bytes]:
    return {name.replace(old, new): content for name, content in members.items()}
