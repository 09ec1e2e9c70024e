"""The sequencer: about once a second it appends what was committed to the tree, and signs the tree.

Nothing of it is on the way of a request. One batch is one transaction of `custos_sequencer`: take the advisory lock,
*then* read the last checkpoint (the other order lets a second sequencer build on a checkpoint that is no longer the
last one), take entries out of the queue, write leaves, full tiles and a signed checkpoint, commit. Killed at any
moment, it leaves the state before or after a batch. The witness is asked after the commit.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from django.conf import settings

from common.errors import PlatformError
from governance.audit import key_files, roles
from governance.audit.checking.notes import Key
from governance.audit.checking.spans import TILE
from governance.audit.errors import NoCheckpointKey, WitnessRefuses, WitnessSilent
from governance.audit.merkle import Growth, Tile, grow
from governance.audit.signing import Signer, checkpoint_text
from governance.audit.witnessing import cosign

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.5
BATCH = 20_000
_LOCK = (0x43555354, 2)  # "CUST"

_TAKE = """
    SELECT p.ins_id, e.leaf_hash FROM audit_pending p JOIN audit_entry e USING (ins_id) ORDER BY p.ins_id LIMIT %s
"""
_KEYS = """
    SELECT k.vkey, e.ins_id = ANY (%s) OR EXISTS (SELECT FROM audit_leaf l WHERE l.ins_id = e.ins_id)
    FROM audit_signing_key k JOIN audit_entry e ON e.id = k.entry_id WHERE k.use = 'checkpoint' ORDER BY e.ins_id
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction appended: entries now in the tree, its size, and whether more may be waiting."""

    appended: int
    size: int
    is_full: bool


def append_batch(connection: psycopg.Connection[Any], *, limit: int = BATCH) -> Batch:
    """Append up to `limit` entries in one transaction, and sign the tree. Does nothing when none is waiting.

    Raises:
        NoCheckpointKey: no key is registered.
        LedgerUnavailable: its private half cannot be read.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", _LOCK)
        row = connection.execute("SELECT size, edge FROM audit_checkpoint ORDER BY size DESC LIMIT 1").fetchone()
        size, edge = row or (0, b"")
        taken = connection.execute(_TAKE, [limit]).fetchall()
        if not taken:
            return Batch(0, size, is_full=False)
        signer = _signer(connection, batch=[ins_id for ins_id, _ in taken])
        begun = connection.execute(
            "SELECT leaf_hash FROM audit_leaf WHERE idx >= %s AND idx < %s ORDER BY idx", [size - size % TILE, size]
        )
        growth = grow(
            size,
            [edge[start : start + 32] for start in range(0, len(edge), 32)],
            begun=[leaf for (leaf,) in begun],
            leaves=[leaf for _, leaf in taken],
        )
        _write(connection, size=size, taken=taken, growth=growth, signer=signer)
    return Batch(len(taken), growth.size, is_full=len(taken) == limit)


def _signer(connection: psycopg.Connection[Any], *, batch: list[int]) -> Signer:
    """The newest key whose introduction is in the tree or in this batch; before there is one, the first key."""
    keys = connection.execute(_KEYS, [batch]).fetchall()
    if not keys:
        raise NoCheckpointKey("Run `manage.py audit keys`.")
    introduced = [vkey for vkey, is_introduced in keys if is_introduced]
    return key_files.load(Key.parse(introduced[-1] if introduced else keys[0][0]))


def _write(
    connection: psycopg.Connection[Any], *, size: int, taken: list[tuple[int, bytes]], growth: Growth, signer: Signer
) -> None:
    with connection.cursor() as cursor:
        with cursor.copy("COPY audit_leaf (idx, ins_id, leaf_hash) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "int8", "bytea"])
            for position, (ins_id, leaf) in enumerate(taken):
                copy.write_row((size + position, ins_id, leaf))
        for tile in growth.tiles:
            _write_tile(cursor, tile, level=0)
        cursor.execute("DELETE FROM audit_pending WHERE ins_id = ANY (%s)", [[ins_id for ins_id, _ in taken]])
        ((now,),) = cursor.execute("SELECT clock_timestamp()").fetchall()
        text = checkpoint_text(signer.name, size=growth.size, root=growth.root, time=now)
        cursor.execute(
            "INSERT INTO audit_checkpoint (size, root, edge, ts, note) VALUES (%s, %s, %s, %s, %s)",
            [growth.size, growth.root, b"".join(growth.edge), now, signer.note(text)],
        )


def _write_tile(cursor: psycopg.Cursor[Any], tile: Tile, *, level: int) -> None:
    """Write a full tile, and the one above it when this is its last."""
    cursor.execute(
        "INSERT INTO audit_tile (level, idx, hashes, root) VALUES (%s, %s, %s, %s)",
        [level, tile.number, tile.hashes, tile.root],
    )
    if (tile.number + 1) % TILE:
        return
    cursor.execute(
        "SELECT root FROM audit_tile WHERE level = %s AND idx > %s AND idx <= %s ORDER BY idx",
        [level, tile.number - TILE, tile.number],
    )
    above = grow(0, [], begun=[], leaves=[root for (root,) in cursor.fetchall()]).tiles[0]
    _write_tile(cursor, Tile(tile.number // TILE, above.hashes, above.root), level=level + 1)


def drain(connection: psycopg.Connection[Any]) -> int:
    """Append everything that is waiting; return the size of the tree."""
    while (batch := append_batch(connection)).is_full:
        pass
    return batch.size


def run(*, should_stop: Callable[[], bool]) -> None:
    """Sequence until told to stop. A database that is away is waited for; so is a witness."""
    turn = _Turn()
    while not should_stop():
        started = time.monotonic()
        try:
            with roles.connect("custos_sequencer", autocommit=True) as connection:
                logger.info("the sequencer is connected")
                turn.until(should_stop, connection=connection)
        except (psycopg.Error, OSError, PlatformError) as error:
            # The message of a database error may quote rows.
            logger.error("the sequencer failed and begins anew: %s", _plain(error))
        time.sleep(max(0.0, INTERVAL_SECONDS - (time.monotonic() - started)))


def _plain(error: Exception) -> str:
    return error.detail if isinstance(error, PlatformError) else type(error).__name__


class _Turn:
    """One pass after the other; remembers when a witness that failed may be asked again."""

    def __init__(self) -> None:
        self.witness_not_before = 0.0

    def until(self, should_stop: Callable[[], bool], *, connection: psycopg.Connection[Any]) -> None:
        while not should_stop():
            started = time.monotonic()
            drain(connection)
            self._ask_witness(connection)
            time.sleep(max(0.0, INTERVAL_SECONDS - (time.monotonic() - started)))

    def _ask_witness(self, connection: psycopg.Connection[Any]) -> None:
        if not settings.CUSTOS_WITNESS_URL or time.monotonic() < self.witness_not_before:
            return
        try:
            cosign_newest(connection, url=settings.CUSTOS_WITNESS_URL)
        except (WitnessSilent, WitnessRefuses) as error:
            self.witness_not_before = time.monotonic() + 10.0
            logger.error("no cosignature: %s", error.detail)


def cosign_newest(connection: psycopg.Connection[Any], *, url: str) -> bool:
    """Have the newest checkpoint cosigned, unless it is already; return whether it was done.

    Raises:
        WitnessSilent: it does not answer.
        WitnessRefuses: it does not cosign: it has seen a longer or another log, or does not know our key.
    """
    row = connection.execute("SELECT size, note FROM audit_checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    if row is None:
        return False
    size, note = row
    last = connection.execute("SELECT coalesce(max(size), 0) FROM audit_cosignature").fetchone()
    if last is None or last[0] == size:
        return False
    given = cosign(connection, url=url, note=note, size=size, old=last[0])
    connection.execute(
        "INSERT INTO audit_cosignature (size, witness, ts, line) VALUES (%s, %s, to_timestamp(%s), %s)"
        " ON CONFLICT DO NOTHING",
        [size, given.key.name, given.time, given.line],
    )
    return True
