"""Members: invited by mail, given roles, removed; nobody hands on more than they have, and an owner remains."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core import mail
from django.db import connections
from django.test import Client
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from common.context import tenant_scope
from common.errors import Forbidden
from common.ids import new_id
from common.vocabulary import TenantRole
from governance import services as governance
from governance.audit import ledger
from governance.audit.models import AuditEntry
from governance.models import Suspension
from tenants import selectors, services
from tenants.errors import InvitationNotAccepted, InvitationNotFound, LastOwner, WiderThanOwn
from tenants.models import Invitation, Membership, User
from tests.people import PASSWORD, actor_for, browser, make_member, make_staff, owner_of, sign_in
from tests.worlds import Player, World, client_with

MEMBERS = "/v1/members"
INVITE = "/v1/members:invite"
R = TenantRole


def _address() -> str:
    return f"{new_id().hex}@example.test"


def _member_of(player: Player, user: User) -> Membership:
    with tenant_scope(player.tenant.id):
        return selectors.members_of(player.tenant.id).get(user=user)


def _pending(player: Player) -> list[Invitation]:
    with tenant_scope(player.tenant.id):
        return list(selectors.pending_invitations_of(player.tenant.id))


def _invite(player: Player, *, role: str = "viewer", email: str | None = None) -> tuple[str, str]:
    """Invite as an owner; return the address and the path of the link in the mail."""
    address = email or _address()
    client = sign_in(make_member(player))
    response = client.post(INVITE, {"email": address, "role": role}, content_type="application/json")
    assert response.status_code == 201, response.content
    return address, _link_to(address)


def _link_to(address: str) -> str:
    message = [m for m in mail.outbox if m.to == [address]][-1]
    found = re.search(r"https?://[^/]+(/accounts/invitations/\S+)", str(message.body))
    assert found is not None
    return found[1]


def _key(player: Player, *scopes: str) -> APIClient:
    payload = {"name": "k", "scopes": ["administer", *scopes], "purposes": ["photo_organisation"]}
    return client_with(player.client.post("/v1/keys", payload, format="json").json()["api_key"])


def _events(player: Player) -> list[tuple[str, dict[str, Any]]]:
    with tenant_scope(player.tenant.id):
        entries = AuditEntry.objects.filter(kind="event").order_by("ins_id")
        return [(e.content["action"], e.content["data"]) for e in entries if e.content["action"].startswith("member:")]


# --- Invitations --------------------------------------------------------------------------------------------------
def test_an_invited_person_makes_an_account_and_works(alice: Player) -> None:
    address, link = _invite(alice, role="developer")
    client = browser()
    assert alice.tenant.name in client.get(link).content.decode()

    username = f"new-{new_id().hex[-12:]}"
    assert client.post(link, {"username": username, "password": PASSWORD}).status_code == 302

    user = User.objects.get(username=username)
    assert user.email == address
    created = sign_in(user).post("/v1/collections", {"name": "family"}, content_type="application/json")
    assert created.status_code == 201
    assert _events(alice)[-1] == ("member:added", {"role": "developer", "user": str(user.id)})
    assert _pending(alice) == []


def test_a_person_with_an_account_joins_a_second_tenant(world: World) -> None:
    user = make_member(world.alice)
    _, link = _invite(world.mallory)
    client = sign_in(user)

    assert client.post(link).status_code == 302

    assert {m.tenant_id for m in selectors.find_memberships(user.id)} == {
        world.alice.tenant.id,
        world.mallory.tenant.id,
    }


def test_a_link_is_used_once(alice: Player) -> None:
    _, link = _invite(alice)
    browser().post(link, {"username": f"one-{new_id().hex[-12:]}", "password": PASSWORD})

    again = browser().post(link, {"username": f"two-{new_id().hex[-12:]}", "password": PASSWORD})

    assert again.status_code == 404
    assert "cannot be accepted" in again.content.decode()


def test_two_at_the_same_time_use_it_once(alice: Player) -> None:
    address, link = _invite(alice)
    token = link.strip("/").rpartition("/")[2]

    def join(number: int) -> bool:
        try:
            services.join_as_new_person(token, username=f"race-{number}-{new_id().hex[-12:]}", password=PASSWORD)
        except InvitationNotAccepted:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(4) as threads:
        joined = list(threads.map(join, range(4)))

    assert sorted(joined) == [False, False, False, True]
    assert User.objects.filter(email=address).count() == 1


@pytest.mark.parametrize("token", ["x", ".", f"{'7' * 32}.secret", f"{'7' * 32}.", "..", "0" * 32])
def test_a_made_up_link_opens_nothing(token: str) -> None:
    assert browser().get(f"/accounts/invitations/{token}/").status_code == 404


def test_a_secret_opens_its_own_tenant_only(world: World) -> None:
    _, link = _invite(world.alice)
    secret = link.strip("/").rpartition(".")[2]

    assert browser().get(f"/accounts/invitations/{world.mallory.tenant.id.hex}.{secret}/").status_code == 404
    assert browser().get(f"/accounts/invitations/{world.alice.tenant.id.hex}.{secret}/").status_code == 200


def test_an_expired_link_opens_nothing(alice: Player) -> None:
    _, link = _invite(alice)
    with tenant_scope(alice.tenant.id):
        Invitation.objects.filter(tenant_id=alice.tenant.id).update(expires_at=ledger.database_now())

    assert browser().get(link).status_code == 404


def test_inviting_again_withdraws_what_was_pending(alice: Player) -> None:
    address, first = _invite(alice)
    _, second = _invite(alice, email=address.upper())

    assert browser().get(first).status_code == 404
    assert browser().get(second).status_code == 200
    assert [tag for tag, _ in _events(alice)].count("member:invitation-withdrawn") == 1


def test_an_invitation_is_withdrawn(alice: Player) -> None:
    _, link = _invite(alice)
    owner = owner_of(alice)
    (invitation,) = services.list_invitations(owner)

    services.withdraw_invitation(owner, invitation_id=invitation.id)

    assert browser().get(link).status_code == 404
    assert services.list_invitations(owner) == []
    with pytest.raises(InvitationNotFound):
        services.withdraw_invitation(owner, invitation_id=invitation.id)


def test_a_member_does_not_join_twice_and_staff_never(alice: Player) -> None:
    _, link = _invite(alice)
    member, (staff, secret) = sign_in(make_member(alice)), make_staff()

    assert member.post(link).status_code == 409
    assert sign_in(staff, secret).post(link).status_code == 409
    assert len(_pending(alice)) == 1


def test_a_weak_password_or_a_taken_name_leaves_the_invitation_open(alice: Player) -> None:
    _, link = _invite(alice)
    taken = make_member(alice).username

    weak = browser().post(link, {"username": f"w-{new_id().hex[-12:]}", "password": "short"})
    twice = browser().post(link, {"username": taken.upper(), "password": PASSWORD})

    assert "too short" in weak.content.decode()
    assert "has this user name" in twice.content.decode()
    assert browser().get(link).status_code == 200


def test_neither_link_nor_address_is_in_the_log(alice: Player) -> None:
    address, link = _invite(alice)
    secret = link.strip("/").rpartition(".")[2]

    with tenant_scope(alice.tenant.id):
        log = b"".join(bytes(entry.body) for entry in AuditEntry.objects.all()).decode()
        (stored,) = Invitation.objects.filter(tenant_id=alice.tenant.id)

    assert ("member:invited", {"role": "viewer"}) in _events(alice)
    assert address not in log and secret not in log
    assert secret.encode() not in bytes(stored.secret_digest)


def test_mail_that_is_not_taken_is_said(alice: Player, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    client = sign_in(make_member(alice))

    response = client.post(INVITE, {"email": _address(), "role": "viewer"}, content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (503, "mail-unavailable")
    assert len(_pending(alice)) == 1, "the invitation stands: inviting again sends a new link"


# --- Who may what -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("role", "granted", "status"),
    [
        (R.OWNER, R.OWNER, 201),
        (R.OWNER, R.ADMIN, 201),
        (R.ADMIN, R.ADMIN, 201),
        (R.ADMIN, R.OWNER, 403),
        (R.DEVELOPER, R.VIEWER, 403),
        (R.CASE_WORKER, R.VIEWER, 403),
        (R.REVIEWER, R.VIEWER, 403),
        (R.VIEWER, R.VIEWER, 403),
    ],
)
def test_who_invites_whom(alice: Player, role: TenantRole, granted: TenantRole, status: int) -> None:
    client = sign_in(make_member(alice, role))

    response = client.post(INVITE, {"email": _address(), "role": granted}, content_type="application/json")

    assert response.status_code == status
    assert len(_pending(alice)) == (status == 201)


def test_a_key_makes_no_managers_and_hands_on_no_more_than_its_scopes(alice: Player) -> None:
    key = _key(alice, "read_result", "read_own_decisions")

    def invite(role: str) -> int:
        return int(key.post(INVITE, {"email": _address(), "role": role}, format="json").status_code)

    assert invite("viewer") == 201
    assert [invite(role) for role in ("owner", "admin", "developer", "case_worker", "reviewer")] == [403] * 5


def test_a_key_does_not_touch_managers(alice: Player) -> None:
    admin = _member_of(alice, make_member(alice, R.ADMIN))
    owner_of(alice)

    changed = alice.client.patch(f"{MEMBERS}/{admin.id}", {"role": "viewer"}, format="json")
    removed = alice.client.delete(f"{MEMBERS}/{admin.id}")

    assert {r.json()["code"] for r in (changed, removed)} == {"wider-than-own"}


def test_an_admin_does_not_touch_owners(alice: Player) -> None:
    first, second = (_member_of(alice, make_member(alice)) for _ in range(2))
    admin = actor_for(alice, make_member(alice, R.ADMIN))

    with pytest.raises(WiderThanOwn):
        services.change_role(admin, member_id=first.id, role=R.VIEWER)
    with pytest.raises(WiderThanOwn):
        services.remove_member(admin, member_id=second.id)
    with pytest.raises(WiderThanOwn):
        services.change_role(admin, member_id=_member_of(alice, make_member(alice, R.VIEWER)).id, role=R.OWNER)


@pytest.mark.parametrize("role", [R.DEVELOPER, R.CASE_WORKER, R.REVIEWER, R.VIEWER])
def test_others_see_and_change_no_members(alice: Player, role: TenantRole) -> None:
    victim = _member_of(alice, make_member(alice, R.VIEWER))
    client = sign_in(make_member(alice, role))

    answers = [
        client.get(MEMBERS),
        client.patch(f"{MEMBERS}/{victim.id}", {"role": "admin"}, content_type="application/json"),
        client.delete(f"{MEMBERS}/{victim.id}"),
        client.delete(f"{MEMBERS}/{new_id()}"),
    ]

    assert {(a.status_code, a.json()["code"]) for a in answers} == {(403, "role-not-sufficient")}


def test_a_changed_role_holds_from_the_next_request(alice: Player) -> None:
    user = make_member(alice, R.VIEWER)
    client = sign_in(user)
    url = f"{MEMBERS}/{_member_of(alice, user).id}"

    response = sign_in(make_member(alice)).patch(url, {"role": "developer"}, content_type="application/json")

    assert (response.status_code, response.json()["role"]) == (200, "developer")
    assert client.post("/v1/collections", {"name": "x"}, content_type="application/json").status_code == 201
    assert _events(alice)[-1] == ("member:role-changed", {"user": str(user.id), "from": "viewer", "to": "developer"})


def test_a_role_that_stays_is_no_event(alice: Player) -> None:
    member = _member_of(alice, make_member(alice, R.VIEWER))
    before = len(_events(alice))

    services.change_role(owner_of(alice), member_id=member.id, role=R.VIEWER)

    assert len(_events(alice)) == before + 1, "only the owner's own joining"


def test_anybody_may_leave(alice: Player) -> None:
    user = make_member(alice, R.VIEWER)
    client = sign_in(user)

    assert client.delete(f"{MEMBERS}/{_member_of(alice, user).id}").status_code == 204

    assert selectors.find_memberships(user.id) == []


def test_the_last_owner_stays(alice: Player) -> None:
    owner = make_member(alice)
    member = _member_of(alice, owner)
    client = sign_in(owner)

    demoted = client.patch(f"{MEMBERS}/{member.id}", {"role": "viewer"}, content_type="application/json")
    left = client.delete(f"{MEMBERS}/{member.id}")

    assert {(r.status_code, r.json()["code"]) for r in (demoted, left)} == {(409, "last-owner")}


def test_two_owners_cannot_unmake_each_other_at_once(alice: Player) -> None:
    users = [make_member(alice) for _ in range(2)]
    members = [_member_of(alice, user) for user in users]

    def unmake(number: int) -> str:
        try:
            services.change_role(actor_for(alice, users[number]), member_id=members[1 - number].id, role=R.VIEWER)
        except (LastOwner, Forbidden) as error:
            return error.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(2) as threads:
        ended = list(threads.map(unmake, range(2)))

    assert ended.count("done") == 1
    with tenant_scope(alice.tenant.id):
        assert Membership.objects.filter(role=R.OWNER).count() == 1


def test_another_tenants_member_does_not_exist(world: World) -> None:
    member = _member_of(world.alice, make_member(world.alice, R.VIEWER))
    url = f"{MEMBERS}/{member.id}"
    client = sign_in(make_member(world.mallory))

    answers = [client.patch(url, {"role": "admin"}, content_type="application/json"), client.delete(url)]

    assert {(a.status_code, a.json()["code"]) for a in answers} == {(404, "member-not-found")}
    listed = client.get(MEMBERS).json()["items"]
    assert [item["role"] for item in listed] == ["owner"]
    assert member.user.username not in str(listed)


def test_a_suspended_tenant_invites_nobody_but_may_remove(world: World) -> None:
    user = make_member(world.alice, R.VIEWER)
    client: Client = sign_in(make_member(world.alice))
    governance.suspend(
        world.alice.tenant.id,
        target=Suspension.Target.ORGANISATION,
        target_id=world.alice.tenant.id,
        reason="test",
        imposed_by=world.staff.oversight[0],
    )
    url = f"{MEMBERS}/{_member_of(world.alice, user).id}"

    invited = client.post(INVITE, {"email": _address(), "role": "viewer"}, content_type="application/json")
    changed = client.patch(url, {"role": "admin"}, content_type="application/json")

    assert {(r.status_code, r.json()["code"]) for r in (invited, changed)} == {(403, "suspended")}
    assert client.delete(url).status_code == 204


@pytest.mark.parametrize(
    "body", [{}, {"role": "viewer"}, {"email": "x", "role": "viewer"}, {"email": "a@b.example", "role": "god"}]
)
def test_it_refuses_an_invitation_that_makes_no_sense(alice: Player, body: dict[str, str]) -> None:
    response = alice.client.post(INVITE, body, format="json")

    assert (response.status_code, response.json()["code"]) == (400, "validation-failed")


# --- What requests are for ----------------------------------------------------------------------------------------
ORGANISATION = "/v1/organisation"


def test_a_changed_default_is_what_the_next_request_is_for(alice: Player) -> None:
    admin, worker = sign_in(make_member(alice, R.ADMIN)), sign_in(make_member(alice, R.DEVELOPER))

    changed = admin.patch(ORGANISATION, {"default_purpose": "research_evaluation"}, content_type="application/json")
    answer = worker.get("/v1/collections")

    assert changed.json()["default_purpose"] == "research_evaluation"
    assert changed.json()["default_jurisdiction"] == "US"
    # The approval does not cover it: defaults say what a request is for, not what is allowed.
    assert {rule["id"] for rule in answer.json()["rules"]} >= {"VET-004"}
    with tenant_scope(alice.tenant.id):
        decision = AuditEntry.objects.get(id=answer["Custos-Decision"]).content
        event = AuditEntry.objects.filter(kind="event").order_by("-ins_id")[0].content
    assert decision["purpose"] == "research_evaluation"
    assert (event["action"], event["data"]["purpose"]) == ("tenant:defaults-changed", "research_evaluation")
    admin.patch(ORGANISATION, {"default_purpose": "photo_organisation"}, content_type="application/json")
    assert worker.get("/v1/collections").status_code == 200


@pytest.mark.parametrize("body", [{"default_purpose": "revenge"}, {"default_jurisdiction": "XX"}, {"name": "other"}])
def test_a_default_outside_the_vocabulary_is_refused(alice: Player, body: dict[str, str]) -> None:
    answer = sign_in(make_member(alice)).patch(ORGANISATION, body, content_type="application/json")

    assert answer.status_code == 400


def test_defaults_are_changed_by_managers_who_are_not_suspended(alice: Player, staff: Any) -> None:
    body = {"default_purpose": None}
    developer, owner = (sign_in(make_member(alice, role)) for role in (R.DEVELOPER, R.OWNER))

    refused = developer.patch(ORGANISATION, body, content_type="application/json")
    governance.suspend(
        alice.tenant.id,
        target=Suspension.Target.ORGANISATION,
        target_id=alice.tenant.id,
        reason="test",
        imposed_by=staff.oversight[0],
    )
    suspended = owner.patch(ORGANISATION, body, content_type="application/json")

    assert (refused.status_code, refused.json()["code"]) == (403, "role-not-sufficient")
    assert (suspended.status_code, suspended.json()["code"]) == (403, "suspended")
