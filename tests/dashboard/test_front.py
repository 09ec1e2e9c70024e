"""The front page, and what a member sees first."""

from __future__ import annotations

from django.test import Client

from recognition.models import Collection
from tests.dashboard.conftest import SignIn, text_of
from tests.worlds import PlayerFactory


def test_a_visitor_reads_what_this_is_and_where_to_go() -> None:
    response = Client().get("/")

    page = response.content.decode()
    assert response.status_code == 200
    assert "Every use is decided by rules" in text_of(response)
    for address in ("/accounts/login/", "/v1/docs/", "/v1/schema/", "/admin/"):
        assert f'href="{address}"' in page, address


def test_a_member_goes_on_to_the_overview(member: Client) -> None:
    response = member.get("/")

    assert response.status_code == 302
    assert response["Location"] == "/overview"


def test_the_overview_shows_collections_and_jobs(member: Client, gallery: Collection) -> None:
    shown = text_of(member.get("/overview"))

    assert "gallery" in shown
    assert "There are no jobs." in shown


def test_a_tenant_that_is_not_approved_reads_why(make_player: PlayerFactory, sign_in: SignIn) -> None:
    response = sign_in(make_player(approved=False)).get("/collections")

    assert response.status_code == 403
    assert "VET-001" in text_of(response)
    assert "/decisions/" in response.content.decode()
