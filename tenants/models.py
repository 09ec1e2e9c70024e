"""Who: tenants, people, memberships and API keys."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from common.ids import new_id
from common.vocabulary import CustomerCategory, StaffRole, TenantRole


def choices_of(enum: type[Any]) -> list[tuple[str, str]]:
    """Return Django choices for a vocabulary enum."""
    return [(member.value, member.value.replace("_", " ")) for member in enum]


class Tenant(models.Model):
    """An organisation that uses the platform. Its own row is bound by row-level security like all its others."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=255)
    category = models.CharField(max_length=40, choices=choices_of(CustomerCategory))
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="tenant_category_known", condition=models.Q(category__in=[c.value for c in CustomerCategory])
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class TenantOwned(models.Model):
    """What belongs to one tenant; its table is bound by row-level security (`common.row_security`)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in: a tenant's member, or staff of the platform; never both (database constraint)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.CharField(max_length=150, unique=True)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    staff_role = models.CharField(max_length=20, blank=True, choices=choices_of(StaffRole))
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="user_staff_role_known", condition=models.Q(staff_role__in=["", *[r.value for r in StaffRole]])
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_staff(self) -> bool:
        """Whether the person may sign in to the administration."""
        return bool(self.staff_role)


class Membership(TenantOwned):
    """A person's role in a tenant."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=20, choices=choices_of(TenantRole))
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "user"], name="one_membership_per_tenant_and_user"),
            models.CheckConstraint(
                name="membership_role_known", condition=models.Q(role__in=[r.value for r in TenantRole])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} is {self.role} of {self.tenant_id}"


class ApiKey(TenantOwned):
    """A tenant's key: what it may be used for is bound to it, and a request may only narrow that.

    The bearer secret is stored as SHA-256: it has 256 bits of entropy, so a slow hash would add nothing.
    """

    public_id = models.CharField(max_length=32, unique=True)
    secret_digest = models.BinaryField(max_length=32)
    label = models.CharField(max_length=100)
    operations = ArrayField(models.CharField(max_length=40))
    purposes = ArrayField(models.CharField(max_length=40))
    end_users = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    jurisdictions = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    default_purpose = models.CharField(max_length=40)
    default_on_behalf_of = models.CharField(max_length=40, null=True, blank=True)  # noqa: DJ001 NULL: not stated
    default_jurisdiction = models.CharField(max_length=10)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "id"], name="api_key_of_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.public_id})"
