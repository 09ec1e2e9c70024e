"""API keys: issue, read, rotate, revoke. A key's secrets are shown once, when they are made."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

from django.conf import settings
from django.db.models import QuerySet

from common.context import Actor, tenant_scope
from common.errors import InvalidRequest
from governance.audit import ledger
from governance.audit.tags import Tag
from tenants import credentials, membership, selectors
from tenants.errors import BindingInvalid, KeyEnded, KeyNotFound
from tenants.models import ApiKey, ApiKeySecret
from tenants.ports import require_not_suspended
from tenants.services.binding import KeyBinding, require_no_wider, require_valid

R = TypeVar("R")

DEFAULT_OVERLAP: Final = timedelta(days=1)
LONGEST_OVERLAP: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key with secrets just made. They cannot be shown again.

    Attributes:
        token: the bearer token.
        access_key_id, secret_access_key: the pair for AWS Signature Version 4.
        previous_until: after a rotation, when the previous secrets end.
    """

    key: ApiKey
    token: str = field(repr=False)
    access_key_id: str
    secret_access_key: str = field(repr=False)
    previous_until: datetime | None = None

    @property
    def id(self) -> uuid.UUID:
        return self.key.id


def issue_api_key(
    tenant_id: uuid.UUID,
    *,
    label: str,
    binding: KeyBinding,
    actor: ledger.ActorRef,
    expires_at: datetime | None = None,
) -> IssuedKey:
    """Issue a key for a tenant: for operators and commands, which nobody's own key or role limits.

    Raises:
        BindingInvalid: the binding does not allow its own defaults.
        PlatformKeyMissing: the signing secret cannot be sealed.
    """
    require_valid(binding)
    with tenant_scope(tenant_id):
        key = ApiKey.objects.create(
            tenant_id=tenant_id,
            label=label,
            operations=sorted(binding.operations),
            purposes=sorted(binding.purposes),
            end_users=sorted(binding.end_users),
            jurisdictions=sorted(binding.jurisdictions),
            default_purpose=binding.default_purpose,
            default_on_behalf_of=binding.default_on_behalf_of,
            default_jurisdiction=binding.default_jurisdiction,
            expires_at=expires_at,
        )
        issued = _add_secret(key, slot=1)
        ledger.record_event(
            Tag.KEY_ISSUED,
            actor=actor,
            resource=ledger.Resource("api_key", key.id),
            tenant_id=tenant_id,
            data={"purposes": sorted(binding.purposes), "operations": sorted(binding.operations)},
        )
        key.refresh_from_db(fields=["created_at"])
    return issued


def create_key(actor: Actor, *, name: str, binding: KeyBinding, expires_at: datetime | None = None) -> IssuedKey:
    """Issue a key of the actor's tenant.

    Raises:
        NotAMember, RoleNotSufficient: the actor does not manage keys.
        Suspended: the tenant or the actor is.
        WiderThanOwn: the actor is a key, and the new one could do more.
        BindingInvalid: the binding does not allow its own defaults, or the key would have expired already.
    """
    with tenant_scope(actor.tenant_id):
        authority = membership.require_manager(actor)
        require_not_suspended(actor)
        if authority.key is not None:
            require_no_wider(authority.key, other=binding, expires_at=expires_at)
        if expires_at is not None and expires_at <= ledger.database_now():
            raise BindingInvalid("The key would have expired already.")
        return issue_api_key(
            actor.tenant_id, label=name, binding=binding, actor=ledger.ref_of(actor), expires_at=expires_at
        )


def list_keys(actor: Actor, *, paginate: Callable[[QuerySet[ApiKey]], R]) -> R:
    """Return a page of the tenant's keys, ended ones included.

    Raises:
        NotAMember, RoleNotSufficient: the actor does not manage keys.
    """
    with tenant_scope(actor.tenant_id):
        membership.require_manager(actor)
        return paginate(selectors.keys_of(actor.tenant_id))


def get_key(actor: Actor, *, key_id: uuid.UUID) -> ApiKey:
    """Return one of the tenant's keys.

    Raises:
        NotAMember, RoleNotSufficient: the actor does not manage keys.
        KeyNotFound: there is none of this id, or it is another tenant's.
    """
    with tenant_scope(actor.tenant_id):
        membership.require_manager(actor)
        key = selectors.keys_of(actor.tenant_id).filter(id=key_id).first()
    if key is None:
        raise KeyNotFound
    return key


def rotate_key(actor: Actor, *, key_id: uuid.UUID, overlap: timedelta = DEFAULT_OVERLAP) -> IssuedKey:
    """Give a key new secrets; the present ones go on for the overlap, those before them end at once.

    The key itself stays, and with it what was started with it. At most two pairs of secrets are active.

    Raises:
        NotAMember, RoleNotSufficient: the actor does not manage keys.
        Suspended: the tenant or the actor is.
        KeyNotFound: there is none of this id, or it is another tenant's.
        KeyEnded: it is revoked or expired.
        WiderThanOwn: the actor is a key, and this one may do more.
        InvalidRequest: the overlap is negative or longer than 30 days.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise InvalidRequest(f"The overlap lasts from 0 to {LONGEST_OVERLAP.days} days.")
    with tenant_scope(actor.tenant_id):
        authority = membership.require_manager(actor)
        require_not_suspended(actor)
        key = ApiKey.objects.select_for_update().filter(tenant_id=actor.tenant_id, id=key_id).first()
        if key is None:
            raise KeyNotFound
        if authority.key is not None:
            require_no_wider(authority.key, other=key, expires_at=key.expires_at)
        now = ledger.database_now()
        if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
            raise KeyEnded
        until = now + overlap
        slot = _make_room(key, now=now, until=until)
        issued = _add_secret(key, slot=slot, previous_until=until)
        ledger.record_event(
            Tag.KEY_ROTATED,
            actor=ledger.ref_of(actor),
            resource=ledger.Resource("api_key", key.id),
            tenant_id=actor.tenant_id,
            data={"previous_until": until.isoformat()},
        )
    return issued


def revoke_key(actor: Actor, *, key_id: uuid.UUID) -> None:
    """Revoke a key with all its secrets. Stopping is easy: also a suspended tenant may, and a narrower key.

    Raises:
        NotAMember, RoleNotSufficient: the actor does not manage keys.
        KeyNotFound: there is none of this id, or it is another tenant's.
    """
    with tenant_scope(actor.tenant_id):
        membership.require_manager(actor)
        if not ApiKey.objects.filter(tenant_id=actor.tenant_id, id=key_id).exists():
            raise KeyNotFound
        revoke_api_key(actor.tenant_id, key_id=key_id, actor=ledger.ref_of(actor))


def revoke_api_key(tenant_id: uuid.UUID, *, key_id: uuid.UUID, actor: ledger.ActorRef) -> None:
    """Revoke a key: the next request with it is refused, and so is the next batch of a job it started."""
    with tenant_scope(tenant_id):
        now = ledger.database_now()
        changed = ApiKey.objects.filter(tenant_id=tenant_id, id=key_id, revoked_at=None).update(revoked_at=now)
        if not changed:
            return
        ApiKeySecret.objects.filter(tenant_id=tenant_id, key_id=key_id, revoked_at=None).update(revoked_at=now)
        ledger.record_event(
            Tag.KEY_REVOKED,
            actor=actor,
            resource=ledger.Resource("api_key", key_id),
            tenant_id=tenant_id,
            data={},
        )


def _make_room(key: ApiKey, *, now: datetime, until: datetime) -> int:
    """End all but the newest secrets of a locked key, let those end at `until`, and return the free slot."""
    active = ApiKeySecret.objects.filter(tenant_id=key.tenant_id, key_id=key.id, revoked_at=None)
    newest = active.order_by("-created_at", "-id").first()
    if newest is None:
        return 1
    active.exclude(id=newest.id).update(revoked_at=now)
    if newest.expires_at is None or newest.expires_at > until:
        ApiKeySecret.objects.filter(tenant_id=key.tenant_id, id=newest.id).update(expires_at=until)
    return 3 - newest.slot


def _add_secret(key: ApiKey, *, slot: int, previous_until: datetime | None = None) -> IssuedKey:
    text, signing_secret = credentials.new_key_text(), credentials.new_signing_secret()
    ApiKeySecret.objects.create(
        tenant_id=key.tenant_id,
        key=key,
        slot=slot,
        public_id=text.public_id,
        secret_digest=text.digest,
        signing_secret=credentials.seal_signing_secret(
            signing_secret, tenant_id=key.tenant_id, public_id=text.public_id
        ),
    )
    return IssuedKey(
        key=key,
        token=text.token(settings.CUSTOS_ENV),
        access_key_id=credentials.access_key_id_of(text.public_id),
        secret_access_key=signing_secret,
        previous_until=previous_until,
    )
