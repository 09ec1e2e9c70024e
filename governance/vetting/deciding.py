"""What officers do with an application: take it up, ask for more, and, two of them, approve or refuse it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from common.errors import InvalidRequest
from common.vocabulary import StaffRole
from governance import four_eyes, ports
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.errors import ConflictOfInterest
from governance.four_eyes import ChangeKind, Execution, Payload, Signed, Statement
from governance.models import ChangeRequest
from governance.services import approvals
from governance.services.payloads import ids, instant, slugs, text
from governance.services.signing import require
from governance.vetting import assigning, selectors
from governance.vetting.applications import record, require_state
from governance.vetting.content import digest_of
from governance.vetting.errors import ApplicationChanged, ApplicationNotFound, NotAssigned
from governance.vetting.letters import write_to
from governance.vetting.models import VettingApplication
from tenants.models import User

_USING: Final = "officer"
State = VettingApplication.State
_APPROVED: Final = ("purposes", "operations", "jurisdictions", "end_users", "attestations")


def begin_review(application_id: uuid.UUID, *, officer: User) -> VettingApplication:
    """Take up what was submitted or appealed.

    Raises:
        NotPermittedForRole, NotAssigned, ApplicationNotFound, ApplicationState.
    """
    return _move(
        application_id,
        officer=officer,
        before=(State.SUBMITTED, State.APPEALED),
        after=State.IN_REVIEW,
        tag=Tag.APPLICATION_TAKEN_UP,
    )


def ask_for_more(application_id: uuid.UUID, *, officer: User, message: str) -> VettingApplication:
    """Give it back to the organisation with a question; one officer may do that.

    Raises:
        NotPermittedForRole, NotAssigned, ApplicationNotFound, ApplicationState, InvalidRequest.
    """
    if not message.strip():
        raise InvalidRequest("Say what is missing.")
    return _move(
        application_id,
        officer=officer,
        before=(State.IN_REVIEW,),
        after=State.MORE_INFORMATION,
        tag=Tag.APPLICATION_QUESTIONED,
        message=message.strip(),
    )


def propose_approval(
    application_id: uuid.UUID,
    *,
    officer: User,
    statement: Statement,
    expires_at: datetime,
    gallery_cap: int | None = None,
    daily_searches: int | None = None,
) -> ChangeRequest:
    """Sign an approval as the first officer; the second one's signature puts it in force.

    Raises:
        NotPermittedForRole, NotAssigned, ApplicationNotFound, ApplicationState, ConflictOfInterest, InvalidRequest.
    """
    application = _assigned(application_id, officer=officer)
    versions = ports.offered_engine_versions()
    if not versions:
        raise InvalidRequest("Which engines are offered cannot be told, so nothing can be approved for them.")
    payload = {
        "application": str(application_id),
        "tenant": str(application.tenant_id),
        "content_sha256": _digest(application),
        "expires_at": expires_at.isoformat(),
        "engine_versions": sorted(versions),
        "gallery_cap": gallery_cap,
        "daily_searches": daily_searches,
        **{name: getattr(application, name) for name in _APPROVED},
    }
    return four_eyes.propose("approve_application", payload, proposer=officer, statement=statement)


def propose_refusal(application_id: uuid.UUID, *, officer: User, statement: Statement, message: str) -> ChangeRequest:
    """Sign a refusal as the first officer; it is told to the organisation when the second one has signed.

    Raises:
        NotPermittedForRole, NotAssigned, ApplicationNotFound, ApplicationState, ConflictOfInterest, InvalidRequest.
    """
    application = _assigned(application_id, officer=officer)
    payload = {
        "application": str(application_id),
        "content_sha256": _digest(application),
        "message": message.strip(),
    }
    return four_eyes.propose("refuse_application", payload, proposer=officer, statement=statement)


def check_approval(payload: Payload) -> None:
    """Refuse what is not in review, has changed, or asks for longer than twelve months."""
    _in_review(payload)
    approvals.check_approval(payload)
    slugs(payload, "engine_versions")
    if instant(payload, "expires_at") - ledger.database_now(using=_USING) > approvals.LONGEST_APPROVAL:
        raise InvalidRequest("An approval lasts twelve months at most.")


def execute_approval(payload: Payload, signed: Signed) -> Execution:
    """Approve the organisation for what it applied for; an earlier application is superseded."""
    application = _signed_application(payload, signed)
    made = approvals.execute_approval(payload, signed)
    previous = VettingApplication.objects.using(_USING).filter(
        tenant_id=application.tenant_id, state__in=[State.APPROVED, State.EXPIRING]
    )
    for earlier in previous:
        _set(earlier, State.SUPERSEDED, tag=Tag.APPLICATION_SUPERSEDED, by=signed.approver)
    application.approval_id = made.result_id
    _set(application, State.APPROVED, tag=Tag.APPLICATION_APPROVED, by=signed.approver, message="")
    return made


def check_refusal(payload: Payload) -> None:
    """Refuse what is not in review, has changed, or is not explained."""
    text(payload, "message")
    _in_review(payload)


def execute_refusal(payload: Payload, signed: Signed) -> Execution:
    """Refuse the application, and tell the organisation why and how to appeal."""
    application = _signed_application(payload, signed)
    message = text(payload, "message")
    _set(application, State.REFUSED, tag=Tag.APPLICATION_REFUSED, by=signed.approver, message=message)
    return Execution()


KINDS: Final = (
    ChangeKind(
        slug="approve_application",
        label="Approve an application",
        roles=frozenset({StaffRole.OFFICER}),
        check=check_approval,
        execute=execute_approval,
        subject="application",
    ),
    ChangeKind(
        slug="refuse_application",
        label="Refuse an application",
        roles=frozenset({StaffRole.OFFICER}),
        check=check_refusal,
        execute=execute_refusal,
        subject="application",
    ),
)


def _move(
    application_id: uuid.UUID, *, officer: User, before: tuple[State, ...], after: State, tag: Tag, message: str = ""
) -> VettingApplication:
    with transaction.atomic(using=_USING):
        _assigned(application_id, officer=officer)
        application = _lock(application_id)
        require_state(application, *before)
        _set(application, after, tag=tag, by=officer, message=message)
    return application


def _set(application: VettingApplication, state: State, *, tag: Tag, by: User, message: str | None = None) -> None:
    application.state = state
    fields = ["state", "approval_id"]
    if message is not None:
        application.message = message
        fields.append("message")
    if state in (State.APPROVED, State.REFUSED):
        application.decided_at = ledger.database_now(using=_USING)
        fields.append("decided_at")
    application.save(using=_USING, update_fields=fields)
    record(tag, application, by=ledger.ActorRef("staff", str(by.pk)), using=_USING)
    if state in (State.APPROVED, State.REFUSED, State.MORE_INFORMATION):
        transaction.on_commit(lambda: write_to(application, about=state), using=_USING)


def _signed_application(payload: Payload, signed: Signed) -> VettingApplication:
    """Return the locked application when both who signed may judge it."""
    application = _lock(ids(payload, "application"))
    require_state(application, State.IN_REVIEW)
    for person in signed.people:
        _assigned(application.id, officer=person)
    return application


def _in_review(payload: Payload) -> VettingApplication:
    application = VettingApplication.objects.using(_USING).filter(id=ids(payload, "application")).first()
    if application is None:
        raise ApplicationNotFound
    require_state(application, State.IN_REVIEW)
    if _digest(application) != payload.get("content_sha256"):
        raise ApplicationChanged
    return application


def _digest(application: VettingApplication) -> str:
    documents = selectors.evidence_of(application, using=_USING)
    return digest_of(application, evidence=documents.values_list("digest", flat=True))


def _assigned(application_id: uuid.UUID, *, officer: User) -> VettingApplication:
    """Return the application when it is assigned to the officer, who did not refuse it before.

    Raises:
        NotPermittedForRole, NotAssigned.
        ConflictOfInterest: the officer refused it, and this is the appeal.
    """
    require(officer, role=StaffRole.OFFICER)
    application: Any = selectors.assigned_to(officer).filter(id=application_id).first()
    if application is None:
        raise NotAssigned
    if officer.pk in assigning.excluded_from(application):
        raise ConflictOfInterest("Who refused it does not judge the appeal.")
    found: VettingApplication = application
    return found


def _lock(application_id: uuid.UUID) -> VettingApplication:
    found = VettingApplication.objects.using(_USING).select_for_update(of=("self",)).filter(id=application_id).first()
    if found is None:
        raise ApplicationNotFound
    return found
