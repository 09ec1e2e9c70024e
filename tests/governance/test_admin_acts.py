"""The officers' workplace: one person stops, two people resume, each by a form that calls the service."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from common.context import tenant_scope
from common.ids import new_id
from common.vocabulary import CustomerCategory, Operation, Purpose, StaffRole
from governance import four_eyes, ports, services
from governance.audit import ledger
from governance.casework.models import BreakGlassGrant, Case
from governance.models import Approval, ChangeRequest, Exemption, Moratorium, Suspension
from tenants import services as tenants
from tenants.models import User
from tests.api.conftest import broken
from tests.conftest import admin_connection
from tests.people import make_member, make_staff, sign_in
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, Staff, in_case

STATEMENT = {"reason": "It is right.", "interest": "none", "has_no_conflict": "on"}
NARROW = services.Selector(categories=[CustomerCategory.HOUSING])


def client_of(role: StaffRole) -> tuple[Client, User]:
    user, secret = make_staff(role)
    return sign_in(user, secret), user


@pytest.fixture
def oversight() -> Client:
    return client_of(StaffRole.OVERSIGHT)[0]


@pytest.fixture
def officer() -> Client:
    return client_of(StaffRole.OFFICER)[0]


def _newest_change() -> ChangeRequest:
    return ChangeRequest.objects.using("officer").latest("proposed_at")


def _page(change: ChangeRequest, act: str = "change") -> str:
    return f"/admin/governance/changerequest/{change.id}/{act}/"


def _sign(client: Client, change: ChangeRequest) -> int:
    return client.post(_page(change, "approve"), STATEMENT).status_code


def test_lifting_is_asked_for_by_one_and_executed_by_another(impose: MoratoriumFactory, oversight: Client) -> None:
    moratorium = impose(selector=NARROW)
    second, _ = client_of(StaffRole.OVERSIGHT)
    lift = f"/admin/governance/moratorium/{moratorium.id}/lift/"
    assert lift in oversight.get(f"/admin/governance/moratorium/{moratorium.id}/change/").content.decode()

    assert oversight.get(lift).status_code == 200
    response = oversight.post(lift, STATEMENT)

    change = _newest_change()
    assert response["Location"] == _page(change)
    assert _page(change, "approve") not in oversight.get(_page(change)).content.decode()
    assert _page(change, "withdraw") in oversight.get(_page(change)).content.decode()
    assert "proposed it" in oversight.post(_page(change, "approve"), STATEMENT).content.decode()
    waiting = second.get("/admin/governance/changerequest/?waiting=yes").content.decode()
    assert str(change.id) in waiting
    assert _page(change, "approve") in second.get(_page(change)).content.decode()
    assert str(moratorium.id) in second.get(_page(change, "approve")).content.decode()
    conflicted = {name: value for name, value in STATEMENT.items() if name != "has_no_conflict"}
    assert second.post(_page(change, "approve"), conflicted).status_code == 200
    moratorium.refresh_from_db(using="officer")
    assert moratorium.lifted_at is None

    assert _sign(second, change) == 302

    moratorium.refresh_from_db(using="officer")
    assert moratorium.lifted_at is not None
    assert _page(change, "approve") not in second.get(_page(change)).content.decode()


def test_a_change_is_rejected_or_taken_back(impose: MoratoriumFactory, oversight: Client) -> None:
    moratorium = impose(selector=NARROW)
    second, _ = client_of(StaffRole.OVERSIGHT)
    lift = f"/admin/governance/moratorium/{moratorium.id}/lift/"
    oversight.post(lift, STATEMENT)
    first_change = _newest_change()
    oversight.post(lift, STATEMENT)
    second_change = _newest_change()

    assert second.post(_page(first_change, "reject"), {"reason": "Too early."}).status_code == 302
    assert oversight.post(_page(second_change, "withdraw"), {"reason": "A mistake."}).status_code == 302

    asked = ChangeRequest.objects.using("officer").filter(id__in=[first_change.id, second_change.id])
    assert {row.id: row.state for row in asked} == {first_change.id: "rejected", second_change.id: "withdrawn"}


def test_the_first_page_says_what_waits_for_whom(impose: MoratoriumFactory, oversight: Client) -> None:
    moratorium = impose(selector=NARROW)
    second, _ = client_of(StaffRole.OVERSIGHT)
    officer, _ = client_of(StaffRole.OFFICER)

    def to_sign(client: Client) -> int:
        found = re.search(r"Changes to sign: (\d+)", client.get("/admin/").content.decode())
        return int(found[1]) if found else 0

    before = {client: to_sign(client) for client in (oversight, second, officer)}
    oversight.post(f"/admin/governance/moratorium/{moratorium.id}/lift/", STATEMENT)

    after = {client: to_sign(client) - before[client] for client in before}
    assert after == {oversight: 0, second: 1, officer: 0}
    queues = second.get("/admin/").content.decode()
    (url,) = re.findall(r'<a href="([^"]*)">Changes to sign', queues)
    assert str(_newest_change().id) in second.get(url).content.decode()


def test_roles_without_a_say_are_offered_nothing_and_refused(impose: MoratoriumFactory, officer: Client) -> None:
    auditor, _ = client_of(StaffRole.AUDITOR)
    moratorium = impose(selector=NARROW)
    forbidden = [
        f"/admin/governance/moratorium/{moratorium.id}/lift/",
        "/admin/governance/moratorium/stop-everything/",
        "/admin/tenants/user/add/",
    ]

    for url in forbidden:
        assert officer.get(url).status_code == 403, url
        assert officer.post(url, STATEMENT).status_code == 403, url
    exempt = f"/admin/governance/moratorium/{moratorium.id}/exempt/"
    for url in [*forbidden, exempt]:
        assert auditor.get(url).status_code == 403, url
    assert exempt not in auditor.get(f"/admin/governance/moratorium/{moratorium.id}/change/").content.decode()


def test_an_exemption_is_granted_by_two_officers_and_revoked_by_one(
    impose: MoratoriumFactory, officer: Client, alice: Player
) -> None:
    moratorium = impose(selector=NARROW)
    second, _ = client_of(StaffRole.OFFICER)
    until = ledger.database_now() + timedelta(days=3)
    form = {
        **STATEMENT,
        "tenant": str(alice.tenant.id),
        "purposes": [Purpose.PHOTO_ORGANISATION.value],
        "operations": [Operation.SEARCH.value],
        "end_users": [CustomerCategory.CONSUMER_SOFTWARE.value],
        "expires_at_0": until.date().isoformat(),
        "expires_at_1": "12:00:00",
    }
    url = f"/admin/governance/moratorium/{moratorium.id}/exempt/"

    assert officer.get(url).status_code == 200
    assert "states its purposes" in officer.post(url, {**form, "purposes": []}).content.decode()
    assert officer.post(url, form).status_code == 302
    assert _sign(second, _newest_change()) == 302

    exemption = Exemption.objects.using("officer").get(moratorium_id=moratorium.id)
    assert (exemption.tenant_id, exemption.operations) == (alice.tenant.id, ["search"])
    revoke = f"/admin/governance/exemption/{exemption.id}/revoke/"
    assert revoke in officer.get(f"/admin/governance/exemption/{exemption.id}/change/").content.decode()
    assert officer.post(revoke, {"reason": ""}).status_code == 200
    assert officer.post(revoke, {"reason": "Misused."}).status_code == 302
    exemption.refresh_from_db(using="officer")
    assert exemption.revoked_at is not None
    assert "ended already" in officer.post(revoke, {"reason": "Again."}).content.decode()


def test_an_officer_revokes_an_approval_and_oversight_suspends(
    officer: Client, oversight: Client, alice: Player
) -> None:
    approval = Approval.objects.using("officer").get(tenant_id=alice.tenant.id)
    revoke = f"/admin/governance/approval/{approval.id}/revoke/"
    suspend = f"/admin/tenants/tenant/{alice.tenant.id}/suspend/"

    assert revoke in officer.get(f"/admin/governance/approval/{approval.id}/change/").content.decode()
    assert officer.post(revoke, {"reason": "Misused."}).status_code == 302
    assert suspend in oversight.get(f"/admin/tenants/tenant/{alice.tenant.id}/change/").content.decode()
    assert "its id is needed" in oversight.post(suspend, {"reason": "Misuse.", "target": "key"}).content.decode()
    assert oversight.post(suspend, {"reason": "Misuse.", "target": "organisation"}).status_code == 302

    approval.refresh_from_db(using="officer")
    assert approval.revoked_at is not None
    suspension = Suspension.objects.using("officer").get(tenant_id=alice.tenant.id)
    assert suspension.target_id == alice.tenant.id
    second, _ = client_of(StaffRole.OVERSIGHT)
    lift = f"/admin/governance/suspension/{suspension.id}/lift/"
    assert lift in oversight.get(f"/admin/governance/suspension/{suspension.id}/change/").content.decode()
    oversight.post(lift, STATEMENT)
    assert _sign(second, _newest_change()) == 302
    suspension.refresh_from_db(using="officer")
    assert suspension.lifted_at is not None


def test_staff_are_made_by_two_and_members_are_not_listed(oversight: Client, alice: Player) -> None:
    second, _ = client_of(StaffRole.OVERSIGHT)
    member = make_member(alice)
    form = {**STATEMENT, "username": f"new-{member.pk.hex[-12:]}", "email": "new@staff.example", "role": "auditor"}

    assert oversight.post("/admin/tenants/user/add/", form).status_code == 302
    assert _sign(second, _newest_change()) == 302

    made = User.objects.get(username=form["username"])
    page = oversight.get("/admin/tenants/user/").content.decode()
    assert made.username in page
    assert member.username not in page
    reset = f"/admin/tenants/user/{made.pk}/reset/"
    assert reset in oversight.get(f"/admin/tenants/user/{made.pk}/change/").content.decode()
    assert oversight.post(reset, STATEMENT).status_code == 302
    assert _newest_change().kind == "reset_second_factor"
    assert oversight.get(f"/admin/tenants/user/{member.pk}/reset/").status_code == 404
    shut_out, let_in = (f"/admin/tenants/user/{made.pk}/{act}/" for act in ("deactivate", "reinstate"))
    assert let_in not in oversight.get(f"/admin/tenants/user/{made.pk}/change/").content.decode()
    assert oversight.post(shut_out, {"reason": "Left us."}).status_code == 302
    assert let_in in oversight.get(f"/admin/tenants/user/{made.pk}/change/").content.decode()
    assert oversight.post(let_in, STATEMENT).status_code == 302
    assert _sign(second, _newest_change()) == 302
    assert User.objects.get(pk=made.pk).is_active


def _preview(client: Client, **selector: Any) -> str:
    form = {"reason": "A preview.", "_preview": "yes", **selector}
    return client.post("/admin/governance/moratorium/add/", form).content.decode()


def test_a_time_has_a_name_for_who_does_not_see_the_page(oversight: Client) -> None:
    page = oversight.get("/admin/governance/moratorium/add/").content.decode()

    assert page.count('aria-label="Date"') == page.count('aria-label="Time"') == 2
    assert page.index("admin/js/core.js") < page.index("DateTimeShortcuts.js"), "the calendar is made of its parts"


def test_the_preview_says_who_would_be_cut_off_and_imposes_nothing(
    oversight: Client, make_player: PlayerFactory
) -> None:
    agency = make_player(CustomerCategory.LAW_ENFORCEMENT)
    both = (CustomerCategory.IDENTITY_VERIFICATION, CustomerCategory.LAW_ENFORCEMENT)
    vendor = make_player(CustomerCategory.IDENTITY_VERIFICATION, end_users=both)
    other = make_player()

    page = _preview(oversight, categories=["law_enforcement"])

    whole, part = (re.search(rf"{p.tenant.name}</a>(.*?)</tr>", page, re.DOTALL) for p in (agency, vendor))
    assert whole is not None
    assert "everything" in whole[1]
    assert part is not None
    assert "in part" in part[1]
    assert other.tenant.name not in page
    assert not Moratorium.objects.using("officer").filter(reason="A preview.").exists()
    assert agency.tenant.name not in _preview(oversight, categories=["law_enforcement"], jurisdictions=["FR"])
    assert "Say what is to stop" in _preview(oversight)


def test_the_preview_names_the_jobs_that_would_be_halted(
    monkeypatch: pytest.MonkeyPatch, make_player: PlayerFactory
) -> None:
    agency = make_player(CustomerCategory.LAW_ENFORCEMENT)

    def job(operation: str) -> ports.OpenJob:
        return ports.OpenJob(
            id=agency.key_id, operation=operation, purpose="criminal_investigation", on_behalf_of=None,
            jurisdiction="US", done=1, total=2,
        )  # fmt: skip

    monkeypatch.setattr(
        ports, "_open_jobs", lambda tenant_id: [job("search"), job("enrol")] if tenant_id == agency.tenant.id else []
    )
    selector = services.Selector(categories=[CustomerCategory.LAW_ENFORCEMENT], operations=[Operation.SEARCH])

    preview = services.preview_moratorium(selector)

    (found,) = [tenant for tenant in preview.tenants if tenant.slug == agency.tenant.slug]
    assert found.jobs is not None
    assert [each.operation for each in found.jobs] == ["search"]
    assert preview.n_jobs == 1
    monkeypatch.setattr(ports, "_open_jobs", None)
    assert services.preview_moratorium(selector).n_jobs is None


def test_the_global_switch_takes_the_typed_words_and_stops_everything(oversight: Client, staff: Staff) -> None:
    url = "/admin/governance/moratorium/stop-everything/"
    assert oversight.get(url).status_code == 200
    assert oversight.post(url, {"reason": "Alarm.", "words": "stop"}).status_code == 200
    assert not Moratorium.objects.using("officer").filter(reason="Alarm.").exists()

    assert oversight.post(url, {"reason": "Alarm.", "words": "Stop everything"}).status_code == 302

    imposed = Moratorium.objects.using("officer").get(reason="Alarm.")
    services.lift_moratorium(imposed, lifters=staff.oversight)
    assert not any((imposed.categories, imposed.operations, imposed.purposes, imposed.jurisdictions))


def _suspension(staff: Staff) -> Suspension:
    slug = f"tenant-{new_id().hex[-12:]}"
    tenant = tenants.create_tenant(slug, name=slug, category=CustomerCategory.MEDIA, actor=ledger.SYSTEM)
    target = Suspension.Target.ORGANISATION
    return services.suspend(tenant.id, target=target, target_id=tenant.id, reason="test", imposed_by=staff.oversight[0])


def test_a_change_of_a_kind_that_nobody_knows_is_shown_and_not_offered(oversight: Client, staff: Staff) -> None:
    change = four_eyes.propose(
        "lift_suspension",
        {"suspension": str(_suspension(staff).id)},
        proposer=staff.oversight[0],
        statement=four_eyes.Statement("x", "none"),
    )
    kind = four_eyes._kinds.pop("lift_suspension")
    try:
        page = oversight.get(_page(change)).content.decode()
    finally:
        four_eyes.register(kind)
    assert "lift_suspension" in page
    assert _page(change, "approve") not in page


@pytest.mark.parametrize(
    ("slug", "asked"),
    [
        ("set_allowance", {"requests_per_minute": "9000", "key": ""}),
        (
            "grant_watchlist",
            {
                "collection": str(new_id()),
                "operation": "Festival, 1 to 3 May",
                **{"effective_from_0": "2027-05-01", "effective_from_1": "00:00:00"},
                **{"expires_at_0": "2027-05-03", "expires_at_1": "00:00:00"},
            },
        ),
        ("review_subject", {"subject": "0" * 64}),
    ],
)
def test_what_concerns_one_organisation_is_asked_for_on_its_page(
    alice: Player, oversight: Client, officer: Client, slug: str, asked: dict[str, Any]
) -> None:
    role, asks, cannot = (
        (StaffRole.OVERSIGHT, oversight, officer)
        if slug == "review_subject"
        else (StaffRole.OFFICER, officer, oversight)
    )
    page = f"/admin/tenants/tenant/{alice.tenant.id}/{slug}/"

    assert page in asks.get(f"/admin/tenants/tenant/{alice.tenant.id}/change/").content.decode()
    assert page not in cannot.get(f"/admin/tenants/tenant/{alice.tenant.id}/change/").content.decode()
    assert cannot.get(page).status_code == 403
    assert asks.get(page).status_code == 200
    assert asks.post(page, {**STATEMENT, **asked}).status_code == 302
    change = _newest_change()
    assert (change.kind, change.payload["tenant"]) == (slug, str(alice.tenant.id))
    assert _sign(client_of(role)[0], change) == 302


def _broken_glass(make_player: PlayerFactory) -> BreakGlassGrant:
    player = in_case(make_player(CustomerCategory.VICTIM_RESCUE_NGO))
    with tenant_scope(player.tenant.id):
        case = Case.objects.get()
    return BreakGlassGrant.objects.using("officer").get(id=broken(player, case_id=case.id))


def test_the_oversight_reviews_a_broken_glass_in_its_queue(
    make_player: PlayerFactory, oversight: Client, officer: Client
) -> None:
    grant = _broken_glass(make_player)
    page = f"/admin/casework/breakglassgrant/{grant.id}/"
    review = {"finding": "justified", "reason": "The police confirm the call."}

    assert str(grant.id) in oversight.get("/admin/casework/breakglassgrant/?review=due").content.decode()
    assert f"{page}review/" in oversight.get(f"{page}change/").content.decode()
    assert officer.post(f"{page}review/", review).status_code == 403
    assert grant.reason in oversight.get(f"{page}review/").content.decode()
    assert oversight.post(f"{page}review/", review).status_code == 302

    grant.refresh_from_db(using="officer")
    assert grant.finding == "justified"
    assert f"{page}review/" not in oversight.get(f"{page}change/").content.decode()


def test_two_settle_what_nobody_reviewed(make_player: PlayerFactory, oversight: Client) -> None:
    grant = _broken_glass(make_player)
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.execute(
            "UPDATE casework_breakglassgrant SET opened_at = opened_at - interval '2 days', review_by = opened_at,"
            " confirm_by = opened_at, expires_at = opened_at WHERE id = %s",
            [grant.id],
        )
    page = f"/admin/casework/breakglassgrant/{grant.id}/"
    assert str(grant.id) in oversight.get("/admin/casework/breakglassgrant/?review=overdue").content.decode()
    assert f"{page}settle/" in oversight.get(f"{page}change/").content.decode()
    late = oversight.post(f"{page}review/", {"finding": "justified", "reason": "It was."})
    assert "overdue" in late.content.decode()

    assert oversight.post(f"{page}settle/", {**STATEMENT, "finding": "unjustified"}).status_code == 302
    second, _ = client_of(StaffRole.OVERSIGHT)
    assert _sign(second, _newest_change()) == 302

    assert Suspension.objects.using("officer").filter(tenant_id=grant.tenant_id, lifted_at=None).exists()
