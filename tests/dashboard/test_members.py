"""Members: listed, invited, given another role, removed; by managers alone."""

from __future__ import annotations

import re

from django.core import mail
from django.test import Client

from common.context import tenant_scope
from common.vocabulary import TenantRole
from tenants.models import Invitation, Membership, Tenant, User
from tests.dashboard.conftest import SignIn, text_of
from tests.people import make_member
from tests.people import sign_in as sign_in_as
from tests.worlds import Player, World


def _membership(player: Player, user: User) -> Membership:
    with tenant_scope(player.tenant.id):
        return Membership.objects.get(user=user)


def test_it_lists_members_of_the_own_tenant_alone(world: World, sign_in: SignIn) -> None:
    ours, theirs = make_member(world.alice), make_member(world.mallory)

    shown = text_of(sign_in(world.alice).get("/members"))

    assert ours.username in shown
    assert theirs.username not in shown


def test_it_gives_another_role(member: Client, alice: Player) -> None:
    user = make_member(alice, TenantRole.VIEWER)

    response = member.post(f"/members/{_membership(alice, user).id}", {"role": "developer"}, follow=True)

    assert "The role is changed" in text_of(response)
    assert _membership(alice, user).role == TenantRole.DEVELOPER


def test_it_refuses_a_role_that_does_not_exist(member: Client, alice: Player) -> None:
    user = make_member(alice, TenantRole.VIEWER)

    response = member.post(f"/members/{_membership(alice, user).id}", {"role": "emperor"})

    assert response.status_code == 400
    assert _membership(alice, user).role == TenantRole.VIEWER


def test_a_removed_member_is_out_with_the_next_request(member: Client, alice: Player) -> None:
    user = make_member(alice)
    theirs = sign_in_as(user)
    assert theirs.get("/overview").status_code == 200

    response = member.post(f"/members/{_membership(alice, user).id}/remove", follow=True)

    assert "The membership has ended." in text_of(response)
    assert theirs.get("/overview").status_code == 403


def test_the_last_owner_stays(member: Client, alice: Player) -> None:
    with tenant_scope(alice.tenant.id):
        owner = Membership.objects.get(role=TenantRole.OWNER)

    response = member.post(f"/members/{owner.id}/remove")

    assert response.status_code == 409
    assert member.get("/overview").status_code == 200


def test_an_invitation_leads_to_its_page_and_can_be_withdrawn(member: Client, alice: Player) -> None:
    member.post("/members", {"email": "new@example.test", "role": "viewer"})
    link = re.search(r"http://testserver(/accounts/invitations/\S+)", str(mail.outbox[-1].body))
    assert link is not None
    assert alice.tenant.name in text_of(Client().get(link[1]))
    assert "new@example.test, as viewer" in text_of(member.get("/members"))

    with tenant_scope(alice.tenant.id):
        invitation = Invitation.objects.get()
    member.post(f"/invitations/{invitation.id}/withdraw")

    assert "cannot be accepted" in text_of(Client().get(link[1]))


def test_only_managers_see_and_change_members(alice: Player, sign_in: SignIn) -> None:
    user = make_member(alice, TenantRole.VIEWER)
    address = f"/members/{_membership(alice, user).id}"
    for role in (TenantRole.DEVELOPER, TenantRole.CASE_WORKER, TenantRole.REVIEWER, TenantRole.VIEWER):
        client = sign_in(alice, role)

        assert client.get("/members").status_code == 403, role
        assert client.post("/members", {"email": "x@example.test", "role": "viewer"}).status_code == 403, role
        assert client.post(address, {"role": "owner"}).status_code == 403, role
        assert client.post(f"{address}/remove").status_code == 403, role


def test_a_manager_says_what_requests_of_members_are_for(member: Client, alice: Player) -> None:
    form = {"purpose": "research_evaluation", "on_behalf_of": "", "jurisdiction": "US-CA"}

    response = member.post("/members/defaults", form, follow=True)

    assert "Changed" in text_of(response)
    page = response.content.decode()
    assert '<option value="research_evaluation" selected>' in page
    with tenant_scope(alice.tenant.id):
        tenant = Tenant.objects.get()
    found = (tenant.default_purpose, tenant.default_on_behalf_of, tenant.default_jurisdiction)
    assert found == ("research_evaluation", None, "US-CA")
    assert member.post("/members/defaults", {"purpose": "revenge"}).status_code == 400
