"""A change that takes two people: what exactly, who asked for it, and who signed it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from common.ids import new_id
from tenants.models import User


class ChangeRequest(models.Model):
    """One risky change, proposed by one member of staff and executed by the signature of another.

    What was proposed never changes, and what was decided stays decided (triggers of migration 0006). `digest` is the
    SHA-256 of kind and payload in canonical form; it is computed again before the change is executed.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        EXECUTED = "executed"
        REJECTED = "rejected"
        WITHDRAWN = "withdrawn"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=40)
    payload = models.JSONField()
    digest = models.CharField(max_length=64)
    subject_id = models.UUIDField(null=True, blank=True, help_text="What it changes, where that exists already.")
    proposer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    proposer_interest = models.TextField(help_text="The proposer's statement of interests.")
    proposed_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=20, choices=State.choices, default=State.PENDING)
    decider = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.TextField(blank=True)
    decider_interest = models.TextField(blank=True, help_text="The second person's statement of interests.")
    result_id = models.UUIDField(null=True, blank=True, help_text="What it made.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="change_state_known", condition=Q(state__in=["pending", "executed", "rejected", "withdrawn"])
            ),
            models.CheckConstraint(
                name="change_proposer_is_not_approver", condition=~Q(state="executed") | ~Q(decider=F("proposer"))
            ),
            models.CheckConstraint(
                name="change_decided_by_somebody",
                condition=Q(state="pending", decider=None, decided_at=None)
                | (~Q(state="pending") & Q(decider__isnull=False, decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="change_withdrawn_by_its_proposer", condition=~Q(state="withdrawn") | Q(decider=F("proposer"))
            ),
            models.CheckConstraint(name="change_expires_after_it", condition=Q(expires_at__gt=F("proposed_at"))),
            models.CheckConstraint(
                name="change_is_reasoned", condition=~Q(reason="") & ~Q(proposer_interest="") & ~Q(digest="")
            ),
            models.CheckConstraint(
                name="change_approval_is_reasoned",
                condition=~Q(state="executed") | (~Q(decision_reason="") & ~Q(decider_interest="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
