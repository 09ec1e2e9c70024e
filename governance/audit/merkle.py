"""The RFC 6962 tree as it is made: growth by batches, tiles, and proofs. Pure; `checking.tree` checks what it makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from governance.audit.checking.spans import TILE
from governance.audit.checking.tree import edge_of, fold, levels_of, node_hash

TILE_HEIGHT = 8  # 256 hashes

# Returns the root of a perfect subtree: of 2^level leaves, the index-th of its level.
Nodes = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Tile:
    """A full tile of the first level: its number, its 256 hashes in one string, and the root above them."""

    number: int
    hashes: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class Growth:
    """A tree after a batch: size, root, the perfect subtrees it consists of (largest first), tiles now full."""

    size: int
    root: bytes
    edge: list[bytes]
    tiles: list[Tile]


def grow(size: int, edge: Sequence[bytes], *, begun: Sequence[bytes], leaves: Sequence[bytes]) -> Growth:
    """Append leaves to a tree.

    Args:
        size: leaves so far.
        edge: roots of the perfect subtrees of the tree so far, largest first.
        begun: the hashes of its last tile that is not full, `size % 256` of them.
        leaves: hashes to append.
    """
    number = size // TILE
    levels = levels_of([*begun, *leaves])
    full = len(levels[0]) // TILE
    upper = list(edge[: number.bit_count()])
    tiles = []
    for position in range(full):
        root = levels[TILE_HEIGHT][position]
        hashes = b"".join(levels[0][position * TILE : (position + 1) * TILE])
        tiles.append(Tile(number + position, hashes, root))
        _push(upper, root, count=number + position)
    rest = levels_of(levels[0][full * TILE :]) if len(levels[0]) % TILE else []
    new_edge = [*upper, *(edge_of(rest, len(rest[0])) if rest else ())]
    return Growth(size + len(leaves), fold(new_edge), new_edge, tiles)


def _push(edge: list[bytes], node: bytes, *, count: int) -> None:
    """Append the root of one more subtree to the edge of `count` such subtrees."""
    while count & 1:
        node = node_hash(edge.pop(), node)
        count >>= 1
    edge.append(node)


def inclusion_proof(index: int, *, size: int, nodes: Nodes) -> list[bytes]:
    """Return the audit path of a leaf (RFC 9162, 2.1.3.1), lowest first.

    Raises:
        ValueError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError("The tree has no such leaf.")
    path = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _left_part(high - low)
        if index < middle:
            path.append(_root(middle, high, nodes=nodes))
            high = middle
        else:
            path.append(_root(low, middle, nodes=nodes))
            low = middle
    return path[::-1]


def consistency_proof(old: int, *, new: int, nodes: Nodes) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is a prefix of that of `new` (RFC 9162, 2.1.4.1).

    Raises:
        ValueError: not 0 <= old <= new.
    """
    if not 0 <= old <= new:
        raise ValueError("A tree grows.")
    if old in (0, new):
        return []
    path = []
    low, high, is_known = 0, new, True
    while high > old:
        middle = low + _left_part(high - low)
        if old <= middle:
            path.append(_root(middle, high, nodes=nodes))
            high = middle
        else:
            path.append(_root(low, middle, nodes=nodes))
            low, is_known = middle, False
    if not is_known:
        path.append(_root(low, high, nodes=nodes))
    return path[::-1]


def root_of(size: int, *, nodes: Nodes) -> bytes:
    """Return the root of the first `size` leaves, 32 bytes."""
    return _root(0, size, nodes=nodes)


def _left_part(width: int) -> int:
    """Return the largest power of two below a width."""
    return 1 << (width - 1).bit_length() - 1


def _root(low: int, high: int, *, nodes: Nodes) -> bytes:
    """Return the root over leaves low to high; low is a multiple of the largest subtree's width."""
    edge = []
    while low < high:
        height = (high - low).bit_length() - 1
        edge.append(nodes(height, low >> height))
        low += 1 << height
    return fold(edge)
