"""Does a witness ever cosign two trees that contradict each other, or go back, whatever it is asked?"""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.add_checkpoint import AddCheckpoint, told_size
from domain.proof.checkpoint import Checkpoint, open_cosigned, sign_checkpoint
from domain.proof.errors import KeyFormatError, ProofError, WitnessRequestError
from domain.proof.keys import KeyType, Signer
from domain.proof.merkle import consistency_path, root_of
from domain.proof.note import cosign
from domain.proof.witnessing import (
    NOTHING_SEEN,
    Cosignable,
    Objection,
    Refused,
    Seen,
    cosignature_by,
    cosigned,
    decide,
    known_logs,
    origin_of,
    seen_in,
)

from .samples import LOG, OTHER_LOG, VECTORS, WITNESS, full_subtrees, make_leaves

LOGS = known_logs([LOG.verifier.vkey])
NOW = 1_790_000_000
TREE = make_leaves(40)


def fork_at(size: int) -> list[bytes]:
    """A tree that is another one from this index on."""
    return TREE[:size] + make_leaves(40 - size, seed=size + 1)


def asked_of(leaves: list[bytes], old: int, new: int, signer: Signer = LOG) -> AddCheckpoint:
    nodes = full_subtrees(leaves[:new])
    path = consistency_path(old, new, lambda level, index: nodes[level, index]) if 0 < old <= new else ()
    checkpoint = Checkpoint(origin=signer.name, size=new, root=root_of(leaves[:new]))
    return AddCheckpoint(old=old, path=path, checkpoint=sign_checkpoint(checkpoint, signer))


def seen(leaves: list[bytes], size: int) -> Seen:
    return Seen(size=size, root=root_of(leaves[:size]))


# The published request and answer


def test_the_published_request_is_read_written_and_answered_exactly():
    keys, body = VECTORS["keys"], VECTORS["add_checkpoint_request_6_to_8"].encode()
    logs = known_logs([keys["log_vkey"]])
    witness = Signer(
        name="witness.example/w1", key_type=KeyType.COSIGNATURE, seed=bytes.fromhex(keys["witness_seed_hex"])
    )
    asked, origin = origin_of(body, logs)
    assert asked.encode() == body
    assert (asked.old, len(asked.path), origin) == (6, 3, "log.example/optin")
    before = Seen(size=6, root=bytes.fromhex(VECTORS["ct_tree"]["roots"]["6"]))
    allowed = decide(asked, logs, before)
    assert isinstance(allowed, Cosignable)
    line, stored = cosigned(allowed, witness, NOW)
    assert line == VECTORS["add_checkpoint_response"].encode()
    assert stored == VECTORS["checkpoint_8_cosigned"].encode()
    assert seen_in(stored, witness.verifier, origin).size == 8
    assert cosignature_by(asked.checkpoint, line, witness.verifier) == (stored, NOW)


# Each objection


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 00\n\n" + asked_of(TREE, 0, 3).checkpoint,
        b"old -1\n\n" + asked_of(TREE, 0, 3).checkpoint,
        b"old 9223372036854775808\n\n" + asked_of(TREE, 0, 3).checkpoint,
        b"older 0\n\n" + asked_of(TREE, 0, 3).checkpoint,
        b"old 2\nshort\n\n" + asked_of(TREE, 0, 3).checkpoint,
        b"old 2\n" + b"A" * 43 + b"=\n" * 64 + b"\n" + asked_of(TREE, 0, 3).checkpoint,
        b"old 0\n" + b"A" * 43 + b"=\n\n" + asked_of(TREE, 0, 3).checkpoint,
        b"old 0\n\nno checkpoint",
        b"old 0\n\n" + LOG.name.encode() + b"\n3\nshort\n\n",
    ],
)
def test_what_cannot_be_read_is_malformed(body):
    assert origin_of(body, LOGS) == Refused(objection=Objection.MALFORMED)


def test_a_log_the_witness_does_not_know_is_told_so():
    other = Signer(name="log.example/other", key_type=KeyType.ED25519, seed=bytes(32))
    assert origin_of(asked_of(TREE, 0, 3, other).encode(), LOGS) == Refused(objection=Objection.UNKNOWN_LOG)


@pytest.mark.parametrize(
    ("asked", "before", "objection"),
    [
        (asked_of(TREE, 0, 3, OTHER_LOG), NOTHING_SEEN, Objection.NOT_SIGNED),
        (AddCheckpoint(old=5, path=(), checkpoint=asked_of(TREE, 0, 3).checkpoint), seen(TREE, 5), Objection.MALFORMED),
        (asked_of(TREE, 3, 5), seen(TREE, 4), Objection.OLD_SIZE),
        (asked_of(TREE, 0, 5), seen(TREE, 4), Objection.OLD_SIZE),
        (asked_of(fork_at(2), 4, 7), seen(TREE, 4), Objection.INCONSISTENT),
        (asked_of(fork_at(2), 4, 4), seen(TREE, 4), Objection.INCONSISTENT),
        (
            AddCheckpoint(old=4, path=(), checkpoint=asked_of(TREE, 4, 7).checkpoint),
            seen(TREE, 4),
            Objection.INCONSISTENT,
        ),
    ],
    ids=["foreign key", "old above new", "old too small", "from nothing", "fork", "fork of one size", "no path"],
)
def test_each_objection_has_its_status(asked, before, objection):
    refused = decide(asked, LOGS, before)
    assert isinstance(refused, Refused)
    assert refused.objection is objection
    assert refused.size == (before.size if objection is Objection.OLD_SIZE else 0)


def test_the_same_checkpoint_is_cosigned_again():
    assert isinstance(decide(asked_of(TREE, 4, 4), LOGS, seen(TREE, 4)), Cosignable)


def test_only_the_lines_of_the_log_are_stored_beside_the_cosignature():
    asked = asked_of(TREE, 0, 3)
    stranger = Signer(name="stranger.example/w", key_type=KeyType.COSIGNATURE, seed=bytes(32))
    crowded = AddCheckpoint(
        old=0,
        path=(),
        checkpoint=asked.checkpoint + cosign(asked.checkpoint.rpartition(b"\n\n")[0] + b"\n", stranger, 5),
    )
    allowed = decide(crowded, LOGS, NOTHING_SEEN)
    assert isinstance(allowed, Cosignable)
    assert allowed.note == asked.checkpoint


def test_a_checkpoint_signed_by_the_old_and_the_new_key_of_a_log_is_cosigned_by_who_knows_either():
    checkpoint = Checkpoint(origin=LOG.name, size=3, root=root_of(TREE[:3]))
    both = sign_checkpoint(checkpoint, LOG) + sign_checkpoint(checkpoint, OTHER_LOG).rpartition(b"\n\n")[2]
    for key in (LOG, OTHER_LOG):
        allowed = decide(AddCheckpoint(old=0, path=(), checkpoint=both), known_logs([key.verifier.vkey]), NOTHING_SEEN)
        assert isinstance(allowed, Cosignable)


def test_a_witness_key_names_no_log():
    with pytest.raises(KeyFormatError):
        known_logs([WITNESS.verifier.vkey])


# Always


@given(
    forks=st.lists(st.integers(min_value=0, max_value=39), min_size=1, max_size=3),
    asks=st.lists(
        st.tuples(
            st.integers(min_value=0, max_value=3),  # which tree
            st.integers(min_value=0, max_value=40),  # old size, or what the witness said
            st.integers(min_value=0, max_value=40),  # new size
            st.booleans(),  # honest about the old size
        ),
        max_size=25,
    ),
)
def test_it_never_cosigns_two_trees_that_contradict_each_other_and_never_goes_back(forks, asks):
    trees = [TREE, *(fork_at(size) for size in forks)]
    state = NOTHING_SEEN
    cosigned_trees: list[list[bytes]] = []
    for which, old, new, honest in asks:
        leaves = trees[which % len(trees)]
        old = state.size if honest else old
        request = asked_of(leaves, old, new)
        decision = decide(AddCheckpoint.parse(request.encode()), LOGS, state)
        if isinstance(decision, Cosignable):
            _, stored = cosigned(decision, WITNESS, NOW)
            after = seen_in(stored, WITNESS.verifier, LOG.name)
            assert after.size >= state.size
            state = after
            cosigned_trees.append(leaves[: after.size])
    for earlier, later in pairwise(cosigned_trees):
        assert later[: len(earlier)] == earlier


@given(sizes=st.lists(st.integers(min_value=1, max_value=40), min_size=1, max_size=8), lost=st.sets(st.integers(0, 7)))
def test_an_honest_log_always_gets_through_though_answers_are_lost(sizes, lost):
    state, believed = NOTHING_SEEN, 0
    for number, size in enumerate(sorted(sizes)):
        decision = decide(asked_of(TREE, believed, size), LOGS, state)
        if isinstance(decision, Refused):
            assert decision == Refused(objection=Objection.OLD_SIZE, size=state.size)
            decision = decide(asked_of(TREE, decision.size, size), LOGS, state)
        assert isinstance(decision, Cosignable)
        state = Seen(size=size, root=decision.checkpoint.root)
        if number not in lost:
            believed = size


@given(st.binary(max_size=400))
def test_no_body_at_all_makes_it_stumble(body):
    assert isinstance(origin_of(body, LOGS), Refused)


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_told_size_is_read_back(size):
    assert told_size(b"%d\n" % size) == size


@pytest.mark.parametrize("body", [b"", b"5", b"05\n", b"-1\n", b"9223372036854775808\n", b"5\n6\n", "５\n".encode()])
def test_a_told_size_has_one_spelling(body):
    with pytest.raises(WitnessRequestError):
        told_size(body)


# What a log keeps of an answer


def test_an_answer_by_another_witness_or_over_another_tree_is_refused():
    checkpoint, other = asked_of(TREE, 0, 3).checkpoint, asked_of(TREE, 0, 4).checkpoint
    stranger = Signer(name=WITNESS.name, key_type=KeyType.COSIGNATURE, seed=bytes(32))
    for wrong in (
        cosign(_text(checkpoint), stranger, NOW),
        cosign(_text(other), WITNESS, NOW),
        b"",
        b"junk\n",
        hashlib.sha256(b"").digest(),
    ):
        with pytest.raises(ProofError):
            cosignature_by(checkpoint, wrong, WITNESS.verifier)


def test_of_an_answer_only_the_line_that_was_verified_is_kept():
    checkpoint = asked_of(TREE, 0, 3).checkpoint
    stranger = Signer(name="stranger.example/w", key_type=KeyType.COSIGNATURE, seed=bytes(32))
    line = cosign(_text(checkpoint), WITNESS, NOW)
    answer = cosign(_text(checkpoint), stranger, NOW) + line + cosign(_text(checkpoint), WITNESS, NOW + 1)
    note, time = cosignature_by(checkpoint, answer, WITNESS.verifier)
    assert (note, time) == (checkpoint + line, NOW)
    opened = open_cosigned(note, [LOG.verifier, WITNESS.verifier])
    assert [cosignature.time for cosignature in opened.cosignatures] == [NOW]


def test_a_stored_note_of_another_log_or_without_the_cosignature_is_no_state():
    line, stored = cosigned(decide(asked_of(TREE, 0, 3), LOGS, NOTHING_SEEN), WITNESS, NOW)
    with pytest.raises(WitnessRequestError):
        seen_in(stored, WITNESS.verifier, "log.example/other")
    for damaged in (stored.replace(line, b""), stored[:-9], b""):
        with pytest.raises(ProofError):
            seen_in(damaged, WITNESS.verifier, LOG.name)


def _text(checkpoint: bytes) -> bytes:
    return checkpoint.rpartition(b"\n\n")[0] + b"\n"
