"""Rows of tenants and governance name themselves, and never a secret."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db.models import Model

from common.errors import Unauthenticated
from tenants.api.requests import actor_of
from tenants.models import ApiKey, Membership, Tenant
from tenants.selectors import get_tenant_by_slug
from tests.worlds import Player

ROWS: dict[str, tuple[dict[str, object], str]] = {
    "tenants.Tenant": ({"slug": "photo-app"}, "photo-app"),
    "tenants.User": ({"username": "anna"}, "anna"),
    "tenants.Membership": (
        {"user_id": "u", "role": "owner", "tenant_id": "t"},
        "u is owner of t",
    ),
    "tenants.Invitation": (
        {"id": "i", "role": "owner", "email": "anna@example.test", "secret_digest": b"secret"},
        "invitation i as owner",
    ),
    "tenants.ApiKey": ({"label": "camera", "id": "k"}, "camera (k)"),
    "tenants.ApiKeySecret": ({"public_id": "0123", "secret_digest": b"secret", "signing_secret": b"sealed"}, "0123"),
    "governance.PolicyEpoch": ({"epoch": 7}, "epoch 7"),
    "governance.PolicyVersion": ({"version": 3}, "policy version 3"),
    "governance.Approval": ({"id": "a"}, "approval a"),
    "governance.Suspension": ({"target": "key", "target_id": "k"}, "suspension of key k"),
    "governance.Moratorium": ({"id": "m"}, "moratorium m"),
    "governance.Exemption": ({"id": "e"}, "exemption e"),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_says_what_it_is(name: str) -> None:
    values, expected = ROWS[name]
    model: type[Model] = apps.get_model(name)

    assert str(model(**values)) == expected


def test_a_tenant_is_found_by_its_name(alice: Player) -> None:
    found = get_tenant_by_slug(alice.tenant.slug)

    assert found == alice.tenant
    assert isinstance(found, Tenant)
    assert get_tenant_by_slug("nobody") is None


@pytest.mark.parametrize("user", [None, ApiKey(), Membership(), "anna"])
def test_only_an_actor_is_an_actor(user: object) -> None:
    class Request:
        pass

    request = Request()
    request.user = user  # type: ignore[attr-defined]

    with pytest.raises(Unauthenticated):
        actor_of(request)  # type: ignore[arg-type]
