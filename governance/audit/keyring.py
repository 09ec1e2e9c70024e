"""The log's signing keys: private halves as files of the keys folder, public halves in the database and in the log.

The newest registered key of a use is the one that signs. Its private half is written, and synced, before it is
registered, so a process that dies in between leaves an unused file and nothing else. A key that follows another one
carries its predecessor's signature (a rotation note), which verifiers and witnesses accept.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from django.db import connections, transaction

from common.ids import new_id
from governance.audit import key_files, ledger, receipts
from governance.audit.checking.notes import Key
from governance.audit.signing import handover, new_signer
from governance.audit.tags import Tag

Use = Literal["checkpoint", "receipt", "witness"]

_LOCK = (0x43555354, 3)  # "CUST"


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
            _introduce("checkpoint", key_files.keep(new_signer(origin or f"custos.local/{secrets.token_hex(8)}")).key)
            known = {registered.use: registered for registered in list_keys()}
        if "receipt" not in known:
            name = f"{known['checkpoint'].key.name}/receipts"
            _introduce("receipt", key_files.keep(new_signer(name)).key)


def rotate(use: Literal["checkpoint", "receipt"]) -> Key:
    """Let a new key follow the present one, which introduces it; return its public half.

    Raises:
        LookupError: there is none to follow.
    """
    with _changing():
        old = key_files.load(_newest(use).key)
        successor = key_files.keep(new_signer(old.name))
        _introduce(use, successor.key, note=handover(old, successor=successor.key))
    receipts.forget_signer()
    return successor.key


def register_witness(key: Key) -> bool:
    """Register a witness's public key; return whether it is new."""
    with _changing():
        if any(registered.key == key for registered in list_keys()):
            return False
        _introduce("witness", key)
    return True


def _newest(use: Use) -> Registered:
    found = [registered for registered in list_keys() if registered.use == use]
    if not found:
        raise LookupError(f"There is no {use} key to follow. Run `manage.py audit keys`.")
    return found[-1]


@contextmanager
def _changing() -> Iterator[None]:
    """An officer's transaction in which nobody else changes keys."""
    with transaction.atomic(using="officer"), connections["officer"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _LOCK)
        yield


def _introduce(use: Use, key: Key, *, note: str | None = None) -> None:
    key_files.trust(key)
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
