"""Authentication by API key."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from common.vocabulary import PERSONAL, Operation, Purpose
from governance.audit import ledger
from tenants import credentials, services
from tenants.errors import BindingInvalid, SlugTaken
from tests.worlds import Player, World, client_with

URL = "/v1/decisions"


def test_it_accepts_a_live_key(alice: Player) -> None:
    assert alice.client.get(URL).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Bearer nonsense",
        "Bearer custos_test_0000000000000000_" + "0" * 64,
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "bearer",
        "Bearer custos_test_\u00e9",
    ],
)
def test_it_refuses_what_is_no_key(alice: Player, header: str) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)

    response = client.get(URL)

    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] in ("key-not-accepted", "unauthenticated")


def test_it_refuses_a_request_without_credentials() -> None:
    response = APIClient().get(URL)

    assert response.status_code == 401
    assert response.json()["code"] == "unauthenticated"


def test_it_refuses_a_known_id_with_another_secret(world: World) -> None:
    mine, theirs = (credentials.parse_token(player.token) for player in (world.alice, world.mallory))
    assert mine is not None
    assert theirs is not None
    forged = credentials.KeyText(theirs.public_id, mine.secret).token("test")

    assert client_with(forged).get(URL).status_code == 401


def test_it_refuses_a_revoked_key_at_once(alice: Player) -> None:
    assert alice.client.get(URL).status_code == 200

    services.revoke_api_key(alice.tenant.id, key_id=alice.key_id, actor=ledger.SYSTEM)

    assert alice.client.get(URL).status_code == 401


def test_it_refuses_an_expired_key(alice: Player) -> None:
    past = ledger.database_now() - timedelta(seconds=1)
    key = services.issue_api_key(alice.tenant.id, label="old", binding=_binding(), actor=ledger.SYSTEM, expires_at=past)

    assert client_with(key.token).get(URL).status_code == 401


def test_another_tenant_cannot_revoke_a_key(world: World) -> None:
    services.revoke_api_key(world.mallory.tenant.id, key_id=world.alice.key_id, actor=ledger.SYSTEM)

    assert world.alice.client.get(URL).status_code == 200


@pytest.mark.parametrize("value", ["caf\u00e9", "x" * 201, "a\tb"])
def test_a_governance_header_is_short_printable_ascii(alice: Player, value: str) -> None:
    response = client_with(alice.token, HTTP_CUSTOS_PURPOSE=value).get(URL)

    assert response.status_code == 400
    assert response.json()["code"] == "governance-header-invalid"


def test_a_purpose_outside_the_vocabulary_is_refused_by_rule(alice: Player) -> None:
    response = client_with(alice.token, HTTP_CUSTOS_PURPOSE="world_domination").get("/v1/collections")

    assert response.status_code == 403
    assert "KEY-001" in {rule["id"] for rule in response.json()["rules"]}


def test_a_key_text_survives_a_round_trip() -> None:
    text = credentials.new_key_text()

    assert credentials.parse_token(text.token("production")) == text
    assert text.secret not in repr(text.digest)


def test_a_binding_contains_its_default_purpose(alice: Player) -> None:
    binding = services.KeyBinding(
        operations=[Operation.DETECT],
        purposes=[Purpose.SECOND_FACTOR],
        default_purpose=Purpose.PHOTO_ORGANISATION,
        default_jurisdiction="US",
    )

    with pytest.raises(BindingInvalid):
        services.issue_api_key(alice.tenant.id, label="wrong", binding=binding, actor=ledger.SYSTEM)


def test_two_tenants_cannot_share_a_slug(alice: Player) -> None:
    with pytest.raises(SlugTaken):
        services.create_tenant(alice.tenant.slug, name="again", category=alice.tenant.category, actor=ledger.SYSTEM)


def _binding() -> services.KeyBinding:
    return services.KeyBinding(
        operations=[operation for operation in Operation if operation not in PERSONAL],
        purposes=[Purpose.PHOTO_ORGANISATION],
        default_purpose=Purpose.PHOTO_ORGANISATION,
        default_jurisdiction="US",
    )
