"""Staff see governance in the administration and can change nothing there."""

from __future__ import annotations

import pytest
from django.test import Client

from common.vocabulary import CustomerCategory, TenantRole
from governance import services
from governance.audit import ledger
from tenants import services as tenants
from tests.worlds import MoratoriumFactory, Player, Staff

PAGES = ("moratorium", "exemption", "approval", "suspension", "policyversion")


@pytest.fixture
def officer(staff: Staff) -> Client:
    client = Client()
    client.force_login(staff.officers[0])
    return client


@pytest.mark.parametrize("page", PAGES)
def test_an_officer_sees_the_page_but_cannot_add(officer: Client, alice: Player, page: str) -> None:
    assert officer.get(f"/admin/governance/{page}/").status_code == 200
    assert officer.get(f"/admin/governance/{page}/add/").status_code == 403


def test_an_officer_sees_moratoria_and_the_log(officer: Client, alice: Player, impose: MoratoriumFactory) -> None:
    moratorium = impose(selector=services.Selector(categories=[CustomerCategory.HOUSING]))

    assert str(moratorium.id) in officer.get("/admin/governance/moratorium/").content.decode()
    page = officer.get(f"/admin/governance/moratorium/{moratorium.id}/change/")
    assert page.status_code == 200
    assert b'name="_save"' not in page.content
    assert officer.get("/admin/audit/auditentry/").status_code == 200


def test_nobody_deletes(officer: Client, impose: MoratoriumFactory) -> None:
    moratorium = impose(selector=services.Selector(categories=[CustomerCategory.HOUSING]))

    assert officer.post(f"/admin/governance/moratorium/{moratorium.id}/delete/", {"post": "yes"}).status_code == 403


def test_a_tenants_member_stays_outside(alice: Player) -> None:
    member = tenants.create_member(
        alice.tenant.id,
        username=f"member-{alice.tenant.slug}",
        password="a long password",
        role=TenantRole.OWNER,
        actor=ledger.SYSTEM,
    )
    client = Client()
    client.force_login(member)

    assert client.get("/admin/").status_code == 302
    assert client.get("/admin/governance/moratorium/").status_code == 302


def test_staff_sign_in_with_a_password(staff: Staff) -> None:
    client = Client()

    response = client.post(
        "/admin/login/", {"username": staff.officers[0].username, "password": "a long password", "next": "/admin/"}
    )

    assert response.status_code == 302
    assert client.get("/admin/").status_code == 200
