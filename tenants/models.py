"""Who: tenants, people, memberships, invitations and API keys."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now

from common.ids import new_id
from common.vocabulary import CustomerCategory, StaffRole, TenantRole


def choices_of(enum: type[Any]) -> list[tuple[str, str]]:
    """Return Django choices for a vocabulary enum."""
    return [(member.value, member.value.replace("_", " ")) for member in enum]


_TENANT_REFERENCE: Final[dict[str, Any]] = {
    "on_delete": models.DO_NOTHING,
    "db_constraint": False,
    "db_index": False,
    "related_name": "+",
}


def tenant_reference(to: str, **options: Any) -> models.ForeignKey[Any, Any]:
    """Return a foreign key to a row of the same tenant; the constraint is composite and made by RunSQL."""
    return models.ForeignKey(to, **{**_TENANT_REFERENCE, **options})


class Tenant(models.Model):
    """An organisation that uses the platform. Its own row is bound by row-level security like all its others.

    The defaults say what its members' requests are for when they do not say it themselves; an API key has its own.
    A deletion is asked for, falls due, and ends in a row that names nobody: `erased_counts` is what there was
    (`tenants.erasure`).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=255)
    category = models.CharField(max_length=40, choices=choices_of(CustomerCategory))
    default_purpose = models.CharField(max_length=40, null=True, blank=True)  # noqa: DJ001 NULL: not stated
    default_on_behalf_of = models.CharField(max_length=40, null=True, blank=True)  # noqa: DJ001 NULL: not stated
    default_jurisdiction = models.CharField(max_length=10, null=True, blank=True)  # noqa: DJ001 NULL: not stated
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    deletion_requested_at = models.DateTimeField(null=True, blank=True)
    deletion_due_at = models.DateTimeField(null=True, blank=True)
    erased_counts = models.JSONField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

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
    """A person who signs in: a tenant's member, or staff of the platform; never both (triggers).

    Nobody is a superuser: it would be a second, unaudited way to rights, past the staff roles.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.CharField(max_length=150, unique=True)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    staff_role = models.CharField(max_length=20, blank=True, choices=choices_of(StaffRole))
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = UserManager()

    # What the application may change of a person who exists; the database grants no other column (migration 0007).
    CHANGEABLE: ClassVar = ("password", "last_login", "username", "email", "is_active")

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="user_staff_role_known", condition=models.Q(staff_role__in=["", *[r.value for r in StaffRole]])
            ),
            models.CheckConstraint(name="nobody_is_superuser", condition=models.Q(is_superuser=False)),
        ]

    def __str__(self) -> str:
        return self.username

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write a new person whole, and of a known one what may change: libraries save whole rows."""
        if not self._state.adding and not args and kwargs.get("update_fields") is None:
            kwargs["update_fields"] = self.CHANGEABLE
        super().save(*args, **kwargs)

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


class Invitation(TenantOwned):
    """An offer of a role, sent to an e-mail address; whoever holds the link may take it, once.

    Only a digest of the link's secret is stored. A new invitation of an address withdraws the pending one.
    """

    email = models.EmailField()
    role = models.CharField(max_length=20, choices=choices_of(TenantRole))
    secret_digest = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "tenant",
                Lower("email"),
                name="one_pending_invitation_per_address",
                condition=models.Q(accepted_at=None, withdrawn_at=None),
            ),
            models.CheckConstraint(
                name="invitation_role_known", condition=models.Q(role__in=[r.value for r in TenantRole])
            ),
            models.CheckConstraint(
                name="invitation_ends_once", condition=models.Q(accepted_at=None) | models.Q(withdrawn_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.id} as {self.role}"


class ApiKey(TenantOwned):
    """A tenant's key: what it may be used for is bound to it, and a request may only narrow that.

    `operations` are its scopes. The key stays when its secrets change: what was started with it goes on.
    """

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
        return f"{self.label} ({self.id})"


class ApiKeySecret(TenantOwned):
    """One of a key's secrets, at most two at a time: the present one, and the one before while it is replaced.

    The bearer secret is stored as SHA-256: it has 256 bits of entropy, so a slow hash would add nothing. SigV4 needs
    its secret in clear on both sides, so that one is sealed under the platform key (`credentials.seal_signing_secret`);
    it is missing where the secret is older than the sealing.
    """

    key = tenant_reference("ApiKey", related_name="secrets")
    slot = models.PositiveSmallIntegerField(default=1)
    public_id = models.CharField(max_length=32, unique=True)
    secret_digest = models.BinaryField(max_length=32)
    signing_secret = models.BinaryField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="api_key_secret_slot", condition=models.Q(slot__in=[1, 2])),
            models.UniqueConstraint(
                fields=["tenant", "key", "slot"],
                name="two_active_secrets_per_key",
                condition=models.Q(revoked_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
