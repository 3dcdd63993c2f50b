"""A bundle is the same file every time, holds what was asked for and no more, and is never made of parts that do not
belong together."""

import hashlib
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.proof.bundle import make_bundle
from domain.proof.bundle_parts import HeldState, OptInProof, RawDelivery
from domain.proof.errors import BundleError, ProofError
from domain.proof.keys import Verifier
from domain.proof.offline.container import MEMBER_SIZES
from domain.proof.offline.kept import Kept
from domain.proof.offline.notes import read_checkpoint, read_key
from domain.proof.offline.policies import Policy
from domain.proof.offline.report import receipt_of
from domain.proof.offline.steps import STEPS, Brought
from domain.proof.offline.verdict import verify
from domain.proof.record_json import encode
from domain.proof.record_sections import RecordKind
from domain.proof.zip_form import MAX_MEMBERS, MAX_ZIP_BYTES, write_zip

from .samples import (
    CHECKERS,
    FIRST_NAME,
    IDENTITY,
    LOG,
    NOTICE,
    NOTICE_NAMED,
    OTHER_LOG,
    PSID,
    RAW,
    SampleLog,
    make_opt_in_proof,
    make_proofs,
    make_record,
)

PROOF = make_opt_in_proof()
BUNDLE = make_bundle(PROOF)
NAMES = [
    *("README.txt", "report.html", "record.json", "record.tlog-proof", "record.jsonld", "notice.txt", "policy.txt"),
    *("related/01-conversation_started.json", "related/01-conversation_started.tlog-proof"),
    *("keys/01-key_rotated.json", "keys/01-key_rotated.tlog-proof"),
    *("anchors/01-witness.checkpoint", "anchors/01-witness.consistency"),
    *("anchors/01-witness.json", "anchors/01-witness.tlog-proof"),
    *("anchors/02-mail.checkpoint", "anchors/02-mail.consistency"),
    *("anchors/02-mail.json", "anchors/02-mail.tlog-proof"),
    *("anchors/03-folder.checkpoint", "anchors/03-folder.consistency"),
    *("anchors/03-folder.json", "anchors/03-folder.tlog-proof"),
    *("disclosed/identity.json", "disclosed/raw-event.bin", "disclosed/raw-event.nonce"),
    *("verify.py", "verify.html", "SHA256SUMS"),
]
PINNED = Brought(policy=Policy(logs=(read_key(LOG.verifier.vkey),)))


def members_of(bundle: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


MEMBERS = members_of(BUNDLE)


def plain_proof(**changes: Any) -> OptInProof:
    """A consent and nothing around it."""
    proof = OptInProof(
        main=make_proofs([encode(make_record())])[0],
        notice=NOTICE,
        log_vkeys=(LOG.verifier.vkey,),
        checkers=CHECKERS,
    )
    return replace(proof, **changes)


# The good case


def test_a_bundle_is_the_same_file_every_time_and_any_unzip_reads_it() -> None:
    assert make_bundle(make_opt_in_proof()) == BUNDLE
    with zipfile.ZipFile(io.BytesIO(BUNDLE)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == NAMES
        assert {(i.date_time, i.external_attr >> 16) for i in archive.infolist()} == {((1980, 1, 1, 0, 0, 0), 0o100644)}


def test_the_bytes_of_a_bundle_are_frozen() -> None:
    # They change only with a new form number. The texts of README and report are frozen elsewhere.
    worded = {"README.txt", "report.html", "SHA256SUMS"}
    rest = write_zip((name, content) for name, content in MEMBERS.items() if name not in worded)
    assert hashlib.sha256(rest).hexdigest() == "8b2a65ff1ee9771219f10e6d1ef351c22609514238f81f21d7d64fe370bd7cdc"


def test_what_does_not_apply_is_not_there() -> None:
    members = members_of(make_bundle(plain_proof()))
    assert list(members) == [*NAMES[:7], "verify.py", "verify.html", "SHA256SUMS"]
    withdrawn = make_proofs([encode(make_record(RecordKind.CONSENT_WITHDRAWN))])[0]
    assert "notice.txt" not in members_of(make_bundle(plain_proof(main=withdrawn, notice=None)))


def test_coreutils_find_every_digest_right(tmp_path: Path) -> None:
    for name, content in MEMBERS.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
    done = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == len(NAMES) - 1


def test_the_verifier_takes_a_bundle_and_says_how_far_it_goes() -> None:
    receipt = receipt_of(PROOF.main.leaf).replace("-", "")
    kept = read_checkpoint(SampleLog().checkpoint(20).text())
    held = read_checkpoint(PROOF.anchors[2].note.partition(b"\n\n")[0] + b"\n")
    for brought, status in [
        (Brought(), 4),
        (PINNED, 3),
        (replace(PINNED, receipt=receipt), 0),
        (replace(PINNED, kept=(Kept("held", held),)), 0),
        (replace(PINNED, kept=(Kept("kept", kept),)), 3),
        (replace(PINNED, psid=PSID), 3),
        (replace(PINNED, psid=PSID[::-1]), 1),
    ]:
        verdict = verify(BUNDLE, brought)
        assert verdict.status == status, verdict.meaning
    assert [step.held for step in verify(BUNDLE, PINNED).steps] == [True] * 15
    assert verify(make_bundle(plain_proof()), PINNED).status == 3


def test_the_new_key_of_the_log_is_as_good_as_the_old_one() -> None:
    newer = Brought(policy=Policy(logs=(read_key(OTHER_LOG.verifier.vkey),)))
    assert verify(BUNDLE, newer).status == 3


@pytest.mark.parametrize("kind", RecordKind)
def test_a_record_of_every_kind_makes_a_bundle_that_verifies(kind: RecordKind) -> None:
    record = make_record(kind)
    proof = plain_proof(
        main=make_proofs([encode(record)])[0], notice=NOTICE if record.privacy_notice is not None else None
    )
    assert verify(make_bundle(proof), PINNED).status == 3


def test_the_documentation_has_every_member_in_order_with_its_limit_and_every_step() -> None:
    page = (Path(__file__).parents[3] / "docs" / "proof-format.md").read_text(encoding="utf-8")
    table = page.partition("\n## Members, in their order\n")[2].partition("\n### ")[0]
    documented = [
        name for row in re.findall(r"^\| (\S.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(.+?)`", row)
    ]
    patterns = [
        re.sub(r"(related|anchors)/NN-(KIND|METHOD)", r"\1/[0-9]{2}-[a-z]+", name).replace("keys/NN", "keys/[0-9]{2}")
        for name in documented
    ]
    places = [
        [at for at, pattern in enumerate(patterns) if re.fullmatch(pattern.replace("[a-z]", "[a-z_]"), name)]
        for name in NAMES
    ]
    assert all(len(place) == 1 for place in places)
    assert sorted({at for [at] in places} | {patterns.index("anchors/NN-rfc3161.tsr")}) == list(range(len(patterns)))
    assert re.findall(r"^\| (\d+) \| (\w+) \|", page, re.MULTILINE) == [
        (str(n), name) for n, (name, _) in enumerate(STEPS, 1)
    ]
    for ending, limit in MEMBER_SIZES.items():
        assert f"{limit:,}" in page, ending


# What is personal


def test_nothing_personal_is_in_a_bundle_that_was_not_asked_for() -> None:
    bundle = make_bundle(replace(PROOF, identity=None, raw=None))
    members = members_of(bundle)
    assert not [name for name in members if name.startswith("disclosed/")]
    secrets = [PSID.encode(), FIRST_NAME.encode(), RAW.content, RAW.nonce, IDENTITY.principal_nonce]
    for content in (bundle, *members.values()):
        assert [secret for secret in secrets if secret in content or secret.hex().encode() in content] == []
    assert b"nothing" in members["README.txt"].partition(b"disclosed")[2][:20]


def test_what_was_asked_for_is_there_with_what_opens_it() -> None:
    identity = json.loads(MEMBERS["disclosed/identity.json"])
    assert list(identity) == ["page_id", "psid", "principal_nonce", "name", "name_nonce"]
    assert (identity["psid"], identity["name"]) == (PSID, FIRST_NAME)
    assert MEMBERS["disclosed/raw-event.bin"] == RAW.content
    assert MEMBERS["disclosed/raw-event.nonce"].endswith(b"==\n")
    unnamed = make_bundle(replace(PROOF, identity=replace(IDENTITY, name=None, name_nonce=None)))
    assert list(json.loads(members_of(unnamed)["disclosed/identity.json"])) == ["page_id", "psid", "principal_nonce"]
    assert verify(unnamed, PINNED).status == 3


def test_the_repr_of_a_proof_shows_neither_person_nor_record_nor_nonce() -> None:
    shown = repr(PROOF)
    assert PROOF.main.proof.extra is not None
    for secret in (PSID, FIRST_NAME, "Yes, please", repr(PROOF.main.proof.extra)[2:20], repr(RAW.nonce)[2:20]):
        assert secret not in shown


# Tampering: each member, packed again by somebody who knows the form


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("brought", [PINNED, Brought()], ids=["pinned", "own key"])
def test_no_changed_bit_of_any_member_verifies(name: str, brought: Brought) -> None:
    content = MEMBERS[name]
    for at in range(0, len(content), 1 + len(content) // 12):
        changed = bytearray(content)
        changed[at] ^= 1 << (at % 8)
        forged = write_zip((MEMBERS | {name: bytes(changed)}).items())
        assert verify(forged, brought).status in (1, 2), at


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_member_is_noticed(name: str) -> None:
    rest = [(other, content) for other, content in MEMBERS.items() if other != name]
    assert verify(write_zip(rest), PINNED).status in (1, 2)


# Parts that do not belong together


def _other_person(proof: OptInProof) -> OptInProof:
    other = make_record(RecordKind.CONVERSATION_STARTED, record_id=UUID(int=9))
    return replace(proof, related=tuple(make_proofs([encode(other)])))


def _anchor(proof: OptInProof, **changes: Any) -> OptInProof:
    first: HeldState = proof.anchors[0]
    return replace(proof, anchors=(replace(first, **changes), *proof.anchors[1:]))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda p: replace(p, main=replace(p.main, record=p.related[0].record)), "the record: "),
        (
            lambda p: replace(p, main=replace(p.main, record=p.main.record.replace(b"news", b"toys"))),
            "text_sha256|form",
        ),
        (lambda p: replace(p, main=replace(p.main, proof=replace(p.main.proof, extra=bytes(64)))), "the record: "),
        (lambda p: replace(p, main=replace(p.main, proof=replace(p.main.proof, extra=bytes(63)))), "no nonce"),
        (lambda p: replace(p, main=replace(p.main, proof=p.related[0].proof)), "the record: "),
        (lambda p: replace(p, log_vkeys=(OTHER_LOG.verifier.vkey[::-1],)), "vkey"),
        (lambda p: replace(p, log_vkeys=()), "no"),
        (lambda p: replace(p, notice=None), "not there any more"),
        (lambda p: replace(p, notice=NOTICE + b" "), "changed since"),
        (lambda p: replace(p, witnesses=()), "does not name"),
        (_other_person, "another Page or person"),
        (lambda p: replace(p, related=(p.main,)), "there twice"),
        (lambda p: replace(p, related=p.related * 2), "there twice"),
        (lambda p: replace(p, related=p.related * 100), "more than 99"),
        (lambda p: replace(p, keys=p.related), "another kind"),
        (lambda p: _anchor(p, note=p.anchors[1].note), "not what its record says"),
        (lambda p: _anchor(p, size=21), "not what its record says"),
        (lambda p: _anchor(p, path=p.anchors[1].path), "path|root"),
        (lambda p: _anchor(p, answer=b"stamped"), "not what its record says"),
        (lambda p: _anchor(p, entry=p.related[0]), "no anchor"),
        (lambda p: replace(p, identity=replace(IDENTITY, psid="1")), "identity is not the one"),
        (lambda p: replace(p, identity=replace(IDENTITY, name="Zoe")), "name is not the one"),
        (lambda p: replace(p, identity=replace(IDENTITY, name_nonce=None)), "with its nonce"),
        (lambda p: replace(p, raw=RawDelivery(content=b"{}", nonce=RAW.nonce)), "delivery is not the one"),
        (lambda p: replace(p, raw=RawDelivery(content=RAW.content, nonce=bytes(64))), "delivery is not the one"),
    ],
)
def test_parts_that_do_not_belong_together_make_no_bundle(
    change: Callable[[OptInProof], OptInProof], reason: str
) -> None:
    with pytest.raises(ProofError, match=reason):
        make_bundle(change(PROOF))


def test_a_notice_longer_than_a_verifier_reads_makes_no_bundle() -> None:
    notice = b"a" * 1_048_577
    named = replace(NOTICE_NAMED, sha256=hashlib.sha256(notice).hexdigest())
    main = make_proofs([encode(make_record(privacy_notice=named))])[0]
    with pytest.raises(BundleError, match="longer than"):
        make_bundle(plain_proof(main=main, notice=notice))


def test_a_checkpoint_of_an_unknown_key_makes_no_bundle() -> None:
    other: Verifier = OTHER_LOG.verifier
    with pytest.raises(BundleError, match="no key that is trusted"):
        make_bundle(plain_proof(log_vkeys=(other.vkey,)))


# The ZIP form


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/passwd", "a\\b", "C:evil", "a//b", "a/../b", "name\n", "ünicode", "", ".", "a" * 201],
)
def test_a_name_that_is_no_plain_path_is_not_written(name: str) -> None:
    with pytest.raises(BundleError, match="no plain path"):
        write_zip([(name, b"")])


def test_a_name_is_written_once() -> None:
    with pytest.raises(BundleError, match="twice"):
        write_zip([("a", b""), ("A", b"")])


def test_more_than_a_bundle_may_hold_is_not_written() -> None:
    with pytest.raises(BundleError, match="members"):
        write_zip((f"m{number}", b"") for number in range(MAX_MEMBERS + 1))
    with pytest.raises(BundleError, match="larger"):
        write_zip([("a", bytes(MAX_ZIP_BYTES))])
