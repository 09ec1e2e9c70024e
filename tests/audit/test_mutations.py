"""Whatever byte of the stored log is flipped, by a superuser, verification says so."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.audit.own_log import OwnLog, own_log

ROWS_OF_A_TABLE = 6
# Column by table: how it is flipped. A number or time moves by one; a text or bytes changes one bit at a place.
COLUMNS = {
    "audit_entry": ["id", "ins_id", "tenant_id", "ts", "kind", "v", "body", "leaf_hash", "decision_id", "request_id"],
    "audit_leaf": ["idx", "ins_id", "leaf_hash"],
    "audit_tile": ["level", "idx", "hashes", "root"],
    "audit_checkpoint": ["size", "root", "edge", "ts", "note"],
    "audit_cosignature": ["size", "witness", "ts", "line"],
    "audit_signing_key": ["entry_id", "use", "vkey"],
    "audit_pending": ["ins_id"],
}
FLIPS = {
    "smallint": "{column} + 1",
    "bigint": "{column} + 100000",
    "timestamp with time zone": "{column} + interval '1 second'",
    "uuid": "gen_random_uuid()",
    "bytea": "set_byte({column}, {place} %% octet_length({column}),"
    " get_byte({column}, {place} %% octet_length({column})) # {bit})",
    "text": "overlay({column} PLACING chr(ascii(substr({column}, 1 + {place} %% length({column}), 1)) # 1)"
    " FROM 1 + {place} %% length({column}) FOR 1)",
}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, worker_name: str, django_db_setup: None) -> Iterator[OwnLog]:
    with own_log(tmp_path_factory.mktemp("mutations"), name=f"custos_mutations_{worker_name}") as log:
        log.use(60)
        log.sequence()
        log.use(75)
        log.sequence()
        log.use(2)
        yield log


def _flips(admin: Any, table: str, column: str) -> Iterator[tuple[str, str]]:
    """A statement for each of some rows, and where it flips."""
    ((kind,),) = admin.execute(
        "SELECT data_type FROM information_schema.columns WHERE table_name = %s AND column_name = %s", [table, column]
    ).fetchall()
    dice = random.Random(f"{table}.{column}")
    rows = admin.execute(f"SELECT ctid::text FROM {table} WHERE {column} IS NOT NULL").fetchall()
    for (row,) in dice.sample(rows, min(ROWS_OF_A_TABLE, len(rows))):
        place, bit = dice.randrange(10_000), 1 << dice.randrange(8)
        value = FLIPS[kind].format(column=column, place=place, bit=bit)
        yield f"UPDATE {table} SET {column} = {value} WHERE ctid = '{row}'", f"{table}.{column} {row} {place} {bit}"


@pytest.mark.parametrize(("table", "column"), [(table, each) for table, names in COLUMNS.items() for each in names])
def test_a_flipped_byte_is_found(log: OwnLog, table: str, column: str) -> None:
    flipped = 0
    with log.attacked() as admin:
        for statement, where in _flips(admin, table, column):
            with admin.transaction(force_rollback=True):
                for (index,) in admin.execute(
                    "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('u', 'p')", [table]
                ).fetchall():
                    admin.execute(f"ALTER TABLE {table} DROP CONSTRAINT {index} CASCADE")
                assert admin.execute(statement.replace("%%", "%")).rowcount == 1
                found = log.verify_attacked(admin, witness=False, kept=False)
                assert found.code == 2, f"{where}: {found}"
                flipped += 1

    assert flipped > 0


def test_every_column_of_every_table_of_the_log_is_flipped(log: OwnLog) -> None:
    with log.attacked() as admin:
        stored = admin.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name LIKE 'audit\\_%' AND table_name <> 'audit_sealed'"
        ).fetchall()

    # Since when an entry waits proves nothing, and is gone with the next batch; `test_evidence` has `audit_sealed`.
    assert {(table, column) for table, names in COLUMNS.items() for column in names} == {*stored} - {
        ("audit_pending", "queued_at")
    }


def test_flips_inside_a_receipt_are_found(log: OwnLog) -> None:
    receipt = bytearray(base64.b64decode(log.receipts[0]))
    for place in range(0, len(receipt), 7):
        changed = bytes(receipt[:place]) + bytes([receipt[place] ^ 1]) + bytes(receipt[place + 1 :])
        kept = [base64.b64encode(changed).decode()]
        try:
            found = log.verify(receipts=kept)
        except ValueError:
            continue  # not even a receipt
        assert found.code == 2, place
