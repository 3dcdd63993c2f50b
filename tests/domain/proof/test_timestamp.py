"""Is the request exact, and is no answer good enough but an honest one?"""

import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from rfc3161_client import decode_timestamp_response

from domain.proof.errors import StampError, StampRefusedError
from domain.proof.timestamp import StampRoots, check_stamp, stamp_request
from tests.programs import require
from tests.tsa import Authority, ec_key, rsa_key

from .samples import VECTORS

NOTE = VECTORS["checkpoint_8"].encode()
NONCE = 0x0102030405060708
OTHER_USE = ExtendedKeyUsageOID.CODE_SIGNING


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def answer(authority) -> bytes:
    return authority.answer(stamp_request(NOTE, NONCE))


def roots_of(authority: Authority) -> StampRoots:
    return StampRoots.from_pem(authority.root_pem)


def test_the_published_request_comes_out():
    vector = VECTORS["tsq"]
    assert stamp_request(VECTORS[vector["stamped"]].encode(), int(vector["nonce"], 16)).hex() == vector["der_hex"]


@pytest.mark.parametrize(
    ("nonce", "length", "begins"),
    [(0x8102030405060708, 70, "3044"), (0x00000000000000FF, 63, "303d"), (0, 62, "303c")],
    ids=["first bit set", "short", "zero"],
)
def test_a_nonce_is_written_as_the_shortest_positive_number(nonce, length, begins):
    request = stamp_request(NOTE, nonce)
    assert (len(request), request[:2].hex()) == (length, begins)


@given(st.binary(max_size=100), st.integers(min_value=0, max_value=2**64 - 1))
def test_another_reader_finds_the_same_in_every_request(stamped, nonce):
    from rfc3161_client._rust import parse_timestamp_request  # the one reader of requests it has

    request = stamp_request(stamped, nonce)
    read = parse_timestamp_request(request)
    assert (read.nonce, read.cert_req, read.version) == (nonce, True, 1)
    assert read.as_bytes() == request


def test_openssl_reads_the_request(tmp_path):
    require("openssl")
    (tmp_path / "q.tsq").write_bytes(stamp_request(NOTE, NONCE))
    shown = subprocess.run(
        ["openssl", "ts", "-query", "-in", tmp_path / "q.tsq", "-text"], check=True, capture_output=True, text=True
    ).stdout
    assert "Hash Algorithm: sha256" in shown
    assert "Nonce: 0x0102030405060708" in shown
    assert "Certificate required: yes" in shown


@pytest.mark.parametrize("key", [rsa_key, ec_key], ids=["RSA", "ECDSA"])
def test_an_honest_stamp_is_accepted_with_its_time_in_whole_seconds(tmp_path, key):
    authority = Authority.make(tmp_path, key=key)
    before = datetime.now(UTC).replace(microsecond=0)
    stamped_at = check_stamp(authority.answer(stamp_request(NOTE, NONCE)), NOTE, NONCE, roots_of(authority))
    assert before <= stamped_at <= datetime.now(UTC)
    assert stamped_at.microsecond == 0


def test_granted_with_modifications_is_granted(authority, answer):
    at = answer.index(bytes.fromhex("3003020100"))
    modified = answer[: at + 4] + b"\x01" + answer[at + 5 :]
    assert decode_timestamp_response(modified).status == 1
    check_stamp(modified, NOTE, NONCE, roots_of(authority))


def test_a_refusal_is_told_from_a_wrong_answer(authority):
    sha384 = stamp_request(NOTE, NONCE).replace(bytes.fromhex("86480165030402 01"), bytes.fromhex("86480165030402 02"))
    with pytest.raises(StampRefusedError, match="status 2"):
        check_stamp(authority.answer(sha384), NOTE, NONCE, roots_of(authority))


def test_a_stamp_with_another_nonce_is_refused(authority, answer):
    with pytest.raises(StampError, match="nonce"):
        check_stamp(answer, NOTE, NONCE + 1, roots_of(authority))


def test_a_stamp_of_other_bytes_is_refused(authority, answer):
    with pytest.raises(StampError, match="imprint"):
        check_stamp(answer, NOTE + b"x", NONCE, roots_of(authority))


def test_a_stamp_whose_authority_leads_to_no_pinned_root_is_refused(tmp_path, answer):
    with pytest.raises(StampError, match="pinned root"):
        check_stamp(answer, NOTE, NONCE, roots_of(Authority.make(tmp_path)))


def test_no_changed_byte_of_an_answer_makes_it_say_anything_else(authority, answer):
    """Some bytes of a token are not signed (version numbers, lists of algorithms); none of them carries meaning."""
    honest = check_stamp(answer, NOTE, NONCE, roots_of(authority))
    said, refused = set(), 0
    for position in range(len(answer)):
        changed = answer[:position] + bytes([answer[position] ^ 1]) + answer[position + 1 :]
        try:
            said.add(check_stamp(changed, NOTE, NONCE, roots_of(authority)))
        except StampError:
            refused += 1
    assert said == {honest}
    assert refused > len(answer) - 20


def test_a_stamp_that_was_signed_anew_by_a_proper_authority_is_accepted(tmp_path, answer):
    """So that the next test refuses for its reason and no other."""
    authority = Authority.make(tmp_path)
    check_stamp(authority.sign(answer), NOTE, NONCE, roots_of(authority))


@pytest.mark.parametrize(
    ("uses", "critical"),
    [
        ((), True),
        ((OTHER_USE,), True),
        ((ExtendedKeyUsageOID.TIME_STAMPING, OTHER_USE), True),
        ((ExtendedKeyUsageOID.TIME_STAMPING,), False),
    ],
    ids=["no use", "another use", "a second use", "not critical"],
)
def test_a_certificate_for_other_uses_is_refused(tmp_path, answer, uses, critical):
    authority = Authority.make(tmp_path, uses=uses, critical=critical)
    with pytest.raises(StampError, match=r"alone|pinned root"):
        check_stamp(authority.sign(answer), NOTE, NONCE, roots_of(authority))


def test_a_certificate_that_was_not_in_force_at_the_time_of_the_stamp_is_refused(tmp_path):
    now = datetime.now(UTC)
    authority = Authority.make(tmp_path, valid=(now - timedelta(days=2), now - timedelta(days=1)))
    with pytest.raises(StampError, match="pinned root"):
        check_stamp(authority.answer(stamp_request(NOTE, NONCE)), NOTE, NONCE, roots_of(authority))


def test_a_certificate_that_expired_since_the_stamp_is_good_at_its_time(tmp_path):
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    authority = Authority.make(tmp_path, valid=(end - timedelta(hours=1), end))
    answer = authority.answer(stamp_request(NOTE, NONCE))
    time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds() + 1.1))
    assert datetime.now(UTC) > end
    assert check_stamp(answer, NOTE, NONCE, roots_of(authority)) <= end


def test_roots_that_cannot_be_read_are_refused():
    with pytest.raises(StampError, match="PEM"):
        StampRoots.from_pem(b"no certificate")
