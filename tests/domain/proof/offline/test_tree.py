"""Does the tree accept exactly the proofs of the specification?"""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.proof.merkle import EMPTY_FRONTIER, append, consistency_path, inclusion_path
from domain.proof.offline.errors import Wrong
from domain.proof.offline.tree import EMPTY_ROOT, check_consistency, check_inclusion, leaf_of
from tests.domain.proof.samples import VECTORS

from .maker import consistency, inclusion, sha, tree

TREE = VECTORS["ct_tree"]
LEAVES = [bytes.fromhex(leaf) for leaf in TREE["leaf_hashes"]]
ROOTS = [bytes.fromhex(TREE["roots"][str(size)]) for size in range(9)]


def fresh_leaves(size: int, seed: int = 0) -> list[bytes]:
    return [sha(b"%d %d" % (seed, number)) for number in range(size)]


def test_all_published_inclusion_paths_verify_and_no_neighbour_does() -> None:
    ran = 0
    for vector in TREE["inclusion"]:
        index, size = vector["index"], vector["size"]
        path = [bytes.fromhex(value) for value in vector["proof"]]
        check_inclusion(LEAVES[index], index, size, path, ROOTS[size])
        ran += 1
        for other in range(size):
            if other != index:
                with pytest.raises(Wrong):
                    check_inclusion(LEAVES[index], other, size, path, ROOTS[size])
        with pytest.raises(Wrong):
            check_inclusion(LEAVES[index], index, size, [*path, LEAVES[0]], ROOTS[size])
    assert ran == 36


def test_all_published_consistency_paths_verify_and_no_neighbour_does() -> None:
    ran = 0
    for vector in TREE["consistency"]:
        old, new = vector["old"], vector["new"]
        path = [bytes.fromhex(value) for value in vector["proof"]]
        check_consistency(old, new, path, ROOTS[old], ROOTS[new])
        ran += 1
        for first, second in ((ROOTS[new], ROOTS[old]), (ROOTS[old], ROOTS[old]), (ROOTS[0], ROOTS[new])):
            if (first, second) != (ROOTS[old], ROOTS[new]):
                with pytest.raises(Wrong):
                    check_consistency(old, new, path, first, second)
    assert ran == 28


def test_the_published_commitment_gives_its_leaf() -> None:
    vector = VECTORS["commitment"]
    nonce = bytes.fromhex(vector["nonce_hex"])
    assert leaf_of(vector["record"].encode(), nonce).hex() == vector["leaf_hash"]
    for wrong in (nonce[:63], nonce + b"\0", b""):
        with pytest.raises(Wrong, match="not 64"):
            leaf_of(vector["record"].encode(), wrong)


@settings(max_examples=40, deadline=None)
@given(size=st.integers(1, 200), data=st.data())
def test_every_path_of_the_naive_recursion_verifies_and_no_changed_one_does(size: int, data: st.DataObject) -> None:
    leaves = fresh_leaves(size)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    root, path = tree(leaves), inclusion(index, leaves)
    check_inclusion(leaves[index], index, size, path, root)
    grown = consistency(old, leaves)
    check_consistency(old, size, grown, tree(leaves[:old]), root)
    for proof, check in (
        (path, lambda p: check_inclusion(leaves[index], index, size, p, root)),
        (grown, lambda p: check_consistency(old, size, p, tree(leaves[:old]), root)),
    ):
        wrong = [[*proof, sha(b"")], proof[:-1] if proof else [b""], proof[1:] if proof else [root]]
        for at in range(len(proof)):
            wrong.append([*proof[:at], sha(proof[at]), *proof[at + 1 :]])
        for candidate in wrong:
            with pytest.raises(Wrong):
                check(candidate)


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 2048, 4095, 4999, 5000])
def test_every_leaf_and_every_earlier_state_of_a_large_tree_verifies(size: int) -> None:
    leaves = fresh_leaves(size, seed=size)
    _, nodes = append(EMPTY_FRONTIER, leaves)
    known = {(level, index): value for level, index, value in nodes}
    roots = {size: tree(leaves)}
    for index in range(size):
        path = inclusion_path(index, size, lambda level, at: known[level, at])
        check_inclusion(leaves[index], index, size, path, roots[size])
    for old in random.Random(size).sample(range(size + 1), min(size + 1, 40)):
        path = consistency_path(old, size, lambda level, at: known[level, at])
        check_consistency(old, size, path, tree(leaves[:old]), roots[size])


def test_sizes_and_roots_that_contradict_each_other_are_refused() -> None:
    root = tree(fresh_leaves(3))
    check_consistency(0, 3, [], EMPTY_ROOT, root)
    check_consistency(3, 3, [], root, root)
    for old, new, path, first, second in (
        (4, 3, [], root, root),
        (-1, 3, [], root, root),
        (3, 3, [], root, sha(root)),
        (3, 3, [root], root, root),
        (0, 3, [], root, root),
        (0, 3, [root], EMPTY_ROOT, root),
        (2, 3, [], root, root),
    ):
        with pytest.raises(Wrong):
            check_consistency(old, new, path, first, second)
    for index in (-1, 3, 2**63):
        with pytest.raises(Wrong, match="outside"):
            check_inclusion(root, index, 3, [], root)
