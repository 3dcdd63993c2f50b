"""A commitment opens to its record under its nonce, and to nothing else."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.entry import ENTRY_BYTES, commit, commit_name, commit_principal, commit_raw, length_prefixed, opens
from domain.proof.errors import EntryError

NONCES = st.binary(min_size=64, max_size=64)


@given(record=st.binary(max_size=300), nonce=NONCES, bit=st.integers(min_value=0))
def test_an_entry_opens_to_its_record_and_no_changed_bit_of_anything_does(
    record: bytes, nonce: bytes, bit: int
) -> None:
    entry = commit(record, nonce)
    assert len(entry) == ENTRY_BYTES
    assert opens(entry, record, nonce)
    assert not opens(entry, record, _flip(nonce, bit))
    assert not opens(_flip(entry, bit), record, nonce)
    assert not opens(entry, record + b"\0", nonce)
    if record:
        assert not opens(entry, _flip(record, bit), nonce)


@given(nonce=st.binary(max_size=200).filter(lambda nonce: len(nonce) != 64))
def test_a_nonce_of_any_other_length_is_refused(nonce: bytes) -> None:
    with pytest.raises(EntryError, match="not 64"):
        commit(b"record", nonce)
    with pytest.raises(EntryError, match="not 64"):
        commit_principal("1", "2", nonce)
    with pytest.raises(EntryError, match="not 64"):
        commit_name("Zoë", nonce)
    with pytest.raises(EntryError, match="not 64"):
        commit_raw(b"{}", nonce)
    assert not opens(b"\x01" + bytes(32), b"record", nonce)


@given(left=st.lists(st.binary(max_size=4), max_size=4), right=st.lists(st.binary(max_size=4), max_size=4))
def test_lists_of_parts_look_alike_only_if_they_are(left: list[bytes], right: list[bytes]) -> None:
    assert (length_prefixed(*left) == length_prefixed(*right)) == (left == right)


def test_length_prefixed_is_the_one_of_the_storage_formats() -> None:
    lead = bytes.fromhex("00112233445566778899aabbccddeeff")
    assert length_prefixed(b"assent/dek/v1", lead, b"\0\1").hex() == (
        "0000000d617373656e742f64656b2f76310000001000112233445566778899aabbccddeeff000000020001"
    )


def test_one_person_has_one_commitment_per_page_and_nonce() -> None:
    nonce = bytes(range(64))
    assert commit_principal("12", "3", nonce) != commit_principal("1", "23", nonce)
    assert commit_principal("12", "3", nonce) != commit_principal("12", "3", nonce[::-1])
    assert len(commit_principal("12", "3", nonce)) == 64


def test_a_name_and_a_delivery_have_commitments_of_their_own() -> None:
    nonce = bytes(range(64))
    assert commit_name("Zoë", nonce) == commit_name("Zoë", nonce) != commit_name("Zoe", nonce)
    assert commit_raw(b"{}", nonce) == hmac.digest(nonce, b"{}", "sha256").hex()
    assert commit_raw(b"{}", nonce) != commit_raw(b"{}", nonce[::-1])


def test_commitments_to_a_person_are_the_frozen_text() -> None:
    nonce = bytes(range(64))
    assert (
        commit_principal("104567890123456", "7310482919283746", nonce)
        == "2ed14f924b263cffc0398dbe70fc81114979d0d04e507c89203beec6cb8a775e"
    )
    assert commit_name("Zoë", nonce) == "da5e6773658f0cb68222b0a9c0e74b9775ae627df919c184d2d5045593d8b65c"


def _flip(value: bytes, bit: int) -> bytes:
    bit %= len(value) * 8
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)
