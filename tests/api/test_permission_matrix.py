"""Who gets what at every URL: the table of `tests/api/routes.py`, walked by each kind of caller."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import URLPattern
from rest_framework.test import APIClient

from common.vocabulary import CustomerCategory
from governance import services as governance
from governance.models import Approval, Suspension
from tests.api.conftest import MakeObjects
from tests.api.routes import (
    ACCOUNTS,
    ADMINISTRATION,
    CALLERS,
    IN_PERSON,
    OF_OTHERS,
    ROWS,
    UNGOVERNED,
    Objects,
    Row,
    methods_of,
    resolver_routes,
)
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, Staff

Caller = tuple[APIClient, Objects]
MakeCaller = Callable[[], Caller]

# The police name no case, and a search by person cannot be masked yet: refused anyway.
OF_A_CASE = {"CASE-001", "SEV-001", "HUM-001", "HUM-002", "HUM-003", "RET-002"}
WHY = {"stopped": "MOR-001", "unvetted": "VET-001", "suspended": "SUS-001"}


@pytest.fixture
def make_caller(
    make_player: PlayerFactory,
    make_objects: MakeObjects,
    impose: MoratoriumFactory,
    staff: Staff,
) -> Callable[[str], Caller]:
    """Make a client of a kind, with objects to ask for: its own, made while it still could, or another tenant's."""

    def with_own_objects(**options: Any) -> tuple[Player, Caller]:
        player = make_player(**options)
        return player, (player.client, make_objects(player))

    def allowed() -> Caller:
        return with_own_objects()[1]

    def stopped() -> Caller:
        _, caller = with_own_objects(category=CustomerCategory.LAW_ENFORCEMENT)
        impose(selector=governance.Selector(categories=[CustomerCategory.LAW_ENFORCEMENT]))
        return caller

    def unvetted() -> Caller:
        player, caller = with_own_objects()
        approval = Approval.objects.using("officer").get(tenant_id=player.tenant.id)
        governance.revoke_approval(approval, officer=staff.officers[0])
        return caller

    def suspended() -> Caller:
        player, caller = with_own_objects()
        governance.suspend(
            player.tenant.id,
            target=Suspension.Target.ORGANISATION,
            target_id=player.tenant.id,
            reason="test",
            imposed_by=staff.oversight[0],
        )
        return caller

    def other() -> Caller:
        return make_player().client, allowed()[1]

    def anonymous() -> Caller:
        return APIClient(), allowed()[1]

    makers: dict[str, MakeCaller] = {maker.__name__: maker for maker in (allowed, stopped, unvetted, suspended)}
    makers |= {maker.__name__: maker for maker in (other, anonymous)}
    return lambda kind: makers[kind]()


def _call(row: Row, *, caller: Caller) -> Any:
    client, objects = caller
    body = row.body(objects) if row.method in ("POST", "PUT", "PATCH") else None
    return client.generic(row.method, objects.in_path(row.path), **_json(body))


def _json(body: dict[str, Any] | None) -> dict[str, Any]:
    return {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}


@pytest.mark.parametrize("kind", CALLERS)
def test_each_caller_gets_at_every_url_what_the_table_says(make_caller: Callable[[str], Caller], kind: str) -> None:
    caller = make_caller(kind)

    got = {str(row): _call(row, caller=caller).status_code for row in ROWS}

    assert got == {str(row): getattr(row, kind) for row in ROWS}


@pytest.mark.parametrize("kind", WHY)
def test_each_refusal_says_which_rule_it_rests_on(make_caller: Callable[[str], Caller], kind: str) -> None:
    caller = make_caller(kind)
    refusing = [row for row in ROWS if getattr(row, kind) == 403]

    for row in refusing:
        problem = _call(row, caller=caller).json()
        if row in IN_PERSON:
            assert problem["code"] == "not-a-member", row
            continue
        if row in UNGOVERNED:
            assert problem["code"] == {"suspended": "suspended", "stopped": "wider-than-own"}[kind], row
            continue
        assert problem["code"] == "policy-refused", row
        # Without an approval nothing allows it either.
        assert {rule["id"] for rule in problem["rules"]} - {"ALW-001", *OF_A_CASE} == {WHY[kind]}, row
        assert problem["appeal"] == f"/v1/decisions/{problem['decision_id']}", row
    assert len(refusing) >= 10


def test_each_answer_without_a_key_says_how_to_send_one(make_caller: Callable[[str], Caller]) -> None:
    caller = make_caller("anonymous")

    for row in ROWS:
        if row.anonymous == 401:
            response = _call(row, caller=caller)
            assert response["WWW-Authenticate"] == 'Bearer realm="custos"', row
            assert response.json()["code"] == "unauthenticated", row


def _ours() -> list[tuple[str, URLPattern]]:
    return [(path, pattern) for path, pattern in resolver_routes() if not path.startswith(OF_OTHERS)]


def test_every_method_of_every_url_is_in_the_table_and_no_other() -> None:
    served = {f"{method} {path}" for path, pattern in _ours() for method in methods_of(pattern)}

    assert {f"{row.method} {row.path}" for row in ROWS} == served


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_method_that_is_not_in_the_table_is_not_answered(make_player: PlayerFactory, method: str) -> None:
    client = make_player().client
    objects = Objects("gallery", *["0190d7a2-0000-7000-8000-000000000000"] * 3)
    offered = {(row.method, row.path) for row in ROWS}

    for path in {path for path, _ in _ours() if path.startswith("/v1/") and path not in ("/v1/docs/", "/v1/schema/")}:
        if (method, path) not in offered:
            assert client.generic(method, objects.in_path(path)).status_code == 405, f"{method} {path}"


def test_every_page_of_the_administration_asks_to_sign_in(make_player: PlayerFactory) -> None:
    open_pages = {"/admin/login/", "/admin/jsi18n/", "/admin/(?P{url}.*)$"}
    pages = {path for path, _ in resolver_routes() if path.startswith(ADMINISTRATION)}
    assert open_pages <= pages
    assert len(pages) > 20

    for client in (APIClient(), make_player().client):
        for path in sorted(pages - open_pages):
            url = re.sub(r"\{\w+\}", "1", path)
            response = client.get(url)
            assert response.status_code == 302, url
            assert response["Location"].startswith(("/admin/login/", "/admin/")), url
            if not response["Location"].startswith("/admin/login/"):
                assert client.get(response["Location"])["Location"].startswith("/admin/login/"), url


def test_the_account_pages_show_nothing_of_anybody_without_signing_in() -> None:
    pages = {path for path, _ in resolver_routes() if path.startswith(ACCOUNTS)}
    assert len(pages) > 20
    shown = set()

    for path in sorted(pages):
        response = APIClient().get(re.sub(r"\{\w+\}|\(\?P.*", "1", path))
        assert response.status_code in (200, 302, 404, 405), path
        if response.status_code == 200:
            shown.add(path)

    open_pages = {"login/", "signup/", "inactive/", "confirm-email/", "password/reset/", "password/reset/done/"}
    open_pages |= {"password/reset/key/done/"}
    assert shown - {ACCOUNTS + page for page in open_pages} <= {path for path in shown if "(?P" in path}
