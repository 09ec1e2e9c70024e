"""A case, the members who work on it, and what courts have allowed in it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from common.context import ActorKind
from common.vocabulary import AuthorisationKind, OffenceClass, Purpose
from tenants.models import TenantOwned, User, choices_of, tenant_reference

# Printable ASCII, as the header `Custos-Case` carries it; no space at its ends.
REFERENCE = r"[!-~](?:[ -~]{0,198}[!-~])?"
_SHA256 = r"^[0-9a-f]{64}$"
_SHA256_OR_NOTHING = r"^([0-9a-f]{64})?$"


class Case(TenantOwned):
    """Why somebody is looked for: what an identification by or for investigators must name."""

    reference = models.CharField(max_length=200)
    purpose = models.CharField(max_length=40, choices=choices_of(Purpose))
    offence_class = models.CharField(max_length=20, choices=choices_of(OffenceClass))
    rationale = models.TextField()
    opened_by_kind = models.CharField(max_length=20, choices=choices_of(ActorKind))
    opened_by_id = models.UUIDField()
    opened_at = models.DateTimeField(db_default=Now(), editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "id"], name="case_of_tenant"),
            models.UniqueConstraint(fields=["tenant", "reference"], name="case_reference_once_per_tenant"),
            models.CheckConstraint(name="case_reference_form", condition=Q(reference__regex=f"^{REFERENCE}$")),
            models.CheckConstraint(name="case_says_why", condition=Q(rationale__regex=r"\S.*\S")),
            models.CheckConstraint(
                name="case_offence_known", condition=Q(offence_class__in=[o.value for o in OffenceClass])
            ),
            models.CheckConstraint(name="case_purpose_known", condition=Q(purpose__in=[p.value for p in Purpose])),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class CaseOfficer(TenantOwned):
    """A member who works on a case; ends with the membership (migration 0002)."""

    case = tenant_reference("Case", related_name="officers")
    user = models.ForeignKey(User, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "case", "user"], name="officer_once_per_case"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} works on {self.case_id}"


class Authorisation(TenantOwned):
    """A warrant or order that a court gave, or an urgent use that one must ratify until `ratify_by`.

    The document itself is not kept: `document_digest` (SHA-256) says which one it was. `purged_at`: when what an urgent
    use brought was destroyed because nobody ratified it; `revoked_at`: when it was withdrawn. `ratification_…`: the
    document by which the court ratified an urgent use.
    """

    case = tenant_reference("Case", related_name="authorisations")
    kind = models.CharField(max_length=20, choices=choices_of(AuthorisationKind))
    authority = models.CharField(max_length=200)
    document_reference = models.CharField(max_length=200, blank=True)
    document_digest = models.CharField(max_length=64, blank=True)
    operations = ArrayField(models.CharField(max_length=40))
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    ratify_by = models.DateTimeField(null=True, blank=True)
    ratified_at = models.DateTimeField(null=True, blank=True)
    ratified_by_id = models.UUIDField(null=True, blank=True)
    ratification_reference = models.CharField(max_length=200, blank=True, default="")
    ratification_digest = models.CharField(max_length=64, blank=True, default="")
    recorded_by_kind = models.CharField(max_length=20, choices=choices_of(ActorKind))
    recorded_by_id = models.UUIDField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    purged_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "case", "id"], name="authorisation_of_case"),
            models.CheckConstraint(
                name="authorisation_kind_known", condition=Q(kind__in=[k.value for k in AuthorisationKind])
            ),
            models.CheckConstraint(
                name="authorisation_ends_after_it_begins", condition=Q(valid_until__gt=F("valid_from"))
            ),
            models.CheckConstraint(name="authorisation_covers_something", condition=Q(operations__len__gte=1)),
            models.CheckConstraint(
                name="authorisation_document_digest", condition=Q(document_digest__regex=_SHA256_OR_NOTHING)
            ),
            models.CheckConstraint(
                name="authorisation_urgent_has_a_deadline",
                condition=Q(kind="exigent", ratify_by__isnull=False) | ~Q(kind="exigent") & Q(ratify_by=None),
            ),
            models.CheckConstraint(
                name="authorisation_ratified_in_time",
                condition=Q(ratified_at=None, ratified_by_id=None)
                | Q(ratified_at__lt=F("ratify_by"), ratified_by_id__isnull=False)
                & ~Q(ratified_by_id=F("recorded_by_id")),
            ),
            # A key declares nothing: whose it is would not be seen, and one person could do both.
            models.CheckConstraint(
                name="authorisation_ratified_by_a_court",
                condition=Q(ratified_at=None, ratification_reference="", ratification_digest="")
                | Q(
                    ratified_at__isnull=False,
                    recorded_by_kind="user",
                    ratification_reference__regex=r"\S",
                    ratification_digest__regex=_SHA256,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
