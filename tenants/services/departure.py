"""A tenant leaves: its owner asks for the deletion of everything, and may take that back until it is due.

A right: neither suspension nor moratorium nor a missing approval stands in its way. The deletion itself is carried out
by `recognition.services.erasure`, which reaches everything that a tenant has.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from common.context import Actor, tenant_scope
from common.vocabulary import TenantRole
from governance.audit import ledger
from governance.audit.tags import Tag
from tenants import membership
from tenants.errors import ConfirmationMismatch, DeletionUnderWay
from tenants.models import Tenant


def get_organisation(actor: Actor) -> Tenant:
    """Return the actor's own tenant."""
    with tenant_scope(actor.tenant_id):
        return Tenant.objects.get(id=actor.tenant_id)


def request_deletion(actor: Actor, *, confirmation: str) -> Tenant:
    """Ask for the deletion of the tenant with all it has, after a grace; asking again changes nothing.

    Args:
        actor: an owner.
        confirmation: the tenant's slug, typed by who means it.

    Raises:
        NotAMember, RoleNotSufficient: the actor is no owner; a key never is.
        ConfirmationMismatch: it is another word.
    """
    with tenant_scope(actor.tenant_id):
        membership.require_role(actor, TenantRole.OWNER)
        tenant = _lock(actor)
        if confirmation != tenant.slug:
            raise ConfirmationMismatch("Type the short name of the organisation to confirm.")
        if tenant.deletion_due_at is None:
            set_due(tenant, grace=timedelta(days=settings.CUSTOS_TENANT_DELETION_DAYS), actor=ledger.ref_of(actor))
    return tenant


def withdraw_deletion(actor: Actor) -> Tenant:
    """Take the request for deletion back; does nothing where there is none.

    Raises:
        NotAMember, RoleNotSufficient: the actor is no owner.
        DeletionUnderWay: it is due; what is gone does not come back.
    """
    with tenant_scope(actor.tenant_id):
        membership.require_role(actor, TenantRole.OWNER)
        tenant = _lock(actor)
        if tenant.deletion_due_at is None:
            return tenant
        if tenant.deletion_due_at <= ledger.database_now():
            raise DeletionUnderWay
        tenant.deletion_requested_at = tenant.deletion_due_at = None
        tenant.save(update_fields=["deletion_requested_at", "deletion_due_at"])
        _record(Tag.TENANT_DELETION_WITHDRAWN, tenant, actor=ledger.ref_of(actor), data={})
    return tenant


def set_due(tenant: Tenant, *, grace: timedelta, actor: ledger.ActorRef) -> None:
    """Let the deletion of a tenant fall due, in its open scope."""
    now = ledger.database_now()
    tenant.deletion_requested_at = tenant.deletion_requested_at or now
    tenant.deletion_due_at = now + grace
    tenant.save(update_fields=["deletion_requested_at", "deletion_due_at"])
    _record(Tag.TENANT_DELETION_REQUESTED, tenant, actor=actor, data={"grace_seconds": int(grace.total_seconds())})


def _lock(actor: Actor) -> Tenant:
    return Tenant.objects.select_for_update(no_key=True).get(id=actor.tenant_id)


def _record(tag: Tag, tenant: Tenant, *, actor: ledger.ActorRef, data: dict[str, int]) -> None:
    resource = ledger.Resource("tenant", tenant.id)
    ledger.record_event(tag, actor=actor, resource=resource, tenant_id=tenant.id, data=data)
