"""The stored log verified as a whole: every byte of it read outside the database, against keys that are not in it."""

from __future__ import annotations

import base64
import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from governance.audit import key_files, roles
from governance.audit.checking.examination import INCOMPLETE, SOUND, Examination
from governance.audit.checking.notes import ED25519, read_receipt
from governance.audit.checking.spans import CHUNK, Finding
from governance.audit.checking.tree import levels_of
from governance.audit.merkle import TILE_HEIGHT
from governance.audit.signing import rfc3339
from governance.audit.span_reader import COLUMNS, Stretch, read_apart, read_stretch

LEAST_FOR_PROCESSES = 2 * CHUNK  # below, starting them takes longer than they save

_WAITING = f"""
    SELECT e.body, e.leaf_hash, {COLUMNS}, p.ins_id IS NULL FROM audit_entry e LEFT JOIN audit_pending p USING (ins_id)
    WHERE NOT EXISTS (SELECT FROM audit_leaf l WHERE l.ins_id = e.ins_id)
"""  # noqa: S608 put together from constants
_QUEUED_WRONGLY = """
    SELECT p.ins_id, EXISTS (SELECT FROM audit_leaf l WHERE l.ins_id = p.ins_id) FROM audit_pending p
    WHERE NOT EXISTS (SELECT FROM audit_entry e WHERE e.ins_id = p.ins_id)
       OR EXISTS (SELECT FROM audit_leaf l WHERE l.ins_id = p.ins_id)
"""
_KEYS = """
    SELECT k.use, k.vkey, k.entry_id::text, e.body FROM audit_signing_key k
    FULL JOIN (SELECT id, body FROM audit_entry WHERE kind = 'event'
        AND convert_from(body, 'UTF8')::jsonb ->> 'action' = 'audit-key:introduced') e ON e.id = k.entry_id
"""
_SEALED = """
    SELECT s.id::text, s.tenant_id::text, s.subject_id::text, s.sealed, e.id::text, e.body FROM audit_sealed s
    FULL JOIN (SELECT id, body FROM audit_entry WHERE kind = 'event'
        AND convert_from(body, 'UTF8')::jsonb ->> 'action' = 'evidence:sealed') e ON e.id = s.entry_id
"""
_COSIGNATURES = """
    SELECT s.size, s.witness, extract(epoch FROM s.ts)::bigint, s.line, c.size IS NOT NULL
    FROM audit_cosignature s LEFT JOIN audit_checkpoint c USING (size)
"""


@dataclass(frozen=True, slots=True)
class Verification:
    """What came out: the exit code (0 sound, 2 tampered, 3 incomplete), what was found, and how much was read.

    Attributes:
        waiting: entries that are not in the tree yet.
        cosigned: leaves under the newest cosigned checkpoint.
        unfinished: decisions without an outcome, of whatever age.
    """

    code: int
    findings: list[Finding]
    entries: int
    waiting: int
    checkpoints: int
    cosigned: int
    unfinished: int

    @property
    def is_sound(self) -> bool:
        return self.code == SOUND


def verify_log(
    *,
    witnessed: str = "",
    receipts: Sequence[str] = (),
    processes: int | None = None,
    say: Callable[[int, int], None] = lambda done, total: None,
) -> Verification:
    """Verify the stored log, in one snapshot of the database.

    Args:
        witnessed: what the witness last cosigned, as it tells it itself.
        receipts: `Custos-Receipt` headers that somebody kept.
        processes: how many read at once; left out, as many as there are processors, for a long log.
        say: told how many of how many entries are done.

    Raises:
        psycopg.Error: the database does not answer.
    """
    with roles.connect("custos_audit") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        return verify_on(connection, witnessed=witnessed, receipts=receipts, processes=processes, say=say)


def verify_on(
    connection: psycopg.Connection[Any],
    *,
    witnessed: str = "",
    receipts: Sequence[str] = (),
    processes: int | None = None,
    now: datetime | None = None,
    say: Callable[[int, int], None] = lambda done, total: None,
) -> Verification:
    """Verify the log as a connection's transaction sees it, at its clock's time or another; see `verify_log`."""
    trusted = key_files.trusted_keys()
    origin = next((key.name for key in trusted if key.algorithm == ED25519 and "/receipts" not in key.name), "")
    if not origin:
        return Verification(INCOMPLETE, [Finding("no-key", "the keys folder holds no trusted key")], 0, 0, 0, 0, 0)
    ((clock, total),) = connection.execute(
        "SELECT clock_timestamp(), (SELECT coalesce(max(idx) + 1, 0) FROM audit_leaf)"
    ).fetchall()
    examination = Examination(origin=origin, trusted=trusted, now=rfc3339(now or clock), witnessed=witnessed)
    wanted = frozenset(read_receipt(receipt)[0].leaf for receipt in receipts)
    roots: list[bytes] = []
    for stretch in _Reading(connection, total, examination.sizes, wanted).stretches(processes):
        examination.join(stretch.span, stretch.checkpoints)
        roots += stretch.span.tile_roots
        say(examination.size, total)
    examination.findings += _examine_upper_tiles(connection, roots)
    waiting = _examine_waiting(connection, examination)
    examination.findings += [*_examine_keys(connection), *_examine_sealed(connection)]
    examination.findings += _examine_cosignatures(connection)
    examination.received(receipts)
    return Verification(
        code=examination.conclude(),
        findings=examination.findings,
        entries=examination.size,
        waiting=waiting,
        checkpoints=examination.checkpoints,
        cosigned=examination.cosigned,
        unfinished=examination.unfinished,
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    connection: psycopg.Connection[Any]
    total: int
    sizes: tuple[int, ...]
    wanted: frozenset[bytes]

    def stretches(self, processes: int | None) -> Iterator[Stretch]:
        firsts = range(0, max(self.total, 1), CHUNK)
        if processes is None:
            processes = (os.cpu_count() or 1) if self.total >= LEAST_FOR_PROCESSES else 1
        if processes == 1:
            for first in firsts:
                yield read_stretch(
                    self.connection, first, is_last=first == firsts[-1], sizes=self.sizes, wanted=self.wanted
                )
            return
        arguments = roles.connection_arguments("custos_audit")
        ((snapshot,),) = self.connection.execute("SELECT pg_export_snapshot()").fetchall()
        # Spawned: a fork would take open connections and locks along.
        with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
            ahead = [
                pool.submit(read_apart, arguments, snapshot, first, first == firsts[-1], self.sizes, self.wanted)
                for first in firsts
            ]
            for future in ahead:
                yield future.result()


def _examine_upper_tiles(connection: psycopg.Connection[Any], roots: list[bytes]) -> Iterator[Finding]:
    """Hold the tiles above the first level against the roots of those below; no tile may be there without need."""
    expected = [len(roots)]
    level, below = 1, roots
    while len(below) >= 1 << TILE_HEIGHT:
        levels = levels_of(below)
        full = len(below) >> TILE_HEIGHT
        stored = {
            number: (bytes(hashes), bytes(root))
            for number, hashes, root in connection.execute(
                "SELECT idx, hashes, root FROM audit_tile WHERE level = %s", [level], binary=True
            )
        }
        for number in range(full):
            mine = b"".join(below[number << TILE_HEIGHT : (number + 1) << TILE_HEIGHT])
            if stored.get(number) != (mine, levels[TILE_HEIGHT][number]):
                yield Finding("rewritten", f"tile {number} of level {level} holds other hashes than those below it")
        below = levels[TILE_HEIGHT][:full]
        expected.append(full)
        level += 1
    for stored_level, count in connection.execute("SELECT level, count(*) FROM audit_tile GROUP BY level"):
        wanted = expected[stored_level] if stored_level < len(expected) else 0
        if count != wanted:
            yield Finding("inserted", f"{count} tiles of level {stored_level}, where {wanted} belong")


def _examine_waiting(connection: psycopg.Connection[Any], examination: Examination) -> int:
    count = 0
    for body, leaf, columns, is_hidden in connection.execute(_WAITING, binary=True):
        count += 1
        examination.wait(body, leaf=leaf, columns=columns)
        if is_hidden:
            words = "an entry is neither in the tree nor in the queue for it: somebody took it out"
            examination.findings.append(Finding("hidden", f"{words}, or moved it: {body[:200]!r}"))
    for ins_id, is_leaf in connection.execute(_QUEUED_WRONGLY):
        words = "is in the tree already" if is_leaf else "is gone: it was deleted before it came into the tree"
        examination.findings.append(Finding("deleted", f"entry number {ins_id} is in the queue and {words}"))
    return count


def _examine_keys(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    for use, vkey, entry_id, body in connection.execute(_KEYS, binary=True):
        try:
            data = json.loads(body)["data"]
            is_so = (use, vkey) == (data["use"], data["key"])
        except (TypeError, ValueError, KeyError):
            is_so = False
        if not is_so:
            yield Finding("edited", "the table of keys and the entries that introduce keys differ", entry=entry_id)


def _examine_sealed(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """Sealed evidence against the digests in the log: it needs no key, so erased evidence is checked as well."""
    for evidence_id, tenant_id, subject_id, sealed, entry_id, body in connection.execute(_SEALED, binary=True):
        try:
            content = json.loads(body)
            said = (content["resource"]["id"], content["tenant"], content["data"]["subject"], content["data"]["sha256"])
        except (TypeError, ValueError, KeyError):
            said = None
        digest = hashlib.sha256(sealed).hexdigest() if sealed is not None else None
        if said != (evidence_id, tenant_id, subject_id, digest):
            yield Finding("edited", "sealed evidence is not what was recorded when it was sealed", entry=entry_id)


def _examine_cosignatures(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """The lines themselves are checked under their checkpoints; here, what the columns repeat of them."""
    for size, witness, ts, line, is_of_one in connection.execute(_COSIGNATURES):
        try:
            _, name, encoded = line.split(" ")
            is_so = (name, int.from_bytes(base64.b64decode(encoded)[4:12], "big")) == (witness, ts)
        except ValueError:
            is_so = False
        if not (is_so and is_of_one):
            yield Finding("edited", f"the columns of a cosignature of size {size} do not repeat it")
