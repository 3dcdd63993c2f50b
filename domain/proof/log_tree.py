"""Which tiles and roots do these leaves give, when there are too many to hold?

A walk takes the leaves in order, a tile at a time, and keeps one hash per full subtree and one unfinished tile per
level. It gives every tile of the layout of C2SP tlog-tiles and the root at any size on the way.
"""

from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256

from domain.proof.encoding import HASH_BYTES
from domain.proof.errors import TreeError
from domain.proof.merkle import EMPTY_ROOT, node_hash
from domain.proof.tiles import TILE_WIDTH, Tile

_NODE = b"\x01"
_PAIR = 2 * HASH_BYTES


class TreeWalk:
    """One pass over the leaves of a log, from the first on."""

    __slots__ = ("_levels", "_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        # Full subtrees to the left, by the binary digits of the number of whole tiles, largest first.
        self._peaks: list[bytes] = []
        # By level from 1 up: number of whole tiles before, and the hashes of the unfinished one.
        self._levels: list[tuple[int, list[bytes]]] = []

    def add(
        self, leaves: Sequence[bytes], wanted: Collection[int] = ()
    ) -> tuple[dict[int, bytes], list[tuple[Tile, bytes]]]:
        """The roots at those of the wanted sizes that these leaves reach, and the tiles above that they completed.

        One whole tile each time; a narrower one ends the walk.
        """
        if self.size % TILE_WIDTH or not 1 <= len(leaves) <= TILE_WIDTH:
            raise TreeError("a walk takes one whole tile at a time, and a narrower one at its end")
        before, self.size = self.size, self.size + len(leaves)
        inside = [size - before for size in wanted if before < size <= self.size]
        edges = _edges(leaves, inside)
        whole = len(leaves) == TILE_WIDTH
        roots = {before + count: _fold([*self._peaks, *edge]) for count, edge in edges.items()}
        completed: list[tuple[Tile, bytes]] = []
        if whole:
            root = _root_of_whole(b"".join(leaves))
            completed = list(self._up(root))
            self._count(before // TILE_WIDTH, root)
        else:
            self._peaks += _edges(leaves, (len(leaves),))[len(leaves)]
        return roots, completed

    @property
    def root(self) -> bytes:
        """The root of all leaves so far."""
        return _fold(self._peaks) if self._peaks else EMPTY_ROOT

    def unfinished(self) -> list[tuple[Tile, bytes]]:
        """The narrow tiles above the leaves at the right edge, lowest level first."""
        return [
            (Tile(level, number, len(hashes)), b"".join(hashes))
            for level, (number, hashes) in enumerate(self._levels, 1)
            if hashes
        ]

    def _up(self, root: bytes) -> Iterator[tuple[Tile, bytes]]:
        level = 1
        while True:
            if len(self._levels) < level:
                self._levels.append((0, []))
            number, hashes = self._levels[level - 1]
            hashes.append(root)
            if len(hashes) < TILE_WIDTH:
                return
            content = b"".join(hashes)
            yield Tile(level, number, TILE_WIDTH), content
            self._levels[level - 1] = (number + 1, [])
            root, level = _root_of_whole(content), level + 1

    def _count(self, number: int, root: bytes) -> None:
        while number & 1:
            root = node_hash(self._peaks.pop(), root)
            number >>= 1
        self._peaks.append(root)


def _root_of_whole(content: bytes) -> bytes:
    """The root of a power of two of hashes, side by side."""
    while len(content) > HASH_BYTES:
        content = b"".join([sha256(_NODE + content[at : at + _PAIR]).digest() for at in range(0, len(content), _PAIR)])
    return content


def _edges(leaves: Sequence[bytes], counts: Collection[int]) -> dict[int, list[bytes]]:
    """The full subtrees, largest first, that the first so many of the leaves fall into."""
    edges: dict[int, list[bytes]] = {}
    if not counts:
        return edges
    wanted = frozenset(counts)
    edge: list[bytes] = []
    for index, leaf in enumerate(leaves):
        node, number = leaf, index
        while number & 1:
            node = node_hash(edge.pop(), node)
            number >>= 1
        edge.append(node)
        if index + 1 in wanted:
            edges[index + 1] = list(edge)
    return edges


def _fold(peaks: Sequence[bytes]) -> bytes:
    folded = peaks[-1]
    for left in reversed(peaks[:-1]):
        folded = node_hash(left, folded)
    return folded
