"""A durable instance of its own for benchmarks: services, migrations, one approved tenant. Removed at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.context import Actor
    from common.permits import Permit

REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class BenchTenant:
    """An approved tenant and its key; `pair` is for AWS Signature Version 4."""

    actor: Actor
    token: str
    pair: tuple[str, str]


@contextmanager
def bench_instance(*, engine: str = "onnx") -> Iterator[BenchTenant]:
    """Start PostgreSQL (with fsync) and Valkey in a temporary home, migrate, set Django up, create a tenant.

    Args:
        engine: what the tenant is approved for; `fake` where no picture is looked at.
    """
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "platform")]
    from instance.account import service_account
    from instance.services import embedded_services, service_folder

    home = Path(tempfile.mkdtemp(prefix="custos-bench-"))
    os.environ.setdefault("CUSTOS_MODELS_DIR", str(REPOSITORY / "var" / "models"))
    try:
        with embedded_services(home) as endpoints:
            # Only `bench-audit` runs a sequencer; for the others its absence must not stop what they measure (AUD-002).
            patience = {"CUSTOS_SEQUENCER_LAG_SECONDS": "86400"}
            os.environ.update({**endpoints.environment(), **patience, "CUSTOS_ENV": "development"})
            _manage("migrate", "--verbosity", "0", "--skip-checks", role="custos_owner")
            _manage("publish_policy", role="custos_app")
            _manage("audit", "keys", role="custos_app")
            import django

            from config.boot import choose_settings

            choose_settings()
            django.setup()
            try:
                yield _tenant(engine)
            finally:
                _close_connections()
    finally:
        shutil.rmtree(service_folder(home, account=service_account()), ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


def benchmark_permit(actor: Actor, *, for_attributes: bool = False) -> Permit:
    """Return a permit from a real, recorded decision of the gate: to compare, or to say attributes."""
    from common.vocabulary import Operation
    from governance import gate
    from recognition.engines import registry

    decision = gate.authorise(
        gate.AccessRequest(
            actor=actor,
            operation=Operation.ANALYSE_ATTRIBUTES if for_attributes else Operation.COMPARE,
            resource=gate.ResourceRef("benchmark", None, actor.tenant_id),
            engine_version=registry.get().attributes_version if for_attributes else registry.get().version,
        )
    )
    if decision.permit is None:
        raise SystemExit(f"The benchmark's tenant was refused: {[rule.id for rule in decision.verdict.fired]}")
    return decision.permit


def _manage(*command: str, role: str) -> None:
    environment = {**os.environ, "CUSTOS_DATABASE_ROLE": role, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}"}
    subprocess.run(
        [sys.executable, "manage.py", *command], cwd=REPOSITORY, env=environment, check=True, stdout=subprocess.DEVNULL
    )


def _tenant(engine: str) -> BenchTenant:
    from common.context import Actor, ActorKind, Usage
    from common.vocabulary import PERSONAL, Attestation, CustomerCategory, Operation, Purpose, StaffRole
    from governance import services as governance
    from governance.audit import ledger
    from recognition.engines import registry
    from tenants import services as tenants

    officers = tuple(
        tenants.create_staff(username=name, password=name * 2, role=StaffRole.OFFICER, actor=ledger.SYSTEM)
        for name in ("bench-officer-1", "bench-officer-2")
    )
    category = CustomerCategory.CONSUMER_SOFTWARE
    tenant = tenants.create_tenant("bench", name="Benchmark", category=category, actor=ledger.SYSTEM)
    binding = tenants.KeyBinding(
        operations=[each for each in Operation if each not in PERSONAL],
        purposes=[Purpose.PHOTO_ORGANISATION],
        default_purpose=Purpose.PHOTO_ORGANISATION,
        default_jurisdiction="US",
    )
    key = tenants.issue_api_key(tenant.id, label="bench", binding=binding, actor=ledger.SYSTEM)
    governance.grant_approval(
        tenant.id,
        use=governance.ApprovedUse(
            purposes=[Purpose.PHOTO_ORGANISATION],
            operations=list(Operation),
            jurisdictions=["US"],
            end_users=[category],
            engine_versions=[registry.get(engine).version, registry.get(engine).attributes_version],
            attestations=list(Attestation),
        ),
        expires_at=ledger.database_now() + timedelta(days=2),
        approvers=(officers[0], officers[1]),
    )
    actor = Actor(ActorKind.API_KEY, key.id, tenant.id, Usage(Purpose.PHOTO_ORGANISATION, None, "US"))
    return BenchTenant(actor, key.token, (key.access_key_id, key.secret_access_key))


def _close_connections() -> None:
    from django.db import connections

    from governance.audit.pool import close_ledger_pool

    close_ledger_pool()
    for connection in connections.all():
        connection.close()
