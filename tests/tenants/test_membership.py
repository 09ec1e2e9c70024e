"""A signed-in member is an actor: of one tenant, with the role of now, through the same gate as a key."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from common.context import tenant_scope
from common.errors import Unauthenticated
from common.vocabulary import TenantRole
from governance import services as governance
from governance.audit import ledger
from governance.models import Suspension
from tenants import membership, services
from tenants.errors import NotAMember, RoleNotSufficient
from tenants.models import Membership, User
from tenants.services.provisioning import add_member
from tests.people import actor_for, make_member, make_staff, owner_of, sign_in
from tests.worlds import Player, PlayerFactory, World

COLLECTIONS = "/v1/collections"
ALL_ROLES = list(TenantRole)
MAKERS = {TenantRole.OWNER, TenantRole.ADMIN, TenantRole.DEVELOPER}


def _with_csrf(user: User) -> APIClient:
    """A signed-in browser that a forged request is told from."""
    client = APIClient(enforce_csrf_checks=True)
    client.cookies = sign_in(user).cookies
    return client


def _rules(response: object) -> set[str]:
    return {rule["id"] for rule in response.json()["rules"]}  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", ALL_ROLES)
def test_every_role_sees_the_collections(alice: Player, role: TenantRole) -> None:
    assert sign_in(make_member(alice, role)).get(COLLECTIONS).status_code == 200


@pytest.mark.parametrize("role", ALL_ROLES)
def test_some_roles_make_collections(alice: Player, role: TenantRole) -> None:
    client = sign_in(make_member(alice, role))

    response = client.post(COLLECTIONS, {"name": "family"}, content_type="application/json")

    assert response.status_code == (201 if role in MAKERS else 403)
    if role not in MAKERS:
        assert _rules(response) == {"KEY-001"}


@pytest.mark.parametrize("role", ALL_ROLES)
def test_who_only_looks_does_not_delete(alice: Player, role: TenantRole) -> None:
    alice.client.post(COLLECTIONS, {"name": "family"}, format="json")
    client = sign_in(make_member(alice, role))

    response = client.delete(f"{COLLECTIONS}/family")

    looks_only = role in (TenantRole.VIEWER, TenantRole.REVIEWER)
    assert response.status_code == (403 if looks_only else 204)
    if looks_only:
        assert _rules(response) == {"KEY-002"}


def test_a_member_is_bound_by_the_tenants_approval(make_player: PlayerFactory) -> None:
    unapproved = make_player(approved=False)

    response = sign_in(make_member(unapproved)).get(COLLECTIONS)

    assert response.status_code == 403
    assert "VET-001" in _rules(response)


def test_a_members_headers_only_narrow(alice: Player) -> None:
    client = sign_in(make_member(alice))

    wide = client.get(COLLECTIONS, headers={"Custos-Jurisdiction": "DE"})

    assert client.get(COLLECTIONS, headers={"Custos-Jurisdiction": "US-CA"}).status_code == 200
    assert (wide.status_code, _rules(wide) & {"VET-004"}) == (403, {"VET-004"})


def test_a_change_needs_the_csrf_token(alice: Player) -> None:
    client = _with_csrf(make_member(alice))
    token = client.cookies["csrftoken"].value

    assert client.post(COLLECTIONS, {"name": "forged"}, format="json").status_code == 403
    made = client.post(COLLECTIONS, {"name": "meant"}, format="json", headers={"X-CSRFToken": token})
    assert made.status_code == 201
    assert [c["name"] for c in client.get(COLLECTIONS).json()["items"]] == ["meant"]


def test_nobody_is_anonymous(alice: Player) -> None:
    assert Client().get(COLLECTIONS).status_code == 401


def test_staff_are_no_members(alice: Player) -> None:
    response = sign_in(*make_staff()).get(COLLECTIONS)

    assert response.status_code == 403
    assert response.json()["code"] == "not-a-member"


def test_a_removed_member_is_refused_at_the_next_request(alice: Player) -> None:
    user = make_member(alice, TenantRole.VIEWER)
    client = sign_in(user)
    assert client.get(COLLECTIONS).status_code == 200

    with tenant_scope(alice.tenant.id):
        member = Membership.objects.get(user=user)
    services.remove_member(owner_of(alice), member_id=member.id)

    assert client.get(COLLECTIONS).json()["code"] == "not-a-member"


def test_a_deactivated_person_is_refused_at_the_next_request(alice: Player) -> None:
    user = make_member(alice)
    client = sign_in(user)
    User.objects.filter(id=user.id).update(is_active=False)

    assert client.get(COLLECTIONS).status_code == 401


def test_a_suspended_person_is_refused_at_the_next_request(world: World) -> None:
    user, other = make_member(world.alice), make_member(world.alice)
    client = sign_in(user)
    governance.suspend(
        world.alice.tenant.id,
        target=Suspension.Target.USER,
        target_id=user.id,
        reason="test",
        imposed_by=world.staff.oversight[0],
    )

    response = client.get(COLLECTIONS)

    assert (response.status_code, _rules(response)) == (403, {"SUS-001"})
    assert sign_in(other).get(COLLECTIONS).status_code == 200


def test_a_suspended_tenant_is_refused_at_the_next_request(world: World) -> None:
    client = sign_in(make_member(world.alice))
    governance.suspend(
        world.alice.tenant.id,
        target=Suspension.Target.ORGANISATION,
        target_id=world.alice.tenant.id,
        reason="test",
        imposed_by=world.staff.oversight[0],
    )

    assert _rules(client.get(COLLECTIONS)) == {"SUS-001"}
    assert _rules(world.alice.client.get(COLLECTIONS)) == {"SUS-001"}
    assert client.get("/v1/decisions").status_code == 200, "reading one's own decisions is a right"


def test_a_person_of_two_tenants_chooses(world: World) -> None:
    user = make_member(world.alice)
    with tenant_scope(world.mallory.tenant.id):
        add_member(world.mallory.tenant.id, user=user, role=TenantRole.VIEWER, actor=ledger.SYSTEM)
    request = _request(sign_in(user), user)
    assert membership.actor_of(request).tenant_id == world.alice.tenant.id

    membership.choose_membership(request, world.mallory.tenant.id)

    assert membership.actor_of(request).tenant_id == world.mallory.tenant.id
    assert membership.role_of(membership.actor_of(request)) is TenantRole.VIEWER
    assert [m.slug for m in membership.memberships_of(request)] == [
        world.alice.tenant.slug, world.mallory.tenant.slug,
    ]  # fmt: skip


def test_a_tenant_that_is_not_ones_own_cannot_be_chosen(world: World) -> None:
    user = make_member(world.alice)
    request = _request(sign_in(user), user)

    with pytest.raises(NotAMember):
        membership.choose_membership(request, world.mallory.tenant.id)
    assert membership.actor_of(request).tenant_id == world.alice.tenant.id


def test_a_chosen_tenant_that_is_lost_is_not_replaced_by_another(world: World) -> None:
    user = make_member(world.alice)
    with tenant_scope(world.mallory.tenant.id):
        member = add_member(world.mallory.tenant.id, user=user, role=TenantRole.VIEWER, actor=ledger.SYSTEM)
    request = _request(sign_in(user), user)
    membership.choose_membership(request, world.mallory.tenant.id)

    services.remove_member(owner_of(world.mallory), member_id=member.id)

    with pytest.raises(NotAMember):
        membership.actor_of(request)


def test_roles_are_required_and_keys_have_none(world: World) -> None:
    viewer = actor_for(world.alice, make_member(world.alice, TenantRole.VIEWER))

    assert membership.require_role(viewer, TenantRole.OWNER, TenantRole.VIEWER) is TenantRole.VIEWER
    with pytest.raises(RoleNotSufficient):
        membership.require_role(viewer, TenantRole.OWNER)
    with pytest.raises(RoleNotSufficient):
        membership.require_role(viewer)
    with pytest.raises(NotAMember):
        membership.require_role(world.alice.actor, *TenantRole)


def test_another_tenants_role_does_not_count(world: World) -> None:
    user = make_member(world.alice, TenantRole.OWNER)

    with pytest.raises(NotAMember):
        membership.role_of(actor_for(world.mallory, user))


def test_nobody_signed_in_is_nobody() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()

    with pytest.raises(Unauthenticated):
        membership.actor_of(request)


def _request(client: Client, user: User) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    request.session = client.session
    return request
