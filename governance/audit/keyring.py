"""The log's signing keys: private halves as files of the keys folder, public halves in the database and in the log.

The newest registered key of a use is the one that signs. Its private half is written, and synced, before it is
registered, so a process that dies in between leaves an unused file and nothing else. A key that follows another one
carries its predecessor's signature (a rotation note), which verifiers and witnesses accept.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg
from django.conf import settings
from django.db import connections, transaction
from psycopg_pool import PoolTimeout

from common.ids import new_id
from governance.audit import ledger
from governance.audit.checking.notes import Key
from governance.audit.errors import LedgerUnavailable
from governance.audit.pool import ledger_pool
from governance.audit.signing import Signer, handover, new_signer
from governance.audit.tags import Tag

Use = Literal["checkpoint", "receipt", "witness"]

REMEMBERED_SECONDS = 30.0
_LOCK = (0x43555354, 3)  # "CUST"
_lock = threading.Lock()
_receipts: tuple[str, float, Signer] | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """A public key as the database holds it; `entry_id` is the log entry that introduced it."""

    use: Use
    key: Key
    entry_id: str


def list_keys() -> list[Registered]:
    """Return every key, oldest first; public, and the same for everybody."""
    with connections["officer"].cursor() as cursor:
        cursor.execute(
            "SELECT k.use, k.vkey, k.entry_id FROM audit_signing_key k JOIN audit_entry e ON e.id = k.entry_id"
            " ORDER BY e.ins_id"
        )
        return [Registered(use, Key.parse(vkey), str(entry_id)) for use, vkey, entry_id in cursor.fetchall()]


def ensure_keys(*, origin: str = "") -> None:
    """Make and register the first checkpoint key and the first receipt key, where there are none.

    Args:
        origin: the log's name for ever; left out, one is made up.
    """
    with _changing():
        known = {registered.use: registered for registered in list_keys()}
        if "checkpoint" not in known:
            _introduce("checkpoint", _keep(new_signer(origin or f"custos.local/{secrets.token_hex(8)}")).key)
            known = {registered.use: registered for registered in list_keys()}
        if "receipt" not in known:
            name = f"{known['checkpoint'].key.name}/receipts"
            _introduce("receipt", _keep(new_signer(name)).key)


def rotate(use: Literal["checkpoint", "receipt"]) -> Key:
    """Let a new key follow the present one, which introduces it; return its public half.

    Raises:
        LookupError: there is none to follow.
    """
    with _changing():
        old = load(_newest(use).key)
        successor = _keep(new_signer(old.name))
        _introduce(use, successor.key, note=handover(old, successor=successor.key))
    return successor.key


def register_witness(key: Key) -> bool:
    """Register a witness's public key; return whether it is new."""
    with _changing():
        if any(registered.key == key for registered in list_keys()):
            return False
        _introduce("witness", key)
    return True


def trusted_keys() -> list[Key]:
    """Return the public keys as the keys folder holds them: out of the reach of who can only write the database."""
    try:
        return [Key.parse(vkey) for vkey in trusted_file().read_text().split()]
    except FileNotFoundError:
        return []


def trusted_file() -> Path:
    """Where the trusted public keys are, one a line; for verifiers."""
    return _folder() / "trusted.keys"


def load(key: Key) -> Signer:
    """Return the private half of a key.

    Raises:
        LedgerUnavailable: its file is not here.
    """
    try:
        return Signer(key.name, (_folder() / key.id.hex()).read_bytes(), key.algorithm)
    except OSError as error:
        raise LedgerUnavailable(f"The private half of the audit key {key.id.hex()} cannot be read.") from error


def receipt_signer() -> Signer:
    """Return the key that signs receipts now; looked up again every half minute, so that a rotation is noticed.

    Raises:
        LedgerUnavailable: there is none, or it cannot be read.
    """
    global _receipts
    now, folder = time.monotonic(), str(_folder())
    with _lock:
        if _receipts is None or _receipts[0] != folder or now - _receipts[1] > REMEMBERED_SECONDS:
            _receipts = (folder, now, load(_newest_receipt_key()))
        return _receipts[2]


def _newest_receipt_key() -> Key:
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


def _newest(use: Use) -> Registered:
    found = [registered for registered in list_keys() if registered.use == use]
    if not found:
        raise LookupError(f"There is no {use} key to follow. Run `manage.py audit keys`.")
    return found[-1]


class _changing(transaction.Atomic):  # noqa: N801 used like a function
    """An officer's transaction in which nobody else changes keys."""

    def __init__(self) -> None:
        super().__init__(using="officer", savepoint=True, durable=False)

    def __enter__(self) -> None:
        super().__enter__()
        with connections["officer"].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _LOCK)


def _introduce(use: Use, key: Key, *, note: str | None = None) -> None:
    _trust(key)
    entry_id = ledger.record_event(
        Tag.AUDIT_KEY_INTRODUCED,
        actor=ledger.SYSTEM,
        resource=ledger.Resource("audit_key", new_id()),
        tenant_id=None,
        data={"use": use, "key": str(key), "handover": note},
        using="officer",
    )
    with connections["officer"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_signing_key (use, vkey, entry_id) VALUES (%s, %s, %s)", [use, str(key), entry_id]
        )


def _keep(signer: Signer) -> Signer:
    """Write a private key, whole or not at all."""
    _write(_folder() / signer.key.id.hex(), signer.private)
    return signer


def _trust(key: Key) -> None:
    known = trusted_keys()
    if key not in known:
        _write(trusted_file(), "".join(f"{each}\n" for each in [*known, key]).encode())


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _folder() -> Path:
    folder = Path(settings.CUSTOS_KEYS_DIR) / "audit"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
