"""The pages of cases: opening, authorisations, closing, and the disclosure package."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator

import pytest
from django.test import Client

from common.context import tenant_scope
from common.vocabulary import CustomerCategory, Operation, TenantRole
from governance import services as governance
from governance.audit.models import AuditEntry
from governance.casework.models import Case
from tests.casework.conftest import Charity, Judge, charity, judge
from tests.dashboard.conftest import SignIn, text_of
from tests.people import make_member
from tests.people import sign_in as sign_in_as
from tests.worlds import MoratoriumFactory, Player

__all__ = ["charity", "judge"]

CASE = {
    "reference": "2026-0042",
    "purpose": "photo_organisation",
    "offence_class": "serious",
    "rationale": "Two children were last seen near the station.",
}
WARRANT = {
    "kind": "warrant",
    "authority": "District Court of Springfield",
    "operations": ["search"],
    "first_day": "2026-11-01",
    "last_day": "2026-11-30",
    "document_reference": "26-SW-00417",
    "document_digest": "0" * 64,
}


@pytest.fixture
def opened(member: Client) -> Iterator[str]:
    response = member.post("/cases", CASE)
    assert response.status_code == 302, text_of(response)
    yield response["Location"]


def test_a_case_is_opened_with_its_officers_and_shown(alice: Player, member: Client) -> None:
    worker = make_member(alice, TenantRole.CASE_WORKER)

    page = member.post("/cases", {**CASE, "officers": [str(worker.pk)]}, follow=True)

    shown = text_of(page)
    assert "Case 2026-0042" in shown and CASE["rationale"] in shown and worker.username in shown
    assert "2026-0042" in text_of(member.get("/cases"))


def test_what_is_wrong_with_it_is_said_beside_the_field(member: Client, opened: str) -> None:
    taken = member.post("/cases", CASE)
    short = member.post("/cases", {**CASE, "rationale": "x"})

    assert (taken.status_code, short.status_code) == (422, 422)
    assert "A case of this reference exists already" in text_of(taken)


def test_a_warrant_is_recorded_and_withdrawn(member: Client, opened: str) -> None:
    recorded = member.post(opened, WARRANT, follow=True)
    assert "District Court of Springfield" in text_of(recorded)
    wrong = member.post(opened, {**WARRANT, "document_digest": ""})
    assert wrong.status_code == 422
    assert "SHA-256" in text_of(wrong)

    action = recorded.content.decode().partition('/revoke"')[0].rpartition('"')[2] + "/revoke"
    page = member.post(action, follow=True)

    assert "revoked" in text_of(page)


def test_an_urgent_use_is_ratified_by_somebody_else(
    alice: Player, member: Client, opened: str, sign_in: SignIn
) -> None:
    page = member.post(opened, {**WARRANT, "kind": "exigent"}, follow=True)
    assert "to be ratified until" in text_of(page)
    action = page.content.decode().partition('/ratify"')[0].rpartition('"')[2] + "/ratify"

    document = {"document_reference": "26-SW-00418", "document_digest": "1" * 64}
    worker = sign_in(alice, TenantRole.CASE_WORKER)

    own = member.post(action, document)
    without = worker.post(action)
    again = member.post(opened, {**WARRANT, "kind": "exigent"})
    other = worker.post(action, document, follow=True)

    assert (own.status_code, without.status_code, again.status_code) == (403, 400, 422)
    assert "no court has ratified" in text_of(again)
    assert "ratified on" in text_of(other) and "26-SW-00418" in text_of(other)


def test_the_glass_is_broken_and_confirmed_by_somebody_else(
    alice: Player, member: Client, opened: str, sign_in: SignIn
) -> None:
    emergency = {
        "reason": "Somebody is held, and lives depend on minutes.",
        "operations": ["search"],
        "end_user": "law_enforcement",
        "jurisdiction": "US",
        "hours": 2,
    }
    short = member.post(f"{opened}break-glass", {**emergency, "reason": "Urgent."})
    page = member.post(f"{opened}break-glass", emergency, follow=True)
    again = member.post(f"{opened}break-glass", emergency)
    action = page.content.decode().partition('/confirm"')[0].rpartition('"')[2]

    own = member.post(f"{action}/confirm")
    second = sign_in(alice, TenantRole.CASE_WORKER)
    called = [text_of(client.get("/overview")) for client in (second, member, sign_in(alice, TenantRole.VIEWER))]
    other = second.post(f"{action}/confirm", follow=True)
    ended = member.post(f"{action}/close", follow=True)

    assert (short.status_code, again.status_code, own.status_code) == (422, 422, 403)
    assert ["waits for a second person" in text for text in called] == [True, False, False]
    assert "waits for a second person" not in text_of(second.get("/cases"))
    assert "20 characters" in text_of(short) and "has not reviewed it" in text_of(again)
    assert "to confirm until" in text_of(page) and "confirmed at" in text_of(other)
    assert "Its review is still owed" in text_of(ended)


def test_a_closed_case_offers_no_form(member: Client, opened: str) -> None:
    page = member.post(f"{opened}close", follow=True)

    assert "closed" in text_of(page)
    assert "Record what a court allowed" not in text_of(page)


def test_a_reviewer_reads_cases_and_opens_none(alice: Player, opened: str, sign_in: SignIn) -> None:
    reviewer = sign_in(alice, TenantRole.REVIEWER)

    assert "Open a case" not in text_of(reviewer.get("/cases"))
    assert reviewer.get(opened).status_code == 200
    assert reviewer.post("/cases", CASE).status_code == 403
    assert sign_in(alice, TenantRole.VIEWER).get("/cases").status_code == 403


def _package(client: Client, case: Case) -> tuple[dict[str, object], str, bytes]:
    response = client.get(f"/cases/{case.id}/disclosure")
    assert response["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        document = archive.read("disclosure.json")
        page = archive.read("disclosure.html").decode()
    assert hashlib.sha256(document).hexdigest() in page
    return json.loads(document), page, response.content


def test_the_package_proves_and_names_nobody(charity: Charity, judge: Judge) -> None:
    task_id = charity.search().json()["review_task"]["id"]
    pending = charity.search().json()["review_task"]["id"]
    for reviewer in charity.reviewers:
        judge(reviewer, task_id)
    judge(charity.reviewers[0], pending)
    with tenant_scope(charity.player.tenant.id):
        case = Case.objects.get()
    owner = sign_in_as(make_member(charity.player, TenantRole.OWNER))

    content, page, data = _package(owner, case)

    reviews = {review["id"]: review for review in content["reviews"]}  # type: ignore[index,attr-defined]
    assert (reviews[task_id]["status"], len(reviews[task_id]["verdicts"])) == ("released", 2)
    assert reviews[pending]["verdicts"] == [], "the second reviewer may read this, too"
    decision = reviews[task_id]["decision"]
    with tenant_scope(charity.player.tenant.id):
        entry = AuditEntry.objects.get(id=decision["id"])
        events = [entry.content for entry in AuditEntry.objects.filter(kind="event")]
    assert decision["entry_leaf_hash"] == bytes(entry.leaf_hash).hex()
    assert decision["outcome_leaf_hash"]
    disclosed = [event["data"]["sha256"] for event in events if event["action"] == "case:disclosed"]
    assert disclosed == [hashlib.sha256(data).hexdigest()]
    assert not any(secret in json.dumps(content) + page for secret in (str(charity.anna), "anna"))


def test_the_evidence_of_a_closed_case_is_erased_by_a_manager(charity: Charity, judge: Judge) -> None:
    task_id = charity.search().json()["review_task"]["id"]
    for reviewer in charity.reviewers:
        judge(reviewer, task_id)
    with tenant_scope(charity.player.tenant.id):
        case = Case.objects.get()
    owner, worker = (
        sign_in_as(make_member(charity.player, role)) for role in (TenantRole.OWNER, TenantRole.CASE_WORKER)
    )
    page, erasure = f"/cases/{case.id}/", f"/cases/{case.id}/kept-probes/erase"
    why = {"reason": "court-order"}
    opened = text_of(owner.get(page))
    assert "1 picture of confirmed probes, sealed" in opened and "Erase the evidence" not in opened
    assert "Close it first" in text_of(owner.get(erasure))
    assert owner.post(erasure, why).status_code == 409
    owner.post(f"{page}close")
    assert "Erase the evidence" not in text_of(worker.get(page))
    assert "Only an owner or an admin" in text_of(worker.get(erasure))
    assert worker.post(erasure, why).status_code == 403
    assert owner.post(erasure, {"reason": "anna asked"}).status_code == 422

    erased = text_of(owner.post(erasure, why, follow=True))

    assert "Erased: nobody can open" in erased and "1 erased." in erased
    assert "Nothing is kept of this case." in text_of(owner.get(erasure))


def test_the_package_is_gated(charity: Charity, impose: MoratoriumFactory) -> None:
    with tenant_scope(charity.player.tenant.id):
        case = Case.objects.get()
    owner = sign_in_as(make_member(charity.player, TenantRole.OWNER))
    impose(selector=governance.Selector(categories=[CustomerCategory.VICTIM_RESCUE_NGO], operations=[Operation.SEARCH]))

    assert owner.get(f"/cases/{case.id}/disclosure").status_code == 403
    assert (
        sign_in_as(make_member(charity.player, TenantRole.VIEWER)).get(f"/cases/{case.id}/disclosure").status_code
        == 403
    )
