"""What requests of members are for when they do not say it. What may be done is a matter of the approval alone."""

from __future__ import annotations

from dataclasses import dataclass

from common.context import Actor, tenant_scope
from common.vocabulary import CustomerCategory, Purpose
from governance.audit import ledger
from governance.audit.tags import Tag
from tenants import membership
from tenants.models import Tenant
from tenants.ports import require_not_suspended
from tenants.roles import MANAGERS


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberDefaults:
    """What members' requests are for when they do not say it; None: each has to say it."""

    purpose: Purpose | None = None
    on_behalf_of: CustomerCategory | None = None
    jurisdiction: str | None = None

    @classmethod
    def of(cls, tenant: Tenant) -> MemberDefaults:
        """Return those of a tenant."""
        purpose, end_user = tenant.default_purpose, tenant.default_on_behalf_of
        return cls(
            purpose=Purpose(purpose) if purpose else None,
            on_behalf_of=CustomerCategory(end_user) if end_user else None,
            jurisdiction=tenant.default_jurisdiction,
        )


def change_defaults(actor: Actor, *, defaults: MemberDefaults) -> Tenant:
    """Say what members' requests are for from now on; keys have defaults of their own.

    Raises:
        NotAMember, RoleNotSufficient: the actor is no owner or admin; a key never is.
        Suspended: the tenant or the actor is.
    """
    with tenant_scope(actor.tenant_id):
        membership.require_role(actor, *MANAGERS)
        require_not_suspended(actor)
        tenant = Tenant.objects.select_for_update(no_key=True).get(id=actor.tenant_id)
        if MemberDefaults.of(tenant) == defaults:
            return tenant
        tenant.default_purpose = defaults.purpose
        tenant.default_on_behalf_of = defaults.on_behalf_of
        tenant.default_jurisdiction = defaults.jurisdiction
        tenant.save(update_fields=["default_purpose", "default_on_behalf_of", "default_jurisdiction"])
        ledger.record_event(
            Tag.TENANT_DEFAULTS_CHANGED,
            actor=ledger.ref_of(actor),
            resource=ledger.Resource("tenant", tenant.id),
            tenant_id=tenant.id,
            data={
                "purpose": defaults.purpose,
                "on_behalf_of": defaults.on_behalf_of,
                "jurisdiction": defaults.jurisdiction,
            },
        )
    return tenant
