"""What a moratorium would do, before anybody imposes it: whose approved use it covers, and which jobs it would halt."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.vocabulary import RIGHTS
from governance import ports
from governance.models import Approval
from governance.ports import OpenJob
from governance.rules.situation import Situation, unknowns
from governance.services.moratoria import Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """One tenant that would be affected.

    Attributes:
        is_whole: whether nothing that it is approved for would be left.
        stopped: the operations that would be stopped for at least one purpose, end user and jurisdiction.
        jobs: its open jobs that would be halted; None: nobody can tell.
    """

    tenant_id: uuid.UUID
    slug: str
    name: str
    category: str
    is_whole: bool
    stopped: tuple[str, ...]
    jobs: tuple[OpenJob, ...] | None


@dataclass(frozen=True, slots=True)
class Preview:
    """Everybody who would be cut off, wholly or in part."""

    tenants: tuple[CutOff, ...]

    @property
    def n_jobs(self) -> int | None:
        """How many running or waiting jobs would be halted; None: that cannot be told."""
        counts = [None if tenant.jobs is None else len(tenant.jobs) for tenant in self.tenants]
        return None if None in counts else sum(count for count in counts if count is not None)


def preview_moratorium(selector: Selector) -> Preview:
    """Say whom a moratorium would cut off at this moment. Reads across tenants; changes nothing.

    A request that does not say for whom it is done is taken to be the tenant's own, as the gate takes it.
    """
    live = Approval.objects.using("officer").in_force()
    found = [_cut_off(approval, selector) for approval in live.select_related("tenant").order_by("tenant__slug")]
    return Preview(tuple(tenant for tenant in found if tenant is not None))


def _cut_off(approval: Approval, selector: Selector) -> CutOff | None:
    """Judge each dimension by itself: a use is covered when all of them are, so their product need not be walked."""
    tenant, columns = approval.tenant, selector.columns()
    category = tenant.category
    operations = [operation for operation in approval.operations if operation not in RIGHTS]
    dimensions = {
        "operation": (operations, ("operations",)),
        "purpose": (approval.purposes, ("purposes",)),
        "on_behalf_of": (approval.end_users, ("categories", "end_users")),
        "jurisdiction": (approval.jurisdictions, ("jurisdictions",)),
    }
    covered = {
        fact: [value for value in values if _covers({name: columns[name] for name in names}, category, **{fact: value})]
        for fact, (values, names) in dimensions.items()
    }
    if not all(covered.values()):
        return None
    return CutOff(
        tenant_id=tenant.id,
        slug=tenant.slug,
        name=tenant.name,
        category=category,
        is_whole=all(len(covered[fact]) == len(values) for fact, (values, _) in dimensions.items()),
        stopped=tuple(covered["operation"]),
        jobs=_halted_jobs(tenant.id, category, columns),
    )


def _halted_jobs(tenant_id: uuid.UUID, category: str, columns: Mapping[str, Any]) -> tuple[OpenJob, ...] | None:
    jobs = ports.open_jobs_of(tenant_id)
    if jobs is None:
        return None
    return tuple(
        job
        for job in jobs
        if _covers(
            columns,
            category,
            operation=job.operation,
            purpose=job.purpose,
            on_behalf_of=job.on_behalf_of,
            jurisdiction=job.jurisdiction,
        )
    )


def _covers(columns: Mapping[str, Any], category: str, **stated: str | None) -> bool:
    """Match as the rule MOR-001 does: what may be covered counts as covered."""
    unstated = dict.fromkeys(("operation", "purpose", "on_behalf_of", "jurisdiction"))
    situation = Situation.from_facts({"tenant_category": category, **unstated, **stated})
    return unknowns(columns, situation=situation, counts_results=True) is not None
