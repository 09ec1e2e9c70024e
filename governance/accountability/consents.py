"""The consent of the people who are enrolled: given, taken back, and asked for before anything of them is stored."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from enum import StrEnum

from django.db.models import QuerySet
from django.db.models.functions import Now

from governance.accountability.models import ConsentRecord
from governance.errors import ConsentWithdrawn


class ConsentState(StrEnum):
    """What is on record of a person in a collection."""

    NONE = "none"
    LIVE = "live"
    WITHDRAWN = "withdrawn"


def records_of(subject: str, *, tenant_id: uuid.UUID, collection_id: uuid.UUID) -> QuerySet[ConsentRecord]:
    """Return a person's records, newest first; inside the tenant's scope."""
    of_person = ConsentRecord.objects.filter(tenant_id=tenant_id, collection_id=collection_id, subject=subject)
    return of_person.order_by("-recorded_at", "-id")


def state_of(subject: str, *, tenant_id: uuid.UUID, collection_id: uuid.UUID) -> ConsentState:
    """Return whether there is a consent and whether it was withdrawn; inside the tenant's scope."""
    newest = records_of(subject, tenant_id=tenant_id, collection_id=collection_id).first()
    if newest is None:
        return ConsentState.NONE
    return ConsentState.LIVE if newest.withdrawn_at is None else ConsentState.WITHDRAWN


def withdrawn_among(subjects: Iterable[str], *, tenant_id: uuid.UUID, collection_id: uuid.UUID) -> set[str]:
    """Return those of the people whose newest record is a withdrawal; in the transaction that stores their faces."""
    of_people = ConsentRecord.objects.filter(
        tenant_id=tenant_id, collection_id=collection_id, subject__in={subject for subject in subjects if subject}
    )
    newest = of_people.order_by("subject", "-recorded_at", "-id").distinct("subject")
    return {subject for subject, withdrawn_at in newest.values_list("subject", "withdrawn_at") if withdrawn_at}


def withdrawn_in(*, tenant_id: uuid.UUID, collection_id: uuid.UUID) -> list[str]:
    """Return the people of a collection who have taken their consent back; inside the tenant's scope."""
    records = ConsentRecord.objects.filter(tenant_id=tenant_id, collection_id=collection_id)
    in_force = records.filter(withdrawn_at=None).values("subject")
    withdrawn = records.filter(withdrawn_at__isnull=False).exclude(subject__in=in_force)
    return list(withdrawn.values_list("subject", flat=True).distinct())


def require_not_withdrawn(subject: str, *, tenant_id: uuid.UUID, collection_id: uuid.UUID) -> None:
    """Go on only when the person has not taken consent back; in the transaction that stores their face.

    Raises:
        ConsentWithdrawn: they have.
    """
    if withdrawn_among([subject], tenant_id=tenant_id, collection_id=collection_id):
        raise ConsentWithdrawn


def give(
    subject: str, *, tenant_id: uuid.UUID, collection_id: uuid.UUID, evidence_digest: str, decision_id: uuid.UUID
) -> ConsentRecord:
    """Record a consent, unless one is in force already; the collection's row is locked by the caller."""
    in_force = records_of(subject, tenant_id=tenant_id, collection_id=collection_id).filter(withdrawn_at=None).first()
    if in_force is not None:
        return in_force
    record = ConsentRecord(
        tenant_id=tenant_id,
        collection_id=collection_id,
        subject=subject,
        evidence_digest=evidence_digest,
        decision_entry_id=decision_id,
    )
    record.save(force_insert=True)
    record.refresh_from_db(fields=["recorded_at"])
    return record


def take_back(subject: str, *, tenant_id: uuid.UUID, collection_id: uuid.UUID, decision_id: uuid.UUID) -> ConsentRecord:
    """Record that consent is withdrawn, also where none was on record; the collection's row is locked by the caller."""
    record = give(
        subject, tenant_id=tenant_id, collection_id=collection_id, evidence_digest="", decision_id=decision_id
    )
    ConsentRecord.objects.filter(tenant_id=tenant_id, id=record.id).update(withdrawn_at=Now())
    record.refresh_from_db(fields=["withdrawn_at"])
    return record


def forget_all(*, tenant_id: uuid.UUID, collection_id: uuid.UUID) -> None:
    """Delete the records of a collection that is deleted, with the names of people in them."""
    ConsentRecord.objects.filter(tenant_id=tenant_id, collection_id=collection_id).delete()
