"""The log as a zip for offline verification: the whole, or one tenant's entries with a proof for each.

A tenant's part holds that tenant's bodies only; of all others not even the leaf hashes, but those in proofs.
"""

from __future__ import annotations

import base64
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import psycopg

from governance.audit import roles
from governance.audit.signing import rfc3339
from governance.audit.stored_tree import StoredTree

_WHOLE = """
    SELECT l.idx, l.leaf_hash, convert_from(e.body, 'UTF8') FROM audit_leaf l LEFT JOIN audit_entry e USING (ins_id)
    ORDER BY l.idx
"""
_OF_TENANT = """
    SELECT l.idx, convert_from(e.body, 'UTF8') FROM audit_entry e JOIN audit_leaf l USING (ins_id)
    WHERE e.tenant_id = %s ORDER BY l.idx
"""
_WAITING = """
    SELECT convert_from(e.body, 'UTF8') FROM audit_entry e
    WHERE (%(tenant)s::uuid IS NULL OR e.tenant_id = %(tenant)s)
      AND NOT EXISTS (SELECT FROM audit_leaf l WHERE l.ins_id = e.ins_id) ORDER BY e.ins_id
"""
_CHECKPOINTS = """
    SELECT c.note, array(SELECT s.line FROM audit_cosignature s WHERE s.size = c.size ORDER BY s.witness)
    FROM audit_checkpoint c WHERE c.size >= %s ORDER BY c.size
"""
_STATE = """
    SELECT coalesce((SELECT max(size) FROM audit_checkpoint), 0),
        (SELECT count(*) FROM audit_entry e WHERE %(tenant)s::uuid IS NULL OR e.tenant_id = %(tenant)s),
        clock_timestamp(),
        coalesce((SELECT split_part(note, E'\\n', 1) FROM audit_checkpoint ORDER BY size DESC LIMIT 1), '')
"""


def export_log(
    target: Path | IO[bytes], *, tenant_id: uuid.UUID | None, say: Callable[[int], Any] = lambda done: None
) -> int:
    """Write an export, in one snapshot of the database; return how many entries it holds.

    Args:
        target: a file that is replaced, or a writable stream.
        tenant_id: None for the whole log.
        say: told of each thousand entries more.
    """
    with roles.connect("custos_audit") as connection, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        ((size, entries, now, origin),) = connection.execute(_STATE, {"tenant": tenant_id}).fetchall()
        head = {"format": "custos-log-export/v1", "origin": origin, "tenant": tenant_id and str(tenant_id)}
        archive.writestr(
            "log.json", json.dumps({**head, "size": size, "entries": entries, "exported_at": rfc3339(now)})
        )
        newest_only = size if tenant_id is not None else 0
        _write(
            archive,
            "checkpoints.jsonl",
            ({"note": note, "cosignatures": lines} for note, lines in connection.execute(_CHECKPOINTS, [newest_only])),
        )
        lines = _of_tenant(connection, tenant_id, size) if tenant_id is not None else _whole(connection)
        count = _write(archive, "entries.jsonl", lines, say=say)
        waiting = connection.execute(_WAITING, {"tenant": tenant_id})
        return count + _write(archive, "unsequenced.jsonl", ({"body": body} for (body,) in waiting))


def _whole(connection: psycopg.Connection[Any]) -> Iterator[dict[str, Any]]:
    with connection.cursor(name="custos_export") as cursor:
        for index, leaf, body in cursor.execute(_WHOLE):
            yield {"index": index, "leaf": base64.b64encode(leaf).decode(), "body": body}


def _of_tenant(connection: psycopg.Connection[Any], tenant_id: uuid.UUID, size: int) -> Iterator[dict[str, Any]]:
    with connection.cursor(name="custos_export") as cursor, connection.cursor() as reader:
        tree = StoredTree(reader)
        for index, body in cursor.execute(_OF_TENANT, [tenant_id]):
            proof = tree.inclusion_proof(index, size=size)
            yield {"index": index, "body": body, "proof": [base64.b64encode(step).decode() for step in proof]}


def _write(
    archive: zipfile.ZipFile,
    name: str,
    lines: Iterator[dict[str, Any]],
    *,
    say: Callable[[int], Any] = lambda done: None,
) -> int:
    count = 0
    with archive.open(name, "w", force_zip64=True) as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            count += 1
            if count % 1000 == 0:
                say(1000)
    say(count % 1000)
    return count
