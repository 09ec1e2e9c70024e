"""Receipts: the log's signed promise, given with each answer, that the decision's entry is in it for ever."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import datetime

import psycopg
from django.conf import settings
from psycopg_pool import PoolTimeout

from common import context
from governance.audit import key_files, signing
from governance.audit.checking.notes import Key
from governance.audit.errors import LedgerUnavailable
from governance.audit.pool import ledger_pool
from governance.audit.signing import Signer

REMEMBERED_SECONDS = 30.0
_lock = threading.Lock()
_signer: tuple[str, float, Signer] | None = None


def give(entry_id: uuid.UUID, *, leaf: bytes, time: datetime) -> None:
    """Sign a receipt for a committed entry; the answer to the present request will carry it.

    The same entry gives the same receipt under the same key.

    Raises:
        LedgerUnavailable: there is no key, or it cannot be read.
    """
    signer = ready_signer()
    origin = signer.name.removesuffix("/receipts")
    context.bind_receipt(signing.receipt(signer, origin=origin, entry_id=str(entry_id), leaf=leaf, time=time))


def ready_signer() -> Signer:
    """Return the key that signs receipts now; looked up again every half minute, so that a rotation is noticed.

    Raises:
        LedgerUnavailable: there is no key, or it cannot be read.
    """
    global _signer
    now, folder = time.monotonic(), str(settings.CUSTOS_KEYS_DIR)
    with _lock:
        if _signer is None or _signer[0] != folder or now - _signer[1] > REMEMBERED_SECONDS:
            _signer = (folder, now, key_files.load(_newest_key()))
        return _signer[2]


def forget_signer() -> None:
    """Look the key up again at the next receipt."""
    global _signer
    with _lock:
        _signer = None


def _newest_key() -> Key:
    try:
        with ledger_pool().connection() as connection:
            row = connection.execute(
                "SELECT vkey FROM audit_signing_key WHERE use = 'receipt' ORDER BY entry_id DESC LIMIT 1"
            ).fetchone()
    except (psycopg.Error, PoolTimeout) as error:
        raise LedgerUnavailable from error
    if row is None:
        raise LedgerUnavailable("There is no key for receipts. Run `manage.py audit keys`.")
    return Key.parse(row[0])
