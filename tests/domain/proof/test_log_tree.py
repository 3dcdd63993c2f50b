"""A walk over the leaves gives the same tiles and roots as the whole tree held at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.proof.errors import TreeError
from domain.proof.log_tree import TreeWalk
from domain.proof.merkle import EMPTY_ROOT, root_of
from domain.proof.tiles import TILE_WIDTH, Tile, tile_bytes, tiles_for

from .samples import full_subtrees, make_leaves

LEAVES = make_leaves(3000)
NODES = full_subtrees(LEAVES)


def walked(size: int, wanted: set[int]) -> tuple[TreeWalk, dict[int, bytes], dict[Tile, bytes]]:
    walk, roots, tiles = TreeWalk(), {}, {}
    for at in range(0, size, TILE_WIDTH):
        found, completed = walk.add(LEAVES[at : min(at + TILE_WIDTH, size)], wanted)
        roots |= found
        tiles |= dict(completed)
    return walk, roots, tiles | dict(walk.unfinished())


@settings(max_examples=60)
@given(st.integers(1, 3000), st.sets(st.integers(1, 3000), max_size=20))
def test_every_root_on_the_way_and_every_tile_above_the_leaves_is_right(size: int, wanted: set[int]) -> None:
    walk, roots, tiles = walked(size, wanted)
    assert roots == {at: root_of(LEAVES[:at]) for at in wanted if at <= size}
    assert walk.root == root_of(LEAVES[:size])
    expected = {tile: tile_bytes(tile, lambda *at: NODES[at]) for tile in tiles_for(0, size) if tile.level}
    assert tiles == expected


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 768, 2048])
def test_every_root_at_the_edges_of_tiles_is_right(size: int) -> None:
    _, roots, _ = walked(size, set(range(1, size + 1)))
    assert roots == {at: root_of(LEAVES[:at]) for at in range(1, size + 1)}


def test_a_walk_that_took_nothing_has_the_root_of_the_empty_tree() -> None:
    assert TreeWalk().root == EMPTY_ROOT
    assert TreeWalk().unfinished() == []


def test_a_walk_goes_tile_by_tile() -> None:
    walk = TreeWalk()
    for leaves in ([], LEAVES[:257]):
        with pytest.raises(TreeError, match="one whole tile"):
            walk.add(leaves)
    walk.add(LEAVES[:3])
    with pytest.raises(TreeError, match="one whole tile"):
        walk.add(LEAVES[3:6])


def test_whole_tiles_of_the_second_level_are_given_when_they_are_complete() -> None:
    walk = TreeWalk()
    leaf = LEAVES[0]
    completed = [tile for _ in range(TILE_WIDTH) for tile in walk.add([leaf] * TILE_WIDTH)[1]]
    assert [tile for tile, _ in completed] == [Tile(1, 0, TILE_WIDTH)]
    assert walk.unfinished() == [(Tile(2, 0, 1), walk.root)]
