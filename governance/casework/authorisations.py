"""What courts allowed in a case: recording it, ratifying what was urgent, and withdrawing it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from common.context import Actor, ActorKind, tenant_scope
from common.vocabulary import AuthorisationKind, Operation
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.casework import authority, selectors
from governance.casework.errors import (
    AuthorisationEnded,
    AuthorisationInvalid,
    CaseClosed,
    SecondPersonNeeded,
    TooManyAuthorisations,
    UrgencyNotRatified,
)
from governance.casework.models import Authorisation, Case

# WAR-002; EU AI Act, Article 5(3) and Article 26(10).
REALTIME_DEADLINE: Final = timedelta(hours=24)
DEADLINE: Final = timedelta(hours=48)
LONGEST: Final = timedelta(days=366)
# All of a case are recorded with each decision: 250 octets each.
MOST_OF_A_CASE: Final = 20
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAuthorisation:
    """What a document says.

    Attributes:
        authority: who gave it, or who declares the urgency.
        operations: what it covers.
        document_reference, document_digest: of a court's document: its number, and the SHA-256 of the file.
    """

    kind: AuthorisationKind
    authority: str
    operations: Collection[Operation]
    valid_from: datetime
    valid_until: datetime
    document_reference: str = ""
    document_digest: str = ""


def record_authorisation(actor: Actor, *, case_id: uuid.UUID, document: NewAuthorisation) -> Authorisation:
    """Record a warrant or order, or declare an urgent use, which a court must ratify within 24 or 48 hours from now.

    An urgent use is declared by a person, and once: until a court has ratified it, only a court's document may follow.

    Raises:
        NotAMember, RoleNotSufficient, Suspended: see `authority`.
        CaseNotFound, CaseClosed: there is no such open case of the tenant.
        AuthorisationInvalid: it covers nothing, ends before it begins, lasts too long, or names no document.
        UrgencyNotRatified: it is urgent, and the case has or had an urgent one that no court has ratified.
        TooManyAuthorisations: the case holds as many as a decision can record.
    """
    _check(document)
    is_urgent = document.kind is AuthorisationKind.EXIGENT
    with tenant_scope(actor.tenant_id):
        (authority.require_person if is_urgent else authority.require_case_worker)(actor)
        case = selectors.lock_case(actor.tenant_id, case_id=case_id)
        if not case.is_open:
            raise CaseClosed
        if is_urgent and _unratified(case).exists():
            raise UrgencyNotRatified("Only a court's document may follow it.")
        if _in_force(case).count() >= MOST_OF_A_CASE:
            raise TooManyAuthorisations
        authorisation = Authorisation(
            tenant_id=actor.tenant_id,
            case_id=case.id,
            kind=document.kind,
            authority=document.authority,
            document_reference=document.document_reference,
            document_digest=document.document_digest,
            operations=sorted(document.operations),
            valid_from=document.valid_from,
            valid_until=document.valid_until,
            ratify_by=_deadline(document, now=ledger.database_now()),
            recorded_by_kind=actor.kind,
            recorded_by_id=actor.id,
        )
        authorisation.save(force_insert=True)
        data = {"kind": document.kind.value, "operations": sorted(map(str, document.operations))}
        _record(Tag.AUTHORISATION_RECORDED, actor, authorisation=authorisation, data=data)
        authorisation.refresh_from_db()
    return authorisation


def ratify(
    actor: Actor, *, case_id: uuid.UUID, authorisation_id: uuid.UUID, document_reference: str, document_digest: str
) -> Authorisation:
    """Record that a court has ratified an urgent use, in time; by another person than the one who declared it.

    Args:
        actor: a signed-in member.
        case_id, authorisation_id: of the urgent use.
        document_reference, document_digest: the court's document: its number, and the SHA-256 of the file.

    Raises:
        NotAMember, RoleNotSufficient, Suspended: see `authority`; a key is no member.
        CaseNotFound, AuthorisationNotFound: there is none of this id, or it is another tenant's.
        AuthorisationInvalid: no document is named.
        AuthorisationEnded: it is not urgent, was ratified or withdrawn, or its deadline has passed.
        SecondPersonNeeded: the same person declared it, or a key did, and whose it is cannot be told.
    """
    with tenant_scope(actor.tenant_id):
        authority.require_person(actor)
        case = selectors.lock_case(actor.tenant_id, case_id=case_id)
        authorisation = selectors.lock_authorisation(case, authorisation_id=authorisation_id)
        if authorisation.recorded_by_id == actor.id or authorisation.recorded_by_kind != ActorKind.USER:
            raise SecondPersonNeeded
        _check_court_document(document_reference, digest=document_digest)
        ratifiable = Authorisation.objects.filter(
            tenant_id=actor.tenant_id,
            id=authorisation_id,
            ratify_by__gt=Now(),
            ratified_at=None,
            revoked_at=None,
            purged_at=None,
        )
        ratification = {"ratification_reference": document_reference, "ratification_digest": document_digest}
        if not ratifiable.update(ratified_at=Now(), ratified_by_id=actor.id, **ratification):
            raise AuthorisationEnded
        _record(Tag.AUTHORISATION_RATIFIED, actor, authorisation=authorisation, data={})
        authorisation.refresh_from_db()
    return authorisation


def revoke(actor: Actor, *, case_id: uuid.UUID, authorisation_id: uuid.UUID) -> Authorisation:
    """Withdraw an authorisation: from now on it allows nothing. One person is enough to stop.

    An urgent one whose ratification is owed is not withdrawn so: what it brought is still destroyed at the deadline.

    Raises:
        NotAMember, RoleNotSufficient, Suspended: see `authority`.
        CaseNotFound, AuthorisationNotFound: there is none of this id, or it is another tenant's.
        AuthorisationEnded: it was withdrawn or purged before, or is urgent and was not ratified.
    """
    with tenant_scope(actor.tenant_id):
        authority.require_case_worker(actor)
        case = selectors.lock_case(actor.tenant_id, case_id=case_id)
        authorisation = selectors.lock_authorisation(case, authorisation_id=authorisation_id)
        owed = Q(kind=AuthorisationKind.EXIGENT, ratified_at=None)
        live = _in_force(case).filter(id=authorisation_id).exclude(owed)
        if not live.update(revoked_at=Now()):
            raise AuthorisationEnded
        _record(Tag.AUTHORISATION_REVOKED, actor, authorisation=authorisation, data={})
        authorisation.refresh_from_db()
    return authorisation


def urgent_one_in_use(case: Case, *, operation: Operation) -> Authorisation | None:
    """Return the urgent authorisation that a use of now rests on: none where a court's covers it; in the open scope."""
    covering = _in_force(case).filter(
        valid_from__lte=Now(), valid_until__gt=Now(), operations__contains=[operation.value]
    )
    by_court = covering.filter(~Q(kind=AuthorisationKind.EXIGENT) | Q(ratified_at__isnull=False))
    if by_court.exists():
        return None
    return covering.order_by(F("ratify_by").asc()).first()


def _in_force(case: Case) -> QuerySet[Authorisation]:
    return Authorisation.objects.filter(tenant_id=case.tenant_id, case_id=case.id, purged_at=None, revoked_at=None)


def _unratified(case: Case) -> QuerySet[Authorisation]:
    """Return the urgent ones that no court has ratified, those that are purged by now included."""
    return Authorisation.objects.filter(
        tenant_id=case.tenant_id, case_id=case.id, kind=AuthorisationKind.EXIGENT, ratified_at=None
    )


def _deadline(document: NewAuthorisation, *, now: datetime) -> datetime | None:
    if document.kind is not AuthorisationKind.EXIGENT:
        return None
    return now + (REALTIME_DEADLINE if Operation.WATCHLIST_REALTIME in document.operations else DEADLINE)


def _check(document: NewAuthorisation) -> None:
    if not document.operations:
        raise AuthorisationInvalid("Say which operations it covers.")
    if not document.authority.strip():
        raise AuthorisationInvalid("Say who gave it.")
    if document.valid_until <= document.valid_from:
        raise AuthorisationInvalid("It ends after it begins.")
    if document.valid_until - document.valid_from > LONGEST:
        raise AuthorisationInvalid("It lasts a year at most.")
    if document.kind is not AuthorisationKind.EXIGENT:
        _check_court_document(document.document_reference, digest=document.document_digest)


def _check_court_document(reference: str, *, digest: str) -> None:
    if not reference.strip() or not _SHA256.fullmatch(digest):
        raise AuthorisationInvalid(
            "A court's document has a number and the SHA-256 of its file (64 hexadecimal digits)."
        )


def _record(tag: Tag, actor: Actor, *, authorisation: Authorisation, data: dict[str, Any]) -> None:
    ledger.record_event(
        tag,
        actor=ledger.ref_of(actor),
        resource=ledger.Resource("authorisation", authorisation.id),
        tenant_id=authorisation.tenant_id,
        data={"case": str(authorisation.case_id), **data},
    )
