"""What one stretch of a log tells: entries against leaves, columns, tiles, times, decisions and outcomes."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

try:  # five times as fast, where it is installed
    from orjson import loads
except ImportError:
    from json import loads  # type: ignore[assignment]

from .notes import Checkpoint
from .tree import edge_of, leaf_hash, levels_of

KEY_INTRODUCED = "audit-key:introduced"
CHUNK = 65_536  # leaves examined at a time; one tile of the second level
TILE = 256
CLOCK_SLACK = timedelta(seconds=2)
# An entry's time is read inside its transaction; a transaction that lasts longer than this is none of ours.
LONGEST_TRANSACTION = timedelta(minutes=15)

# What a finding means for the exit code. Everything else is evidence of tampering.
_INCOMPLETE = frozenset({"unsequenced", "no-outcome", "no-checkpoint", "not-cosigned", "no-key", "unread-receipt"})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be: which kind of attack it speaks of, where, and in words."""

    kind: str
    words: str
    index: int | None = None
    entry: str | None = None

    @property
    def is_tampering(self) -> bool:
        return self.kind not in _INCOMPLETE

    def __str__(self) -> str:
        where = f" at leaf {self.index}" if self.index is not None else ""
        return f"{self.kind}{where}{f' (entry {self.entry})' if self.entry else ''}: {self.words}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A leaf with what belongs to it.

    Attributes:
        leaf: the leaf's hash as the log holds it.
        body: the entry's stored bytes; None when there is none.
        columns: what the database repeats of the body, as `columns_of` writes it; None where there are no columns.
    """

    index: int
    leaf: bytes
    body: bytes | None
    columns: str | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """A checkpoint as stored: the note, its cosignature lines, and what the database repeats of it."""

    note: str
    cosignatures: tuple[str, ...] = ()
    columns: tuple[int, bytes, bytes, str] | None = None


@dataclass(slots=True)
class Span:
    """What was found in one chunk of the log; spans are joined in order by `Examination`."""

    first: int
    size: int = 0
    root: bytes = b""
    edges: dict[int, list[bytes]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    opened: dict[str, tuple[int, str, str | None]] = field(default_factory=dict)
    closed: list[tuple[str, int, str, str | None, str]] = field(default_factory=list)
    keys: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    met: set[bytes] = field(default_factory=set)
    tile_roots: list[bytes] = field(default_factory=list)


def columns_of(content: dict[str, Any]) -> str:
    """Return what the database repeats of a body, in one line."""
    values = [content.get(name) for name in ("id", "tenant", "kind", "ts", "request", "v")]
    values.append(content["decision"] if content["kind"] == "outcome" else None)
    return "|".join("" if value is None else str(value) for value in values)


def examine_span(
    first: int,
    entries: Iterable[Entry],
    *,
    bounds: Sequence[tuple[int, str, str]],
    sizes: Collection[int] = (),
    wanted: frozenset[bytes] = frozenset(),
    tiles: dict[int, tuple[bytes, bytes]] | None = None,
) -> Span:
    """Examine the leaves from `first` on, at most `CHUNK`.

    Args:
        first: a multiple of `CHUNK`.
        entries: in order.
        bounds: of each checkpoint that ends after `first`: its size, and the earliest and latest time its entries bear.
        sizes: further sizes whose root is needed (of a witness).
        wanted: leaf hashes to tell about (of receipts).
        tiles: the stored tiles of the first level, by number: hashes and root; None where there are none.
    """
    span = Span(first)
    leaves: list[bytes] = []
    ends = iter(bounds)
    until, earliest, latest = next(ends, (sys.maxsize, "", "~"))
    for entry in entries:
        index = first + len(leaves)
        if entry.index != index:
            span.findings.append(Finding("missing", f"the leaves from {index} to {entry.index - 1} are gone", index))
            break
        while index >= until:
            until, earliest, latest = next(ends, (sys.maxsize, "", "~"))
        leaves.append(entry.leaf)
        examine_entry(entry, span=span, earliest=earliest, latest=latest)
        if entry.leaf in wanted:
            span.met.add(entry.leaf)
    levels = levels_of(leaves)
    span.size = len(leaves)
    span.root = levels[-1][0] if len(leaves) == CHUNK else b""
    ends_here = {size for size in (*(size for size, _, _ in bounds), *sizes) if first < size <= first + len(leaves)}
    span.edges = {size: edge_of(levels, size - first) for size in ends_here}
    if tiles is not None:
        _examine_tiles(levels, span=span, tiles=tiles)
    return span


def examine_entry(entry: Entry, *, span: Span, earliest: str, latest: str) -> None:
    if entry.body is None:
        span.findings.append(Finding("deleted", "the leaf has no entry any more", entry.index))
        return
    if leaf_hash(entry.body) != entry.leaf:
        span.findings.append(Finding("edited", "the body is not the one that the leaf was made of", entry.index))
        return
    try:
        content = loads(entry.body)
        entry_id, kind, ts = content["id"], content["kind"], content["ts"]
    except (ValueError, KeyError, TypeError):
        span.findings.append(Finding("malformed", "the body is no entry", entry.index))
        return
    if entry.columns is not None and columns_of(content) != entry.columns:
        span.findings.append(Finding("edited", "the columns do not repeat the body", entry.index, entry_id))
    if not earliest <= ts <= latest:
        words = f"its time {ts} is outside of {earliest} to {latest}, when it was sequenced: a clock was set"
        span.findings.append(Finding("clock", words, entry.index, entry_id))
    if kind == "decision":
        span.opened[entry_id] = (entry.index, ts, content["tenant"])
    elif kind == "outcome":
        known = span.opened.pop(content["decision"], None)
        if known is None:
            span.closed.append((content["decision"], entry.index, ts, content["tenant"], entry_id))
        elif known[2] != content["tenant"] or known[1] > ts:
            span.findings.append(astray(entry.index, entry_id))
    elif content["action"] == KEY_INTRODUCED:
        span.keys.append((entry.index, content["data"]))


def astray(index: int, entry_id: str) -> Finding:
    words = "an outcome without an earlier, open decision of the same tenant: inserted, or its decision was removed"
    return Finding("inserted", words, index, entry_id)


def _examine_tiles(levels: list[list[bytes]], *, span: Span, tiles: dict[int, tuple[bytes, bytes]]) -> None:
    leaves = levels[0]
    roots = levels[8] if len(levels) > 8 else []
    for number in range(len(leaves) // TILE):
        at = span.first + number * TILE
        hashes, root = tiles.get(at // TILE, (b"", b""))
        mine = leaves[number * TILE : (number + 1) * TILE]
        if hashes != b"".join(mine) or root != roots[number]:
            stored = [hashes[i : i + 32] for i in range(0, len(hashes), 32)]
            index = next((at + i for i, (a, b) in enumerate(zip(mine, stored, strict=False)) if a != b), at)
            span.findings.append(Finding("rewritten", "the stored tile holds other hashes than the leaves", index))
    span.tile_roots = roots[: len(leaves) // TILE]


def bounds_of(checkpoints: Iterable[Sealed], *, before: str = "") -> list[tuple[int, str, str]]:
    """Return size, earliest and latest entry time of each checkpoint that can be read.

    Args:
        checkpoints: in order.
        before: the time of the checkpoint before them.
    """
    found = []
    for sealed in checkpoints:
        try:
            checkpoint = Checkpoint.parse(sealed.note.rpartition("\n\n")[0] + "\n")
            latest = shifted(checkpoint.time, CLOCK_SLACK)
            found.append((checkpoint.size, shifted(before, -LONGEST_TRANSACTION), latest))
        except ValueError:
            continue
        before = checkpoint.time
    return found


def shifted(time: str, by: timedelta) -> str:
    """Return an RFC 3339 time moved by a duration; times of one form compare like their texts."""
    return (datetime.fromisoformat(time) + by).isoformat(timespec="microseconds") if time else ""
