"""In which static files does the tree live, and where in them is a given hash?

The layout of C2SP tlog-tiles: hash i of tile n at tile level l is the full subtree (8 * l, n * 256 + i)
of merkle.py; only full tiles feed the level above.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from domain.proof.encoding import HASH_BYTES, MAX_NUMBER
from domain.proof.errors import TileError
from domain.proof.merkle import Coordinate, Read, node_hash

TILE_WIDTH = 256
ENTRIES = -1
"""The level of an entry bundle, which holds the entries themselves instead of hashes."""
MAX_ENTRY_BYTES = 65_535
_BITS = 8
_MAX_LEVEL = 63

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<n>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


class Tile(NamedTuple):
    level: int
    n: int
    width: int


# Names


def tile_path(level: int, n: int, width: int) -> str:
    """Path below the log's prefix; level ENTRIES gives that of an entry bundle."""
    if not ENTRIES <= level <= _MAX_LEVEL or not 0 <= n <= MAX_NUMBER or not 1 <= width <= TILE_WIDTH:
        raise TileError(f"there is no tile of level {level}, number {n} and width {width}")
    groups = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        groups.append(f"x{n % 1000:03d}")
    name = "entries" if level == ENTRIES else str(level)
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{name}/{'/'.join(reversed(groups))}{partial}"


def parse_tile_path(path: str) -> Tile:
    """The tile behind a path; raises TileError unless it is the one spelling `tile_path` gives."""
    found = _PATH.fullmatch(path)
    if not found:
        raise TileError("this is not the path of a tile")
    level = ENTRIES if found["level"] == "entries" else int(found["level"])
    n = int(re.sub(r"[x/]", "", found["n"]))
    tile = Tile(level, n, int(found["width"] or TILE_WIDTH))
    if n > MAX_NUMBER or tile.width > TILE_WIDTH or tile_path(*tile) != path:
        raise TileError("this is not the path of a tile")
    return tile


# Growth: which files change


def tiles_for(old_size: int, new_size: int) -> tuple[Tile, ...]:
    """All hash tiles to write when the tree grows, one partial tile a level at most, lowest level first."""
    if not 0 <= old_size <= new_size:
        raise TileError(f"a tree cannot grow from {old_size} to {new_size}")
    tiles: list[Tile] = []
    level = 0
    while new_size >> (_BITS * level):
        old, new = old_size >> (_BITS * level), new_size >> (_BITS * level)
        if old < new:
            tiles += _tiles_between(level, old, new)
        level += 1
    return tuple(tiles)


def entry_bundles_for(old_size: int, new_size: int) -> tuple[Tile, ...]:
    """All entry bundles to write when the tree grows."""
    if not 0 <= old_size <= new_size:
        raise TileError(f"a tree cannot grow from {old_size} to {new_size}")
    return tuple(_tiles_between(ENTRIES, old_size, new_size)) if old_size < new_size else ()


def _tiles_between(level: int, old: int, new: int) -> Iterable[Tile]:
    for n in range(old // TILE_WIDTH, -(-new // TILE_WIDTH)):
        yield Tile(level, n, min(TILE_WIDTH, new - n * TILE_WIDTH))


def partial_tiles(size: int) -> tuple[Tile, ...]:
    """The partial hash tiles at the right edge of a tree: what `grown_tiles` needs of the older one."""
    edge = []
    level = 0
    while count := size >> (_BITS * level):
        if count % TILE_WIDTH:
            edge.append(Tile(level, count // TILE_WIDTH, count % TILE_WIDTH))
        level += 1
    return tuple(edge)


def tile_bytes(tile: Tile, read: Read) -> bytes:
    """Content of a hash tile, from the hashes of full subtrees."""
    level, n, width = tile
    return b"".join(read(_BITS * level, n * TILE_WIDTH + i) for i in range(width))


def grown_tiles(
    old_size: int,
    new_size: int,
    completed: Iterable[tuple[int, int, bytes]],
    previous: Mapping[Tile, bytes],
) -> dict[Tile, bytes]:
    """Every tile of `tiles_for` with its content.

    `completed` are the nodes that appending gave (others may be among them), `previous` the contents
    of `partial_tiles(old_size)`.
    """
    added = {(level, index): value for level, index, value in completed if level % _BITS == 0}
    before = tile_hashes(old_size, lambda tile: _get(previous, tile))

    def read(level: int, index: int) -> bytes:
        found = added.get((level, index))
        return found if found is not None else before(level, index)

    return {tile: tile_bytes(tile, read) for tile in tiles_for(old_size, new_size)}


def _get(tiles: Mapping[Tile, bytes], tile: Tile) -> bytes:
    try:
        return tiles[tile]
    except KeyError:
        raise TileError(f"{tile_path(*tile)} is needed and not there") from None


# Look-up: where a hash is


def tile_of(level: int, index: int, size: int) -> Tile:
    """The tile, of the tree of this size, from which the full subtree at (level, index) can be computed."""
    if level < 0 or index < 0 or (index + 1) << level > size:
        raise TileError(f"a tree of {size} has no full subtree at level {level}, index {index}")
    tile_level = level // _BITS
    n = (index << (level % _BITS)) // TILE_WIDTH
    return Tile(tile_level, n, min(TILE_WIDTH, (size >> (_BITS * tile_level)) - n * TILE_WIDTH))


def tiles_needed(coordinates: Iterable[Coordinate], size: int) -> tuple[Tile, ...]:
    """The tiles to fetch before hashes at these coordinates can be read, each once, in order of need."""
    return tuple(dict.fromkeys(tile_of(level, index, size) for level, index in coordinates))


def hash_at(level: int, index: int, size: int, read_tile: Callable[[Tile], bytes]) -> bytes:
    """Hash of the full subtree at (level, index); raises TileError when the tile has the wrong length."""
    tile = tile_of(level, index, size)
    content = read_tile(tile)
    if len(content) != tile.width * HASH_BYTES:
        raise TileError(f"{tile_path(*tile)} is {len(content)} bytes long, not {tile.width * HASH_BYTES}")
    span = 1 << (level % _BITS)
    first = (index * span) % TILE_WIDTH
    hashes = [
        content[at : at + HASH_BYTES] for at in range(first * HASH_BYTES, (first + span) * HASH_BYTES, HASH_BYTES)
    ]
    while len(hashes) > 1:
        hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]


def tile_hashes(size: int, read_tile: Callable[[Tile], bytes]) -> Read:
    """A reader for the path functions of merkle.py, over the tiles of the tree of this size."""
    return lambda level, index: hash_at(level, index, size, read_tile)


# Entry bundles


def encode_entries(entries: Sequence[bytes]) -> bytes:
    if not 1 <= len(entries) <= TILE_WIDTH:
        raise TileError(f"an entry bundle holds 1 to {TILE_WIDTH} entries, not {len(entries)}")
    if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise TileError(f"an entry is longer than {MAX_ENTRY_BYTES} bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_entries(bundle: bytes, width: int) -> tuple[bytes, ...]:
    """Exactly `width` entries; raises TileError when the bundle is cut, too long or of another width."""
    if not 1 <= width <= TILE_WIDTH:
        raise TileError(f"an entry bundle holds 1 to {TILE_WIDTH} entries, not {width}")
    entries = []
    at = 0
    for number in range(width):
        length = int.from_bytes(bundle[at : at + 2], "big")
        if at + 2 + length > len(bundle):
            raise TileError(f"the entry bundle ends inside entry {number}")
        entries.append(bundle[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(bundle):
        raise TileError(f"the entry bundle goes on after its {width} entries")
    return tuple(entries)
