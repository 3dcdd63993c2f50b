"""Tiles lie where C2SP says, hold what the tree holds, and every hash is found in them again."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.proof.errors import TileError
from domain.proof.merkle import (
    EMPTY_FRONTIER,
    append,
    consistency_coordinates,
    consistency_path,
    inclusion_coordinates,
    inclusion_path,
    tree_root,
)
from domain.proof.tiles import (
    ENTRIES,
    TILE_WIDTH,
    Tile,
    decode_entries,
    encode_entries,
    entry_bundles_for,
    grown_tiles,
    hash_at,
    parse_tile_path,
    partial_tiles,
    tile_bytes,
    tile_hashes,
    tile_path,
    tiles_for,
    tiles_needed,
)

from .samples import full_subtrees, make_leaves

SIZE = 70_000
LEAVES = make_leaves(SIZE)
NODES = full_subtrees(LEAVES)


def read(level: int, index: int) -> bytes:
    return NODES[level, index]


def reader_of(size: int) -> Callable[[Tile], bytes]:
    """Only tiles that a tree of this size has are there."""
    present = set(tiles_for(0, size))

    def read_tile(tile: Tile) -> bytes:
        assert tile in present
        return tile_bytes(tile, read)

    return read_tile


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0, 256), "tile/0/000"),
        (Tile(0, 0, 8), "tile/0/000.p/8"),
        (Tile(63, 1_234_067, 256), "tile/63/x001/x234/067"),
        (Tile(2, 1_000, 1), "tile/2/x001/000.p/1"),
        (Tile(ENTRIES, 273, 112), "tile/entries/273.p/112"),
    ],
)
def test_tile_paths_have_the_published_form(tile: Tile, path: str) -> None:
    assert tile_path(*tile) == path
    assert parse_tile_path(path) == tile


@given(
    tile=st.builds(Tile, st.integers(ENTRIES, 63), st.integers(0, 2**63 - 1), st.integers(1, TILE_WIDTH)),
)
def test_every_tile_path_leads_back_to_its_tile(tile: Tile) -> None:
    assert parse_tile_path(tile_path(*tile)) == tile


@pytest.mark.parametrize(
    "path",
    [
        *("", "tile/0", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/00", "tile/0/0000", "tile/0/x000"),
        *("tile/0/x000/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/08", "tile/0/000.p/"),
        *("/tile/0/000", "tile/0/000/", "tile/0/../000", "tile/0/٠٠٠", "tile/0/000\n", "tile/data/000"),
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    ],
)
def test_other_spellings_are_refused(path: str) -> None:
    with pytest.raises(TileError):
        parse_tile_path(path)


@given(path=st.text(alphabet="tile/0123.xpnrs", max_size=30))
def test_a_path_is_read_only_if_it_is_the_one_spelling(path: str) -> None:
    try:
        tile = parse_tile_path(path)
    except TileError:
        return
    assert tile_path(*tile) == path


@pytest.mark.parametrize("tile", [(-2, 0, 1), (64, 0, 1), (0, -1, 1), (0, 2**63, 1), (0, 0, 0), (0, 0, 257)])
def test_impossible_tiles_have_no_path(tile: tuple[int, int, int]) -> None:
    with pytest.raises(TileError):
        tile_path(*tile)


def test_a_tree_of_70000_has_277_tiles() -> None:
    tiles = tiles_for(0, SIZE)
    assert len(tiles) == 277
    assert [tile for tile in tiles if tile.width < TILE_WIDTH] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert tiles_for(0, 256) == (Tile(0, 0, 256), Tile(1, 0, 1))
    assert tiles_for(256, 256) == tiles_for(0, 0) == ()
    assert tiles_for(255, 257) == (Tile(0, 0, 256), Tile(0, 1, 1), Tile(1, 0, 1))
    assert entry_bundles_for(255, 257) == (Tile(ENTRIES, 0, 256), Tile(ENTRIES, 1, 1))
    assert entry_bundles_for(9, 9) == ()
    for grow in (tiles_for, entry_bundles_for):
        with pytest.raises(TileError):
            grow(5, 4)


@settings(max_examples=30)
@given(sizes=st.lists(st.one_of(st.integers(0, 1_500), st.integers(0, SIZE)), min_size=1, max_size=4).map(sorted))
def test_a_tree_that_grows_in_steps_writes_what_a_whole_tree_would(sizes: list[int]) -> None:
    frontier, written = EMPTY_FRONTIER, dict[Tile, bytes]()
    for size in sizes:
        previous = {tile: written[tile] for tile in partial_tiles(frontier.size)}
        grown, completed = append(frontier, LEAVES[frontier.size : size])
        new = grown_tiles(frontier.size, size, completed, previous)
        assert tuple(new) == tiles_for(frontier.size, size)
        written |= new
        frontier = grown
    whole = set(tiles_for(0, sizes[-1]))
    assert whole <= set(written)
    assert all(content == tile_bytes(tile, read) for tile, content in written.items())


def test_growth_without_the_older_edge_names_the_missing_tile() -> None:
    with pytest.raises(TileError, match=r"tile/0/000\.p/3 is needed"):
        grown_tiles(3, 4, [], {})


@settings(max_examples=100)
@given(size=st.one_of(st.integers(1, 600), st.integers(1, SIZE)), data=st.data())
def test_every_hash_of_a_tree_is_found_in_its_tiles(size: int, data: st.DataObject) -> None:
    level = data.draw(st.integers(0, size.bit_length() - 1))
    index = data.draw(st.integers(0, (size >> level) - 1))
    assert hash_at(level, index, size, reader_of(size)) == NODES[level, index]


@settings(max_examples=40)
@given(size=st.one_of(st.integers(1, 600), st.integers(1, SIZE)), data=st.data())
def test_paths_from_tiles_equal_paths_from_nodes_and_need_no_other_tile(size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    coordinates = (*inclusion_coordinates(index, size), *consistency_coordinates(old, size))
    fetched = {tile: tile_bytes(tile, read) for tile in tiles_needed(coordinates, size)}
    assert set(fetched) <= set(tiles_for(0, size))
    from_tiles = tile_hashes(size, fetched.__getitem__)
    assert inclusion_path(index, size, from_tiles) == inclusion_path(index, size, read)
    assert consistency_path(old, size, from_tiles) == consistency_path(old, size, read)
    assert tree_root(size, tile_hashes(size, reader_of(size))) == tree_root(size, read)


def test_a_hash_outside_the_tree_or_in_a_cut_tile_is_refused() -> None:
    for level, index in [(0, 10), (3, 1), (-1, 0), (0, -1)]:
        with pytest.raises(TileError, match="no full subtree"):
            hash_at(level, index, 10, reader_of(10))
    with pytest.raises(TileError, match="319 bytes long, not 320"):
        hash_at(0, 0, 10, lambda tile: tile_bytes(tile, read)[:-1])


@given(entries=st.lists(st.binary(max_size=70), min_size=1, max_size=TILE_WIDTH))
def test_an_entry_bundle_gives_its_entries_back(entries: list[bytes]) -> None:
    bundle = encode_entries(entries)
    assert decode_entries(bundle, len(entries)) == tuple(entries)
    for changed, width in [(bundle[:-1], len(entries)), (bundle + b"\0", len(entries)), (bundle, len(entries) + 1)]:
        with pytest.raises(TileError):
            decode_entries(changed, width)


def test_entry_bundles_have_limits() -> None:
    assert decode_entries(encode_entries([bytes(65_535)]), 1) == (bytes(65_535),)
    for entries in ([], [b""] * 257, [bytes(65_536)]):
        with pytest.raises(TileError):
            encode_entries(entries)
    with pytest.raises(TileError):
        decode_entries(b"", 0)
