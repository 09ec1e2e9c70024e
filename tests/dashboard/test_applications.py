"""The pages of an application: a draft, documents, handing it in, an officer's question, refusal, appeal, reminder."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from common.vocabulary import Attestation, CustomerCategory, TenantRole
from governance import four_eyes, ports
from governance.audit.ledger import database_now
from governance.four_eyes import Statement
from governance.vetting import assigning, deciding
from governance.vetting.models import VettingApplication
from tests.dashboard.conftest import SignIn, text_of
from tests.worlds import Player, PlayerFactory

AGREED = Statement("Complete and credible.", interest="none")
OFFICERS = {
    "officers-TOTAL_FORMS": "2",
    "officers-INITIAL_FORMS": "0",
    "officers-0-name": "A. Jones",
    "officers-0-training": "Reviewing candidates",
    "officers-0-trained_on": "2026-03-02",
    "officers-1-name": "",
    "officers-1-training": "",
    "officers-1-trained_on": "",
}
STATED: dict[str, Any] = {
    "legal_name": "Rescue e. V.",
    "registration": "Register of associations of Springfield, 4711",
    "address": "1 Main Street, Springfield",
    "contact": "office@rescue.example",
    "rationale": "We look for children who were abducted.",
    "purposes": ["victim_identification"],
    "operations": ["administer", "detect", "enrol", "read_result", "search"],
    "end_users": ["victim_rescue_ngo"],
    "jurisdictions": ["US"],
    "attestations": [str(item) for item in Attestation],
    **OFFICERS,
}


@pytest.fixture(autouse=True)
def _engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_offered_versions", lambda: ["fake-1"])


@pytest.fixture
def charity(make_player: PlayerFactory) -> Player:
    return make_player(CustomerCategory.VICTIM_RESCUE_NGO, approved=False)


@pytest.fixture
def owner(charity: Player, sign_in: SignIn) -> Client:
    return sign_in(charity)


def _begin(client: Client) -> str:
    address: str = client.post("/applications")["Location"]
    return address


def _charter() -> dict[str, Any]:
    file = SimpleUploadedFile("charter.pdf", b"%PDF-1.7 charter", content_type="application/pdf")
    return {"evidence_title": "Charter", "evidence_file": file}


def _submit(client: Client) -> str:
    address = _begin(client)
    page = client.post(address, {**STATED, **_charter(), "submit_it": "yes"}, follow=True)
    assert "It is with the officers now" in text_of(page)
    return address


def _reviewed(player: Player) -> VettingApplication:
    application = VettingApplication.objects.using("officer").get(tenant_id=player.tenant.id)
    deciding.begin_review(application.id, officer=assigning.reviewers_of(application)[0])
    return application


def test_a_draft_is_saved_with_officers_and_a_document_and_shown_again(owner: Client) -> None:
    address = _begin(owner)

    saved = owner.post(address, {**STATED, **_charter()}, follow=True)

    shown = saved.content.decode()
    assert "The draft is saved" in text_of(saved) and "draft" in text_of(saved)
    assert 'value="A. Jones"' in shown and 'value="2026-03-02"' in shown and "Charter" in shown
    assert all(re.search(rf'value="{item}"\s[^>]*checked', shown) for item in Attestation), "every one is offered"
    assert "Begin an application" not in text_of(owner.get("/applications"))


def test_what_is_missing_is_said_when_it_is_handed_in_and_nothing_is_lost(owner: Client) -> None:
    address = _begin(owner)

    page = owner.post(address, {**STATED, "rationale": "", "purposes": [], "submit_it": "yes"})

    assert page.status_code == 422
    assert "Still missing: purposes, rationale, evidence" in text_of(page)
    assert "Rescue e. V." in owner.get(address).content.decode()


def test_what_is_wrong_is_said_beside_the_field(owner: Client) -> None:
    address = _begin(owner)
    half = owner.post(address, {**STATED, "officers-1-name": "B. Smith"})
    script = SimpleUploadedFile("x.pdf", b"<script>", content_type="application/pdf")
    wrong_kind = owner.post(address, {**STATED, "evidence_title": "Charter", "evidence_file": script})
    untitled = owner.post(address, {**STATED, **_charter(), "evidence_title": ""})

    assert [page.status_code for page in (half, wrong_kind, untitled)] == [422] * 3
    assert "A case officer has a name, a training and the day" in text_of(half)
    assert "A document is a PDF, PNG or JPEG" in text_of(wrong_kind)
    assert "Say what the document is" in text_of(untitled)


def test_a_document_is_taken_back(owner: Client) -> None:
    address = _begin(owner)
    page = owner.post(address, {**STATED, **_charter()}, follow=True).content.decode()
    action = re.search(r'action="([^"]+/remove)"', page)
    assert action is not None

    after = owner.post(action[1], follow=True)

    assert "None yet" in text_of(after)


def test_a_question_is_shown_and_answered(charity: Player, owner: Client) -> None:
    address = _submit(owner)
    waiting = text_of(owner.get(address))
    assert "What you stated" in waiting and "Reviewing candidates" in waiting
    application = _reviewed(charity)
    first = assigning.reviewers_of(application)[0]
    deciding.ask_for_more(application.id, officer=first, message="Who holds the pictures?")

    asked = owner.get(address)
    answered = owner.post(address, {**STATED, "rationale": "We hold them.", "submit_it": "yes"}, follow=True)

    assert "Who holds the pictures?" in text_of(asked)
    assert "submitted" in text_of(answered) and "We hold them." in text_of(answered)


def test_a_refusal_says_why_and_is_appealed(charity: Player, owner: Client) -> None:
    address = _submit(owner)
    application = _reviewed(charity)
    first, second = assigning.reviewers_of(application)
    change = deciding.propose_refusal(application.id, officer=first, statement=AGREED, message="No safeguards.")
    four_eyes.approve(change.id, approver=second, statement=AGREED)
    assert "No safeguards." in text_of(owner.get(address))

    page = owner.post(f"{address}appeal", {"reason": "They are on page 9."}, follow=True)

    assert "appealed" in text_of(page) and "They are on page 9." in text_of(page)
    assert owner.post(f"{address}appeal", {"reason": "Again."}).status_code == 409


def test_the_end_of_an_approval_is_told_before_it_comes(charity: Player, owner: Client, sign_in: SignIn) -> None:
    viewer = sign_in(charity, TenantRole.VIEWER)
    assert "No approval is in force" in text_of(viewer.get("/overview"))
    assert "how it applies" in text_of(owner.get("/collections"))
    _submit(owner)
    application = _reviewed(charity)
    first, second = assigning.reviewers_of(application)
    change = deciding.propose_approval(
        application.id, officer=first, statement=AGREED, expires_at=database_now() + timedelta(days=30)
    )
    four_eyes.approve(change.id, approver=second, statement=AGREED)

    told = text_of(owner.get("/applications"))

    assert "The approval ends soon" in told and "Begin an application" in told
    assert "Apply anew" in text_of(viewer.get("/overview"))


def test_only_managers_apply_and_only_for_themselves(charity: Player, owner: Client, sign_in: SignIn) -> None:
    address = _begin(owner)
    viewer = sign_in(charity, TenantRole.VIEWER)

    assert [viewer.get(path).status_code for path in ("/applications", address)] == [200, 403]
    seen = text_of(viewer.get("/applications"))
    assert "is recorded as" in seen and "Owners and admins" in seen
    assert address not in viewer.get("/applications").content.decode() and "Begin an application" not in seen
    assert viewer.post("/applications").status_code == 403
    assert viewer.post(address, STATED).status_code == 403
