"""A log of its own: a clone of the migrated database, keys of its own, a sequencer and a witness to be asked."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connections

from common import context
from common.ids import new_id
from governance.audit import key_files, keyring, ledger, receipts, roles, sequencer
from governance.audit.pool import close_ledger_pool
from governance.audit.verification import Verification, verify_log, verify_on
from governance.audit.witness import Handler, Witness, init
from governance.audit.witnessing import last_cosigned
from tests.conftest import TEMPLATE, admin_connection

TENANT = new_id()
OTHER_TENANT = new_id()


@dataclass(slots=True)
class OwnLog:
    """The log, its witness's address and folder, and the receipts that its users kept."""

    database: str
    witness_url: str
    witness_folder: Path
    receipts: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return key_files.trusted_keys()[0].name

    def use(self, times: int = 1, *, tenant_id: object = TENANT) -> None:
        """Write decisions with their outcomes, and keep the receipts."""
        for _ in range(times):
            now = ledger.own_connection_now()
            entry_id, _permit = ledger.record_decision(
                ledger.DecisionRecord(
                    tenant_id=tenant_id,  # type: ignore[arg-type]
                    ts=now,
                    actor=ledger.ActorRef("api_key", "k"),
                    action="search",
                    resource=ledger.Resource("collection", None),
                    case_ref=None,
                    decision={"effect": "allow", "rules": [], "epoch": 1},
                    params={},
                    facts={"purpose": "photo_organisation", "on_behalf_of": None, "jurisdiction": "US"},
                )
            )
            self.receipts.append(context.current_receipt())
            ledger.record_failed_outcome(
                ledger.OutcomeRecord(
                    decision_id=entry_id,
                    tenant_id=tenant_id,  # type: ignore[arg-type]
                    ts=ledger.own_connection_now(),
                    status="succeeded",
                    data={"n_faces": 1},
                )
            )

    def sequence(self, *, cosigned: bool = True) -> int:
        """Append what is waiting, and have it cosigned; return the size of the tree."""
        with roles.connect("custos_sequencer", autocommit=True) as connection:
            size = sequencer.drain(connection)
            if cosigned:
                sequencer.cosign_newest(connection, url=self.witness_url)
        return size

    def witnessed(self) -> str:
        return last_cosigned(self.witness_url, origin=self.origin)

    def verify(self, **options: object) -> Verification:
        return verify_log(**{"witnessed": self.witnessed(), **options})  # type: ignore[arg-type]

    @contextmanager
    def attacked(self) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """The superuser's connection with every trigger and constraint out of the way; all is undone at the end."""
        with admin_connection(self.database) as admin:
            admin.autocommit = False
            for table in TABLES:
                admin.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            for table, name in admin.execute(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype IN ('c', 'f')"
                " AND conrelid::regclass::text = ANY (%s)",
                [list(TABLES)],
            ).fetchall():
                admin.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE")
            admin.execute("DROP INDEX audit_refusals_of_tenant")
            admin.execute("ALTER TABLE audit_entry ALTER COLUMN ins_id DROP IDENTITY")
            yield admin
            admin.rollback()

    def verify_attacked(
        self,
        admin: psycopg.Connection[tuple[object, ...]],
        *,
        witness: bool,
        kept: bool,
    ) -> Verification:
        """Verify as the attacked transaction stands, with or without asking the witness and the users' receipts."""
        return verify_on(
            admin,
            witnessed=self.witnessed() if witness else "",
            receipts=self.receipts if kept else (),
        )


TABLES = (
    "audit_entry",
    "audit_pending",
    "audit_leaf",
    "audit_tile",
    "audit_checkpoint",
    "audit_cosignature",
    "audit_signing_key",
)


@contextmanager
def own_log(folder: Path, *, name: str) -> Iterator[OwnLog]:
    """Let this process use a database and keys of its own for a while."""
    before, keys_before = settings.DATABASES["default"]["NAME"], settings.CUSTOS_KEYS_DIR
    with admin_connection() as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER custos_owner")
        admin.execute(f"GRANT CONNECT ON DATABASE {name} TO PUBLIC")
    shutil.copytree(keys_before, folder / "keys")
    settings.CUSTOS_KEYS_DIR = folder / "keys"
    switch(name)
    context.bind_request_id("request-of-a-test")
    server = _witness(folder / "witness")
    try:
        yield OwnLog(name, f"http://127.0.0.1:{server.server_port}", folder / "witness")
    finally:
        server.shutdown()
        server.server_close()
        settings.CUSTOS_KEYS_DIR = keys_before
        switch(before)
        with admin_connection() as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def switch(name: str) -> None:
    """Close every connection; the next ones go to the database of this name."""
    close_ledger_pool()
    receipts.forget_signer()
    for alias in connections:
        connections[alias].close()
        settings.DATABASES[alias]["NAME"] = name
        connections[alias].settings_dict["NAME"] = name


def _witness(folder: Path) -> ThreadingHTTPServer:
    keyring.register_witness(init(folder, name="witness.test/one"))
    witness = Witness(folder, log_keys=[key_files.trusted_keys()[0]])
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"witness": witness}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
