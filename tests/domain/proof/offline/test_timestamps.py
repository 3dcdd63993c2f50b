"""Does a time stamp count exactly when it holds, and only for who trusts its root?"""

import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.proof.offline.certificates import Certificate, read_pem, trusted_root
from domain.proof.offline.der import Der
from domain.proof.offline.errors import Wrong
from domain.proof.offline.timestamps import TimeStamp, read_time_stamp
from tests.domain.proof.samples import VECTORS

from .authority import (
    A_DAY,
    END,
    START,
    TIME_STAMPING,
    Desk,
    Holder,
    der,
    generalized,
    issue,
    now,
    root,
    time_stamper,
    tst_info,
)

NOTE = VECTORS["checkpoint_8"].encode()
ROOT = root()
MOMENT = datetime(2026, 6, 1, 12, 0, 0, tzinfo=START.tzinfo)


def pinned(*holders: Holder) -> tuple[Certificate, ...]:
    return tuple(certificate for holder in holders for certificate in read_pem(holder.pem))


def trusted(stamp: TimeStamp, *holders: Holder) -> str:
    return trusted_root(stamp.signer, stamp.certificates, pinned(*holders), stamp.time).common_name


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("desk"), time_stamper(ROOT))


@pytest.mark.parametrize("kind", ["RSA-2048", "RSA-3072", "P-256", "P-384", "P-521"])
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_an_honest_token_holds_and_leads_to_its_root(tmp_path: Path, kind: str, digest: str) -> None:
    top = root(kind=kind)
    desk = Desk(tmp_path, time_stamper(top, kind=kind))
    before = now()
    answer = desk.honest(NOTE, digest=digest)
    stamp = read_time_stamp(answer, NOTE)
    assert before <= stamp.time <= now()
    assert trusted(stamp, top) == "Test root"
    assert desk.openssl_accepts(answer, NOTE, top, now())


@pytest.mark.parametrize("ess", ["sha1", "sha256", "sha384"])
def test_every_form_of_the_signing_certificate_attribute_is_read(desk: Desk, ess: str) -> None:
    assert trusted(read_time_stamp(desk.honest(NOTE, ess=ess), NOTE), ROOT) == "Test root"


def test_intermediates_from_the_token_bridge_to_the_pinned_root(tmp_path: Path) -> None:
    middle = issue("Middle", ROOT, authority=True, kind="RSA-2048", digest=hashes.SHA384())
    lower = issue("Lower", middle, authority=True, path_length=0, kind="P-384", digest=hashes.SHA512())
    desk = Desk(tmp_path, time_stamper(lower))
    stamp = read_time_stamp(desk.honest(NOTE), NOTE)
    assert len(stamp.certificates) == 2
    assert trusted(stamp, ROOT) == "Test root"
    assert trusted(stamp, middle) == "Middle"
    assert trusted(stamp, root(), ROOT) == "Test root"  # a root of the same name that did not sign changes nothing
    without = TimeStamp(stamp.time, stamp.signer, stamp.certificates[:0])
    with pytest.raises(Wrong, match="lead to none"):
        trusted(without, ROOT)


def test_an_expired_authority_still_counts_at_its_time(tmp_path: Path) -> None:
    late = (now() - A_DAY, now() + A_DAY)
    desk = Desk(tmp_path, time_stamper(ROOT, span=late))
    answer = desk.honest(NOTE)
    stamp = read_time_stamp(answer, NOTE)
    assert trusted(stamp, ROOT) == "Test root"
    # Years later: OpenSSL judges by its clock, unless it is told the time of the token.
    assert not desk.openssl_accepts(answer, NOTE, ROOT, END)
    assert desk.openssl_accepts(answer, NOTE, ROOT, stamp.time)


def test_a_token_with_pss_holds(tmp_path: Path) -> None:
    desk = Desk(tmp_path, time_stamper(ROOT, kind="RSA-2048"))
    pss = ("-keyopt", "rsa_padding_mode:pss")
    answer = desk.signed(tst_info(NOTE, generalized(MOMENT)), *pss)
    assert trusted(read_time_stamp(answer, NOTE), ROOT) == "Test root"
    # `openssl ts` of version 3.0 does not know PSS; `openssl cms` does.
    desk.run("cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", "signed.der", "-out", "shown.der")


def test_fractions_of_a_second_are_cut(desk: Desk) -> None:
    answer = desk.signed(tst_info(NOTE, "20260601120000.987Z"))
    assert read_time_stamp(answer, NOTE).time == MOMENT


@pytest.mark.parametrize(
    ("holder", "reason"),
    [
        (lambda: issue("Other use", ROOT, uses=(ExtendedKeyUsageOID.CODE_SIGNING,)), "for time-stamping alone"),
        (lambda: issue("No use", ROOT), "for time-stamping alone"),
        (lambda: time_stamper(ROOT, critical=False), "for time-stamping alone"),
        (
            lambda: issue("Two uses", ROOT, uses=(*TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)),
            "for time-stamping alone",
        ),
        (lambda: time_stamper(ROOT, span=(START, MOMENT - A_DAY)), "not in force at the time"),
        (lambda: time_stamper(ROOT, span=(MOMENT + A_DAY, END)), "not in force at the time"),
        (lambda: time_stamper(ROOT, signs_certificates=True), "not for signatures"),
        (
            lambda: time_stamper(ROOT, more=((x509.UnrecognizedExtension(ObjectIdentifier("1.2.3"), b"\5\0"), True),)),
            "critical extension",
        ),
    ],
    ids=["other use", "no use", "not critical", "two uses", "expired", "not yet", "no signatures", "unknown"],
)
def test_an_authority_that_may_not_stamp_is_wrong(tmp_path: Path, holder: Callable[[], Holder], reason: str) -> None:
    answer = Desk(tmp_path, holder()).signed(tst_info(NOTE, generalized(MOMENT)))
    with pytest.raises(Wrong, match=reason):
        read_time_stamp(answer, NOTE)


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (tst_info(NOTE + b"x", "20260601120000Z"), "other bytes"),
        (tst_info(NOTE, "20260601120000Z", imprint=hashlib.sha512(NOTE).digest()), "other bytes"),
        (
            tst_info(
                NOTE,
                "20260601120000Z",
                imprint=hashlib.sha512(NOTE).digest(),
                oid=bytes.fromhex("0609608648016503040203"),
            ),
            "other bytes",
        ),
        (
            tst_info(NOTE, "20260601120000Z", imprint=bytes(20), oid=bytes.fromhex("06052b0e03021a")),
            "too weak",
        ),
        (tst_info(NOTE, "20260601120000Z", version=2), "version"),
        (tst_info(NOTE, "20260601120000"), "time has the wrong form"),
        (tst_info(NOTE, "20260631120000Z"), "time has the wrong form"),
        (tst_info(NOTE, "20260601120000.120Z"), "fraction"),
        (tst_info(NOTE, "20260601120000+0100"), "time has the wrong form"),
        (tst_info(NOTE, "20260601120000Z")[:-1], "longer than what holds it"),
    ],
)
def test_a_token_about_something_else_is_wrong(desk: Desk, info: bytes, reason: str) -> None:
    with pytest.raises(Wrong, match=reason):
        read_time_stamp(desk.signed(info), NOTE)


def test_a_forged_time_in_a_signed_token_is_wrong(desk: Desk) -> None:
    answer = desk.signed(tst_info(NOTE, "20260601120000Z"))
    forged = answer.replace(b"20260601120000Z", b"20250601120000Z")
    assert forged != answer
    with pytest.raises(Wrong, match="signed digest"):
        read_time_stamp(forged, NOTE)


def test_a_digest_forged_along_with_the_time_breaks_the_signature(desk: Desk) -> None:
    honest, forged = tst_info(NOTE, "20260601120000Z"), tst_info(NOTE, "20250601120000Z")
    answer = desk.signed(honest)
    changed = answer.replace(honest, forged).replace(hashlib.sha256(honest).digest(), hashlib.sha256(forged).digest())
    with pytest.raises(Wrong, match="signature does not fit"):
        read_time_stamp(changed, NOTE)


def test_attributes_that_a_token_needs_are_asked_for(desk: Desk) -> None:
    info = tst_info(NOTE, "20260601120000Z")
    with pytest.raises(Wrong, match="no signing-certificate attribute"):
        read_time_stamp(desk.signed(info, "-plain"), NOTE)
    with pytest.raises(Wrong):  # without signed attributes nothing says what was signed
        read_time_stamp(desk.signed(info, "-plain", "-noattr"), NOTE)
    with pytest.raises(Wrong, match="brings no certificate"):
        read_time_stamp(desk.signed(info, "-nocerts"), NOTE)
    with pytest.raises(Wrong, match="no time stamp"):
        read_time_stamp(desk.signed(info, content_type="1.2.840.113549.1.7.1"), NOTE)


def test_a_second_certificate_with_the_same_name_does_not_pass_for_the_signer(desk: Desk) -> None:
    info = tst_info(NOTE, "20260601120000Z")
    answer = desk.signed(info)
    ours = desk.holder.certificate.public_bytes(Encoding.DER)
    theirs = b""
    while len(theirs) != len(ours):  # signatures differ in length by a byte or two
        theirs = time_stamper(ROOT).certificate.public_bytes(Encoding.DER)
    with pytest.raises(Wrong, match="not in the token"):
        read_time_stamp(answer.replace(ours, theirs), NOTE)


@pytest.mark.parametrize("status", [2, 3, 5])
def test_a_refusal_is_no_time_stamp(status: int) -> None:
    with pytest.raises(Wrong, match="did not grant"):
        read_time_stamp(der(0x30, der(0x30, der(2, bytes([status])))), NOTE)
    with pytest.raises(Wrong):
        read_time_stamp(der(0x30, der(0x30, der(2, b"\0"))), NOTE)


def test_a_grant_with_changes_counts(desk: Desk) -> None:
    answer = desk.signed(tst_info(NOTE, "20260601120000Z"))
    assert read_time_stamp(answer.replace(bytes.fromhex("3003020100"), bytes.fromhex("3003020101"), 1), NOTE)


# The way to the root


@pytest.mark.parametrize(
    ("middle", "reason"),
    [
        (lambda: issue("Middle", ROOT), "is none of an authority"),
        (lambda: issue("Middle", ROOT, authority=True, signs_certificates=False), "not for signing certificates"),
        (lambda: issue("Middle", ROOT, authority=True, span=(START, MOMENT - A_DAY)), "not in force at that time"),
        (
            lambda: issue("Middle", ROOT, authority=True, uses=(ExtendedKeyUsageOID.CODE_SIGNING,)),
            "not for time-stamping",
        ),
        (
            lambda: issue(
                "Middle",
                ROOT,
                authority=True,
                more=((x509.UnrecognizedExtension(ObjectIdentifier("1.2.3"), b"\5\0"), True),),
            ),
            "critical extension",
        ),
        (lambda: issue("Middle", root(), authority=True), "did not sign"),
        (lambda: issue("Middle", root(span=(START, MOMENT - A_DAY)), authority=True), "did not sign"),
    ],
    ids=["no authority", "no key usage", "expired", "other use", "unknown", "another root", "yet another"],
)
def test_a_bad_link_leads_to_no_root_and_is_named(tmp_path: Path, middle: Callable[[], Holder], reason: str) -> None:
    desk = Desk(tmp_path, time_stamper(middle()))
    stamp = read_time_stamp(desk.signed(tst_info(NOTE, generalized(MOMENT))), NOTE)
    with pytest.raises(Wrong, match=reason):
        trusted(stamp, ROOT)


def test_a_path_longer_than_the_issuer_allows_leads_nowhere(tmp_path: Path) -> None:
    top = issue("Top", ROOT, authority=True, path_length=0)
    low = issue("Low", top, authority=True)
    desk = Desk(tmp_path, time_stamper(low))
    stamp = read_time_stamp(desk.signed(tst_info(NOTE, generalized(MOMENT))), NOTE)
    with pytest.raises(Wrong, match="that many authorities"):
        trusted(stamp, ROOT)


def test_a_pinned_root_that_was_not_in_force_confirms_nothing(tmp_path: Path) -> None:
    old = root(span=(START, MOMENT - A_DAY))
    desk = Desk(tmp_path, time_stamper(old))
    stamp = read_time_stamp(desk.signed(tst_info(NOTE, generalized(MOMENT))), NOTE)
    with pytest.raises(Wrong, match="not in force at that time"):
        trusted(stamp, old)


def test_a_pinned_authority_confirms_its_own_tokens(desk: Desk) -> None:
    assert trusted(read_time_stamp(desk.honest(NOTE), NOTE), desk.holder) == "Test authority"


def test_many_certificates_of_one_name_cost_little() -> None:
    # Every one of them could have issued every other one: the ways between them would be without number.
    crowd = [issue("Middle", issue("Middle", authority=True), authority=True) for _ in range(15)]
    signer = time_stamper(crowd[0])
    certificates = pinned(*crowd)
    started = time.process_time()
    with pytest.raises(Wrong):
        trusted_root(pinned(signer)[0], certificates, pinned(ROOT), MOMENT)
    assert time.process_time() - started < 2


# Damage


@pytest.mark.parametrize("kind", ["P-256", "RSA-2048"])
def test_no_changed_bit_of_an_answer_gives_another_time_or_root(tmp_path: Path, kind: str) -> None:
    top = root(kind=kind)
    middle = issue("Middle", top, authority=True, kind=kind)
    desk = Desk(tmp_path, time_stamper(middle, kind=kind))
    answer = desk.signed(tst_info(NOTE, "20260601120000Z"))
    unchanged = read_time_stamp(answer, NOTE)
    assert trusted(unchanged, top)
    survived = 0
    for at in range(len(answer)):
        changed = bytearray(answer)
        changed[at] ^= 1 << at % 8
        try:
            stamp = read_time_stamp(bytes(changed), NOTE)
            trusted(stamp, top)
        except Wrong:
            continue
        # What nobody signs may change without harm: version numbers and algorithm lists around the token.
        assert (stamp.time, stamp.signer) == (unchanged.time, unchanged.signer)
        survived += 1
    assert survived < 60


@settings(max_examples=300, deadline=None)
@given(noise=st.binary(max_size=400))
def test_noise_raises_nothing_but_a_named_refusal(noise: bytes) -> None:
    with pytest.raises(Wrong):
        read_time_stamp(noise, NOTE)


def test_nested_and_endless_structures_cost_nothing() -> None:
    deep = b""
    for _ in range(5_000):
        deep = der(0x30, deep)
    for data in (
        deep,
        b"\x30\x80" * 1000,
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30" + b"\xff" * 200,
        der(0x30, b"\5\0" * 60_000),
    ):
        with pytest.raises(Wrong):
            read_time_stamp(data, NOTE)


def test_a_file_without_certificates_is_named() -> None:
    for data in (b"", b"hello", ROOT.pem.replace(b"CERTIFICATE", b"KEY"), ROOT.pem[:-40]):
        with pytest.raises(Wrong, match="no certificate"):
            read_pem(data)
    assert len(read_pem(ROOT.pem + b"junk between\n" + root().pem)) == 2


@pytest.mark.parametrize(
    "text", ["20260601120000z", "２0260601120000Z", "2026060112000 Z", "20260601120000", "20260631120000Z"]
)
def test_a_time_has_one_form_only(text: str) -> None:
    with pytest.raises(Wrong, match="a time has the wrong form"):
        Der(0x18, text.encode(), b"").time()
