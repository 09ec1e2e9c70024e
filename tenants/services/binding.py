"""What a key may be bound to: a valid binding, and never a wider one than that of the key that asks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from common.vocabulary import JURISDICTION_PARENTS, PERSONAL, CustomerCategory, Operation, Purpose, jurisdiction_lineage
from tenants.bounds import bound_set
from tenants.errors import BindingInvalid, WiderThanOwn
from tenants.models import ApiKey


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyBinding:
    """What a key may be used for. Empty end users or jurisdictions: the default alone (see `tenants.bounds`); without a
    default end user, no narrower than the tenant's approval.

    `operations` are the key's scopes.
    """

    operations: Collection[Operation]
    purposes: Collection[Purpose]
    default_purpose: Purpose
    default_jurisdiction: str
    end_users: Collection[CustomerCategory] = ()
    jurisdictions: Collection[str] = ()
    default_on_behalf_of: CustomerCategory | None = None


def require_valid(binding: KeyBinding) -> None:
    """Go on only with a binding that allows its own defaults.

    Raises:
        BindingInvalid: it has no scope, or a default lies outside it, or a jurisdiction is unknown.
    """
    if not binding.operations:
        raise BindingInvalid("A key has at least one scope.")
    if PERSONAL & set(binding.operations):
        raise BindingInvalid(f"People do this, not keys: {', '.join(sorted(PERSONAL & set(binding.operations)))}.")
    if binding.default_purpose not in binding.purposes:
        raise BindingInvalid("The default purpose must be one of the key's purposes.")
    unknown = sorted({*binding.jurisdictions, binding.default_jurisdiction} - set(JURISDICTION_PARENTS))
    if unknown:
        raise BindingInvalid(f"Unknown jurisdiction: {', '.join(unknown)}.")
    if binding.jurisdictions and not covers(binding.jurisdictions, binding.default_jurisdiction):
        raise BindingInvalid("The default jurisdiction must be one of the key's jurisdictions, or a part of one.")
    stated = binding.default_on_behalf_of
    if binding.end_users and stated is not None and stated not in binding.end_users:
        raise BindingInvalid("The default end user must be one of the key's end users.")


def require_no_wider(own: ApiKey, *, other: KeyBinding | ApiKey, expires_at: datetime | None) -> None:
    """Go on only when a key with this binding could do nothing that `own` cannot, and not for longer.

    Raises:
        WiderThanOwn: it says in what respects.
    """
    wider = []
    if not set(other.operations) <= set(own.operations):
        wider.append("scopes")
    if not set(other.purposes) <= set(own.purposes):
        wider.append("purposes")
    own_end_users, end_users = _end_users(own), _end_users(other)
    if own_end_users and not (end_users and set(end_users) <= set(own_end_users)):
        wider.append(f"end users (name some of {', '.join(own_end_users)})")
    own_places, places = _jurisdictions(own), _jurisdictions(other)
    if own_places and not (places and all(covers(own_places, code) for code in places)):
        wider.append(f"jurisdictions (name some of {', '.join(own_places)})")
    if own.expires_at is not None and (expires_at is None or expires_at > own.expires_at):
        wider.append(f"expiry (until {own.expires_at:%Y-%m-%dT%H:%M:%SZ} at most)")
    if wider:
        raise WiderThanOwn(f"A key hands on no more than it has: {', '.join(wider)}.")


def _end_users(binding: KeyBinding | ApiKey) -> list[str]:
    return bound_set([*binding.end_users], default=binding.default_on_behalf_of)


def _jurisdictions(binding: KeyBinding | ApiKey) -> list[str]:
    return bound_set([*binding.jurisdictions], default=binding.default_jurisdiction)


def covers(jurisdictions: Collection[str], code: str) -> bool:
    """Whether a jurisdiction is among these or a part of one of them."""
    return any(parent in jurisdictions for parent in jurisdiction_lineage(code))
