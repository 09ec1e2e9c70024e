"""How an organisation asks to be approved: the application, its evidence, and the officers it is assigned to."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from guardian.models import UserObjectPermissionBase

from common.context import ActorKind
from common.ids import new_id
from tenants.models import TenantOwned, choices_of, tenant_reference

REVIEW: Final = "review_vettingapplication"


def _slugs() -> Any:
    return ArrayField(models.CharField(max_length=40), default=list, blank=True)


class VettingApplication(TenantOwned):
    """What an organisation states of itself and wants to do. Which state follows which is kept by a trigger."""

    class State(models.TextChoices):
        DRAFT = "draft"
        SUBMITTED = "submitted"
        IN_REVIEW = "in_review"
        MORE_INFORMATION = "more_information"
        APPROVED = "approved"
        REFUSED = "refused"
        APPEALED = "appealed"
        EXPIRING = "expiring"
        EXPIRED = "expired"
        SUPERSEDED = "superseded"

    # At most one of these at a time.
    OPEN: ClassVar = ("draft", "submitted", "in_review", "more_information", "appealed")
    EDITABLE: ClassVar = ("draft", "more_information")
    # What the organisation fills in.
    CONTENT: ClassVar = (
        "legal_name", "registration", "address", "contact", "jurisdictions", "purposes", "operations", "end_users",
        "attestations",
        "rationale", "case_officers",
    )  # fmt: skip

    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT)
    legal_name = models.CharField(max_length=255, blank=True)
    registration = models.CharField(max_length=255, blank=True, help_text="Where and under which number.")
    address = models.TextField(blank=True)
    contact = models.EmailField(blank=True)
    jurisdictions = _slugs()
    purposes = _slugs()
    operations = _slugs()
    end_users = _slugs()
    attestations = _slugs()
    rationale = models.TextField(blank=True)
    case_officers = models.JSONField(default=list, blank=True, help_text="Name, training, and when it was taken.")
    created_by_kind = models.CharField(max_length=20, choices=choices_of(ActorKind))
    created_by_id = models.UUIDField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    submitted_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    message = models.TextField(blank=True, help_text="What the officers last told the organisation.")
    appeal = models.TextField(blank=True)
    approval_id = models.UUIDField(null=True, blank=True)
    reminded = models.PositiveSmallIntegerField(default=0, help_text="How many reminders of its end were sent.")

    class Meta:
        permissions: ClassVar = [(REVIEW, "May review this application")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "id"], name="application_of_tenant"),
            models.UniqueConstraint(
                fields=["tenant"],
                name="one_open_application",
                condition=Q(state__in=["draft", "submitted", "in_review", "more_information", "appealed"]),
            ),
            models.CheckConstraint(
                name="application_approved_by_an_approval",
                condition=~Q(state__in=["approved", "expiring"]) | Q(approval_id__isnull=False),
            ),
            models.CheckConstraint(
                name="application_submitted_is_complete",
                condition=Q(state__in=["draft", "more_information"])
                | (~Q(legal_name="") & ~Q(rationale="") & ~Q(contact="") & Q(submitted_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"application of {self.legal_name or 'an organisation'} ({self.state})"

    def content(self) -> dict[str, Any]:
        """Return what the organisation stated."""
        return {name: getattr(self, name) for name in self.CONTENT}


class Evidence(TenantOwned):
    """A document that proves something; what is in it, is in `EvidenceContent`, which the application cannot read."""

    application = tenant_reference("VettingApplication", related_name="evidence")
    title = models.CharField(max_length=200)
    media_type = models.CharField(max_length=40)
    n_bytes = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "evidence"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "id"], name="evidence_of_tenant"),
            models.UniqueConstraint(fields=["tenant", "application", "digest"], name="evidence_once"),
        ]

    def __str__(self) -> str:
        return self.title


class EvidenceContent(TenantOwned):
    """A document, sealed under the platform key. Written by the applicant, read by officers alone (database rights)."""

    evidence = tenant_reference("Evidence", related_name="+")
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return f"content of {self.evidence_id}"


class ApplicationUserPermission(UserObjectPermissionBase):
    """Which officer may review which application (django-guardian, direct foreign keys)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # The constraint is made by RunSQL: it goes with its application, also when a tenant is erased.
    content_object = models.ForeignKey(VettingApplication, on_delete=models.CASCADE, db_constraint=False)

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"{self.user_id} may review {self.content_object_id}"
