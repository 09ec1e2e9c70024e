"""Decisions: a member always reads why, and only about the own tenant."""

from __future__ import annotations

from django.test import Client

from common.ids import new_id
from common.vocabulary import CustomerCategory, Purpose
from governance import services as governance
from tests.dashboard.conftest import SignIn, text_of
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, Staff, World


def test_a_refused_member_reads_every_rule_and_fact(make_player: PlayerFactory, sign_in: SignIn) -> None:
    player = make_player(approved=False)
    refused = player.client.get("/v1/collections").json()
    member = sign_in(player)

    listed = member.get("/decisions")
    response = member.get(f"/decisions/{refused['decision_id']}")

    assert f'href="/decisions/{refused["decision_id"]}"' in listed.content.decode()
    shown = text_of(response)
    assert "Why was I refused?" in shown
    for rule in refused["rules"]:
        assert rule["id"] in shown
        assert rule["reason"] in shown
    assert "approval_state" in shown
    assert refused["decision_id"] in shown


def test_who_is_stopped_reads_the_words_of_who_stopped_it(
    make_player: PlayerFactory, sign_in: SignIn, impose: MoratoriumFactory, staff: Staff
) -> None:
    agency = make_player(CustomerCategory.LAW_ENFORCEMENT)
    police = governance.Selector(categories=[CustomerCategory.LAW_ENFORCEMENT])
    moratorium = impose(selector=police, legal_source="Ordinance 7")
    impose(selector=governance.Selector(categories=police.categories, purposes=[Purpose.BORDER_CONTROL]))
    refused = agency.client.get("/v1/collections").json()
    page = f"/decisions/{refused['decision_id']}"
    member = sign_in(agency)

    shown = text_of(member.get(page))

    assert shown.count("Until further notice. Ordinance 7") == 1 and moratorium.reason in shown
    assert shown.count("Until further notice.") == 1, "the other one did not stop it"
    governance.lift_moratorium(moratorium, lifters=staff.oversight)
    assert "Lifted since." in text_of(member.get(page))


def test_refusals_and_all_decisions_are_two_lists(member: Client, alice: Player) -> None:
    assert alice.client.get("/v1/collections").status_code == 200

    assert "Nothing was refused." in text_of(member.get("/decisions"))
    everything = member.get("/decisions?show=all")
    assert "✓ allowed" in text_of(everything)
    assert "administer" in text_of(everything)


def test_refusals_come_by_pages_newest_first(make_player: PlayerFactory, sign_in: SignIn) -> None:
    player = make_player(approved=False)
    refused = [player.client.get("/v1/collections").json()["decision_id"] for _ in range(3)]
    member = sign_in(player)

    first = member.get("/decisions?limit=2").content.decode()
    cursor = first.partition("?cursor=")[2].partition('"')[0]
    second = member.get(f"/decisions?limit=2&cursor={cursor}").content.decode()

    assert first.index(refused[2]) < first.index(refused[1])
    assert refused[0] not in first
    assert refused[0] in second


def test_another_tenants_decision_does_not_exist(world: World, sign_in: SignIn) -> None:
    theirs = world.alice.client.get("/v1/decisions")["Custos-Decision"]
    stranger = sign_in(world.mallory)

    response = stranger.get(f"/decisions/{theirs}")

    assert response.status_code == 404
    assert theirs not in stranger.get("/decisions?show=all").content.decode()


def test_an_unknown_decision_and_a_bad_cursor_are_clear_pages(member: Client) -> None:
    assert member.get(f"/decisions/{new_id()}").status_code == 404
    response = member.get("/decisions?cursor=nonsense")
    assert response.status_code == 400
    assert "The cursor is not one that this list gave out" in text_of(response)
