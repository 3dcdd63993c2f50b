"""Is this entry in that tree, and does that tree continue the older one?

The tree of RFC 6962 section 2.1. A node is named by the *full* subtree it stands for: (level, index)
covers the leaves from index * 2^level up to, not including, (index + 1) * 2^level. Full subtrees
never change; the ragged right edge of a tree is folded from them whenever it is needed.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from domain.proof.encoding import HASH_BYTES, MAX_NUMBER
from domain.proof.errors import ConsistencyError, InclusionError, TreeError

EMPTY_ROOT = hashlib.sha256(b"").digest()
_NODE = b"\x01"

Read = Callable[[int, int], bytes]
"""Hash of the full subtree at (level, index)."""


Coordinate = tuple[int, int]
"""Level and index of a full subtree."""

Node = tuple[int, int, bytes]
"""Level and index of a full subtree, and its hash."""


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """Root of the tree with exactly these leaves; of none, the hash of nothing."""
    frontier, _ = append(EMPTY_FRONTIER, leaf_hashes)
    return frontier.root


# Coordinates: which full subtrees answer a question


def root_coordinates(size: int) -> tuple[Coordinate, ...]:
    """The full subtrees a tree of this size falls into, largest first."""
    _require_size(size)
    return tuple(_full_subtrees(0, size))


def inclusion_coordinates(index: int, size: int) -> tuple[Coordinate, ...]:
    """All full subtrees that `inclusion_path` will read."""
    return tuple(c for low, high in _inclusion_ranges(index, size) for c in _full_subtrees(low, high))


def consistency_coordinates(old: int, new: int) -> tuple[Coordinate, ...]:
    """All full subtrees that `consistency_path` will read."""
    return tuple(c for low, high in _consistency_ranges(old, new) for c in _full_subtrees(low, high))


# Paths: made by whoever has the hashes


def tree_root(size: int, read: Read) -> bytes:
    return _fold(0, size, read) if size else EMPTY_ROOT


def inclusion_path(index: int, size: int, read: Read) -> tuple[bytes, ...]:
    """From the leaf's sibling up to the child of the root; raises TreeError outside the tree."""
    return tuple(_fold(low, high, read) for low, high in _inclusion_ranges(index, size))


def consistency_path(old: int, new: int, read: Read) -> tuple[bytes, ...]:
    """Empty when old is 0 or equals new; raises TreeError when old is the larger one."""
    return tuple(_fold(low, high, read) for low, high in _consistency_ranges(old, new))


def _inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    _require_size(size)
    if not 0 <= index < size:
        raise TreeError(f"a tree of {size} has no leaf {index}")
    low, high = 0, size
    ranges = []
    while high - low > 1:
        split = low + _left_size(high - low)
        if index < split:
            ranges.append((split, high))
            high = split
        else:
            ranges.append((low, split))
            low = split
    return ranges[::-1]


def _consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    _require_size(new)
    if not 0 <= old <= new:
        raise TreeError(f"a tree of {new} has no earlier state of size {old}")
    if old in (0, new):
        return []
    low, high = 0, new
    ranges = []
    while high != old:
        split = low + _left_size(high - low)
        if old <= split:
            ranges.append((split, high))
            high = split
        else:
            ranges.append((low, split))
            low = split
    if low:  # otherwise the old root itself, which the verifier has
        ranges.append((low, high))
    return ranges[::-1]


def _left_size(size: int) -> int:
    """Largest power of two strictly below size."""
    return 1 << ((size - 1).bit_length() - 1)


def _full_subtrees(low: int, high: int) -> Iterable[Coordinate]:
    while low < high:
        level = (high - low).bit_length() - 1
        yield level, low >> level
        low += 1 << level


def _fold(low: int, high: int, read: Read) -> bytes:
    return _fold_hashes([read(level, index) for level, index in _full_subtrees(low, high)])


def _fold_hashes(hashes: Sequence[bytes]) -> bytes:
    folded = hashes[-1]
    for left in reversed(hashes[:-1]):
        folded = node_hash(left, folded)
    return folded


def _require_size(size: int) -> None:
    if not 0 <= size <= MAX_NUMBER:
        raise TreeError(f"{size} is not a size a tree can have")


# Verification: the algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Returns only if the leaf hash stands at `index` of the tree with this size and root.

    A path fixes the shape of the tree, not its size: take size and root from one signed checkpoint.
    """
    _require_hashes((leaf, root, *path), InclusionError)
    if not 0 <= index < size:
        raise InclusionError(f"index {index} is outside a tree of {size}")
    position, last = index, size - 1
    node = leaf
    for sibling in path:
        if last == 0:
            raise InclusionError("the inclusion path is too long for this tree")
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        position >>= 1
        last >>= 1
    if last:
        raise InclusionError("the inclusion path is too short for this tree")
    if not hmac.compare_digest(node, root):
        raise InclusionError("the inclusion path does not lead from this leaf to this root")


def verify_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Returns only if the newer tree begins with all leaves of the older one, in their order."""
    _require_hashes((old_root, new_root, *path), ConsistencyError)
    if not 0 <= old <= new:
        raise ConsistencyError(f"a tree of {new} cannot continue one of {old}")
    if old in (0, new):
        known = EMPTY_ROOT if old == 0 else new_root
        if path:
            raise ConsistencyError("the consistency path must be empty for these sizes")
        if old_root != known or (new == 0 and new_root != EMPTY_ROOT):
            raise ConsistencyError("two roots are given for one size")
        return
    if not path:
        raise ConsistencyError("the consistency path is empty")
    _climb_both(old, new, path if old & (old - 1) else (old_root, *path), old_root, new_root)


def _climb_both(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    position, last = old - 1, new - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old_node = new_node = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ConsistencyError("the consistency path is too long for these sizes")
        if position & 1 or position == last:
            old_node = node_hash(sibling, old_node)
            new_node = node_hash(sibling, new_node)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            new_node = node_hash(new_node, sibling)
        position >>= 1
        last >>= 1
    if last:
        raise ConsistencyError("the consistency path is too short for these sizes")
    if not hmac.compare_digest(old_node, old_root):
        raise ConsistencyError("the consistency path does not lead to the older root")
    if not hmac.compare_digest(new_node, new_root):
        raise ConsistencyError("the consistency path does not lead to the newer root")


def _require_hashes(
    hashes: Sequence[bytes], error: type[InclusionError] | type[ConsistencyError] | type[TreeError]
) -> None:
    if any(len(value) != HASH_BYTES for value in hashes):
        raise error(f"a hash is not {HASH_BYTES} bytes long")


# Growth


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """The right edge of a tree, all that is needed to append: one hash per full subtree, largest first.

    The hashes are those at `root_coordinates(size)`, in that order.
    """

    size: int
    hashes: tuple[bytes, ...]

    def __post_init__(self) -> None:
        _require_size(self.size)
        _require_hashes(self.hashes, TreeError)
        if len(self.hashes) != self.size.bit_count():
            raise TreeError(f"the frontier of a tree of {self.size} has {self.size.bit_count()} hashes")

    @property
    def root(self) -> bytes:
        return _fold_hashes(self.hashes) if self.hashes else EMPTY_ROOT


EMPTY_FRONTIER = Frontier(size=0, hashes=())


def append(frontier: Frontier, leaf_hashes: Iterable[bytes]) -> tuple[Frontier, tuple[Node, ...]]:
    """The frontier after these leaves, and every full subtree they completed (leaves included)."""
    edge = list(frontier.hashes)
    size = frontier.size
    completed: list[Node] = []
    for leaf in leaf_hashes:
        _require_hashes((leaf,), TreeError)
        node, level, index = leaf, 0, size
        completed.append((level, index, node))
        while index & 1:
            node = node_hash(edge.pop(), node)
            level, index = level + 1, index >> 1
            completed.append((level, index, node))
        edge.append(node)
        size += 1
    return Frontier(size=size, hashes=tuple(edge)), tuple(completed)
