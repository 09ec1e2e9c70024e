"""A header narrows what a key states: it neither exchanges end user or jurisdiction, nor evades by being vague."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from common.vocabulary import PERSONAL, CustomerCategory, Operation
from governance import services
from governance.audit import ledger
from tenants import services as tenants
from tenants.bounds import bound_set
from tenants.errors import WiderThanOwn
from tenants.models import ApiKey
from tenants.services.binding import KeyBinding, require_no_wider
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, client_with

COLLECTIONS = "/v1/collections"  # any use: the bounds hold for every operation but rights
POLICE = CustomerCategory.LAW_ENFORCEMENT
IDENTITY = CustomerCategory.IDENTITY_VERIFICATION


def _key(player: Player, **changes: Any) -> str:
    purpose = player.actor.usage.purpose
    values = {
        "operations": tuple(operation for operation in Operation if operation not in PERSONAL),
        "purposes": [purpose],
        "default_purpose": purpose,
        "default_jurisdiction": "US",
    }
    binding = KeyBinding(**{**values, **changes})  # type: ignore[arg-type]
    return tenants.issue_api_key(player.tenant.id, label="test", binding=binding, actor=ledger.SYSTEM).token


def _rules(client: APIClient) -> set[str]:
    """Return the rules that refuse a use; empty when it is allowed."""
    response = client.get(COLLECTIONS)
    return {rule["id"] for rule in response.json().get("rules", [])} if response.status_code == 403 else set()


@pytest.mark.parametrize(
    ("listed", "default", "bound"),
    [([], "US", ["US"]), (["GB", "US"], "US", ["GB", "US"]), ([], None, []), (["GB"], None, ["GB"])],
)
def test_a_default_without_a_list_is_the_whole_bound(listed: list[str], default: str | None, bound: list[str]) -> None:
    assert bound_set(listed, default=default) == bound


@pytest.mark.parametrize(
    ("jurisdiction", "is_inside"),
    [("US-CA", True), ("US", False), ("US-NY", False), ("GB", False)],
)
def test_a_header_states_a_keys_jurisdiction_or_a_part_of_it(alice: Player, jurisdiction: str, is_inside: bool) -> None:
    token = _key(alice, default_jurisdiction="US-CA")

    rules = _rules(client_with(token, HTTP_CUSTOS_JURISDICTION=jurisdiction))

    assert ("KEY-001" not in rules) == is_inside
    assert is_inside == (rules == set())


def test_a_list_lets_a_header_choose_among_its_jurisdictions(alice: Player) -> None:
    token = _key(alice, default_jurisdiction="US-CA", jurisdictions=["US"])

    assert _rules(client_with(token, HTTP_CUSTOS_JURISDICTION="US-NY")) == set()
    assert "KEY-001" in _rules(client_with(token, HTTP_CUSTOS_JURISDICTION="GB"))


@pytest.mark.parametrize(
    ("jurisdiction", "rules"),
    [("US-CA", {"MOR-001"}), ("US", {"INPUT-001"}), ("US-NY", set())],
)
def test_a_moratorium_on_a_part_is_not_evaded_by_naming_the_whole(
    alice: Player, impose: MoratoriumFactory, jurisdiction: str, rules: set[str]
) -> None:
    impose(selector=services.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE], jurisdictions=["US-CA"]))

    assert _rules(client_with(alice.token, HTTP_CUSTOS_JURISDICTION=jurisdiction)) == rules


@pytest.mark.parametrize(
    ("listed", "header", "rules"),
    [
        ([], POLICE, {"MOR-001"}),
        ([], IDENTITY, {"KEY-001"}),
        ([POLICE, IDENTITY], POLICE, {"MOR-001"}),
        ([POLICE, IDENTITY], IDENTITY, set()),
    ],
)
def test_a_header_exchanges_the_end_user_only_for_one_that_the_key_lists(
    make_player: PlayerFactory,
    impose: MoratoriumFactory,
    listed: list[CustomerCategory],
    header: CustomerCategory,
    rules: set[str],
) -> None:
    player = make_player(IDENTITY, end_users=(POLICE, IDENTITY), on_behalf_of=POLICE)
    token = _key(player, default_on_behalf_of=POLICE, end_users=listed)
    impose(selector=services.Selector(end_users=[POLICE]))

    assert _rules(client_with(token)) == {"MOR-001"}
    assert _rules(client_with(token, HTTP_CUSTOS_ON_BEHALF_OF=header.value)) == rules


def test_a_key_bound_by_its_defaults_hands_on_no_more() -> None:
    defaults: dict[str, Any] = {
        "default_on_behalf_of": CustomerCategory.CONSUMER_SOFTWARE,
        "default_jurisdiction": "US-CA",
    }
    own = ApiKey(operations=["detect"], purposes=["photo_organisation"], **defaults)
    binding: dict[str, Any] = {
        "operations": ["detect"],
        "purposes": ["photo_organisation"],
        "default_purpose": "photo_organisation",
    }

    require_no_wider(own, other=KeyBinding(**binding, **defaults), expires_at=None)
    with pytest.raises(WiderThanOwn, match=r"end users \(.*\), jurisdictions \("):
        require_no_wider(own, other=KeyBinding(**binding, default_jurisdiction="US"), expires_at=None)
