"""A .tlog-proof has one spelling, and nothing else is read as one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.proof.errors import TlogProofError
from domain.proof.tlog_proof import TlogProof

from .samples import make_proofs

PROOF = make_proofs([b"a record"])[0].proof
DATA = PROOF.encode()
HASHES = st.binary(min_size=32, max_size=32)


@given(
    index=st.integers(0, 2**63 - 1),
    path=st.lists(HASHES, max_size=63).map(tuple),
    checkpoint=st.binary(min_size=1, max_size=50),
    extra=st.none() | st.binary(min_size=1, max_size=100),
)
def test_a_proof_is_read_as_it_was_written(
    index: int, path: tuple[bytes, ...], checkpoint: bytes, extra: bytes | None
) -> None:
    proof = TlogProof(index=index, path=path, checkpoint=checkpoint, extra=extra)
    assert TlogProof.parse(proof.encode()) == proof


def test_the_nonce_stays_out_of_its_repr() -> None:
    assert "extra" not in repr(PROOF)


@settings(max_examples=200)
@given(data=st.binary(max_size=200), cut=st.integers(0, len(DATA)))
def test_arbitrary_bytes_raise_nothing_but_named_errors(data: bytes, cut: int) -> None:
    for candidate in (data, DATA[:cut] + data, DATA[:cut], b"c2sp.org/tlog-proof@v1\n" + data):
        if candidate == DATA:
            continue
        try:
            TlogProof.parse(candidate)
        except TlogProofError:
            continue


@pytest.mark.parametrize(
    "change",
    [
        (b"@v1", b"@v2"),
        (b"index 20", b"index 020"),
        (b"index 20", b"index -1"),
        (b"index 20", b"Index 20"),
        (b"index 20", "index ２0".encode()),
        (b"index 20", b"index 9223372036854775808"),
        (b"extra ", b"extra  "),
        (b"extra ", b"extra\t"),
        (b"extra ", b"index 1\nextra "),
        (b"\n\n", b"\n"),
        (b"\n\n", b"\nAAAA\n\n"),
    ],
)
def test_proofs_of_another_form_are_refused(change: tuple[bytes, bytes]) -> None:
    changed = DATA.replace(*change, 1) if change[0] != b"\n\n" else change[1].join(DATA.split(b"\n\n"))
    assert changed != DATA
    with pytest.raises(TlogProofError):
        TlogProof.parse(changed)


def test_impossible_proofs_are_not_made() -> None:
    for broken in (
        {"index": -1},
        {"index": 2**63},
        {"path": (b"short",)},
        {"path": (bytes(32),) * 64},
        {"checkpoint": b""},
        {"extra": b""},
        {"extra": bytes(65_537)},
    ):
        values = {"index": 0, "path": (), "checkpoint": b"-", "extra": None} | broken
        with pytest.raises(TlogProofError):
            TlogProof(**values)  # type: ignore[arg-type]  # the wrong values are the point
