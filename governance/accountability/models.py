"""What is counted, agreed to, kept and reported: searches, consents, terms, schedules, holds, certificates, reports."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from common.ids import new_id
from governance.models import TwoApprovers
from tenants.models import Tenant, TenantOwned, User


class SearchRecord(TenantOwned):
    """Searches that a limit counts: how many, in which case, and whom they were about, each as a keyed digest.

    `subjects` holds the digests of probes and of the best candidates (`ledger.commitment`). `is_masked`: who was found
    is for nobody to know before a review (HUM-001). True where that was not written down.
    """

    decision_entry_id = models.UUIDField(editable=False)
    at = models.DateTimeField(db_default=Now(), editable=False)
    n_searches = models.PositiveIntegerField()
    case_commitment = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 NULL: in no case
    subjects = ArrayField(models.CharField(max_length=64), default=list)
    is_masked = models.BooleanField(db_default=True, editable=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant", "at"], name="search_by_time"),
            models.Index(
                fields=["tenant", "case_commitment"], name="search_by_case", condition=Q(case_commitment__isnull=False)
            ),
            GinIndex(fields=["subjects"], name="search_by_subject"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class SubjectReview(TenantOwned):
    """An independent review of the repeated searches of one person: it sets their count back (SRV-001)."""

    subject = models.CharField(max_length=64)
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant", "subject"], name="review_by_subject")]

    def __str__(self) -> str:
        return f"review of {self.subject[:12]}"


class WatchlistTerms(TenantOwned, TwoApprovers):
    """A collection may be watched for in real time: in which operation, and until when (GAL-002)."""

    collection_id = models.UUIDField()
    operation = models.CharField(max_length=200)
    effective_from = models.DateTimeField()
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "watchlist terms"
        constraints: ClassVar = [
            models.CheckConstraint(name="watchlist_approvers_differ", condition=~Q(approver_1=F("approver_2"))),
            models.CheckConstraint(
                name="watchlist_ends_after_it_begins", condition=Q(expires_at__gt=F("effective_from"))
            ),
            models.CheckConstraint(name="watchlist_names_an_operation", condition=~Q(operation="")),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "collection_id"], name="watchlist_by_collection")]

    def __str__(self) -> str:
        return f"watch-list terms {self.id}"


class DisclosureReport(TenantOwned):
    """An organisation's account of a period: its own statement, and how many searches the platform counted."""

    period_from = models.DateTimeField()
    period_until = models.DateTimeField()
    statement = models.TextField()
    n_searches = models.PositiveIntegerField()
    decision_entry_id = models.UUIDField(editable=False)
    filed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="disclosure_period_is_one", condition=Q(period_until__gt=F("period_from"))),
            models.CheckConstraint(name="disclosure_says_something", condition=~Q(statement="")),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "-period_until"], name="disclosure_by_period")]

    def __str__(self) -> str:
        return f"disclosure until {self.period_until:%Y-%m-%d}"


class ConsentRecord(TenantOwned):
    """That a person, by the tenant's own name for them, agreed to be enrolled in a collection, and took it back.

    The newest record of a person counts. What was withdrawn stays: nobody is enrolled again by mistake.
    """

    collection_id = models.UUIDField()
    subject = models.CharField(max_length=255)
    evidence_digest = models.CharField(max_length=64, blank=True)
    decision_entry_id = models.UUIDField(editable=False)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="consent_one_in_force",
                fields=["tenant", "collection_id", "subject"],
                condition=Q(withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(name="consent_names_somebody", condition=~Q(subject="")),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "collection_id", "subject"], name="consent_by_subject")]

    def __str__(self) -> str:
        return str(self.id)


class RetentionSchedule(TwoApprovers):
    """How long faces may be kept for a purpose in a place (RET-001), of every tenant; empty means any.

    `covers` is the place with its parts and with what it is a part of: who says US does not say that it is not US-IL.
    Collections take over the least of all that concern them by a trigger (recognition, migration 0023).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    purpose = models.CharField(max_length=40, blank=True)
    jurisdiction = models.CharField(max_length=10, blank=True)
    covers = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    keep_days = models.PositiveIntegerField()
    legal_source = models.TextField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="schedule_approvers_differ", condition=~Q(approver_1=F("approver_2"))),
            models.CheckConstraint(name="schedule_keeps_a_day", condition=Q(keep_days__gte=1)),
            models.UniqueConstraint(
                name="schedule_one_in_force", fields=["purpose", "jurisdiction"], condition=Q(ended_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.keep_days} days for {self.purpose or 'any purpose'} in {self.jurisdiction or 'any place'}"


class LegalHold(TenantOwned):
    """What a collection holds is kept, and frozen, or what a case brought is kept: one imposes it, two lift it.

    Decisions 0034, 0039. `settled_at`: whose consent was taken back meanwhile is destroyed; until then the collection
    stays frozen. A case is not frozen.
    """

    collection_id = models.UUIDField(null=True, blank=True)
    case_id = models.UUIDField(null=True, blank=True)
    reason = models.TextField()
    legal_source = models.TextField()
    imposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    imposed_at = models.DateTimeField(db_default=Now(), editable=False)
    lifted_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="hold_one_in_force", fields=["tenant", "collection_id"], condition=Q(lifted_at__isnull=True)
            ),
            models.UniqueConstraint(
                name="hold_one_of_a_case", fields=["tenant", "case_id"], condition=Q(lifted_at__isnull=True)
            ),
            models.CheckConstraint(
                name="hold_of_a_collection_or_a_case",
                condition=Q(collection_id__isnull=False, case_id=None) | Q(collection_id=None, case_id__isnull=False),
            ),
            models.CheckConstraint(
                name="hold_settled_after_it_is_lifted", condition=Q(settled_at=None) | Q(lifted_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"legal hold {self.id}"


class PurgeCertificate(TenantOwned):
    """What a purge deleted, when and under which rule; `digest` is that of `content`, and stands in the log's event."""

    content = models.JSONField()
    digest = models.CharField(max_length=64)
    decision_entry_id = models.UUIDField(editable=False)
    event_entry_id = models.UUIDField(editable=False)
    purged_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant", "-purged_at"], name="certificate_by_time")]

    def __str__(self) -> str:
        return f"purge certificate {self.id}"


class Complaint(models.Model):
    """What a person says of the use of their face, with its clocks; of no tenant until staff say whose matter it is.

    When it was answered long enough ago its words are forgotten, and whose they were; that there was one stays.
    """

    class Kind(models.TextChoices):
        COMPLAINT = "complaint"
        CORRECTION = "correction"
        ERASURE = "erasure"
        ACCESS = "access"

    class Outcome(models.TextChoices):
        UPHELD = "upheld"
        PARTLY_UPHELD = "partly_upheld"
        REJECTED = "rejected"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    about = models.CharField(max_length=255, blank=True, help_text="The organisation, in the person's words.")
    text = models.TextField(blank=True)
    contact = models.EmailField(blank=True)
    received_at = models.DateTimeField()
    acknowledge_by = models.DateTimeField()
    answer_by = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, blank=True)
    answer = models.TextField(blank=True)
    overdue_recorded_at = models.DateTimeField(null=True, blank=True)
    forgotten_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="complaint_says_something_or_is_forgotten",
                condition=Q(forgotten_at=None) & ~Q(text="") & ~Q(contact="")
                | Q(forgotten_at__isnull=False, answered_at__isnull=False, text="", contact="", about="", answer=""),
            ),
            models.CheckConstraint(
                name="complaint_answered_with_an_outcome",
                condition=Q(answered_at=None, outcome="", answer="")
                | Q(answered_at__isnull=False, acknowledged_at__isnull=False)
                & ~Q(outcome="")
                & (~Q(answer="") | Q(forgotten_at__isnull=False)),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-received_at"], name="complaint_by_time"),
            models.Index(fields=["answer_by"], name="complaint_open", condition=Q(answered_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def state(self) -> str:
        """Where it stands, but for its clocks."""
        if self.forgotten_at:
            return "forgotten"
        if self.answered_at:
            return "answered"
        return "acknowledged" if self.acknowledged_at else "received"


class PublishedReport(models.Model):
    """A transparency report that anybody may read: what was counted when it was published, and stays as it was."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    since = models.DateTimeField()
    until = models.DateTimeField()
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="published_period_is_one", condition=Q(until__gt=F("since"))),
        ]

    def __str__(self) -> str:
        return f"transparency report from {self.since:%Y-%m-%d} to {self.until:%Y-%m-%d}"
