"""The log as its tenants may read it: the tree is everybody's, bodies are their own tenant's.

What is the same for everybody (checkpoints, tiles, consistency) holds hashes alone and passes no gate: reading it would
else lengthen the log without end. A body is read as a decision is: through the gate, with an entry of its own.
"""

from __future__ import annotations

import base64
import io
import uuid
from dataclasses import dataclass
from typing import Final

from django.db import connections

from common.context import Actor, tenant_scope
from common.vocabulary import Operation
from governance import gate
from governance.audit import exporting, key_files, selectors
from governance.audit.checking.notes import BadNote, Receipt, open_receipt
from governance.audit.checking.spans import TILE
from governance.audit.models import AuditEntry
from governance.audit.stored_tree import StoredTree
from governance.errors import (
    CheckpointNotFound,
    EntryNotFound,
    EntryNotSequenced,
    ExportTooLarge,
    ReceiptUnreadable,
    SizesInvalid,
    TileNotFound,
)

MOST_EXPORTED: Final = 50_000
MOST_LEVELS: Final = 8
MOST_TILES: Final = 1 << 48

_NEWEST = "SELECT size, root, note FROM audit_checkpoint ORDER BY size DESC LIMIT 1"
_LINES = "SELECT line FROM audit_cosignature WHERE size = %s ORDER BY witness"


@dataclass(frozen=True, slots=True)
class CheckpointNote:
    """A checkpoint: its size, its root, and the signed note with the witness's lines, once there are any."""

    size: int
    root: bytes
    note: str


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """An entry of the tenant with its place in the tree; None while it waits for the sequencer."""

    entry: AuditEntry
    index: int | None


@dataclass(frozen=True, slots=True)
class CheckedReceipt:
    """What became of a receipt: its entry as the tenant's log holds it, or None when it does not."""

    receipt: Receipt
    logged: LoggedEntry | None


def newest_checkpoint() -> CheckpointNote:
    """Return the newest checkpoint.

    Raises:
        CheckpointNotFound: nothing was sequenced yet.
    """
    with connections["default"].cursor() as cursor:
        cursor.execute(_NEWEST)
        row = cursor.fetchone()
        if row is None:
            raise CheckpointNotFound
        size, root, note = row
        cursor.execute(_LINES, [size])
        return CheckpointNote(size, bytes(root), note + "".join(f"{line}\n" for (line,) in cursor.fetchall()))


def get_tile(level: int, *, number: int, width: int | None = None) -> list[bytes]:
    """Return the first `width` hashes of a tile, or all that it has.

    Raises:
        TileNotFound: the tree has not so many.
    """
    if level >= MOST_LEVELS or number >= MOST_TILES:
        raise TileNotFound
    with connections["default"].cursor() as cursor:
        hashes = StoredTree(cursor).tile(level, number)
    if not hashes or len(hashes) < (width or 1):
        raise TileNotFound
    return hashes[: width or TILE]


def prove_consistency(*, old: int, new: int | None = None) -> tuple[int, int, list[bytes]]:
    """Return two sizes, and the proof that the first `old` leaves are those of the tree of `new` (the newest one).

    Raises:
        SizesInvalid: not 1 <= old <= new <= the size of the newest checkpoint.
    """
    newest = newest_checkpoint().size
    new = newest if new is None else new
    if not 1 <= old <= new <= newest:
        raise SizesInvalid
    with connections["default"].cursor() as cursor:
        return old, new, StoredTree(cursor).consistency_proof(old, new=new)


def get_entry(entry_id: uuid.UUID, *, actor: Actor) -> LoggedEntry:
    """Return an entry of the tenant with its exact body.

    Raises:
        EntryNotFound: the tenant has no such entry.
    """
    with gate.authorised(_request(actor, entry_id)) as admission, tenant_scope(actor.tenant_id):
        entry = selectors.get_entry(actor.tenant_id, entry_id=entry_id)
        if entry is None:
            raise EntryNotFound
        logged = LoggedEntry(entry, selectors.leaf_index(entry.ins_id))
        admission.complete()
    return logged


def prove_inclusion(entry_id: uuid.UUID, *, actor: Actor) -> str:
    """Return the proof, as a C2SP `tlog-proof@v1`, that an entry of the tenant is under the newest checkpoint.

    Raises:
        EntryNotFound: the tenant has no such entry.
        EntryNotSequenced: it waits for the sequencer: ask again in a second.
    """
    with tenant_scope(actor.tenant_id):
        entry = selectors.get_entry(actor.tenant_id, entry_id=entry_id)
        if entry is None:
            raise EntryNotFound
        index = selectors.leaf_index(entry.ins_id)
    if index is None:
        raise EntryNotSequenced(retry_after=1)
    checkpoint = newest_checkpoint()
    with connections["default"].cursor() as cursor:
        path = StoredTree(cursor).inclusion_proof(index, size=checkpoint.size)
    steps = "".join(f"{base64.b64encode(step).decode()}\n" for step in path)
    return f"c2sp.org/tlog-proof@v1\nindex {index}\n{steps}\n{checkpoint.note}"


def check_receipt(encoded: str, *, actor: Actor) -> CheckedReceipt:
    """Tell whether a receipt is genuine, and whether the tenant's log holds its entry as it was.

    Raises:
        ReceiptUnreadable: it is no receipt, or no key of this log signed it.
    """
    try:
        receipt = open_receipt(encoded, key_files.trusted_keys())
        entry_id = uuid.UUID(receipt.entry_id)
    except ValueError as error:
        raise ReceiptUnreadable(str(error) if isinstance(error, BadNote) else "") from error
    with tenant_scope(actor.tenant_id):
        entry = selectors.get_entry(actor.tenant_id, entry_id=entry_id)
        if entry is None or bytes(entry.leaf_hash) != receipt.leaf:
            return CheckedReceipt(receipt, None)
        return CheckedReceipt(receipt, LoggedEntry(entry, selectors.leaf_index(entry.ins_id)))


def export(*, actor: Actor) -> bytes:
    """Return a zip of the tenant's entries with their proofs, for the offline verifier.

    Raises:
        ExportTooLarge: there are too many for an answer; the operator exports them.
    """
    with gate.authorised(_request(actor, None)) as admission, tenant_scope(actor.tenant_id):
        count = selectors.count_entries(actor.tenant_id, at_most=MOST_EXPORTED + 1)
        if count > MOST_EXPORTED:
            raise ExportTooLarge
        admission.complete()
    buffer = io.BytesIO()
    exporting.export_log(buffer, tenant_id=actor.tenant_id)
    return buffer.getvalue()


def _request(actor: Actor, entry_id: uuid.UUID | None) -> gate.AccessRequest:
    return gate.AccessRequest(
        actor=actor,
        operation=Operation.READ_OWN_DECISIONS,
        resource=gate.ResourceRef("audit_entry", entry_id, actor.tenant_id),
    )
