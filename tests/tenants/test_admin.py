"""Staff see governance in the administration and can change nothing there."""

from __future__ import annotations

import pytest
from django.test import Client

from common.vocabulary import CustomerCategory
from governance import services
from tests.people import make_member, make_staff, sign_in
from tests.worlds import MoratoriumFactory, Player

PAGES = ("moratorium", "exemption", "approval", "suspension", "policyversion")


@pytest.fixture
def officer() -> Client:
    return sign_in(*make_staff())


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
    client = sign_in(make_member(alice))

    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get("/admin/governance/moratorium/", follow=True).status_code == 403


def test_nobody_sees_it_without_signing_in() -> None:
    response = Client().get("/admin/", follow=True)

    assert response.redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2F"
