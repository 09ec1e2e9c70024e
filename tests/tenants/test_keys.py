"""API keys: issued with scopes, rotated with two active secrets, revoked at once; never wider than who issues them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from rest_framework.test import APIClient

from common.context import tenant_scope
from common.errors import InvalidRequest
from common.sealing import SealBroken
from common.vocabulary import TenantRole
from governance import services as governance
from governance.audit import ledger
from governance.audit.models import AuditEntry
from governance.models import Suspension
from tenants import credentials, membership, selectors, services
from tenants.models import ApiKeySecret
from tests.people import actor_for, make_member, owner_of, sign_in
from tests.worlds import Player, World, client_with

KEYS = "/v1/keys"
USED = "/v1/collections"


def _payload(**changes: Any) -> dict[str, Any]:
    return {
        "name": "import",
        "scopes": ["detect", "enrol", "administer"],
        "purposes": ["photo_organisation"],
        "jurisdictions": ["US"],
        "default_jurisdiction": "US-CA",
        **changes,
    }


def _created(client: APIClient, **changes: Any) -> dict[str, Any]:
    response = client.post(KEYS, _payload(**changes), format="json")
    assert response.status_code == 201, response.content
    issued: dict[str, Any] = response.json()
    return issued


def _later(**delta: float) -> str:
    return (ledger.database_now() + timedelta(**delta)).isoformat()


def _events(player: Player, key_id: str) -> list[tuple[str, str]]:
    with tenant_scope(player.tenant.id):
        bodies = [entry.content for entry in AuditEntry.objects.filter(kind="event").order_by("ins_id")]
    return [(b["action"], b["actor"]["type"]) for b in bodies if b["resource"]["id"] == key_id]


def test_a_new_key_works_within_its_scopes(alice: Player) -> None:
    client = client_with(_created(alice.client)["api_key"])

    assert client.get("/v1/collections").status_code == 200
    assert client.post("/v1/collections", {"name": "family"}, format="json").status_code == 201
    refused = client.get("/v1/collections/family/faces")
    assert [rule["id"] for rule in refused.json()["rules"]] == ["KEY-001"]
    deleted = client.delete("/v1/collections/family")
    assert [rule["id"] for rule in deleted.json()["rules"]] == ["KEY-002"]


def test_its_secrets_are_shown_once_and_stored_unreadable(alice: Player) -> None:
    response = alice.client.post(KEYS, _payload(), format="json")
    issued = response.json()
    read = alice.client.get(f"{KEYS}/{issued['id']}").json()

    assert response["Cache-Control"] == "no-store"
    assert set(issued) == {"id", "api_key", "access_key_id", "secret_access_key", "previous_until"}
    assert [secret["access_key_id"] for secret in read["secrets"]] == [issued["access_key_id"]]
    bearer = issued["api_key"].rpartition("_")[2]
    with connections["default"].cursor() as cursor, tenant_scope(alice.tenant.id):
        cursor.execute("SELECT s::text, encode(s.signing_secret, 'escape') FROM tenants_apikeysecret s")
        stored = str(cursor.fetchall())
    for secret in (bearer, issued["secret_access_key"]):
        assert secret not in stored
        assert secret not in str(read)


def test_the_signing_secret_opens_for_its_own_key_only(world: World) -> None:
    issued = _created(world.alice.client)

    found = selectors.find_signing_key(issued["access_key_id"])

    assert found is not None
    assert (str(found[0].id), found[1]) == (issued["id"], issued["secret_access_key"])
    assert len(issued["access_key_id"]) == 20 and len(issued["secret_access_key"]) == 40
    assert selectors.find_signing_key("AKIA0123456789ABCDEF") is None
    assert selectors.find_signing_key("AKCU0123456789ABCDEF") is None
    public_id = credentials.public_id_of(issued["access_key_id"])
    assert public_id is not None
    sealed = found[0].signing_secret
    assert sealed is not None
    with pytest.raises(SealBroken):
        credentials.unseal_signing_secret(sealed, tenant_id=world.mallory.tenant.id, public_id=public_id)


def test_two_secrets_are_active_while_a_rotation_lasts(alice: Player) -> None:
    first = _created(alice.client)
    response = alice.client.post(f"{KEYS}/{first['id']}:rotate", {}, format="json")
    second = response.json()

    assert response.status_code == 201
    assert second["id"] == first["id"]
    for issued in (first, second):
        assert client_with(issued["api_key"]).get(USED).status_code == 200
    assert {s["access_key_id"] for s in alice.client.get(f"{KEYS}/{first['id']}").json()["secrets"]} == {
        first["access_key_id"],
        second["access_key_id"],
    }


def test_a_third_secret_ends_the_first(alice: Player) -> None:
    first = _created(alice.client)
    rotate = f"{KEYS}/{first['id']}:rotate"
    second = alice.client.post(rotate, {}, format="json").json()
    third = alice.client.post(rotate, {}, format="json").json()

    statuses = [client_with(issued["api_key"]).get(USED).status_code for issued in (first, second, third)]

    assert statuses == [401, 200, 200]
    assert [tag for tag, _ in _events(alice, first["id"])] == ["api-key:issued", "api-key:rotated", "api-key:rotated"]


def test_the_previous_secrets_end_with_the_overlap(alice: Player) -> None:
    first = _created(alice.client)
    second = alice.client.post(f"{KEYS}/{first['id']}:rotate", {"overlap_seconds": 0}, format="json").json()

    assert client_with(first["api_key"]).get(USED).status_code == 401
    assert client_with(second["api_key"]).get(USED).status_code == 200


def test_a_later_rotation_does_not_prolong_what_was_to_end(alice: Player) -> None:
    first = _created(alice.client)
    rotate = f"{KEYS}/{first['id']}:rotate"
    alice.client.post(rotate, {"overlap_seconds": 0}, format="json")
    alice.client.post(rotate, {"overlap_seconds": 86_400}, format="json")

    assert client_with(first["api_key"]).get(USED).status_code == 401


def test_the_database_holds_no_third_active_secret(alice: Player) -> None:
    issued = _created(alice.client)
    alice.client.post(f"{KEYS}/{issued['id']}:rotate", {}, format="json")

    for slot in (1, 2, 3):
        with pytest.raises(IntegrityError), transaction.atomic(), tenant_scope(alice.tenant.id):
            ApiKeySecret.objects.create(
                tenant_id=alice.tenant.id, key_id=issued["id"], slot=slot, public_id=f"x{slot}", secret_digest=b"x" * 32
            )


def test_a_revoked_key_is_refused_at_the_next_request(alice: Player) -> None:
    first = _created(alice.client)
    second = alice.client.post(f"{KEYS}/{first['id']}:rotate", {}, format="json").json()

    assert alice.client.delete(f"{KEYS}/{first['id']}").status_code == 204

    for issued in (first, second):
        assert client_with(issued["api_key"]).get(USED).status_code == 401
    read = alice.client.get(f"{KEYS}/{first['id']}").json()
    assert (read["revoked_at"] is not None, read["secrets"]) == (True, [])
    assert _events(alice, first["id"])[-1] == ("api-key:revoked", "api_key")


def test_revoking_twice_is_recorded_once(alice: Player) -> None:
    issued = _created(alice.client)
    for _ in range(2):
        assert alice.client.delete(f"{KEYS}/{issued['id']}").status_code == 204

    assert [tag for tag, _ in _events(alice, issued["id"])].count("api-key:revoked") == 1


def test_an_ended_key_is_not_rotated(alice: Player) -> None:
    issued = _created(alice.client)
    alice.client.delete(f"{KEYS}/{issued['id']}")

    response = alice.client.post(f"{KEYS}/{issued['id']}:rotate", {}, format="json")

    assert (response.status_code, response.json()["code"]) == (409, "key-ended")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"scopes": ["administer", "export"]}, "scopes"),
        ({"purposes": ["photo_organisation", "second_factor"]}, "purposes"),
        ({"end_users": []}, "end users (name some of personal)"),
        ({"end_users": ["personal", "media"]}, "end users"),
        ({"jurisdictions": [], "default_jurisdiction": "US"}, "jurisdictions"),
        ({"jurisdictions": ["US-CA", "GB"]}, "jurisdictions"),
        ({"expires_at": None}, "expiry"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, "expiry"),
    ],
)
def test_a_key_issues_none_wider_than_itself(alice: Player, changes: dict[str, Any], what: str) -> None:
    narrow = {
        "scopes": ["administer", "detect"],
        "end_users": ["personal"],
        "jurisdictions": ["US-CA"],
        "expires_at": _later(days=30),
    }
    client = client_with(_created(alice.client, **(narrow | {"default_on_behalf_of": "personal"}))["api_key"])
    same = narrow | {"expires_at": _later(days=29), "default_on_behalf_of": "personal"}
    assert client.post(KEYS, _payload(**same), format="json").status_code == 201

    response = client.post(KEYS, _payload(**(same | {"default_on_behalf_of": None} | changes)), format="json")

    assert (response.status_code, response.json()["code"]) == (403, "wider-than-own")
    assert what in response.json()["detail"]


def test_a_key_rotates_none_wider_than_itself(alice: Player) -> None:
    """New secrets of a wider key would be that key."""
    narrow = client_with(_created(alice.client)["api_key"])

    response = narrow.post(f"{KEYS}/{alice.key_id}:rotate", {}, format="json")

    assert (response.status_code, response.json()["code"]) == (403, "wider-than-own")
    assert alice.client.get(USED).status_code == 200


def test_a_key_without_the_scope_manages_none(alice: Player) -> None:
    issued = _created(alice.client, scopes=["detect"])
    client = client_with(issued["api_key"])

    answers = [
        client.get(KEYS),
        client.post(KEYS, _payload(scopes=["detect"]), format="json"),
        client.get(f"{KEYS}/{issued['id']}"),
        client.delete(f"{KEYS}/{issued['id']}"),
        client.post(f"{KEYS}/{issued['id']}:rotate", {}, format="json"),
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "role-not-sufficient")}


@pytest.mark.parametrize("role", list(TenantRole))
def test_owners_and_admins_manage_keys(alice: Player, role: TenantRole) -> None:
    client = sign_in(make_member(alice, role))

    listed = client.get(KEYS)
    created = client.post(KEYS, _payload(), content_type="application/json")

    manages = role in (TenantRole.OWNER, TenantRole.ADMIN)
    assert [listed.status_code, created.status_code] == ([200, 201] if manages else [403, 403])
    if manages:
        assert _events(alice, created.json()["id"]) == [("api-key:issued", "user")]


def test_another_tenants_key_does_not_exist(world: World) -> None:
    url = f"{KEYS}/{world.alice.key_id}"
    client = world.mallory.client

    answers = [client.get(url), client.delete(url), client.post(f"{url}:rotate", {}, format="json")]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "key-not-found")}
    assert str(world.alice.key_id) not in client.get(KEYS).content.decode()
    assert world.alice.client.get(USED).status_code == 200


def test_it_lists_by_pages(alice: Player) -> None:
    ids = [_created(alice.client, name=f"key {n}")["id"] for n in range(3)]

    first = alice.client.get(f"{KEYS}?limit=2").json()
    second = alice.client.get(f"{KEYS}?limit=2&cursor={first['next_cursor']}").json()

    assert [k["id"] for k in first["items"] + second["items"]] == [*reversed(ids), str(alice.key_id)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scopes": []}, "validation-failed"),
        ({"scopes": ["everything"]}, "validation-failed"),
        ({"purposes": ["shopping"]}, "validation-failed"),
        ({"default_purpose": "second_factor"}, "binding-invalid"),
        ({"default_jurisdiction": "GB"}, "binding-invalid"),
        ({"end_users": ["personal"], "default_on_behalf_of": "media"}, "binding-invalid"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "binding-invalid"),
        ({"scope": ["detect"]}, "validation-failed"),
    ],
)
def test_it_refuses_a_binding_that_makes_no_sense(alice: Player, changes: dict[str, Any], code: str) -> None:
    response = alice.client.post(KEYS, _payload(**changes), format="json")

    assert (response.status_code, response.json()["code"]) == (400, code)


@pytest.mark.parametrize("seconds", [-1, 30 * 86_400 + 1])
def test_an_overlap_has_bounds(alice: Player, seconds: int) -> None:
    rotate = f"{KEYS}/{alice.key_id}:rotate"

    assert alice.client.post(rotate, {"overlap_seconds": seconds}, format="json").status_code == 400
    with pytest.raises(InvalidRequest):
        services.rotate_key(owner_of(alice), key_id=alice.key_id, overlap=timedelta(seconds=seconds))


def test_a_suspended_tenant_issues_nothing_but_may_still_revoke(world: World) -> None:
    issued = _created(world.alice.client)
    governance.suspend(
        world.alice.tenant.id,
        target=Suspension.Target.ORGANISATION,
        target_id=world.alice.tenant.id,
        reason="test",
        imposed_by=world.staff.oversight[0],
    )
    client = world.alice.client

    refused = [
        client.post(KEYS, _payload(), format="json"),
        client.post(f"{KEYS}/{issued['id']}:rotate", {}, format="json"),
    ]

    assert {(r.status_code, r.json()["code"]) for r in refused} == {(403, "suspended")}
    assert client.delete(f"{KEYS}/{issued['id']}").status_code == 204


def test_a_suspended_key_issues_nothing(world: World) -> None:
    governance.suspend(
        world.alice.tenant.id,
        target=Suspension.Target.KEY,
        target_id=world.alice.key_id,
        reason="test",
        imposed_by=world.staff.oversight[0],
    )

    assert world.alice.client.post(KEYS, _payload(), format="json").json()["code"] == "suspended"
    owner = sign_in(make_member(world.alice))
    assert owner.post(KEYS, _payload(), content_type="application/json").status_code == 201


def test_nothing_is_issued_while_nobody_knows_who_is_suspended(alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.ports._suspended_kinds", None)

    assert alice.client.post(KEYS, _payload(), format="json").json()["code"] == "suspended"


def test_a_person_who_lost_the_role_manages_no_more(alice: Player) -> None:
    owner_of(alice)
    user = make_member(alice, TenantRole.ADMIN)
    client = sign_in(user)
    assert client.get(KEYS).status_code == 200
    with tenant_scope(alice.tenant.id):
        member = selectors.members_of(alice.tenant.id).get(user=user)

    services.change_role(owner_of(alice), member_id=member.id, role=TenantRole.VIEWER)

    assert client.get(KEYS).status_code == 403
    assert membership.role_of(actor_for(alice, user)) is TenantRole.VIEWER
