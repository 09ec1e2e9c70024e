"""That the glass was broken in a case: by whom, for what, who confirmed it, and what the oversight found."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from common.vocabulary import CustomerCategory
from tenants.models import TenantOwned, User, choices_of, tenant_reference


class BreakGlassGrant(TenantOwned):
    """Emergency access in a case (BRK-001), for the case's purpose, one end user and one jurisdiction.

    It ends at `confirm_by` unless another person confirmed it before, at `expires_at`, or when it is closed. Without a
    review the organisation is suspended from `review_by` on. `lapsed_at` and `suspended_at` say when a task put that
    on record; nothing waits for it.
    """

    class Finding(models.TextChoices):
        JUSTIFIED = "justified", "justified"
        UNJUSTIFIED = "unjustified", "not justified: end it and suspend the organisation"

    case = tenant_reference("Case", related_name="emergencies")
    operations = ArrayField(models.CharField(max_length=40))
    end_user = models.CharField(max_length=40, choices=choices_of(CustomerCategory))
    jurisdiction = models.CharField(max_length=10)
    reason = models.TextField()
    opened_by_id = models.UUIDField()
    opened_at = models.DateTimeField()
    confirm_by = models.DateTimeField()
    expires_at = models.DateTimeField()
    review_by = models.DateTimeField()
    confirmed_by_id = models.UUIDField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    lapsed_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    finding = models.CharField(max_length=20, choices=Finding.choices, blank=True, default="")
    review_reason = models.TextField(blank=True, default="")
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    reviewer_2 = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "break-glass grant"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "id"], name="break_glass_of_tenant"),
            models.CheckConstraint(name="break_glass_covers_something", condition=Q(operations__len__gte=1)),
            models.CheckConstraint(name="break_glass_says_why", condition=Q(reason__regex=r"\S.*\S")),
            models.CheckConstraint(
                name="break_glass_deadlines_follow",
                condition=Q(confirm_by__gt=F("opened_at"), expires_at__gt=F("opened_at"), review_by__gt=F("opened_at")),
            ),
            models.CheckConstraint(
                name="break_glass_confirmed_by_another_in_time",
                condition=Q(confirmed_at=None, confirmed_by_id=None)
                | Q(confirmed_at__lt=F("confirm_by"), confirmed_by_id__isnull=False)
                & ~Q(confirmed_by_id=F("opened_by_id")),
            ),
            models.CheckConstraint(
                name="break_glass_reviewed_with_reasons",
                condition=Q(reviewed_at=None, reviewer=None, finding="")
                | Q(
                    reviewed_at__isnull=False,
                    reviewer__isnull=False,
                    finding__in=["justified", "unjustified"],
                    review_reason__regex=r"\S",
                ),
            ),
            # Whom an overdue review has suspended, two let resume.
            models.CheckConstraint(
                name="break_glass_overdue_takes_two",
                condition=Q(reviewed_at=None)
                | Q(reviewed_at__lt=F("review_by"))
                | (Q(reviewer_2__isnull=False) & ~Q(reviewer_2=F("reviewer"))),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "review_by"], name="break_glass_due", condition=Q(reviewed_at=None)),
        ]

    def __str__(self) -> str:
        return f"break-glass {self.id}"
