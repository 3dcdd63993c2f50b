"""A commitment opens to its record under its nonce, and to nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.entry import ENTRY_BYTES, commit, commit_principal, length_prefixed, opens
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


def _flip(value: bytes, bit: int) -> bytes:
    bit %= len(value) * 8
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)
