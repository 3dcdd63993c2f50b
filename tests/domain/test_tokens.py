"""Do links and codes open only what they were made for?"""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import assume, given
from hypothesis import strategies as st

from domain import tokens
from domain.tokens import BadToken, UnsubscribeLink

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "tokens.json").read_text(encoding="utf-8"))
KEYS = st.binary(min_size=32, max_size=32)
KIDS = st.integers(0, 0x7FFF)
CAMPAIGNS = st.integers(0, 2**64 - 1)


@given(KEYS, KIDS, st.uuids(), CAMPAIGNS)
def test_a_token_reads_back_as_what_it_was_made_from(key: bytes, kid: int, ref: UUID, campaign: int) -> None:
    token = tokens.make_unsubscribe(key, kid, ref, campaign)
    assert tokens.read_unsubscribe(token, {kid: key}) == UnsubscribeLink(link_ref=ref, campaign=campaign)
    assert len(token) <= 70


@given(KEYS, KIDS, st.uuids(), CAMPAIGNS, st.integers(0, 69), st.characters(codec="ascii"))
def test_a_token_with_one_character_changed_is_refused(
    key: bytes, kid: int, ref: UUID, campaign: int, place: int, char: str
) -> None:
    token = tokens.make_unsubscribe(key, kid, ref, campaign)
    changed = token[: place % len(token)] + char + token[place % len(token) + 1 :]
    assume(changed != token)
    with pytest.raises(BadToken):
        tokens.read_unsubscribe(changed, dict.fromkeys(range(65_536), key))


@given(KEYS, KEYS, KIDS, st.uuids(), CAMPAIGNS)
def test_a_token_of_another_key_or_key_id_is_refused(
    key: bytes, other: bytes, kid: int, ref: UUID, campaign: int
) -> None:
    assume(key != other)
    token = tokens.make_unsubscribe(key, kid, ref, campaign)
    with pytest.raises(BadToken):
        tokens.read_unsubscribe(token, {kid: other})
    with pytest.raises(BadToken):
        tokens.read_unsubscribe(token, {kid + 1: key})
    moved = token.replace(f"u1.{kid}.", f"u1.{kid + 1}.", 1)
    with pytest.raises(BadToken):
        tokens.read_unsubscribe(moved, {kid + 1: key})


@given(st.text(max_size=200))
def test_any_text_is_refused_with_the_same_error(text: str) -> None:
    with pytest.raises(BadToken) as refused:
        tokens.read_unsubscribe(text, {1: bytes(32)})
    assert str(refused.value) == str(BadToken())


def test_a_token_is_refused_when_its_key_was_retired() -> None:
    token = tokens.make_unsubscribe(bytes(32), 1, UUID(int=1), 7)
    with pytest.raises(BadToken):
        tokens.read_unsubscribe(token, {})


def test_vectors_give_the_same_bytes_in_another_implementation() -> None:
    ran = 0
    for vector in VECTORS["unsubscribe"]:
        key, kid, campaign = bytes.fromhex(vector["key"]), vector["kid"], vector["campaign"]
        ref = UUID(vector["link_ref"])
        assert tokens.make_unsubscribe(key, kid, ref, campaign) == vector["token"]
        purpose_key = HKDFExpand(SHA256(), 32, b"assent/link/unsubscribe/v1").derive(key)
        mac = HMAC(purpose_key, SHA256())
        for part in (b"assent/link/unsubscribe/v1", kid.to_bytes(2, "big"), ref.bytes, campaign.to_bytes(8, "big")):
            mac.update(len(part).to_bytes(4, "big") + part)
        assert mac.finalize()[:16].hex() == vector["mac"]
        ran += 1
    for vector in VECTORS["codes"]:
        make = tokens.export_code if len(vector["random"]) == 10 else tokens.receipt_code
        assert make(bytes.fromhex(vector["random"])) == vector["code"]
        ran += 1
    assert ran == 6


@given(
    st.binary(min_size=5, max_size=5),
    st.sampled_from([str.lower, str.upper, str.swapcase]),
    st.text(" -–.", max_size=3),
)
def test_an_export_code_is_read_however_it_is_typed(raw: bytes, casing, between: str) -> None:  # type: ignore[no-untyped-def]  # str methods
    code = tokens.export_code(raw)
    typed = between + between.join(casing(code).replace("0", "o").replace("1", "l")) + between
    assert tokens.read_export_code(typed) == code
    assert tokens.codes_match(code, typed)


@given(st.binary(min_size=5, max_size=5), st.binary(min_size=5, max_size=5))
def test_different_bytes_give_different_export_codes(one: bytes, other: bytes) -> None:
    assert (tokens.export_code(one) == tokens.export_code(other)) is (one == other)
    assert tokens.codes_match(tokens.export_code(one), tokens.export_code(other)) is (one == other)


@given(st.binary(min_size=20, max_size=20))
def test_a_receipt_code_has_eight_groups_and_reads_back(raw: bytes) -> None:
    code = tokens.receipt_code(raw)
    assert [len(group) for group in code.split("-")] == [4] * 8
    assert tokens.read_receipt_code(tokens.in_one_word(code)) == code
    assert tokens.in_one_word(code).isalnum()


@pytest.mark.parametrize("typed", ["", "ABCD", "ABCD-EFGH-J", "ABCD-EFGU", "ÄBCD-EFGH", "👍", "A" * 100_000])
def test_what_cannot_be_a_code_is_refused(typed: str) -> None:
    with pytest.raises(BadToken):
        tokens.read_export_code(typed)
    assert not tokens.codes_match("ABCD-EFGH", typed)


def test_codes_are_made_from_the_right_number_of_bytes_only() -> None:
    with pytest.raises(ValueError, match="exactly 5"):
        tokens.export_code(bytes(4))
    with pytest.raises(ValueError, match="exactly 20"):
        tokens.receipt_code(bytes(16))
