"""An API key as a list shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from tenants.credentials import access_key_id_of
from tenants.models import ApiKey


@dataclass(frozen=True, slots=True)
class ShownSecret:
    """A pair of secrets that is in use, by the names that tell it apart; `until` is when it ends by itself."""

    public_id: str
    access_key_id: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key, its state (`active`, `expired` or `revoked`) and its secrets."""

    key: ApiKey
    state: str
    secrets: tuple[ShownSecret, ...]


def listed(key: ApiKey) -> ListedKey:
    """Return a key with its prefetched secrets. Only what is shown goes by this clock; the gate goes by its own."""
    now = timezone.now()
    if key.revoked_at is not None:
        state = "revoked"
    elif key.expires_at is not None and key.expires_at <= now:
        state = "expired"
    else:
        state = "active"
    secrets = tuple(
        ShownSecret(secret.public_id, access_key_id_of(secret.public_id), secret.expires_at)
        for secret in key.secrets.all()
        if secret.expires_at is None or secret.expires_at > now
    )
    return ListedKey(key, state, secrets if state == "active" else ())
