"""Do sealed values open only where they were sealed, and are the formats the frozen ones?"""

import pickle
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import KeyRefused, OpenFailed
from storage.labels import Label
from storage.sealing import (
    FAILED_OPENS,
    HEADER,
    DataKey,
    IndexKey,
    WrappedKey,
    WrappingKey,
    derive,
    lp,
    pad,
    padded_bytes,
    suppression_handle,
    tombstone_handle,
    unpad,
)

KEK = bytes(range(0x20))
DEK = bytes(range(0x20, 0x40))
INDEX_KEY = bytes(range(0x40, 0x60))
LEAD = UUID("00112233-4455-6677-8899-aabbccddeeff")
OTHER = UUID("00112233-4455-6677-8899-aabbccddeefe")
PAGE, PSID = "104567890123456", "7310482919283746"

WRAPPED = bytes.fromhex(
    "000102030405060708090a0b1ea0d470dd0e0a7565ad3dbec07876d4c6cbd8f8a587f87d045604b436dbb0deead5"
    "e9f7567369f5892d5d0a56e27594"
)
COMMITMENT = bytes.fromhex("a8225d30596cb52eda52ff52f0bcdf78a7d54ec4a9e43581789c731633be3b84")
SEALED = bytes.fromhex(
    "01016465666768696a6b6c6d6e6f864927fedec3a57360f701c4b54d0acc5e86a850f80d82466d166ddde82d5a38fd"
    "065683c3b117ebea308c49c95cfd5a"
)
PROFILE = '{"first_name":"Zoë"}'.encode()

labels = st.sampled_from(Label)
row_ids = st.binary(max_size=40)
plaintexts = st.binary(max_size=3000)


@pytest.fixture
def key() -> DataKey:
    return DataKey(LEAD, DEK)


@pytest.fixture
def stored() -> WrappedKey:
    return WrappingKey(1, KEK).wrap(DataKey(LEAD, DEK))


def test_length_prefixed_parts_are_the_frozen_bytes() -> None:
    frozen = "0000000d617373656e742f64656b2f76310000001000112233445566778899aabbccddeeff000000020001"
    assert lp(b"assent/dek/v1", LEAD.bytes, b"\x00\x01").hex() == frozen


def test_a_wrapped_key_is_the_frozen_bytes() -> None:
    wrapped = WrappingKey(1, KEK).wrap(DataKey(LEAD, DEK), nonce=bytes(range(12)))
    assert wrapped == WrappedKey(kid=1, wrapped=WRAPPED, commitment=COMMITMENT)


def test_the_frozen_wrapped_key_unwraps() -> None:
    stored = WrappedKey(kid=1, wrapped=WRAPPED, commitment=COMMITMENT)
    assert WrappingKey(1, KEK).unwrap(LEAD, stored).secret == DEK


def test_a_sealed_value_is_the_frozen_bytes(key: DataKey) -> None:
    sealed = key.seal(Label.LEAD_PROFILE, LEAD.bytes, PROFILE, nonce=bytes(range(0x64, 0x70)))
    assert sealed == SEALED


def test_the_frozen_sealed_value_opens(key: DataKey) -> None:
    assert key.open(Label.LEAD_PROFILE, LEAD.bytes, SEALED) == PROFILE


def test_the_person_look_up_hash_is_the_frozen_bytes() -> None:
    assert IndexKey(1, INDEX_KEY).psid(PAGE, PSID).hex() == "384b5eb2f903a4e84e822122547eb166"


@pytest.mark.parametrize(
    ("length", "bucket"),
    [
        (0, 32),
        (31, 32),
        (32, 64),
        (63, 64),
        (64, 128),
        (1023, 1024),
        (1024, 1536),
        (1535, 1536),
        (1536, 2048),
    ],
)
def test_padded_sizes_are_the_frozen_buckets(length: int, bucket: int) -> None:
    assert padded_bytes(length) == bucket
    assert len(pad(bytes(length))) == bucket


def test_every_label_is_the_frozen_text() -> None:
    assert [label.value for label in Label] == [
        "lead.profile",
        "msg.body",
        "proof.record",
        "proof.nonce",
        "proof.raw",
        "inbox.event",
        "inbox.broken",
        "outbox.message",
        "page.token",
        "export.archive",
        "request.note",
        "keycheck",
        "operator.profile",
        "operator.factor",
        "ring.copy",
        "audit.reason",
    ]


@given(plaintexts)
def test_padding_comes_off_again(plaintext: bytes) -> None:
    assert unpad(pad(plaintext)) == plaintext


@pytest.mark.parametrize("padded", [b"", bytes(32), b"\x80", b"\x80" + bytes(63), b"a" * 32])
def test_bytes_that_padding_cannot_have_made_are_refused(padded: bytes) -> None:
    with pytest.raises(ValueError, match="not padded"):
        unpad(padded)


@given(labels, row_ids, plaintexts)
def test_what_is_sealed_opens_again(label: Label, row_id: bytes, plaintext: bytes) -> None:
    key = DataKey(LEAD, DEK)
    assert key.open(label, row_id, key.seal(label, row_id, plaintext)) == plaintext


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_size_shows_only_the_bucket(first: bytes, second: bytes) -> None:
    key = DataKey(LEAD, DEK)
    sizes = [len(key.seal(Label.MSG_BODY, b"row", text)) for text in (first, second)]
    assert (sizes[0] == sizes[1]) == (padded_bytes(len(first)) == padded_bytes(len(second)))


def test_the_same_value_is_never_sealed_to_the_same_bytes(key: DataKey) -> None:
    assert len({key.seal(Label.MSG_BODY, b"row", PROFILE) for _ in range(100)}) == 100


def test_every_changed_bit_of_a_sealed_value_is_noticed(key: DataKey) -> None:
    for position in range(len(SEALED) * 8):
        altered = bytearray(SEALED)
        altered[position // 8] ^= 1 << (position % 8)
        with pytest.raises(OpenFailed):
            key.open(Label.LEAD_PROFILE, LEAD.bytes, bytes(altered))


def test_every_shortened_sealed_value_is_noticed(key: DataKey) -> None:
    for length in range(len(SEALED)):
        with pytest.raises(OpenFailed):
            key.open(Label.LEAD_PROFILE, LEAD.bytes, SEALED[:length])


@given(labels, labels)
def test_a_value_cannot_be_moved_to_another_label(sealed_as: Label, opened_as: Label) -> None:
    key = DataKey(LEAD, DEK)
    sealed = key.seal(sealed_as, LEAD.bytes, PROFILE)
    if sealed_as is opened_as:
        assert key.open(opened_as, LEAD.bytes, sealed) == PROFILE
    else:
        with pytest.raises(OpenFailed):
            key.open(opened_as, LEAD.bytes, sealed)


@given(row_ids, row_ids)
def test_a_value_cannot_be_moved_to_another_row(sealed_in: bytes, opened_in: bytes) -> None:
    key = DataKey(LEAD, DEK)
    sealed = key.seal(Label.MSG_BODY, sealed_in, PROFILE)
    if sealed_in == opened_in:
        assert key.open(Label.MSG_BODY, opened_in, sealed) == PROFILE
    else:
        with pytest.raises(OpenFailed):
            key.open(Label.MSG_BODY, opened_in, sealed)


def test_a_value_cannot_be_moved_to_another_lead_even_under_the_same_key() -> None:
    with pytest.raises(OpenFailed):
        DataKey(OTHER, DEK).open(Label.LEAD_PROFILE, LEAD.bytes, SEALED)


@pytest.mark.parametrize("header", [b"\x00\x01", b"\x02\x01", b"\x01\x02", b"\x01\x00"])
def test_an_unknown_format_is_an_error_and_never_a_guess(key: DataKey, header: bytes) -> None:
    with pytest.raises(OpenFailed):
        key.open(Label.LEAD_PROFILE, LEAD.bytes, header + SEALED[len(HEADER) :])


def test_a_failed_open_is_counted_and_names_only_label_and_row(key: DataKey) -> None:
    before = FAILED_OPENS[Label.LEAD_PROFILE]
    with pytest.raises(OpenFailed) as caught:
        key.open(Label.LEAD_PROFILE, OTHER.bytes, SEALED)
    assert FAILED_OPENS[Label.LEAD_PROFILE] == before + 1
    assert OTHER.bytes.hex() in str(caught.value)
    assert SEALED.hex()[:16] not in str(caught.value)


def test_every_changed_bit_of_a_stored_key_is_noticed(stored: WrappedKey) -> None:
    for position in range(len(stored.wrapped) * 8):
        altered = bytearray(stored.wrapped)
        altered[position // 8] ^= 1 << (position % 8)
        broken = WrappedKey(kid=1, wrapped=bytes(altered), commitment=stored.commitment)
        with pytest.raises(KeyRefused):
            WrappingKey(1, KEK).unwrap(LEAD, broken)


def test_a_wrong_commitment_is_noticed(stored: WrappedKey) -> None:
    broken = WrappedKey(kid=1, wrapped=stored.wrapped, commitment=bytes(32))
    with pytest.raises(KeyRefused):
        WrappingKey(1, KEK).unwrap(LEAD, broken)


def test_a_stored_key_unwraps_for_its_owner_alone(stored: WrappedKey) -> None:
    with pytest.raises(KeyRefused):
        WrappingKey(1, KEK).unwrap(OTHER, stored)


@pytest.mark.parametrize("wrapping", [WrappingKey(2, KEK), WrappingKey(1, DEK)])
def test_a_stored_key_unwraps_under_its_epoch_alone(stored: WrappedKey, wrapping: WrappingKey) -> None:
    relabelled = WrappedKey(kid=wrapping.kid, wrapped=stored.wrapped, commitment=stored.commitment)
    for candidate in (stored, relabelled):
        with pytest.raises(KeyRefused):
            wrapping.unwrap(LEAD, candidate)


@pytest.mark.parametrize("secret", [b"", bytes(16), bytes(33)])
def test_keys_of_another_length_are_refused(secret: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        DataKey(LEAD, secret)
    with pytest.raises(ValueError, match="32 bytes"):
        WrappingKey(1, secret)


@pytest.mark.parametrize("kid", [0, -1, 0x8000])
def test_key_ids_that_do_not_fit_their_column_are_refused(kid: int) -> None:
    with pytest.raises(ValueError, match="key id"):
        WrappingKey(kid, KEK)


def test_equal_inputs_of_two_kinds_have_unrelated_hashes() -> None:
    index = IndexKey(1, INDEX_KEY)
    hashes = {
        index.psid(PAGE, PSID),
        index.message(PAGE, PSID),
        index.event(PAGE.encode(), PSID.encode())[:16],
        index.email(PSID),
        index.network_address(PSID),
        suppression_handle(INDEX_KEY, PAGE, PSID)[:16],
        tombstone_handle(INDEX_KEY, PAGE, PSID)[:16],
    }
    assert len(hashes) == 7


def test_hashes_have_the_sizes_of_their_columns() -> None:
    index = IndexKey(1, INDEX_KEY)
    assert [len(index.psid(PAGE, PSID)), len(index.message(PAGE, "m_1")), len(index.email("a@b"))] == [
        16,
        16,
        16,
    ]
    assert len(index.event(b"x")) == 32
    assert [len(suppression_handle(KEK, PAGE, PSID)), len(tombstone_handle(KEK, PAGE, PSID))] == [32, 32]


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_parts_of_a_hash_never_run_into_each_other(page: str, psid: str, page2: str, psid2: str) -> None:
    index = IndexKey(1, INDEX_KEY)
    assert (index.psid(page, psid) == index.psid(page2, psid2)) == ((page, psid) == (page2, psid2))


def test_an_address_is_found_in_any_letter_case() -> None:
    index = IndexKey(1, INDEX_KEY)
    assert index.email(" Ann@Example.org") == index.email("ann@example.org")


def test_derived_keys_differ_by_purpose() -> None:
    assert derive(KEK, "assent/seal/v1") != derive(KEK, "assent/commit/v1")


@pytest.mark.parametrize("secret", [DataKey(LEAD, DEK), WrappingKey(1, DEK), IndexKey(1, DEK)])
def test_keys_do_not_show_themselves_and_cannot_be_pickled(secret: object) -> None:
    shown = repr(secret) + str(secret)
    assert repr(DEK) not in shown
    assert DEK.hex() not in shown
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(secret)
