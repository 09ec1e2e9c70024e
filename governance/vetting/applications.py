"""What an organisation does with its application: begin, state, submit, appeal. No use of faces: it passes no gate.

An unvetted organisation has to be able to ask; so may a suspended one, but no suspended person or key.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from common.context import Actor, tenant_scope
from common.errors import InvalidRequest
from governance import ports
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.vetting import assigning, content, selectors
from governance.vetting.errors import ApplicationIncomplete, ApplicationNotFound, ApplicationOpen, ApplicationState
from governance.vetting.models import VettingApplication
from tenants.membership import require_manager, role_of
from tenants.models import Tenant
from tenants.ports import require_actor_not_suspended

R = TypeVar("R")
State = VettingApplication.State
# Before the end of an approval: first and second reminder.
REMINDERS: Final = (timedelta(days=60), timedelta(days=14))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an organisation stands with the officers now, by the database's clock.

    Attributes:
        category: what kind of organisation it is; staff record it.
        approved_until: the end of its approval; None: it has none in force.
        ends_soon: whether that is so near that it should apply anew.
        unevaluated: engine versions offered here that the approval was not given for (VET-005).
        has_open: whether an application is open, so that none can be begun.
    """

    category: str
    approved_until: datetime | None
    ends_soon: bool
    unevaluated: tuple[str, ...]
    has_open: bool


def standing_of(actor: Actor) -> Standing:
    """Return how the actor's organisation stands; every member may know.

    Raises:
        NotAMember.
    """
    with tenant_scope(actor.tenant_id):
        role_of(actor)
        now = ledger.database_now()
        approval = selectors.approval_in_force(actor.tenant_id)
        versions = ports.offered_engine_versions() or ()
        return Standing(
            category=Tenant.objects.get(id=actor.tenant_id).category,
            approved_until=approval.expires_at if approval else None,
            ends_soon=approval is not None and approval.expires_at - now <= REMINDERS[0],
            unevaluated=tuple(sorted(set(versions) - set(approval.engine_versions))) if approval else (),
            has_open=selectors.applications_of(actor.tenant_id).filter(state__in=VettingApplication.OPEN).exists(),
        )


def begin_application(actor: Actor) -> VettingApplication:
    """Begin a draft, with what the organisation stated the last time.

    Raises:
        NotAMember, RoleNotSufficient, Suspended: the actor does not manage the tenant, or is suspended.
        ApplicationOpen: there is an open one.
    """
    with tenant_scope(actor.tenant_id):
        require_editor(actor)
        before = selectors.applications_of(actor.tenant_id).order_by("-created_at").first()
        application = VettingApplication(
            tenant_id=actor.tenant_id,
            created_by_kind=actor.kind,
            created_by_id=actor.id,
            **(before.content() if before else {}),
        )
        try:
            with transaction.atomic():
                application.save(force_insert=True)
        except IntegrityError as error:
            raise ApplicationOpen from error
        application.refresh_from_db(fields=["created_at"])
        record(Tag.APPLICATION_BEGUN, application, by=ledger.ref_of(actor))
        return with_documents(application)


def list_applications(actor: Actor, *, paginate: Callable[[QuerySet[VettingApplication]], R]) -> R:
    """Return a page of the tenant's applications.

    Raises:
        NotAMember, RoleNotSufficient.
    """
    with tenant_scope(actor.tenant_id):
        require_manager(actor)
        return paginate(selectors.applications_of(actor.tenant_id))


def get_application(actor: Actor, *, application_id: uuid.UUID) -> VettingApplication:
    """Return one application with the titles of its evidence in `documents`.

    Raises:
        NotAMember, RoleNotSufficient, ApplicationNotFound.
    """
    with tenant_scope(actor.tenant_id):
        require_manager(actor)
        found = selectors.applications_of(actor.tenant_id).filter(id=application_id).first()
        if found is None:
            raise ApplicationNotFound
        return with_documents(found)


def state(actor: Actor, *, application_id: uuid.UUID, values: Mapping[str, Any]) -> VettingApplication:
    """Change what a draft says, or what officers asked to know more about.

    Raises:
        NotAMember, RoleNotSufficient, Suspended, ApplicationNotFound.
        ApplicationState: it is with the officers, or decided.
        InvalidRequest: an unknown slug or an ill-formed case officer.
    """
    stated = content.checked(values)
    unknown = sorted(set(stated) - set(VettingApplication.CONTENT))
    if unknown:
        raise InvalidRequest(f"An application does not say: {', '.join(unknown)}.")
    with tenant_scope(actor.tenant_id):
        application = locked_for_editing(actor, application_id=application_id)
        for name, value in stated.items():
            setattr(application, name, value)
        if stated:
            application.save(update_fields=list(stated))
        record(Tag.APPLICATION_CHANGED, application, by=ledger.ref_of(actor), fields=sorted(stated))
        return with_documents(application)


def submit(actor: Actor, *, application_id: uuid.UUID) -> VettingApplication:
    """Hand a complete application to the officers; from now on the organisation cannot change it.

    Raises:
        NotAMember, RoleNotSufficient, Suspended, ApplicationNotFound, ApplicationState.
        ApplicationIncomplete: statements or evidence are missing; it says which.
    """
    with tenant_scope(actor.tenant_id):
        application = locked_for_editing(actor, application_id=application_id)
        missing = content.missing(application)
        if not selectors.evidence_of(application).exists():
            missing.append("evidence")
        if missing:
            raise ApplicationIncomplete(f"Still missing: {', '.join(missing).replace('_', ' ')}.")
        application.state, application.submitted_at = State.SUBMITTED, ledger.database_now()
        application.save(update_fields=["state", "submitted_at"])
        record(Tag.APPLICATION_SUBMITTED, application, by=ledger.ref_of(actor))
        transaction.on_commit(assigning.assign_waiting)
        return with_documents(application)


def appeal(actor: Actor, *, application_id: uuid.UUID, reason: str) -> VettingApplication:
    """Ask other officers to look at a refusal again.

    Raises:
        NotAMember, RoleNotSufficient, Suspended, ApplicationNotFound, InvalidRequest.
        ApplicationState: it was not refused.
        ApplicationOpen: a newer one is open.
    """
    if not reason.strip():
        raise InvalidRequest("An appeal says why.")
    with tenant_scope(actor.tenant_id):
        require_editor(actor)
        application = selectors.lock_application(actor.tenant_id, application_id=application_id)
        require_state(application, State.REFUSED)
        application.state, application.appeal = State.APPEALED, reason.strip()
        try:
            with transaction.atomic():
                application.save(update_fields=["state", "appeal"])
        except IntegrityError as error:
            raise ApplicationOpen from error
        record(Tag.APPLICATION_APPEALED, application, by=ledger.ref_of(actor))
        transaction.on_commit(assigning.assign_waiting)
        return with_documents(application)


def with_documents(application: VettingApplication) -> VettingApplication:
    """Return it with the rows of its evidence, read once."""
    application.documents = list(selectors.evidence_of(application))  # type: ignore[attr-defined]
    return application


def require_state(application: VettingApplication, *states: str) -> None:
    """Go on only in one of these states.

    Raises:
        ApplicationState.
    """
    if application.state not in states:
        raise ApplicationState(f"It is {application.state.replace('_', ' ')}.")


def record(
    tag: Tag, application: VettingApplication, *, by: ledger.ActorRef, using: str = "default", **data: Any
) -> None:
    """Record what happened to an application; never what it says."""
    ledger.record_event(
        tag,
        actor=by,
        resource=ledger.Resource("vetting_application", application.id),
        tenant_id=application.tenant_id,
        data={"state": str(application.state), **data},
        using=using,
    )


def require_editor(actor: Actor) -> None:
    """Go on only for who manages the tenant and is not suspended; inside its scope.

    Raises:
        NotAMember, RoleNotSufficient, Suspended.
    """
    require_manager(actor)
    require_actor_not_suspended(actor)


def locked_for_editing(actor: Actor, *, application_id: uuid.UUID) -> VettingApplication:
    """Return an application that the actor may change now, locked; inside the tenant's scope."""
    require_editor(actor)
    application = selectors.lock_application(actor.tenant_id, application_id=application_id)
    require_state(application, *VettingApplication.EDITABLE)
    return application
