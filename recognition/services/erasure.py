"""A tenant whose deletion is due: all that it has goes, in batches; what stays is the log and a row without a name.

Access ends first. Faces go through the gate, as a deletion by the platform itself; all other rows through
`tenants.erasure`. Killed anywhere, the next run goes on; what there was is counted before anything goes.
"""

from __future__ import annotations

import logging
import time
import uuid
from typing import Final

from django.db import DatabaseError, InterfaceError, connections

from common.context import tenant_scope
from common.errors import PlatformError
from governance.accountability import held
from governance.audit import ledger
from governance.audit.tags import Tag
from recognition import staging, storage
from recognition.models import Collection, DispatchTicket, Job, StoredFile
from recognition.services import keeping, purging
from tenants import erasure
from tenants.models import Tenant

logger = logging.getLogger(__name__)

_MOST_TENANTS: Final = 100
# Who may act, and what for: first.
_ACCESS: Final = ("tenants_apikeysecret", "tenants_membership", "tenants_invitation", "governance_approval")


def erase_due(*, seconds: float) -> None:
    """Go on with the erasure of the tenants whose deletion is due, for about so long; one's troubles are its own."""
    until = time.monotonic() + seconds
    for tenant_id in erasure.due(most=_MOST_TENANTS):
        try:
            erase(tenant_id, until=until)
        except (PlatformError, DatabaseError, InterfaceError):
            logger.exception("tenant %s could not be erased yet", tenant_id)


def erase(tenant_id: uuid.UUID, *, until: float) -> bool:
    """Go on with the erasure of a due tenant until a monotonic instant; return whether nothing is left.

    Raises:
        StorageUnavailable: kept pictures cannot be deleted now.
        UnderLegalHold: nobody gets in any more, and what there is stays until the hold is lifted.
    """
    _begin(tenant_id)
    is_done = (
        all(_empty(tenant_id, table=table, until=until) for table in _ACCESS)
        and _stop_jobs(tenant_id)
        and _nothing_is_held(tenant_id)
        and _empty_collections(tenant_id, until=until)
        and _take_pictures(tenant_id, until=until)
        and all(_empty(tenant_id, table=table, until=until) for table in erasure.tables())
    )
    if is_done:
        storage.remove_folder(tenant_id)
        staging.remove_tenant(tenant_id)
        _finish(tenant_id)
    return is_done


def _begin(tenant_id: uuid.UUID) -> None:
    """Count what there is, once."""
    with tenant_scope(tenant_id):
        tenant = Tenant.objects.select_for_update(no_key=True).get(id=tenant_id)
        if tenant.erased_counts is None:
            tenant.erased_counts = {**erasure.count(tenant_id), "staged_folders": staging.count_jobs(tenant_id)}
            tenant.save(update_fields=["erased_counts"])


def _stop_jobs(tenant_id: uuid.UUID) -> bool:
    with tenant_scope(tenant_id):
        jobs = Job.objects.filter(tenant_id=tenant_id).values_list("id", flat=True)
        DispatchTicket.objects.filter(job_id__in=list(jobs)).delete()
    return True


def _nothing_is_held(tenant_id: uuid.UUID) -> bool:
    with tenant_scope(tenant_id):
        held.require_none(tenant_id)
    return True


def _empty_collections(tenant_id: uuid.UUID, *, until: float) -> bool:
    with tenant_scope(tenant_id):
        found = list(Collection.objects.filter(tenant_id=tenant_id).values_list("id", flat=True))
    for collection_id in found:
        while purging.purge_faces(collection_id, tenant_id=tenant_id, all_of_them=True):
            if time.monotonic() >= until:
                return False
        purging.purge_collection(collection_id, tenant_id=tenant_id)
    return True


def _take_pictures(tenant_id: uuid.UUID, *, until: float) -> bool:
    """Delete the files of kept pictures with their rows; no image is left that refers to one."""
    while True:
        with tenant_scope(tenant_id):
            files = list(StoredFile.objects.filter(tenant_id=tenant_id).values_list("id", flat=True)[:100])
        if not files:
            return True
        if time.monotonic() >= until:
            return False
        keeping.reclaim(files, tenant_id=tenant_id)


def _empty(tenant_id: uuid.UUID, *, table: str, until: float) -> bool:
    while erasure.erase_rows(tenant_id, table=table) == erasure.ROWS_AT_ONCE:
        if time.monotonic() >= until:
            return False
    return True


def _finish(tenant_id: uuid.UUID) -> None:
    """Take the name away and say what was deleted, once."""
    with tenant_scope(tenant_id), connections["default"].cursor() as cursor:
        tenant = Tenant.objects.select_for_update(no_key=True).get(id=tenant_id)
        if tenant.erased_at is not None:
            return
        cursor.execute("SELECT custos_forget_tenant(%s)", [tenant_id])
        ledger.record_event(
            Tag.TENANT_ERASED,
            actor=ledger.SYSTEM,
            resource=ledger.Resource("tenant", tenant_id),
            tenant_id=tenant_id,
            data=tenant.erased_counts or {},
        )
