"""The sequencer: every committed entry once, in one tree, whoever else runs and whenever it is killed."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.db import connections

from common.canonical import canonical_json
from common.ids import new_id
from governance.audit import key_files, keyring, roles, sequencer
from governance.audit.checking.notes import ED25519, Checkpoint, open_note
from governance.audit.checking.tree import is_consistent, leaf_hash, root_from_inclusion
from governance.audit.errors import LedgerUnavailable, NoCheckpointKey, WitnessRefuses, WitnessSilent
from governance.audit.signing import rfc3339
from governance.audit.stored_tree import StoredTree
from tests.audit.own_log import OwnLog, own_log
from tests.conftest import admin_connection


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, worker_name: str, django_db_setup: None) -> Iterator[OwnLog]:
    with own_log(tmp_path_factory.mktemp("sequencer"), name=f"custos_sequencer_{worker_name}") as log:
        yield log


@pytest.fixture
def connection(log: OwnLog) -> Iterator[psycopg.Connection[Any]]:
    with roles.connect("custos_sequencer", autocommit=True) as connection:
        yield connection


def _count(connection: psycopg.Connection[Any], table: str) -> int:
    ((count,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(count)


def test_it_appends_what_waits_and_signs(log: OwnLog, connection: psycopg.Connection[Any]) -> None:
    log.use(3)

    size = sequencer.drain(connection)

    assert size == _count(connection, "audit_entry") == _count(connection, "audit_leaf")
    assert _count(connection, "audit_pending") == 0
    ((note,),) = connection.execute("SELECT note FROM audit_checkpoint ORDER BY size DESC LIMIT 1").fetchall()
    opened = open_note(note, key_files.trusted_keys())
    assert Checkpoint.parse(opened.text).size == size
    assert [signature.key.algorithm for signature in opened.signatures] == [ED25519]


def test_it_signs_nothing_when_nothing_waits(log: OwnLog, connection: psycopg.Connection[Any]) -> None:
    log.sequence()
    before = _count(connection, "audit_checkpoint")

    batch = sequencer.append_batch(connection)

    assert (batch.appended, batch.is_full) == (0, False)
    assert _count(connection, "audit_checkpoint") == before


def test_batches_of_any_size_make_the_same_tree(log: OwnLog, connection: psycopg.Connection[Any]) -> None:
    """Across tiles too; every leaf is proven, and every checkpoint extends the one before."""
    log.use(280)
    while sequencer.append_batch(connection, limit=37).is_full:
        pass

    checkpoints = connection.execute("SELECT size, root FROM audit_checkpoint ORDER BY size").fetchall()
    leaves = connection.execute("SELECT idx, leaf_hash FROM audit_leaf ORDER BY idx").fetchall()
    newest, root = checkpoints[-1]
    with connection.cursor() as cursor:
        tree = StoredTree(cursor)
        for old in checkpoints:
            assert is_consistent(old, (newest, root), tree.consistency_proof(old[0], new=newest))
        for index, leaf in leaves[::23]:
            path = tree.inclusion_proof(index, size=newest)
            assert root_from_inclusion(leaf, index=index, size=newest, proof=path) == root
        assert tree.root(newest) == root
        assert len(tree.tile(0, 0)) == 256
        assert len(tree.tile(0, newest // 256)) == newest % 256
    assert _count(connection, "audit_tile") == newest // 256
    assert log.verify().code in (0, 3)


def test_two_at_once_append_nothing_twice(log: OwnLog) -> None:
    log.use(60)

    def work() -> None:
        with roles.connect("custos_sequencer", autocommit=True) as own:
            while sequencer.append_batch(own, limit=7).is_full:
                pass

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.sequence()

    assert log.verify().code == 0


def test_an_entry_that_commits_late_is_taken_when_it_does(log: OwnLog, connection: psycopg.Connection[Any]) -> None:
    """Numbers are given before the commit, so a smaller one may become visible after a larger one was taken."""
    entry_id, now = str(new_id()), datetime.now(UTC)
    content = {"action": "t", "data": {}, "id": entry_id, "kind": "event", "request": "late", "tenant": None, "v": 1}
    body = canonical_json({**content, "ts": rfc3339(now)})
    with admin_connection(log.database) as admin:
        admin.autocommit = False
        admin.execute(
            "INSERT INTO audit_entry (id, ts, kind, v, body, leaf_hash, request_id)"
            " VALUES (%s, %s, 'event', 1, %s, %s, 'late')",
            [entry_id, now, body, leaf_hash(body)],
        )
        log.use(1)
        early = sequencer.drain(connection)
        admin.commit()

    assert sequencer.drain(connection) == early + 1


def test_a_batch_that_dies_leaves_nothing(log: OwnLog, connection: psycopg.Connection[Any]) -> None:
    log.use(2)
    before = _count(connection, "audit_leaf"), _count(connection, "audit_pending")

    class Killed(BaseException):
        pass

    with pytest.raises(Killed), connection.transaction():
        sequencer.append_batch(connection)
        raise Killed
    after = _count(connection, "audit_leaf"), _count(connection, "audit_pending")
    log.sequence()

    assert after == before
    assert log.verify().code == 0


def test_a_key_that_follows_signs_from_its_own_introduction_on(
    log: OwnLog, connection: psycopg.Connection[Any]
) -> None:
    log.use(1)
    log.sequence()
    new = keyring.rotate("checkpoint")
    log.use(1)

    size = log.sequence()

    ((note,),) = connection.execute("SELECT note FROM audit_checkpoint WHERE size = %s", [size]).fetchall()
    assert [signature.key for signature in open_note(note, [new]).signatures] == [new]
    assert log.verify().code == 0, log.verify().findings
    # The witness took the new key from the rotation that the old one signed.
    assert f"\n{size}\n" in log.witnessed()


def test_without_its_key_it_stops(log: OwnLog, connection: psycopg.Connection[Any]) -> None:
    log.use(1)
    kept = {path: path.read_bytes() for path in key_files.folder().iterdir() if path.suffix != ".keys"}
    for path in kept:
        path.unlink()
    try:
        with pytest.raises(LedgerUnavailable, match="cannot be read"):
            sequencer.append_batch(connection)
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    log.sequence()

    assert log.verify().code == 0


def test_without_a_registered_key_it_stops(log: OwnLog) -> None:
    with log.attacked() as admin:
        admin.execute("DELETE FROM audit_signing_key")
        admin.execute("INSERT INTO audit_pending SELECT min(ins_id) FROM audit_entry ON CONFLICT DO NOTHING")
        with pytest.raises(NoCheckpointKey):
            sequencer.append_batch(admin)


def test_an_absent_witness_and_one_that_has_seen_more_are_told_apart(
    log: OwnLog, connection: psycopg.Connection[Any]
) -> None:
    log.use(1)
    log.sequence()
    log.use(1)
    sequencer.drain(connection)
    with pytest.raises(WitnessSilent):
        sequencer.cosign_newest(connection, url="http://127.0.0.1:9")
    assert sequencer.cosign_newest(connection, url=log.witness_url)
    assert not sequencer.cosign_newest(connection, url=log.witness_url)

    with log.attacked() as admin:
        admin.execute("DELETE FROM audit_cosignature")
        admin.execute("DELETE FROM audit_checkpoint WHERE size = (SELECT max(size) FROM audit_checkpoint)")
        with pytest.raises(WitnessRefuses, match="an old backup was restored"):
            sequencer.cosign_newest(admin, url=log.witness_url)


def test_it_runs_until_told_to_stop_and_lags_little(log: OwnLog, settings: Any) -> None:
    settings.CUSTOS_WITNESS_URL = log.witness_url
    stop = threading.Event()
    thread = threading.Thread(target=lambda: sequencer.run(should_stop=stop.is_set))
    thread.start()
    log.use(5)
    deadline = datetime.now(UTC).timestamp() + 20
    found = log.verify()
    while (found.waiting or found.cosigned != found.entries) and datetime.now(UTC).timestamp() < deadline:
        stop.wait(0.2)
        found = log.verify()
    stop.set()
    thread.join()

    assert (found.code, found.waiting, found.cosigned) == (0, 0, found.entries)


def test_the_roles_of_the_platform_cannot_take_an_entry_out_of_the_queue(log: OwnLog) -> None:
    for alias in ("default", "officer"):
        with pytest.raises(Exception, match="permission denied"), connections[alias].cursor() as cursor:
            cursor.execute("DELETE FROM audit_pending")


def _unproven(connection: psycopg.Connection[Any], proven: set[int]) -> list[tuple[int, int]]:
    """Prove each leaf that was not proven before against the checkpoint of this moment; return those that fail."""
    ((size, root),) = connection.execute("SELECT size, root FROM audit_checkpoint ORDER BY size DESC LIMIT 1")
    leaves = dict(connection.execute("SELECT idx, leaf_hash FROM audit_leaf").fetchall())
    tree = StoredTree(connection.cursor())
    failed = [(len(leaves), size)] if len(leaves) != size else []
    for index in leaves.keys() - proven:
        path = tree.inclusion_proof(index, size=size)
        if root_from_inclusion(leaves[index], index=index, size=size, proof=path) != root:
            failed.append((index, size))
        proven.add(index)
    return failed


def test_a_reader_proves_every_entry_while_it_is_hammered(log: OwnLog) -> None:
    """Writers, a sequencer, and a reader that holds each new leaf against the checkpoint of the same moment."""
    stop = threading.Event()
    errors: list[tuple[int, int]] = []
    proven: set[int] = set()

    def write(tenant: uuid.UUID) -> None:
        log.use(40, tenant_id=tenant)

    def sequence() -> None:
        with roles.connect("custos_sequencer", autocommit=True) as own:
            while not stop.is_set():
                sequencer.append_batch(own, limit=23)

    def read() -> None:
        with roles.connect("custos_audit") as own:
            own.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            while not stop.is_set():
                with own.transaction():
                    errors.extend(_unproven(own, proven))

    log.use(1)
    log.sequence()
    writers = [threading.Thread(target=write, args=(new_id(),)) for _ in range(4)]
    others = [threading.Thread(target=sequence), threading.Thread(target=read)]
    for thread in [*writers, *others]:
        thread.start()
    for thread in writers:
        thread.join()
    size = log.sequence()
    deadline = datetime.now(UTC).timestamp() + 20
    while len(proven) < size and datetime.now(UTC).timestamp() < deadline:
        stop.wait(0.1)
    stop.set()
    for thread in others:
        thread.join()

    assert errors == []
    assert len(proven) == size
    assert log.verify(receipts=log.receipts).code == 0
