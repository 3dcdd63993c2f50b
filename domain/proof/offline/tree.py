"""Is this leaf in that tree, and does that tree continue the older one?

The tree of RFC 6962 section 2.1, checked by the algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

import hashlib
import hmac
from collections.abc import Sequence

from domain.proof.offline.errors import Wrong

HASH_BYTES = 32
NONCE_BYTES = 64
EMPTY_ROOT = hashlib.sha256(b"").digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def leaf_of(record: bytes, nonce: bytes) -> bytes:
    """The leaf hash of the entry 0x01 || HMAC-SHA256(nonce, record).

    Exactly 64 bytes of nonce: HMAC pads shorter keys with zeros, so two nonces could open one entry.
    """
    if len(nonce) != NONCE_BYTES:
        raise Wrong(f"the nonce is {len(nonce)} bytes long, not {NONCE_BYTES}")
    return hashlib.sha256(b"\x00\x01" + hmac.digest(nonce, record, "sha256")).digest()


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Returns only if the leaf stands at `index` of the tree with this size and root.

    A path fixes the shape of the tree and not its size: size and root come from one signed checkpoint.
    """
    if not 0 <= index < size:
        raise Wrong(f"index {index} is outside a tree of {size}")
    position, last = index, size - 1
    node = leaf
    for sibling in path:
        if last == 0:
            raise Wrong("the inclusion path is too long for this tree")
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise Wrong("the inclusion path is too short for this tree")
    if node != root:
        raise Wrong("the inclusion path does not lead from this leaf to this root")


def check_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Returns only if the newer tree begins with all leaves of the older one, in their order."""
    if not 0 <= old <= new:
        raise Wrong(f"a tree of {new} cannot continue one of {old}")
    if old in (0, new):
        if path:
            raise Wrong("the consistency path must be empty for these sizes")
        if old_root != (new_root if old == new else EMPTY_ROOT):
            raise Wrong("two roots are given for one size")
        return
    if not path:
        raise Wrong("the consistency path is empty")
    _climb_both(old, new, path if old & (old - 1) else (old_root, *path), old_root, new_root)


def _climb_both(old: int, new: int, hashes: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_node = new_node = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise Wrong("the consistency path is too long for these sizes")
        if position & 1 or position == last:
            old_node, new_node = node_hash(sibling, old_node), node_hash(sibling, new_node)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new_node = node_hash(new_node, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise Wrong("the consistency path is too short for these sizes")
    if old_node != old_root:
        raise Wrong("the consistency path does not lead to the older root")
    if new_node != new_root:
        raise Wrong("the consistency path does not lead to the newer root")
