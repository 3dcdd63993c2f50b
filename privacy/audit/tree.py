"""Do the entries of a log give exactly its stored tiles, its checkpoints and its head?

The tree is built anew from the entries, a tile at a time, and compared with everything that is stored of it. Where an
entry and its stored leaf differ, the checkpoints decide which of the two was changed: the tree is built once more, from
the stored leaves, and whichever contradicts fewer of them is taken for the true one.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.proof.coverage import Coverage, Place
from domain.proof.encoding import HASH_BYTES
from domain.proof.entry import leaf_hash
from domain.proof.findings import Finding, FindingKind
from domain.proof.log_chain import ExpectedRoot
from domain.proof.log_tree import TreeWalk
from domain.proof.tiles import TILE_WIDTH, Tile, tile_path
from privacy.audit.book import FindingBook

MAX_DIFFERENT = 10_000
_NOTHING = bytes(HASH_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafTile:
    """A tile's worth of entries, None where one is missing, and the hashes that are stored for them, if any are."""

    n: int
    entries: Sequence[bytes | None]
    stored: bytes | None


class TreeSource(Protocol):
    """Where entries, tiles and checkpoints of one log are read from."""

    def leaf_tiles(self, size: int) -> AsyncIterator[LeafTile]:
        """All of them up to this size, in order."""

    async def stored(self, tile: Tile) -> bytes | None:
        """What is stored for a tile above the leaves."""

    async def heads(self, low: int, high: int) -> Sequence[tuple[int, bytes]]:
        """Size and root of every kept checkpoint of more than `low` and at most `high` entries."""


@dataclass(slots=True, kw_only=True)
class TreeResult:
    """What one building of the tree showed; `different` are entries that are not the stored leaves."""

    root: bytes = b""
    book: FindingBook
    contradicted: int = 0
    checkpoints: int = 0
    tiles: int = 0
    different: list[int] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class TreeCheck:
    """Checks one log of this size; `expected` are roots that others state: anchors, later logs, kept checkpoints."""

    origin: str
    size: int
    source: TreeSource
    expected: Sequence[ExpectedRoot]
    limit: int

    async def run(self, coverage: Coverage | None = None, log: int = 0) -> TreeResult:
        """All findings of the tree; tells the coverage where awaited entries stand."""
        built = await self._build(coverage, log, from_stored=False)
        if not built.different or not built.contradicted:
            return built
        stored = await self._build(None, log, from_stored=True)
        if stored.contradicted >= built.contradicted:
            return built
        for index in built.different:
            stored.book.add(self._finding(FindingKind.ENTRY_CHANGED, index))
        return stored

    async def _build(self, coverage: Coverage | None, log: int, *, from_stored: bool) -> TreeResult:
        result = TreeResult(book=FindingBook(limit=self.limit))
        walk, expected = TreeWalk(), _by_size(self.expected)
        if 0 in expected:
            self._compare_roots(result, {0: walk.root}, expected, ())
        async for leaf_tile in self.source.leaf_tiles(self.size):
            leaves = self._leaves(result, leaf_tile, from_stored=from_stored)
            if coverage is not None:
                _tell(coverage, log, walk.size, leaves)
            before, after = walk.size, walk.size + len(leaves)
            heads = await self.source.heads(before, after)
            wanted = {size for size, _ in heads} | {size for size in expected if before < size <= after}
            roots, completed = walk.add(leaves, wanted)
            self._compare_roots(result, roots, expected, heads)
            for tile, content in completed:
                await self._compare_tile(result, tile, content)
        for tile, content in walk.unfinished():
            await self._compare_tile(result, tile, content)
        result.root = walk.root
        return result

    def _leaves(self, result: TreeResult, leaf_tile: LeafTile, *, from_stored: bool) -> list[bytes]:
        """The leaf hashes to build from, and the findings of comparing them with the stored ones."""
        first, stored = leaf_tile.n * TILE_WIDTH, leaf_tile.stored
        kept = [] if stored is None else [stored[at : at + HASH_BYTES] for at in range(0, len(stored), HASH_BYTES)]
        leaves = [None if entry is None else leaf_hash(entry) for entry in leaf_tile.entries]
        result.tiles += 1
        tile = Tile(0, leaf_tile.n, len(leaves))
        if stored is None:
            result.book.add(self._finding(FindingKind.TILE_MISSING, first, tile_path(*tile)))
        elif kept != leaves and not from_stored:
            self._different(result, tile, leaves, kept)
        for offset, leaf in enumerate(leaves):
            if leaf is None:
                result.book.add(self._finding(FindingKind.ENTRY_MISSING, first + offset))
        if from_stored and len(kept) >= len(leaves):
            return kept[: len(leaves)]
        return [
            leaf if leaf is not None else (kept[offset] if offset < len(kept) else _NOTHING)
            for offset, leaf in enumerate(leaves)
        ]

    def _different(self, result: TreeResult, tile: Tile, leaves: list[bytes | None], kept: list[bytes]) -> None:
        first = tile.n * TILE_WIDTH
        changed = [
            first + offset
            for offset, leaf in enumerate(leaves)
            if leaf is not None and (offset >= len(kept) or kept[offset] != leaf)
        ]
        result.different += changed[: MAX_DIFFERENT - len(result.different)]
        if changed or len(kept) > len(leaves):
            at = changed[0] if changed else first + len(leaves)
            result.book.add(self._finding(FindingKind.TILE_CHANGED, at, tile_path(*tile)))

    def _compare_roots(
        self,
        result: TreeResult,
        roots: Mapping[int, bytes],
        expected: Mapping[int, list[ExpectedRoot]],
        heads: Iterable[tuple[int, bytes]],
    ) -> None:
        for size, root in heads:
            result.checkpoints += 1
            if roots[size] != root:
                result.contradicted += 1
                result.book.add(self._finding(FindingKind.CHECKPOINT_CONTRADICTED, size))
        for size, root in roots.items():
            for one in expected.get(size, ()):
                if one.root != root:
                    result.contradicted += 1
                    result.book.add(one.otherwise)

    async def _compare_tile(self, result: TreeResult, tile: Tile, content: bytes) -> None:
        result.tiles += 1
        stored = await self.source.stored(tile)
        if stored == content:
            return
        below = TILE_WIDTH**tile.level
        if stored is None:
            first = tile.n * TILE_WIDTH * below
            result.book.add(self._finding(FindingKind.TILE_MISSING, first, tile_path(*tile)))
            return
        at = next(
            (at for at in range(0, len(content), HASH_BYTES) if stored[at : at + 32] != content[at : at + 32]),
            len(content),
        )
        first = (tile.n * TILE_WIDTH + at // HASH_BYTES) * below
        result.book.add(self._finding(FindingKind.TILE_CHANGED, first, tile_path(*tile)))

    def _finding(self, kind: FindingKind, index: int, row: str | None = None) -> Finding:
        return Finding(kind=kind, origin=self.origin, index=index, row=row)


def _tell(coverage: Coverage, log: int, first: int, leaves: Sequence[bytes]) -> None:
    awaited = coverage.awaited
    if not awaited or awaited.keys().isdisjoint(leaves):
        return
    for offset, leaf in enumerate(leaves):
        if leaf in awaited:
            coverage.arrived(Place(log, first + offset), leaf)


def _by_size(expected: Iterable[ExpectedRoot]) -> dict[int, list[ExpectedRoot]]:
    found: dict[int, list[ExpectedRoot]] = {}
    for one in expected:
        found.setdefault(one.size, []).append(one)
    return found
