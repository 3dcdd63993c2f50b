import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messenger.signature import (
    AppSecret,
    Refusal,
    SignatureRefused,
    appsecret_proof,
    parse_signed_request,
    verify_signature,
)

OURS = AppSecret.from_text("0123456789abcdef0123456789abcdef")
OTHER = AppSecret.from_text("fedcba9876543210fedcba9876543210")
BODY = (
    rb'{"object":"page","entry":[{"id":"111","time":1700000000000,"messaging":[{"sender":{"id":"222"},'
    rb'"recipient":{"id":"111"},"timestamp":1700000000000,"message":{"mid":"m_1",'
    rb'"text":"\u00e4\u00f6\u00e5 \ud83d\ude00 a\/b"}}]}]}'
)
HEADER = "sha256=25f4c09cca83b43bd4f3bd79a00fcbd691fd32925d0a849b573f3342a01b0585"
SIGNED_REQUEST = (
    "omXFKIOfZWc46lpOqqs_opCLTGhRfi3WbJDpLlblMoU."
    "eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsImV4cGlyZXMiOjEyOTE4NDA0MDAsImlzc3VlZF9hdCI6MTI5MTgzNjgwMCwi"
    "dXNlcl9pZCI6IjIxODQ3MSJ9"
)


def signed_request(payload: object, secret: AppSecret = OURS) -> str:
    encoded = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=")
    signature = hmac.digest(secret.key, encoded, hashlib.sha256)
    return (base64.urlsafe_b64encode(signature).rstrip(b"=") + b"." + encoded).decode()


def refusal_of(header: str | None, secrets: list[AppSecret]) -> Refusal:
    with pytest.raises(SignatureRefused) as refused:
        verify_signature(BODY, header, secrets)
    return refused.value.reason


def test_the_known_body_verifies() -> None:
    assert len(BODY) == 220
    assert verify_signature(BODY, HEADER, [OURS]) == OURS.name


def test_a_rotated_secret_verifies_at_any_place_in_the_list() -> None:
    assert verify_signature(BODY, HEADER, [OTHER, OURS]) == OURS.name
    assert verify_signature(BODY, HEADER, [OURS, OTHER]) == OURS.name


def test_a_body_written_again_is_refused() -> None:
    again = json.dumps(json.loads(BODY), ensure_ascii=False, separators=(",", ":")).encode()
    with pytest.raises(SignatureRefused) as refused:
        verify_signature(again, HEADER, [OURS])
    assert refused.value.reason is Refusal.MISMATCH


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, Refusal.MISSING),
        ("", Refusal.MISSING),
        (HEADER[:-1], Refusal.MALFORMED),
        (HEADER + "0", Refusal.MALFORMED),
        (HEADER + "\n", Refusal.MALFORMED),
        (HEADER.replace("sha256", "sha1"), Refusal.MALFORMED),
        (HEADER.replace("sha256=", ""), Refusal.MALFORMED),
        ("sha256=" + "٣" * 64, Refusal.MALFORMED),
        ("sha256=" + "0" * 64, Refusal.MISMATCH),
    ],
)
def test_a_missing_or_wrong_header_is_refused(header: str | None, reason: Refusal) -> None:
    assert refusal_of(header, [OURS]) is reason


def test_without_a_secret_nothing_verifies() -> None:
    assert refusal_of(HEADER, []) is Refusal.NO_SECRET
    with pytest.raises(ValueError, match="must not be empty"):
        AppSecret.from_text("  ")


def test_a_foreign_secret_does_not_verify() -> None:
    assert refusal_of(HEADER, [OTHER]) is Refusal.MISMATCH


def test_a_secret_shows_only_its_fingerprint() -> None:
    assert "0123456789abcdef" not in repr(OURS)
    assert len(OURS.name) == 8
    assert OURS.name != OTHER.name


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=1599))
def test_one_flipped_bit_breaks_the_signature(body: bytes, bit: int) -> None:
    header = "sha256=" + hmac.digest(OURS.key, body, hashlib.sha256).hex()
    assert verify_signature(body, header, [OURS]) == OURS.name
    if body:
        flipped = bytearray(body)
        flipped[bit // 8 % len(body)] ^= 1 << bit % 8
        with pytest.raises(SignatureRefused):
            verify_signature(bytes(flipped), header, [OURS])


@given(st.one_of(st.none(), st.text()))
def test_no_header_text_makes_it_stumble(header: str | None) -> None:
    with pytest.raises(SignatureRefused):
        verify_signature(BODY, header, [OURS])


def test_the_known_signed_request_is_read() -> None:
    read = parse_signed_request(SIGNED_REQUEST, [OTHER, OURS])
    assert read.user_id.reveal("test") == "218471"
    assert read.issued_at == datetime(2010, 12, 8, 19, 33, 20, tzinfo=UTC)
    assert read.expires_at == datetime(2010, 12, 8, 20, 33, 20, tzinfo=UTC)
    assert read.secret_name == OURS.name
    assert "218471" not in repr(read)


@pytest.mark.parametrize("expires", [{}, {"expires": 0}, {"expires": None}])
def test_a_signed_request_without_an_end_has_none(expires: dict[str, object]) -> None:
    payload = {"algorithm": "HMAC-SHA256", "user_id": 218471, **expires}
    read = parse_signed_request(signed_request(payload), [OURS])
    assert read.expires_at is None
    assert read.user_id.reveal("test") == "218471"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, Refusal.MISSING),
        ("", Refusal.MISSING),
        ("no dot", Refusal.MALFORMED),
        ("." + SIGNED_REQUEST.partition(".")[2], Refusal.MALFORMED),
        (SIGNED_REQUEST + "=", Refusal.MALFORMED),
        (SIGNED_REQUEST + "." + SIGNED_REQUEST, Refusal.MALFORMED),
        ("A" + SIGNED_REQUEST[1:], Refusal.MISMATCH),
        ("a." + "b" * 9000, Refusal.MALFORMED),
        (signed_request({"algorithm": "HMAC-SHA256", "user_id": "1"}, OTHER), Refusal.MISMATCH),
        (signed_request({"algorithm": "none", "user_id": "1"}), Refusal.WRONG_ALGORITHM),
        (signed_request({"user_id": "1"}), Refusal.WRONG_ALGORITHM),
        (signed_request({"algorithm": "HMAC-SHA256"}), Refusal.MALFORMED),
        (signed_request({"algorithm": "HMAC-SHA256", "user_id": True}), Refusal.MALFORMED),
        (signed_request(["HMAC-SHA256"]), Refusal.MALFORMED),
    ],
)
def test_a_wrong_signed_request_is_refused(text: str | None, reason: Refusal) -> None:
    with pytest.raises(SignatureRefused) as refused:
        parse_signed_request(text, [OURS])
    assert refused.value.reason is reason
    assert "218471" not in str(refused.value)


def test_a_signed_request_needs_a_secret() -> None:
    with pytest.raises(SignatureRefused) as refused:
        parse_signed_request(SIGNED_REQUEST, [])
    assert refused.value.reason is Refusal.NO_SECRET


@given(st.text())
def test_no_text_is_taken_for_a_signed_request(text: str) -> None:
    with pytest.raises(SignatureRefused):
        parse_signed_request(text, [OURS])


def test_the_proof_beside_a_token_is_the_known_one() -> None:
    proof = appsecret_proof(OURS, "EAAB-token")
    assert proof == "07a59539e94c59dc6f0b9295102b202ff1dc11f3ca61c3bfb1ab654f36de7ec6"
