"""A note opens only whole, only under known keys, and only in its one form."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.proof.errors import KeyFormatError, NoteError, ProofError, SignatureError, UnknownSignersError
from domain.proof.keys import KeyType, Signer, Verifier
from domain.proof.note import MAX_SIGNATURES, add_signatures, cosign, open_note, sign

from .samples import LOG, OTHER_LOG, WITNESS

TEXT = "Grüße\n\nzweiter Absatz\n".encode()
NOTE = sign(TEXT, LOG)
KNOWN = (LOG.verifier, WITNESS.verifier)

NAMES = st.text(min_size=1, max_size=20).filter(
    lambda name: "+" not in name and not any(c.isspace() or c < " " or "\ud800" <= c <= "\udfff" for c in name)
)
TEXTS = st.text(max_size=200).map(
    lambda text: "".join(c for c in text if (c >= " " or c == "\n") and not "\ud800" <= c <= "\udfff") + "\n"
)


@given(text=TEXTS, name=NAMES, seed=st.binary(min_size=32, max_size=32))
def test_a_signed_text_opens_under_its_key_and_no_other(text: str, name: str, seed: bytes) -> None:
    signer = Signer(name=name, key_type=KeyType.ED25519, seed=seed)
    note = sign(text.encode(), signer)
    assert note == sign(text.encode(), signer)
    opened = open_note(note, [signer.verifier])
    assert (opened.text.decode(), [s.verifier for s in opened.signatures]) == (text, [signer.verifier])
    stranger = Signer(name=name, key_type=KeyType.ED25519, seed=bytes(byte ^ 1 for byte in seed))
    with pytest.raises(UnknownSignersError):
        open_note(note, [stranger.verifier])


@given(name=NAMES, seed=st.binary(min_size=32, max_size=32), key_type=st.sampled_from(KeyType))
def test_key_texts_lead_back_to_their_keys_and_the_seed_is_not_shown(name: str, seed: bytes, key_type: KeyType) -> None:
    signer = Signer(name=name, key_type=key_type, seed=seed)
    assert Signer.from_skey(signer.skey) == signer
    assert Verifier.from_vkey(signer.verifier.vkey) == signer.verifier
    assert "seed" not in repr(signer)


@settings(max_examples=300)
@given(bit=st.integers(0, len(NOTE) * 8 - 1))
def test_no_changed_bit_of_a_note_opens(bit: int) -> None:
    changed = bytearray(NOTE)
    changed[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(NoteError):
        open_note(bytes(changed), [LOG.verifier])


@settings(max_examples=300)
@given(data=st.one_of(st.binary(max_size=300), st.text(alphabet="a\n —+=", max_size=60).map(str.encode)))
def test_arbitrary_bytes_raise_nothing_but_named_errors(data: bytes) -> None:
    for candidate in (data, TEXT + b"\n" + data, NOTE + data, data + NOTE):
        try:
            opened = open_note(candidate, KNOWN)
        except ProofError:
            continue
        assert opened.text + b"\n" == candidate[: candidate.rfind(b"\n\n") + 2]


def test_the_last_empty_line_parts_text_and_signatures() -> None:
    assert open_note(NOTE, KNOWN).text == TEXT


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        (b"", "no empty line"),
        (TEXT, "em dash"),
        (TEXT + b"\n", "at least one"),
        (NOTE[:-1], "end with a line feed"),
        (NOTE.replace(b"\n", b"\r\n"), "no empty line"),
        (NOTE.replace("ü".encode(), b"\t", 1), "control character"),
        (NOTE.replace("ü".encode(), b"\xfc", 1), "not UTF-8"),
        (NOTE.replace("— ".encode(), b"- "), "em dash"),
        (NOTE + b"\n", "at least one"),
        (NOTE + "— a\n".encode(), "too short"),
        (NOTE + "— a AAAA\n".encode(), "too short"),
        (NOTE + "— a AAAAAAB=\n".encode(), "canonical"),
        (NOTE + "— a AAAAAA\n".encode(), "not base64"),
        (NOTE + "— a b AAAAAAA=\n".encode(), "not base64"),
        (NOTE + "—  AAAAAAA=\n".encode(), "key name"),
        (NOTE + "— a+b AAAAAAA=\n".encode(), "key name"),
        (NOTE + "— a\u00a0b AAAAAAA=\n".encode(), "key name"),
        (bytes(1_000_001), "longer than"),
    ],
)
def test_notes_of_another_form_are_refused(note: bytes, reason: str) -> None:
    with pytest.raises(NoteError, match=reason):
        open_note(note, KNOWN)


def test_a_known_key_with_a_bad_signature_rejects_the_whole_note() -> None:
    bad = cosign(b"another text\n", WITNESS, 5)
    with pytest.raises(SignatureError, match=r"witness\.example/w"):
        open_note(NOTE + bad, KNOWN)
    assert open_note(NOTE + bad, [LOG.verifier]).unknown == 1


def test_a_key_is_known_only_by_name_and_id_together() -> None:
    forged = NOTE + sign(TEXT, OTHER_LOG)[len(TEXT) + 1 :]
    opened = open_note(forged, [LOG.verifier])
    assert (len(opened.signatures), opened.unknown) == (1, 1)


@pytest.mark.parametrize("count", [16, MAX_SIGNATURES])
def test_many_signatures_are_accepted(count: int) -> None:
    note = NOTE + b"".join(cosign(TEXT, WITNESS, time) for time in range(count - 1))
    assert len(open_note(note, KNOWN).signatures) == count


def test_too_many_signatures_are_refused() -> None:
    note = NOTE + b"".join(cosign(TEXT, WITNESS, time) for time in range(MAX_SIGNATURES))
    with pytest.raises(NoteError, match="more than 100"):
        open_note(note, KNOWN)


def test_cosignatures_are_added_once_and_carry_their_time() -> None:
    line = cosign(TEXT, WITNESS, 1_790_000_000)
    once = add_signatures(NOTE, line)
    assert once == NOTE + line == add_signatures(once, line)
    opened = open_note(once, KNOWN)
    assert [signature.time for signature in opened.signatures] == [None, 1_790_000_000]
    for lines in (b"", b"\n", b"text\n", line[:-1]):
        with pytest.raises(NoteError):
            add_signatures(NOTE, lines)


def test_the_time_of_a_cosignature_is_signed_and_limited() -> None:
    line = cosign(TEXT, WITNESS, 2**63 - 1)
    assert open_note(NOTE + line, KNOWN).signatures[1].time == 2**63 - 1
    for time in (-1, 2**63):
        with pytest.raises(NoteError):
            cosign(TEXT, WITNESS, time)
    with pytest.raises(SignatureError):
        WITNESS.verifier.verify(TEXT, (2**63).to_bytes(8, "big") + bytes(64))
    signature = WITNESS.sign(b"cosignature/v1\ntime 7\n" + TEXT)
    assert WITNESS.verifier.verify(TEXT, (7).to_bytes(8, "big") + signature) == 7
    with pytest.raises(SignatureError):
        WITNESS.verifier.verify(TEXT, (8).to_bytes(8, "big") + signature)


def test_each_key_signs_its_own_type_only() -> None:
    with pytest.raises(KeyFormatError):
        sign(TEXT, WITNESS)
    with pytest.raises(KeyFormatError):
        cosign(TEXT, LOG, 1)
    for text in (b"no line feed", b"", b"tab\there\n", b"\xff\n"):
        with pytest.raises(NoteError):
            sign(text, LOG)


@pytest.mark.parametrize(
    "vkey",
    [
        *("", "name", "name+530d903a", LOG.verifier.vkey.replace("log", "lag"), LOG.verifier.vkey[:-4]),
        *(LOG.verifier.vkey + "\n", LOG.verifier.vkey.upper(), "a+00000000+", "a b+00000000+AQ=="),
        "PeterNeumann+c74f20a3+BgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ],
)
def test_a_vkey_that_does_not_fit_itself_is_refused(vkey: str) -> None:
    with pytest.raises(KeyFormatError):
        Verifier.from_vkey(vkey)


def test_an_skey_that_does_not_fit_itself_is_refused_without_repeating_it() -> None:
    for skey in ("", LOG.skey[8:], LOG.skey.replace("log", "lag"), LOG.skey[:-4]):
        with pytest.raises(KeyFormatError) as caught:
            Signer.from_skey(skey)
        assert LOG.skey[-20:-6] not in str(caught.value)
    with pytest.raises(KeyFormatError):
        Signer(name="a", key_type=KeyType.ED25519, seed=b"short")


def test_two_keys_that_cannot_be_told_apart_are_refused() -> None:
    seen: dict[bytes, Verifier] = {}
    for number in range(1_000_000):
        candidate = Verifier(name="w", key_type=KeyType.ED25519, public_key=number.to_bytes(32, "big"))
        twin = seen.setdefault(candidate.key_id, candidate)
        if twin != candidate:
            break
    with pytest.raises(KeyFormatError, match="one key id"):
        open_note(NOTE, [LOG.verifier, candidate, twin])
    assert open_note(NOTE, [LOG.verifier, LOG.verifier, twin]).text == TEXT
