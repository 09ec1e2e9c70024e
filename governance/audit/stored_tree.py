"""Proofs out of the stored tree: full tiles as they were written, the unfinished ones from leaves and tile roots."""

from __future__ import annotations

from typing import Any, Protocol

from governance.audit import merkle
from governance.audit.checking.spans import TILE
from governance.audit.checking.tree import levels_of

_TILE = "SELECT hashes FROM audit_tile WHERE level = %s AND idx = %s"
_LEAVES = "SELECT leaf_hash FROM audit_leaf WHERE idx >= %s AND idx < %s ORDER BY idx"
_ROOTS = "SELECT root FROM audit_tile WHERE level = %s AND idx >= %s AND idx < %s ORDER BY idx"


class Reader(Protocol):
    """What Django's cursors and psycopg's have in common."""

    def execute(self, query: Any, params: Any = None, /) -> Any:
        """Run a statement."""
        ...

    def fetchall(self) -> list[Any]:
        """Return its rows."""
        ...


class StoredTree:
    """The tree as one open cursor sees it; each tile is read once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._tiles: dict[tuple[int, int], list[list[bytes]]] = {}

    def inclusion_proof(self, index: int, *, size: int) -> list[bytes]:
        """Return the audit path of a leaf in the tree of `size` leaves, which must be stored.

        Raises:
            ValueError: the tree has no such leaf.
        """
        return merkle.inclusion_proof(index, size=size, nodes=self._node)

    def consistency_proof(self, old: int, *, new: int) -> list[bytes]:
        """Return the proof that the first `old` leaves are those of the tree of `new`.

        Raises:
            ValueError: not 0 <= old <= new.
        """
        return merkle.consistency_proof(old, new=new, nodes=self._node)

    def root(self, size: int) -> bytes:
        """Return the root of the first `size` leaves."""
        return merkle.root_of(size, nodes=self._node)

    def tile(self, level: int, number: int) -> list[bytes]:
        """Return the hashes of a tile: 256 of a full one, fewer of the last one, none beyond."""
        return self._levels(level, number)[0]

    def _node(self, height: int, index: int) -> bytes:
        level, inside = divmod(height, merkle.TILE_HEIGHT)
        number, offset = divmod(index << inside, TILE)
        return self._levels(level, number)[inside][offset >> inside]

    def _levels(self, level: int, number: int) -> list[list[bytes]]:
        known = self._tiles.get((level, number))
        if known is None:
            known = self._tiles[level, number] = levels_of(self._read(level, number))
        return known

    def _read(self, level: int, number: int) -> list[bytes]:
        self._reader.execute(_TILE, [level, number])
        if rows := self._reader.fetchall():
            hashes = bytes(rows[0][0])
            return [hashes[start : start + 32] for start in range(0, len(hashes), 32)]
        begin, end = number * TILE, (number + 1) * TILE
        if level == 0:
            self._reader.execute(_LEAVES, [begin, end])
        else:
            self._reader.execute(_ROOTS, [level - 1, begin, end])
        return [bytes(row[0]) for row in self._reader.fetchall()]
