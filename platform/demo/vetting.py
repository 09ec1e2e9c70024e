"""How an organisation of the demo world is approved: it applies with a document, and two officers sign, as in life.

Each step asks first how far an earlier call came, so that a building that was killed goes on here, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from common.context import Actor
from common.vocabulary import Attestation
from demo import cast
from governance import four_eyes
from governance.four_eyes import Statement
from governance.models import Approval, ChangeRequest
from governance.vetting import applications, assigning, deciding, evidence
from governance.vetting.models import Evidence, VettingApplication
from tenants.models import User

_STATEMENT: Final = Statement("Registered, credible, and trained for what it asks.", interest="none")
_TRAINED_ON: Final = "2026-01-15"
State = VettingApplication.State


@dataclass(frozen=True, slots=True)
class Vetters:
    """Who decides about it: two officers, and the member of the oversight who lets them."""

    officers: tuple[User, User]
    oversight: User


def have_approved(owner: Actor, *, part: cast.TenantPart, vetters: Vetters, expires_at: datetime) -> None:
    """Let the organisation apply and the officers approve it, unless it holds an approval of today's kind.

    Raises:
        PlatformError: the platform refuses a step.
    """
    # An approval of an older demo world lacks what an organisation attests today.
    in_force = Approval.objects.using("officer").filter(tenant_id=owner.tenant_id, revoked_at=None)
    if in_force.filter(attestations__contains=sorted(Attestation)).exists():
        return
    application = _submitted(owner, part=part)
    _review(application, vetters=vetters)
    change = _asked_for(application, officer=vetters.officers[0], expires_at=expires_at)
    four_eyes.approve(change.id, approver=vetters.officers[1], statement=_STATEMENT)


def _submitted(owner: Actor, *, part: cast.TenantPart) -> VettingApplication:
    """Return the open application, begun, filled in and handed in where it was not."""
    opened = VettingApplication.objects.using("officer").filter(
        tenant_id=owner.tenant_id, state__in=VettingApplication.OPEN
    )
    application = opened.first() or applications.begin_application(owner)
    if application.state not in VettingApplication.EDITABLE:
        return application
    applications.state(owner, application_id=application.id, values=_statements(part))
    if not Evidence.objects.using("officer").filter(application_id=application.id).exists():
        document = document_of(f"Charter of {part.name}")
        evidence.add_evidence(owner, application_id=application.id, title="Charter", data=document)
    return applications.submit(owner, application_id=application.id)


def _review(application: VettingApplication, *, vetters: Vetters) -> None:
    for officer in vetters.officers:
        if officer not in assigning.reviewers_of(application):
            assigning.assign(application, officer=officer, by=vetters.oversight)
    if application.state != State.IN_REVIEW:
        deciding.begin_review(application.id, officer=vetters.officers[0])


def _asked_for(application: VettingApplication, *, officer: User, expires_at: datetime) -> ChangeRequest:
    asked = ChangeRequest.objects.using("officer").filter(
        kind="approve_application", subject_id=application.id, proposer=officer, state=ChangeRequest.State.PENDING
    )
    return asked.first() or deciding.propose_approval(
        application.id, officer=officer, statement=_STATEMENT, expires_at=expires_at
    )


def _statements(part: cast.TenantPart) -> dict[str, object]:
    return {
        "legal_name": part.name,
        "registration": "Register of organisations of Springfield, 4711",
        "address": "1 Main Street, Springfield",
        "contact": f"office@{part.slug}.example",
        "rationale": part.rationale,
        "purposes": [str(purpose) for purpose in part.purposes],
        "operations": [str(operation) for operation in cast.WORKING_OPERATIONS],
        "end_users": [str(category) for category in part.end_users],
        "jurisdictions": [part.jurisdiction],
        "attestations": [str(attestation) for attestation in Attestation],
        "case_officers": [
            {"name": username, "training": "Facial comparison for reviewers", "trained_on": _TRAINED_ON}
            for username, _ in part.members
        ],
    }


def document_of(words: str) -> bytes:
    """Return a PDF of one page that says these words (ASCII): something to open beside the application."""
    text = f"BT /F 18 Tf 72 700 Td ({words}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <</Font <</F 5 0 R>>>> >>",
        b"<< /Length %d >> stream\n%b\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj %b endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(data)
    return data + b"xref\n0 6\n0000000000 65535 f \n" + table + end
