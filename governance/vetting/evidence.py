"""Documents of evidence: put there by the applicant, sealed, and opened for the officers who review."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from typing import Final

from django.db import IntegrityError, transaction

from common.context import Actor, tenant_scope
from common.sealing import seal, unseal
from common.vocabulary import StaffRole
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.errors import NotPermittedForRole
from governance.vetting import selectors
from governance.vetting.applications import locked_for_editing, record
from governance.vetting.errors import ApplicationNotFound, EvidenceUnusable
from governance.vetting.models import Evidence, EvidenceContent
from tenants.models import User

MOST_BYTES: Final = 10 * 1024 * 1024
MOST_DOCUMENTS: Final = 30
# By what a file of the kind begins with: what it calls itself is not believed.
MEDIA_TYPES: Final = {
    "application/pdf": b"%PDF-",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A document as an officer gets it."""

    title: str
    media_type: str
    data: bytes


def add_evidence(actor: Actor, *, application_id: uuid.UUID, title: str, data: bytes) -> Evidence:
    """Put a document to an application that can still be changed.

    Args:
        actor: who manages the tenant.
        application_id: of the tenant.
        title: what it is.
        data: a PDF, PNG or JPEG, 10 MB at most; scripts in it are never run here, but an officer opens it.

    Raises:
        NotAMember, RoleNotSufficient, Suspended, ApplicationNotFound, ApplicationState.
        EvidenceUnusable: another kind, too large, too many, or there already.
    """
    media_type = next((kind for kind, magic in MEDIA_TYPES.items() if data.startswith(magic)), None)
    if media_type is None or len(data) > MOST_BYTES:
        raise EvidenceUnusable(f"A document is a PDF, PNG or JPEG of at most {MOST_BYTES // 1024**2} MB.")
    if not title.strip():
        raise EvidenceUnusable("A document has a title.")
    with tenant_scope(actor.tenant_id):
        application = locked_for_editing(actor, application_id=application_id)
        if selectors.evidence_of(application).count() >= MOST_DOCUMENTS:
            raise EvidenceUnusable(f"At most {MOST_DOCUMENTS} documents.")
        evidence = Evidence(
            tenant_id=actor.tenant_id,
            application_id=application_id,
            title=title.strip(),
            media_type=media_type,
            n_bytes=len(data),
            digest=hashlib.sha256(data).hexdigest(),
        )
        try:
            with transaction.atomic():
                evidence.save(force_insert=True)
        except IntegrityError as error:
            raise EvidenceUnusable("This very document is there already.") from error
        EvidenceContent(tenant_id=actor.tenant_id, evidence_id=evidence.id, sealed=seal(data, _context(evidence))).save(
            force_insert=True
        )
        record(
            Tag.EVIDENCE_ADDED,
            application,
            by=ledger.ref_of(actor),
            evidence=str(evidence.id),
            sha256=evidence.digest,
        )
    return evidence


def remove_evidence(actor: Actor, *, application_id: uuid.UUID, evidence_id: uuid.UUID) -> None:
    """Take a document back while the application can still be changed; it is destroyed.

    Raises:
        NotAMember, RoleNotSufficient, Suspended, ApplicationNotFound, ApplicationState, EvidenceNotFound.
    """
    with tenant_scope(actor.tenant_id):
        application = locked_for_editing(actor, application_id=application_id)
        evidence = selectors.get_evidence(application, evidence_id=evidence_id)
        # The content goes with it by the foreign key: this role may not even look for it.
        Evidence.objects.filter(tenant_id=actor.tenant_id, id=evidence_id).delete()
        record(
            Tag.EVIDENCE_REMOVED,
            application,
            by=ledger.ref_of(actor),
            evidence=str(evidence_id),
            sha256=evidence.digest,
        )


def read_evidence(user: User, *, application_id: uuid.UUID, evidence_id: uuid.UUID) -> Document:
    """Open a document for an officer to whom the application is assigned, or for oversight; recorded.

    Raises:
        NotPermittedForRole: another role; auditors see that there is a document, not what is in it.
        ApplicationNotFound, EvidenceNotFound.
        SealBroken: it is not what was put there.
    """
    if user.staff_role not in (StaffRole.OFFICER, StaffRole.OVERSIGHT):
        raise NotPermittedForRole("Evidence is opened by officers and oversight.")
    application = selectors.visible_to(user).filter(id=application_id).first()
    if application is None:
        raise ApplicationNotFound
    evidence = selectors.get_evidence(application, evidence_id=evidence_id, using="officer")
    stored = EvidenceContent.objects.using("officer").get(tenant_id=evidence.tenant_id, evidence_id=evidence.id)
    data = unseal(bytes(stored.sealed), _context(evidence))
    with transaction.atomic(using="officer"):
        record(
            Tag.EVIDENCE_READ,
            application,
            by=ledger.ActorRef("staff", str(user.pk)),
            using="officer",
            evidence=str(evidence.id),
        )
    return Document(evidence.title, evidence.media_type, data)


def _context(evidence: Evidence) -> bytes:
    """Bind the seal to tenant, document and digest: moved to another place, it does not open."""
    return f"custos/evidence/{evidence.tenant_id}/{evidence.id}/{evidence.digest}".encode()
