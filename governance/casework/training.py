"""Attesting that a member has learned to compare faces: managers do, of others, for a year at most (HUM-004)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from django.db.models.functions import Now

from common.context import Actor, tenant_scope
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.casework.errors import SecondPersonNeeded, TrainingInvalid, TrainingNotFound
from governance.casework.models import TrainingAttestation
from tenants import membership
from tenants.models import Membership
from tenants.ports import require_not_suspended
from tenants.roles import MANAGERS

LONGEST: Final = timedelta(days=366)


def attest(actor: Actor, *, user_id: uuid.UUID, course: str, expires_at: datetime) -> TrainingAttestation:
    """Attest a member's training. A person does, never a key.

    Raises:
        NotAMember, RoleNotSufficient: not an owner or an admin.
        Suspended: the tenant or the actor is.
        SecondPersonNeeded: nobody attests their own.
        TrainingInvalid: not a member, no course, or an end in the past or later than in a year.
    """
    with tenant_scope(actor.tenant_id):
        membership.require_role(actor, *MANAGERS)
        require_not_suspended(actor)
        if actor.id == user_id:
            raise SecondPersonNeeded("Nobody attests their own training.")
        now = ledger.database_now()
        if not course.strip() or not now < expires_at <= now + LONGEST:
            raise TrainingInvalid("It names a course, and ends within a year from now.")
        if not Membership.objects.filter(tenant_id=actor.tenant_id, user_id=user_id).exists():
            raise TrainingInvalid("Only a member's training is attested.")
        attestation = TrainingAttestation(
            tenant_id=actor.tenant_id,
            user_id=user_id,
            course=course.strip(),
            attested_by_id=actor.id,
            expires_at=expires_at,
        )
        attestation.save(force_insert=True)
        _record(Tag.TRAINING_ATTESTED, actor, attestation=attestation)
    return attestation


def revoke(actor: Actor, *, attestation_id: uuid.UUID) -> None:
    """Take an attestation back; stopping is easy, also for a suspended tenant.

    Raises:
        NotAMember, RoleNotSufficient: not an owner or an admin.
        TrainingNotFound: there is none of this id in force, or it is another tenant's.
    """
    with tenant_scope(actor.tenant_id):
        membership.require_role(actor, *MANAGERS)
        rows = TrainingAttestation.objects.filter(tenant_id=actor.tenant_id, id=attestation_id, revoked_at=None)
        attestation = rows.select_for_update(no_key=True).first()
        if attestation is None:
            raise TrainingNotFound
        rows.update(revoked_at=Now())
        _record(Tag.TRAINING_REVOKED, actor, attestation=attestation)


def list_current(actor: Actor) -> list[TrainingAttestation]:
    """Return the attestations in force, with their people.

    Raises:
        NotAMember, RoleNotSufficient: not an owner or an admin.
    """
    with tenant_scope(actor.tenant_id):
        membership.require_role(actor, *MANAGERS)
        current = TrainingAttestation.objects.filter(tenant_id=actor.tenant_id, revoked_at=None, expires_at__gt=Now())
        return list(current.select_related("user").order_by("user__username", "-expires_at"))


def _record(tag: Tag, actor: Actor, *, attestation: TrainingAttestation) -> None:
    ledger.record_event(
        tag,
        actor=ledger.ref_of(actor),
        resource=ledger.Resource("training", attestation.id),
        tenant_id=attestation.tenant_id,
        data={"user": str(attestation.user_id)},
    )
