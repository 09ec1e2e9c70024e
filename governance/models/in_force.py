"""May they: approvals, suspensions, moratoria, exemptions and policy versions.

Every row is written by `governance.services` as `custos_officer`, under the exclusive fence; the application role can
only read. Nothing here is ever deleted: what ends gets an end.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from common.ids import new_id
from tenants.models import TenantOwned, User


def _slugs() -> Any:
    return ArrayField(models.CharField(max_length=40), default=list, blank=True)


class PolicyEpoch(models.Model):
    """One row: a number that grows with every change of what is allowed. The fence compares it."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    epoch = models.BigIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(name="policy_epoch_is_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"epoch {self.epoch}"


class PolicyVersion(models.Model):
    """An immutable, signed set of rules with its effective date (trigger in migration 0003 refuses any change).

    What was published before there were signatures has none, and nothing is decided under it any more.
    """

    version = models.PositiveIntegerField(primary_key=True)
    body = models.JSONField()
    digest = models.CharField(max_length=64, unique=True)
    author = models.CharField(max_length=100)
    approver = models.CharField(max_length=100)
    effective_from = models.DateTimeField()
    signature = models.CharField(max_length=128, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="policy_author_is_not_approver", condition=~Q(author=F("approver"))),
        ]

    def __str__(self) -> str:
        return f"policy version {self.version}"


class TwoApprovers(models.Model):
    """Signed by two distinct members of staff."""

    approver_1 = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approver_2 = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class Approvals(models.QuerySet["Approval"]):
    """Approvals, and which of them hold."""

    def in_force(self) -> Approvals:
        """Return those that the gate goes by at this instant of the database."""
        return self.filter(revoked_at=None, valid_from__lte=Now(), expires_at__gt=Now())


class Approval(TenantOwned, TwoApprovers):
    """What a vetted tenant may do: purposes × operations × jurisdictions × end users, for at most twelve months.

    `attestations` is what it has attested of all its uses (`common.vocabulary.Attestation`); the caps may be unset.
    """

    purposes = _slugs()
    operations = _slugs()
    jurisdictions = _slugs()
    end_users = _slugs()
    engine_versions = ArrayField(models.CharField(max_length=100), default=list)
    attestations = _slugs()
    gallery_cap = models.PositiveIntegerField(null=True, blank=True)
    daily_searches = models.PositiveIntegerField(null=True, blank=True)
    valid_from = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = Approvals.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="approval_approvers_differ", condition=~Q(approver_1=F("approver_2"))),
            models.CheckConstraint(name="approval_ends_after_it_begins", condition=Q(expires_at__gt=F("valid_from"))),
            models.UniqueConstraint(
                name="approval_one_in_force", fields=["tenant"], condition=Q(revoked_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"approval {self.id}"


class Suspension(TenantOwned):
    """A tenant, or one of its users, keys or collections, is stopped until two oversight members lift it."""

    class Target(models.TextChoices):
        ORGANISATION = "organisation"
        USER = "user"
        KEY = "key"
        COLLECTION = "collection"

    target = models.CharField(max_length=20, choices=Target.choices)
    target_id = models.UUIDField()
    reason = models.TextField()
    imposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    imposed_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifter_1 = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    lifter_2 = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="suspension_target_known",
                condition=Q(target__in=["organisation", "user", "key", "collection"]),
            ),
            models.CheckConstraint(
                name="suspension_lifted_by_two",
                condition=Q(lifted_at=None)
                | (Q(lifter_1__isnull=False, lifter_2__isnull=False) & ~Q(lifter_1=F("lifter_2"))),
            ),
        ]

    def __str__(self) -> str:
        return f"suspension of {self.target} {self.target_id}"


class Moratorium(models.Model):
    """A category of use is stopped: an empty list in the selector means any."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    categories = _slugs()
    end_users = _slugs()
    purposes = _slugs()
    operations = _slugs()
    jurisdictions = _slugs()
    effective_from = models.DateTimeField()
    effective_until = models.DateTimeField(null=True, blank=True, help_text="Empty: until further notice.")
    reason = models.TextField()
    legal_source = models.TextField(blank=True)
    imposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifter_1 = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    lifter_2 = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)

    class Meta:
        verbose_name_plural = "moratoria"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="moratorium_ends_after_it_begins",
                condition=Q(effective_until=None) | Q(effective_until__gt=F("effective_from")),
            ),
            models.CheckConstraint(
                name="moratorium_lifted_by_two",
                condition=Q(lifted_at=None)
                | (Q(lifter_1__isnull=False, lifter_2__isnull=False) & ~Q(lifter_1=F("lifter_2"))),
            ),
        ]

    def __str__(self) -> str:
        return f"moratorium {self.id}"


class Exemption(TenantOwned, TwoApprovers):
    """A tenant may go on under a moratorium, for stated purposes, operations and end users, until a date."""

    moratorium = models.ForeignKey(Moratorium, on_delete=models.PROTECT, related_name="exemptions")
    purposes = _slugs()
    operations = _slugs()
    end_users = _slugs()
    effective_from = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="exemption_approvers_differ", condition=~Q(approver_1=F("approver_2"))),
            models.CheckConstraint(
                name="exemption_ends_after_it_begins", condition=Q(expires_at__gt=F("effective_from"))
            ),
        ]

    def __str__(self) -> str:
        return f"exemption {self.id}"
