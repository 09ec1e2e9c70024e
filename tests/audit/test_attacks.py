"""The attack matrix of the audit log, by a PostgreSQL superuser: what is detected by what, and what is not.

Each attack is made in a transaction of the superuser, verified as it stands there, and undone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from governance.audit import key_files
from governance.audit.checking.tree import edge_of, fold, leaf_hash, levels_of
from governance.audit.signing import Signer, checkpoint_text, new_signer
from governance.audit.verification import verify_log
from tests.audit.own_log import OwnLog, own_log

Admin = psycopg.Connection[Any]
BEFORE_TARGET, USES = 5, 140  # pairs; the tree crosses a full tile


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, worker_name: str, django_db_setup: None) -> Iterator[OwnLog]:
    with own_log(tmp_path_factory.mktemp("attacks"), name=f"custos_attacks_{worker_name}") as log:
        log.use(BEFORE_TARGET)
        log.sequence()
        log.use(USES)
        log.sequence()
        log.use(2)
        log.sequence()
        yield log


def _target(admin: Admin) -> tuple[int, int, str, bytes]:
    """A decision in the middle: its leaf index, number, id and body."""
    row = admin.execute(
        "SELECT l.idx, e.ins_id, e.id::text, e.body FROM audit_leaf l JOIN audit_entry e USING (ins_id)"
        " WHERE e.kind = 'decision' AND l.idx > 60 ORDER BY l.idx LIMIT 1"
    ).fetchone()
    assert row is not None
    return row


def _refill(admin: Admin, *, signer: Signer | None) -> None:
    """Make leaves' hashes, tiles, checkpoints anew from the entries, as a thorough attacker does.

    Without the signing key the old notes stay; a checkpoint that cannot be re-signed keeps its old root in them.
    """
    admin.execute("UPDATE audit_entry SET leaf_hash = sha256('\\x00'::bytea || body)")
    admin.execute("UPDATE audit_leaf l SET leaf_hash = e.leaf_hash FROM audit_entry e WHERE e.ins_id = l.ins_id")
    leaves = [bytes(leaf) for (leaf,) in admin.execute("SELECT leaf_hash FROM audit_leaf ORDER BY idx").fetchall()]
    levels = levels_of(leaves)
    admin.execute("DELETE FROM audit_tile")
    for number in range(len(leaves) // 256):
        hashes = b"".join(leaves[number * 256 : (number + 1) * 256])
        admin.execute("INSERT INTO audit_tile VALUES (0, %s, %s, %s)", [number, hashes, levels[8][number]])
    for size, ts in admin.execute("SELECT size, ts FROM audit_checkpoint").fetchall():
        if size > len(leaves):
            admin.execute("DELETE FROM audit_cosignature WHERE size = %s", [size])
            admin.execute("DELETE FROM audit_checkpoint WHERE size = %s", [size])
            continue
        edge = edge_of(levels, size)
        values = {"size": size, "root": fold(edge), "edge": b"".join(edge)}
        admin.execute("UPDATE audit_checkpoint SET root = %(root)s, edge = %(edge)s WHERE size = %(size)s", values)
        if signer is not None:
            text = checkpoint_text(signer.name, size=size, root=fold(edge), time=ts)
            admin.execute(
                "UPDATE audit_checkpoint SET note = %s WHERE size = %s AND note NOT LIKE %s",
                [signer.note(text), size, f"{text}%"],
            )
    if signer is not None:
        _sign_newest(admin, signer=signer, levels=levels)


def _sign_newest(admin: Admin, *, signer: Signer, levels: list[list[bytes]]) -> None:
    ((now,),) = admin.execute("SELECT clock_timestamp()").fetchall()
    size = len(levels[0])
    edge = edge_of(levels, size)
    text = checkpoint_text(signer.name, size=size, root=fold(edge), time=now)
    admin.execute(
        "INSERT INTO audit_checkpoint VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [size, fold(edge), b"".join(edge), now, signer.note(text)],
    )


def _stolen() -> Signer:
    return key_files.load(key_files.trusted_keys()[0])


def _edit(admin: Admin) -> None:
    _, ins_id, _, body = _target(admin)
    content = json.loads(body) | {"action": "delete"}
    body = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    admin.execute("UPDATE audit_entry SET body = %s WHERE ins_id = %s", [body, ins_id])


def _delete(admin: Admin) -> None:
    index, ins_id, entry_id, _ = _target(admin)
    numbers = admin.execute(
        "SELECT ins_id FROM audit_entry WHERE ins_id = %s OR decision_id = %s", [ins_id, entry_id]
    ).fetchall()
    for (number,) in numbers:
        admin.execute("DELETE FROM audit_leaf WHERE ins_id = %s", [number])
        admin.execute("DELETE FROM audit_entry WHERE ins_id = %s", [number])
    admin.execute(
        "UPDATE audit_leaf l SET idx = -1 - n.position FROM"
        " (SELECT ins_id, row_number() OVER (ORDER BY idx) - 1 AS position FROM audit_leaf) n WHERE n.ins_id = l.ins_id"
    )
    admin.execute("UPDATE audit_leaf SET idx = -1 - idx")
    assert index > 0


def _insert(admin: Admin, *, at: int | None = None) -> None:
    """A pair that never was, put in the place of what came after it."""
    index, ins_id, _, body = _target(admin)
    index = index if at is None else at
    text = body.decode()
    content = json.loads(text)
    for shift, kind in enumerate(("decision", "outcome")):
        entry_id = f"00000000-0000-7000-8000-00000000000{shift}"
        new = {**content, "id": entry_id, "kind": kind}
        if kind == "outcome":
            new = {name: new[name] for name in ("id", "kind", "request", "tenant", "ts", "v")}
            new |= {"decision": "00000000-0000-7000-8000-000000000000", "outcome": {"status": "succeeded"}}
        raw = json.dumps(new, sort_keys=True, separators=(",", ":")).encode()
        admin.execute("UPDATE audit_leaf SET idx = -1 - (idx + 1) WHERE idx >= %s", [index + shift])
        admin.execute("UPDATE audit_leaf SET idx = -1 - idx WHERE idx < 0")
        ((number,),) = admin.execute(
            "INSERT INTO audit_entry (ins_id, id, tenant_id, ts, kind, v, body, leaf_hash, decision_id, request_id)"
            " SELECT (SELECT max(ins_id) + 1 FROM audit_entry), %s, tenant_id, ts, %s, 1, %s, %s, %s, request_id"
            " FROM audit_entry WHERE ins_id = %s"
            " RETURNING ins_id",
            [
                entry_id,
                kind,
                raw,
                leaf_hash(raw),
                "00000000-0000-7000-8000-000000000000" if kind == "outcome" else None,
                ins_id,
            ],
        ).fetchall()
        admin.execute("INSERT INTO audit_leaf VALUES (%s, %s, %s)", [index + shift, number, leaf_hash(raw)])


def _reorder(admin: Admin) -> None:
    index, *_ = _target(admin)
    admin.execute("UPDATE audit_leaf SET idx = -1 - idx WHERE idx IN (%s, %s)", [index + 1, index + 2])
    admin.execute("UPDATE audit_leaf SET idx = 2 * %s + 3 + 1 + idx WHERE idx < 0", [index])


def _truncate(admin: Admin) -> None:
    """Everything since the first checkpoint but one is gone, checkpoints and cosignatures with it."""
    ((size,),) = admin.execute("SELECT size FROM audit_checkpoint ORDER BY size OFFSET 1 LIMIT 1").fetchall()
    admin.execute("DELETE FROM audit_cosignature WHERE size > %s", [size])
    admin.execute("DELETE FROM audit_checkpoint WHERE size > %s", [size])
    admin.execute("DELETE FROM audit_entry e USING audit_leaf l WHERE l.ins_id = e.ins_id AND l.idx >= %s", [size])
    admin.execute("DELETE FROM audit_leaf WHERE idx >= %s", [size])
    admin.execute("DELETE FROM audit_tile WHERE idx >= %s", [size // 256])


def _fork(admin: Admin) -> None:
    """The same history up to a point, another one after it."""
    _truncate(admin)
    ((size,),) = admin.execute("SELECT count(*) FROM audit_leaf").fetchall()
    _insert(admin, at=size)


def _re_sign(admin: Admin) -> None:
    """A new key of the attacker's, put into the table of keys."""
    _edit(admin)
    signer = new_signer(key_files.trusted_keys()[0].name)
    admin.execute("UPDATE audit_signing_key SET vkey = %s WHERE use = 'checkpoint'", [str(signer.key)])
    _refill(admin, signer=signer)


def _clock_back(admin: Admin) -> None:
    """The server's clock was set back by a day while entries were written: their times say yesterday."""
    index, *_ = _target(admin)
    rows = admin.execute(
        "SELECT e.ins_id, e.body, e.ts FROM audit_entry e JOIN audit_leaf l USING (ins_id) WHERE l.idx = %s", [index]
    ).fetchall()
    for ins_id, body, ts in rows:
        earlier = ts - timedelta(days=1)
        content = json.loads(body) | {"ts": earlier.isoformat(timespec="microseconds")}
        raw = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        admin.execute("UPDATE audit_entry SET body = %s, ts = %s WHERE ins_id = %s", [raw, earlier, ins_id])


def _and(first: Callable[[Admin], None], *, signed: bool, at_its_time: bool = False) -> Callable[[Admin], None]:
    """Re-hash after an attack, and re-sign: one checkpoint over it all, or each at the time that it had."""

    def attack(admin: Admin) -> None:
        first(admin)
        if signed:
            admin.execute("DELETE FROM audit_cosignature")
        if signed and not at_its_time:
            admin.execute("DELETE FROM audit_checkpoint")
        _refill(admin, signer=_stolen() if signed else None)

    return attack


@dataclass(frozen=True, slots=True)
class Case:
    """An attack; whether the database's own signed tree, the witness, and kept receipts each tell."""

    attack: Callable[[Admin], None]
    by_tree: bool
    by_witness: bool
    by_receipts: bool
    kinds: tuple[str, ...]


CASES = {
    # the attacker writes the database, and has no key
    "edit a body": Case(_edit, True, True, True, ("edited",)),
    "edit and re-hash": Case(_and(_edit, signed=False), True, True, True, ("rewritten",)),
    "delete a pair and re-hash": Case(_and(_delete, signed=False), True, True, True, ("rewritten", "truncated")),
    "insert a pair and re-hash": Case(_and(_insert, signed=False), True, True, True, ("rewritten",)),
    "reorder and re-hash": Case(_and(_reorder, signed=False), True, True, True, ("rewritten",)),
    "edit and re-sign with a key of one's own": Case(_re_sign, True, True, True, ("forged",)),
    "truncate with the checkpoints": Case(_truncate, False, True, True, ("truncated", "removed")),
    # the attacker has the checkpoint key as well
    "stolen key, edit": Case(_and(_edit, signed=True), False, True, True, ("forked", "removed")),
    "stolen key, insert": Case(_and(_insert, signed=True), False, True, False, ("forked",)),
    "stolen key, reorder": Case(_and(_reorder, signed=True), False, True, False, ("forked",)),
    "stolen key, delete": Case(_and(_delete, signed=True), False, True, True, ("truncated", "removed")),
    "stolen key, fork": Case(_and(_fork, signed=True), False, True, True, ("truncated", "removed")),
    "stolen key, clock back": Case(_and(_clock_back, signed=True, at_its_time=True), True, True, True, ("clock",)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_matrix(log: OwnLog, name: str) -> None:
    case = CASES[name]
    with log.attacked() as admin:
        case.attack(admin)
        alone = log.verify_attacked(admin, witness=False, kept=False)
        with_witness = log.verify_attacked(admin, witness=True, kept=False)
        with_receipts = log.verify_attacked(admin, witness=False, kept=True)

    found = [finding.kind for each in (alone, with_witness, with_receipts) for finding in each.findings]
    shown = "\n".join(str(finding) for finding in [*alone.findings, *with_witness.findings, *with_receipts.findings])
    assert (alone.code == 2) == case.by_tree, shown
    assert (with_witness.code == 2) == (case.by_tree or case.by_witness), shown
    assert (with_receipts.code == 2) == (case.by_tree or case.by_receipts), shown
    assert set(found) & set(case.kinds), shown


def test_what_was_not_attacked_is_sound(log: OwnLog) -> None:
    with log.attacked() as admin:
        found = log.verify_attacked(admin, witness=True, kept=True)

    assert found.code == 0, found.findings
    assert found.entries > 2 * (BEFORE_TARGET + USES)
    assert found.cosigned == found.entries
    assert found.checkpoints >= 3


def test_the_edited_entry_is_named(log: OwnLog) -> None:
    with log.attacked() as admin:
        index, _, entry_id, _ = _target(admin)
        _edit(admin)
        plain = log.verify_attacked(admin, witness=False, kept=True)
        _refill(admin, signer=_stolen())
        thorough = log.verify_attacked(admin, witness=False, kept=True)

    assert [(f.kind, f.index) for f in plain.findings if f.kind == "edited"] == [("edited", index)]
    assert [(f.kind, f.entry) for f in thorough.findings if f.kind == "removed"] == [("removed", entry_id)]


def test_a_restored_old_backup_is_told_by_the_witness_alone(log: OwnLog) -> None:
    """The whole database as it was: nothing in it is false."""
    with log.attacked() as admin:
        _truncate(admin)
        assert log.verify_attacked(admin, witness=False, kept=False).code == 0
        found = log.verify_attacked(admin, witness=True, kept=False)

    assert found.code == 2
    assert "an old backup restored" in found.findings[0].words


def test_what_is_deleted_before_it_is_sequenced_is_told_by_the_receipt_alone(log: OwnLog) -> None:
    log.use(1)
    receipt = log.receipts.pop()
    with log.attacked() as admin:
        admin.execute("DELETE FROM audit_entry e USING audit_pending p WHERE p.ins_id = e.ins_id")
        admin.execute("DELETE FROM audit_pending")
        unseen = log.verify_attacked(admin, witness=True, kept=False)
        log.receipts.append(receipt)
        told = log.verify_attacked(admin, witness=True, kept=True)
    log.sequence()

    assert (unseen.code, unseen.findings) == (0, [])
    assert (told.code, [f.kind for f in told.findings]) == (2, ["removed"])


def test_a_queue_without_its_entry_and_an_entry_without_its_place_in_the_queue_are_told(log: OwnLog) -> None:
    log.use(1)
    with log.attacked() as admin:
        admin.execute("DELETE FROM audit_entry e USING audit_pending p WHERE p.ins_id = e.ins_id")
        deleted = log.verify_attacked(admin, witness=True, kept=False)
    with log.attacked() as admin:
        admin.execute("DELETE FROM audit_pending")
        hidden = log.verify_attacked(admin, witness=True, kept=False)
    log.sequence()

    assert (deleted.code, {f.kind for f in deleted.findings}) == (2, {"deleted"})
    assert (hidden.code, {f.kind for f in hidden.findings}) == (2, {"hidden"})


def test_an_operation_that_was_never_logged_is_told_by_nothing(log: OwnLog) -> None:
    """The non-detection that the foreign keys of operation rows are there for."""
    assert log.verify(receipts=log.receipts).code == 0


def test_without_a_trusted_key_nothing_is_said_to_be_sound(log: OwnLog) -> None:
    trusted = key_files.trusted_file()
    content = trusted.read_text()
    trusted.unlink()
    try:
        found = verify_log()
    finally:
        trusted.write_text(content)

    assert (found.code, found.findings[0].kind) == (3, "no-key")
