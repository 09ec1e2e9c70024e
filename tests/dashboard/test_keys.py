"""Keys: issued with their secrets shown once, rotated, revoked; by managers alone."""

from __future__ import annotations

import re

from django.test import Client

from common.ids import new_id
from common.vocabulary import Operation, Purpose, TenantRole
from tests.dashboard.conftest import SignIn, text_of
from tests.worlds import Player, World, client_with

_TOKEN = re.compile(r'id="token">\s*(custos_test_\w+)')


def _form(**changes: object) -> dict[str, object]:
    return {
        "name": "importer",
        "operations": [Operation.ADMINISTER.value, Operation.ENROL.value],
        "purposes": [Purpose.PHOTO_ORGANISATION.value],
        "default_purpose": Purpose.PHOTO_ORGANISATION.value,
        "default_jurisdiction": "US",
        **changes,
    }


def _issue(member: Client, **changes: object) -> str:
    response = member.post("/keys/new", _form(**changes))
    found = _TOKEN.search(response.content.decode())
    assert found is not None, text_of(response)
    return found[1]


def _key_id(member: Client, name: str = "importer") -> str:
    page = member.get("/keys").content.decode()
    row = next(row for row in page.split("<tr>") if name in row)
    found = re.search(r"/keys/([0-9a-f-]{36})/rotate", row)
    assert found is not None
    return found[1]


def test_a_key_from_the_page_works_and_is_shown_once(member: Client) -> None:
    token = _issue(member)

    assert client_with(token).get("/v1/collections").status_code == 200
    assert token.rpartition("_")[2] not in member.get("/keys").content.decode()
    assert "importer ✓ active" in text_of(member.get("/keys"))


def test_a_key_can_do_no_more_than_it_was_given(member: Client) -> None:
    token = _issue(member, operations=[Operation.READ_OWN_DECISIONS.value])

    refused = client_with(token).get("/v1/collections").json()

    assert "KEY-001" in [rule["id"] for rule in refused["rules"]]


def test_a_key_is_narrowed_to_places(member: Client) -> None:
    token = _issue(member, jurisdictions=["US-CA", "US-OR"], default_jurisdiction="US-CA")
    elsewhere = {"Custos-Jurisdiction": "US-NY"}

    assert client_with(token).get("/v1/collections").status_code == 200
    refused = client_with(token).get("/v1/collections", headers=elsewhere).json()
    assert "KEY-001" in [rule["id"] for rule in refused["rules"]]
    outside = member.post("/keys/new", _form(jurisdictions=["GB"]))
    assert outside.status_code == 422
    assert "must be one of the key's jurisdictions" in text_of(outside)


def test_a_default_outside_the_purposes_is_refused_by_the_service(member: Client) -> None:
    response = member.post("/keys/new", _form(default_purpose=Purpose.JOURNALISM.value))

    assert response.status_code == 422
    assert "The default purpose must be one of the key's purposes." in text_of(response)


def test_new_secrets_work_and_the_old_ones_end_when_asked(member: Client) -> None:
    old = _issue(member)

    response = member.post(f"/keys/{_key_id(member)}/rotate", {"overlap_hours": 0})

    found = _TOKEN.search(response.content.decode())
    assert found is not None
    assert client_with(found[1]).get("/v1/collections").status_code == 200
    assert client_with(old).get("/v1/collections").status_code == 401


def test_a_revoked_key_is_refused_at_once(member: Client) -> None:
    token = _issue(member)
    address = f"/keys/{_key_id(member)}/revoke"
    assert "cannot be taken back" in text_of(member.get(address))

    response = member.post(address, follow=True)

    assert "importer ✕ revoked" in text_of(response)
    assert client_with(token).get("/v1/collections").status_code == 401


def test_only_managers_see_and_make_keys(alice: Player, sign_in: SignIn) -> None:
    for role in (TenantRole.DEVELOPER, TenantRole.CASE_WORKER, TenantRole.REVIEWER, TenantRole.VIEWER):
        client = sign_in(alice, role)

        assert client.get("/keys").status_code == 403, role
        assert client.post("/keys/new", _form()).status_code == 403, role


def test_another_tenants_key_does_not_exist(world: World, sign_in: SignIn) -> None:
    stranger = sign_in(world.mallory)

    for address in (f"/keys/{world.alice.key_id}/rotate", f"/keys/{world.alice.key_id}/revoke"):
        assert stranger.get(address).status_code == 404
        assert stranger.post(address, {"overlap_hours": 0}).status_code == 404
    assert world.alice.client.get("/v1/collections").status_code == 200
    assert stranger.get(f"/keys/{new_id()}/rotate").status_code == 404
