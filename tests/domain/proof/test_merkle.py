"""Trees, paths and growth agree with the naive definition, and no changed bit passes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.proof.errors import ConsistencyError, InclusionError, TreeError
from domain.proof.merkle import (
    EMPTY_FRONTIER,
    Frontier,
    Node,
    append,
    consistency_coordinates,
    consistency_path,
    inclusion_coordinates,
    inclusion_path,
    root_coordinates,
    root_of,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

from .samples import full_subtrees, make_leaves, naive_root

LEAVES = make_leaves(5000)
NODES = full_subtrees(LEAVES)
SIZES = st.one_of(st.integers(1, 70), st.integers(1, 5000))


def read(level: int, index: int) -> bytes:
    return NODES[level, index]


@settings(max_examples=40)
@given(size=SIZES, data=st.data())
def test_paths_equal_the_naive_recursion_and_verify(size: int, data: st.DataObject) -> None:
    root = naive_root(LEAVES[:size])
    assert root_of(LEAVES[:size]) == tree_root(size, read) == root
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(index, size, read)
    assert list(path) == naive_inclusion(index, LEAVES[:size])
    verify_inclusion(LEAVES[index], index, size, path, root)
    old = data.draw(st.integers(0, size))
    growth = consistency_path(old, size, read)
    assert list(growth) == naive_consistency(old, LEAVES[:size])
    verify_consistency(old, size, growth, naive_root(LEAVES[:old]), root)


@settings(max_examples=60)
@given(size=SIZES, data=st.data())
def test_coordinates_name_exactly_the_full_subtrees_that_are_read(size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    seen: list[tuple[int, int]] = []

    def watch(level: int, at: int) -> bytes:
        assert (at + 1) << level <= size
        seen.append((level, at))
        return NODES[level, at]

    inclusion_path(index, size, watch)
    assert tuple(seen) == inclusion_coordinates(index, size)
    seen.clear()
    consistency_path(old, size, watch)
    assert tuple(seen) == consistency_coordinates(old, size)


@settings(max_examples=60)
@given(size=st.integers(2, 5000), data=st.data())
def test_no_changed_bit_of_an_inclusion_proof_passes(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    parts = [LEAVES[index], tree_root(size, read), *inclusion_path(index, size, read)]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flipped(parts[which], data.draw(st.integers(0, 255)))
    with pytest.raises(InclusionError):
        verify_inclusion(parts[0], index, size, parts[2:], parts[1])


def test_no_changed_bit_anywhere_passes_in_trees_up_to_9() -> None:
    tried = 0
    for size in range(1, 10):
        root = tree_root(size, read)
        for index in range(size):
            parts = [LEAVES[index], root, *inclusion_path(index, size, read)]
            for which in range(len(parts)):
                for bit in range(256):
                    changed = [*parts[:which], flipped(parts[which], bit), *parts[which + 1 :]]
                    with pytest.raises(InclusionError):
                        verify_inclusion(changed[0], index, size, changed[2:], changed[1])
                    tried += 1
    assert tried == 54_016


@settings(max_examples=60)
@given(new=st.integers(3, 5000), data=st.data())
def test_no_changed_bit_of_a_consistency_proof_passes(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new - 1))
    parts = [tree_root(old, read), tree_root(new, read), *consistency_path(old, new, read)]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flipped(parts[which], data.draw(st.integers(0, 255)))
    with pytest.raises(ConsistencyError):
        verify_consistency(old, new, parts[2:], parts[0], parts[1])


@settings(max_examples=60)
@given(size=st.integers(2, 3000), data=st.data())
def test_a_leaf_passes_at_its_own_index_only(size: int, data: st.DataObject) -> None:
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(-2, size + 2))
    path, root = inclusion_path(index, size, read), tree_root(size, read)
    if other != index:
        with pytest.raises(InclusionError):
            verify_inclusion(LEAVES[index], other, size, path, root)
    with pytest.raises(InclusionError):
        verify_inclusion(LEAVES[index], index, size, path[:-1], root)
    with pytest.raises(InclusionError):
        verify_inclusion(LEAVES[index], index, size, (*path, root), root)


@settings(max_examples=60)
@given(new=st.integers(2, 3000), data=st.data())
def test_a_cut_or_longer_consistency_path_fails(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new - 1))
    path, roots = consistency_path(old, new, read), (tree_root(old, read), tree_root(new, read))
    for changed in (path[:-1], (*path, path[0]), ()):
        with pytest.raises(ConsistencyError):
            verify_consistency(old, new, changed, *roots)


def test_a_rewritten_history_is_not_consistent() -> None:
    other = make_leaves(40, seed=1)
    forged = full_subtrees(other)
    path = consistency_path(20, 40, lambda level, index: forged[level, index])
    with pytest.raises(ConsistencyError, match="older root"):
        verify_consistency(20, 40, path, tree_root(20, read), root_of(other))


@pytest.mark.parametrize(
    ("old", "new", "path", "old_root", "new_root"),
    [
        (3, 2, (), LEAVES[0], LEAVES[1]),
        (-1, 2, (), LEAVES[0], LEAVES[1]),
        (5, 5, (), LEAVES[0], LEAVES[1]),
        (5, 5, (LEAVES[2],), LEAVES[0], LEAVES[0]),
        (0, 5, (), LEAVES[0], LEAVES[1]),
        (0, 5, (LEAVES[2],), root_of([]), LEAVES[1]),
        (0, 0, (), LEAVES[0], LEAVES[0]),
        (1, 2, (b"short",), LEAVES[0], LEAVES[1]),
    ],
)
def test_impossible_growth_is_refused(
    old: int, new: int, path: tuple[bytes, ...], old_root: bytes, new_root: bytes
) -> None:
    with pytest.raises(ConsistencyError):
        verify_consistency(old, new, path, old_root, new_root)


def test_any_tree_continues_the_empty_one_and_itself() -> None:
    verify_consistency(0, 7, (), root_of([]), tree_root(7, read))
    verify_consistency(7, 7, (), tree_root(7, read), tree_root(7, read))
    verify_consistency(0, 0, (), root_of([]), root_of([]))


def test_a_tree_is_not_asked_for_what_it_has_not() -> None:
    for index, size in [(0, 0), (5, 5), (-1, 5), (0, -1), (0, 2**63)]:
        with pytest.raises(TreeError):
            inclusion_coordinates(index, size)
    for old, new in [(6, 5), (-1, 5), (1, 2**63)]:
        with pytest.raises(TreeError):
            consistency_coordinates(old, new)


@settings(max_examples=40)
@given(cuts=st.lists(st.integers(0, 400), max_size=6))
def test_appending_in_any_portions_gives_the_same_tree(cuts: list[int]) -> None:
    frontier, nodes = EMPTY_FRONTIER, list[Node]()
    for count in cuts:
        frontier, completed = append(frontier, LEAVES[frontier.size : frontier.size + count])
        nodes += completed
    assert frontier.size == sum(cuts)
    assert frontier.root == naive_root(LEAVES[: frontier.size])
    assert frontier.hashes == tuple(NODES[at] for at in root_coordinates(frontier.size))
    assert {(level, index): value for level, index, value in nodes} == {
        at: value for at, value in NODES.items() if (at[1] + 1) << at[0] <= frontier.size
    }
    assert len(nodes) == len({node[:2] for node in nodes})


def test_a_frontier_of_the_wrong_shape_is_refused() -> None:
    for size, hashes in [(3, LEAVES[:1]), (4, LEAVES[:2]), (1, [b"short"]), (-1, [])]:
        with pytest.raises(TreeError):
            Frontier(size=size, hashes=tuple(hashes))
    with pytest.raises(TreeError):
        append(EMPTY_FRONTIER, [b"short"])


def flipped(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)


def left_size(size: int) -> int:
    split = 1
    while split * 2 < size:
        split *= 2
    return split


def naive_inclusion(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    split = left_size(len(leaves))
    if index < split:
        return [*naive_inclusion(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_inclusion(index - split, leaves[split:]), naive_root(leaves[:split])]


def naive_consistency(old: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    if old in (0, len(leaves)):
        return [] if whole else [naive_root(leaves)]
    split = left_size(len(leaves))
    if old <= split:
        return [*naive_consistency(old, leaves[:split], whole), naive_root(leaves[split:])]
    return [*naive_consistency(old - split, leaves[split:], False), naive_root(leaves[:split])]
