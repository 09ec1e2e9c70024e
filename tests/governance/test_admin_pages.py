"""The administration: officers see tenants, categories and decisions; the one form goes through its service."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from common.vocabulary import CustomerCategory, Operation, StaffRole
from governance import services
from governance.audit import explorer, roles, sequencer
from governance.audit.models import AuditEntry
from governance.models import Moratorium
from tests.people import make_staff, sign_in
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, Staff

IMPOSE = "/admin/governance/moratorium/add/"


@pytest.fixture
def officer() -> Client:
    return sign_in(*make_staff())


@pytest.fixture
def oversight() -> Client:
    return sign_in(*make_staff(StaffRole.OVERSIGHT))


def _form(**changes: object) -> dict[str, object]:
    return {
        "categories": [CustomerCategory.HOUSING.value],
        "operations": [Operation.SEARCH.value],
        "reason": "A test of the form.",
        **changes,
    }


def _imposed(reason: str) -> list[Moratorium]:
    return list(Moratorium.objects.using("officer").filter(reason=reason))


@pytest.mark.parametrize("page", ["tenants/tenant", "audit/decision", "audit/auditentry"])
def test_staff_see_it_and_can_neither_add_nor_change_nor_delete(officer: Client, alice: Player, page: str) -> None:
    alice.client.get("/v1/decisions")
    shown = officer.get(f"/admin/{page}/")
    link = re.search(rf"/admin/{page}/([0-9a-f-]{{36}})/change/", shown.content.decode())
    assert shown.status_code == 200
    assert link is not None
    detail = officer.get(link[0])

    assert detail.status_code == 200
    assert b'name="_save"' not in detail.content
    assert officer.get(f"/admin/{page}/add/").status_code == 403
    assert officer.post(link[0], {"name": "changed"}).status_code == 403
    assert officer.post(f"/admin/{page}/{link[1]}/delete/", {"post": "yes"}).status_code == 403


def test_tenants_are_found_by_category(officer: Client, alice: Player, make_player: PlayerFactory) -> None:
    other = make_player(CustomerCategory.IDENTITY_VERIFICATION)

    page = officer.get("/admin/tenants/tenant/?category__exact=identity_verification").content.decode()

    assert other.tenant.slug in page
    assert alice.tenant.slug not in page


def test_categories_say_how_many_tenants_and_which_moratoria(
    officer: Client, alice: Player, impose: MoratoriumFactory
) -> None:
    moratorium = impose(selector=services.Selector(categories=[CustomerCategory.HOUSING]))

    response = officer.get("/admin/tenants/tenant/categories/")

    rows = dict(re.findall(r"category__exact=(\w+)(.*?)</tr>", response.content.decode(), re.DOTALL))
    assert set(rows) == {category.value for category in CustomerCategory}
    assert str(moratorium.id) in rows["housing"]
    assert str(moratorium.id) not in rows["personal"]
    counted = re.search(r"<td>(\d+)</td>", rows["consumer_software"])
    assert counted is not None
    assert int(counted[1]) >= 1


def test_decisions_show_the_answer_and_its_rules(officer: Client, make_player: PlayerFactory) -> None:
    player = make_player(approved=False)
    refused = player.client.get("/v1/collections").json()["decision_id"]
    allowed = player.client.get("/v1/decisions")["Custos-Decision"]

    refusals = officer.get("/admin/audit/decision/?answer=refused").content.decode()
    everything = officer.get("/admin/audit/decision/").content.decode()
    detail = officer.get(f"/admin/audit/decision/{refused}/change/").content.decode()

    assert refused in refusals
    assert allowed not in refusals
    assert allowed in everything
    assert "VET-001" in detail


def test_an_event_is_no_decision(officer: Client, staff: Staff) -> None:
    event = AuditEntry.objects.using("officer").filter(kind="event").first()
    assert event is not None

    assert officer.get(f"/admin/audit/decision/{event.id}/change/").status_code == 302


def test_oversight_imposes_a_moratorium_through_the_service(oversight: Client) -> None:
    response = oversight.post(IMPOSE, _form(reason="Imposed by form."))

    (moratorium,) = _imposed("Imposed by form.")
    try:
        assert response.status_code == 302
        assert response["Location"].endswith(f"/{moratorium.id}/change/")
        assert (moratorium.categories, moratorium.operations) == (["housing"], ["search"])
        event = AuditEntry.objects.using("officer").filter(kind="event").order_by("-ins_id").first()
        assert event is not None
        assert event.content["action"] == "moratorium:imposed"
        assert event.content["resource"]["id"] == str(moratorium.id)
    finally:
        people = [make_staff(StaffRole.OVERSIGHT)[0] for _ in range(2)]
        services.lift_moratorium(moratorium, lifters=(people[0], people[1]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"categories": [], "operations": []}, "Say what is to stop"),
        ({"reason": ""}, "This field is required."),
        ({"categories": ["martians"]}, "Select a valid choice."),
        (
            {
                "effective_from_0": "2030-01-02",
                "effective_from_1": "00:00",
                "effective_until_0": "2030-01-01",
                "effective_until_1": "00:00",
            },
            "It would end before it begins.",
        ),
    ],
)
def test_a_form_that_is_not_right_stops_nothing(oversight: Client, changes: dict[str, object], words: str) -> None:
    response = oversight.post(IMPOSE, _form(**changes))

    assert response.status_code == 200
    assert words in response.content.decode()
    assert _imposed("A test of the form.") == []


def test_an_officer_cannot_impose_one(officer: Client) -> None:
    assert officer.get(IMPOSE).status_code == 403
    assert officer.post(IMPOSE, _form()).status_code == 403
    assert _imposed("A test of the form.") == []


def test_an_entry_shows_its_proof_and_its_counterpart(officer: Client, alice: Player) -> None:
    decision = alice.client.get("/v1/decisions")["Custos-Decision"]
    waiting = officer.get(f"/admin/audit/auditentry/{decision}/change/").content.decode()
    with roles.connect("custos_sequencer", autocommit=True) as connection:
        size = sequencer.drain(connection)

    shown = officer.get(f"/admin/audit/auditentry/{decision}/change/").content.decode()

    assert "waits for the sequencer" in waiting
    assert f"proven under the checkpoint of size {size}, not cosigned yet" in shown
    outcome = re.search(r'/admin/audit/auditentry/([0-9a-f-]{36})/change/">outcome succeeded', shown)
    assert outcome is not None
    other = officer.get(f"/admin/audit/auditentry/{outcome[1]}/change/").content.decode()
    assert f'/admin/audit/auditentry/{decision}/change/">decision read_own_decisions' in other


def test_entries_are_found_by_id_tenant_request_and_place(officer: Client, alice: Player) -> None:
    answer = alice.client.get("/v1/decisions")
    page = "/admin/audit/auditentry/"

    def found(query: str) -> str:
        return officer.get(f"{page}?{query}").content.decode()

    for term in (answer["Custos-Decision"], str(alice.tenant.id), answer["X-Request-Id"]):
        assert answer["Custos-Decision"] in found(f"q={term}"), term
    assert answer["Custos-Decision"] not in found("q=nothing-of-this-name")
    assert answer["Custos-Decision"] in found(f"q={alice.tenant.id}&tree=waiting")
    with roles.connect("custos_sequencer", autocommit=True) as connection:
        sequencer.drain(connection)
    assert answer["Custos-Decision"] not in found(f"q={alice.tenant.id}&tree=waiting")
    assert answer["Custos-Decision"] in found(f"q={alice.tenant.id}&kind__exact=decision")


def test_the_state_of_the_log_is_shown_with_its_volume(officer: Client, alice: Player) -> None:
    alice.client.get("/v1/decisions")
    with roles.connect("custos_sequencer", autocommit=True) as connection:
        size = sequencer.drain(connection)

    page = officer.get("/admin/audit/auditentry/state/").content.decode()

    assert f"<td>{size}</td>" in page
    assert len(re.findall(r"<rect ", page)) >= 2
    assert re.search(r"<title>\d{4}-\d\d-\d\d \d\d:00: [1-9]\d* decisions</title>", page)
    assert officer.get("/admin/audit/auditentry/").content.decode().count("/admin/audit/auditentry/state/") == 1
    assert Client().get("/admin/audit/auditentry/state/").status_code == 302


def test_an_altered_body_is_shown_as_not_proven() -> None:
    status = explorer.ProofStatus(3, 9, is_proven=False, is_cosigned=True)

    assert "NOT PROVEN" in status.words
