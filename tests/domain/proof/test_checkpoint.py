"""A checkpoint opens only under the key that bears the log's own name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.checkpoint import Checkpoint, open_checkpoint, open_cosigned, sign_checkpoint
from domain.proof.errors import CheckpointError, NoteError, UnknownSignersError
from domain.proof.keys import KeyType, Signer
from domain.proof.merkle import EMPTY_ROOT
from domain.proof.note import cosign, sign

from .samples import LOG, OTHER_LOG, WITNESS

CHECKPOINT = Checkpoint(origin=LOG.name, size=8, root=bytes(range(32)))
NOTE = sign_checkpoint(CHECKPOINT, LOG)


@given(size=st.integers(1, 2**63 - 1), root=st.binary(min_size=32, max_size=32))
def test_a_checkpoint_is_read_as_it_was_signed(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin=LOG.name, size=size, root=root)
    assert Checkpoint.parse(checkpoint.text()) == checkpoint
    assert open_checkpoint(sign_checkpoint(checkpoint, LOG), LOG.verifier) == checkpoint


def test_every_changed_bit_of_a_checkpoint_is_refused() -> None:
    tried = 0
    for at in range(len(NOTE)):
        for bit in range(8):
            changed = bytearray(NOTE)
            changed[at] ^= 1 << bit
            with pytest.raises(NoteError):
                open_checkpoint(bytes(changed), LOG.verifier)
            tried += 1
    assert tried == len(NOTE) * 8 > 1000


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"a\n8\n", b"\n8\n" + b"A" * 43 + b"=\n", b"a\n8\nAAAA\n", b"a\n08\n" + b"A" * 43 + b"=\n"),
        *(b"a\n-8\n" + b"A" * 43 + b"=\n", b"a\n8 \n" + b"A" * 43 + b"=\n", b"a\n8\n" + b"A" * 43 + b"="),
        *(b"a\n8\n" + b"A" * 43 + b"=\nextension\n", b"a\n8\n" + b"A" * 42 + b"B=\n", b"\xff\n8\n\n"),
        *("a\n٨\n".encode() + b"A" * 43 + b"=\n", b"a\n9223372036854775808\n" + b"A" * 43 + b"=\n"),
        *(b"a b\n8\n" + b"A" * 43 + b"=\n", b"a\n0\n" + b"A" * 43 + b"=\n"),
    ],
)
def test_checkpoint_texts_of_another_form_are_refused(text: bytes) -> None:
    with pytest.raises(CheckpointError):
        Checkpoint.parse(text)


def test_the_empty_log_has_a_checkpoint() -> None:
    empty = Checkpoint(origin=LOG.name, size=0, root=EMPTY_ROOT)
    assert open_checkpoint(sign_checkpoint(empty, LOG), LOG.verifier) == empty


def test_a_log_signs_under_its_own_name_only() -> None:
    other = Signer(name="other.example/log", key_type=KeyType.ED25519, seed=LOG.seed)
    with pytest.raises(CheckpointError, match="name of its log"):
        sign_checkpoint(CHECKPOINT, other)
    with pytest.raises(CheckpointError, match="another log"):
        open_checkpoint(sign(CHECKPOINT.text(), other), other.verifier)


def test_another_key_of_the_same_name_does_not_open_it() -> None:
    with pytest.raises(UnknownSignersError):
        open_checkpoint(NOTE, OTHER_LOG.verifier)
    assert open_cosigned(NOTE, (OTHER_LOG.verifier, LOG.verifier)).log == LOG.verifier


def test_a_witness_alone_does_not_open_a_checkpoint() -> None:
    same_name = Signer(name=LOG.name, key_type=KeyType.COSIGNATURE, seed=WITNESS.seed)
    for witness in (WITNESS, same_name):
        note = CHECKPOINT.text() + b"\n" + cosign(CHECKPOINT.text(), witness, 1)
        with pytest.raises(UnknownSignersError, match="no log key"):
            open_cosigned(note, (LOG.verifier, witness.verifier))


@pytest.mark.parametrize(("size", "root"), [(-1, bytes(32)), (2**63, bytes(32)), (1, b"short"), (0, bytes(32))])
def test_impossible_checkpoints_are_not_made(size: int, root: bytes) -> None:
    with pytest.raises(CheckpointError):
        Checkpoint(origin="a", size=size, root=root)
