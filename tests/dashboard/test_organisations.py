"""A person with several memberships works for one organisation at a time, and sees only that one."""

from __future__ import annotations

from django.test import Client

from common.context import tenant_scope
from common.vocabulary import TenantRole
from governance.audit import ledger
from recognition.services import collections
from tenants.models import Membership, User
from tenants.services.provisioning import add_member
from tests.dashboard.conftest import text_of
from tests.people import make_member, sign_in
from tests.worlds import Player, World


def _member_of_both(world: World) -> Client:
    user = make_member(world.alice)
    with tenant_scope(world.mallory.tenant.id):
        add_member(world.mallory.tenant.id, user=user, role=TenantRole.OWNER, actor=ledger.SYSTEM)
    return sign_in(user)


def _leave(player: Player, user: User) -> None:
    with tenant_scope(player.tenant.id):
        Membership.objects.filter(user=user).delete()


def test_the_chosen_organisation_is_the_one_that_is_shown(world: World) -> None:
    collections.create_collection("of-alice", actor=world.alice.actor)
    collections.create_collection("of-mallory", actor=world.mallory.actor)
    client = _member_of_both(world)
    first = text_of(client.get("/collections"))

    response = client.post(f"/organisations/{world.mallory.tenant.id}", follow=True)

    second = text_of(client.get("/collections"))
    assert "of-alice" in first and "of-mallory" not in first
    assert "of-mallory" in second and "of-alice" not in second
    assert f"Organisation {world.mallory.tenant.name}" in text_of(response)


def test_both_are_offered(world: World) -> None:
    shown = text_of(_member_of_both(world).get("/organisations"))

    assert world.alice.tenant.name in shown
    assert world.mallory.tenant.name in shown


def test_an_organisation_of_others_cannot_be_chosen(world: World) -> None:
    client = sign_in(make_member(world.alice))

    response = client.post(f"/organisations/{world.mallory.tenant.id}")

    assert response.status_code == 403
    assert world.mallory.tenant.name not in text_of(client.get("/organisations"))
    assert client.get("/overview").status_code == 200


def test_whoever_belongs_to_none_any_more_is_told_so(world: World) -> None:
    user = make_member(world.alice)
    client = sign_in(user)
    _leave(world.alice, user)

    response = client.get("/overview")

    assert response.status_code == 403
    assert "belongs to no organisation" in text_of(response)
    assert "You belong to no organisation here." in text_of(client.get("/organisations"))
