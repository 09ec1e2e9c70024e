"""The pages of people's rights: complaints, consents, disclosure reports, a met purpose and its purge."""

from __future__ import annotations

import re
from datetime import timedelta

from django.test import Client

from common.vocabulary import CustomerCategory, TenantRole
from governance.accountability import disclosures
from governance.audit.ledger import database_now
from recognition.engines.fake import face_picture
from recognition.models import Collection
from recognition.services import enrolment, purging
from tests.dashboard.conftest import GALLERY, SignIn, text_of
from tests.worlds import Player, PlayerFactory, in_case

COMPLAINT = {"kind": "access", "text": "Was I searched for?", "contact": "anna@example.test"}
CONSENTS = f"/collections/{GALLERY}/consents"


def test_a_complaint_is_written_down_acknowledged_and_answered(alice: Player, member: Client, sign_in: SignIn) -> None:
    page = member.post("/complaints", COMPLAINT, follow=True)
    assert "Was I searched for?" in text_of(page) and "Acknowledge by" in text_of(page)
    address = page.redirect_chain[-1][0]

    acknowledged = member.post(f"{address}acknowledge", follow=True)
    wrong = member.post(address, {"outcome": "upheld"})
    answered = member.post(address, {"outcome": "rejected", "answer": "You were not."}, follow=True)

    assert "acknowledged" in text_of(acknowledged) and wrong.status_code == 422
    assert "Answered: Rejected" in text_of(answered) and "You were not." in text_of(answered)
    assert "answered" in text_of(member.get("/complaints"))
    assert sign_in(alice, TenantRole.VIEWER).get("/complaints").status_code == 403


def test_consent_is_recorded_asked_about_and_withdrawn_with_what_that_did(
    alice: Player, gallery: Collection, member: Client
) -> None:
    enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=alice.actor, external_id="anna")
    recorded = member.post(CONSENTS, {"subject": "anna", "evidence_digest": "0" * 64, "record": ""}, follow=True)
    known = text_of(member.post(CONSENTS, {"subject": "anna", "look": ""}))

    withdrawn = text_of(member.post(CONSENTS, {"subject": "anna", "withdraw": ""}))

    assert "The consent of anna is on record" in text_of(recorded) and "000000000000" in text_of(recorded)
    assert "What is known of anna" in known and "Faces 1" in known
    assert "1 face deleted" in withdrawn and "✕ withdrawn" in withdrawn
    assert member.post(CONSENTS, {"subject": "anna", "evidence_digest": "x", "record": ""}).status_code == 422


def test_the_page_of_disclosures_says_when_the_next_is_due(make_player: PlayerFactory, sign_in: SignIn) -> None:
    police = in_case(make_player(CustomerCategory.LAW_ENFORCEMENT))
    client = sign_in(police)
    assert "The next report is due by" in text_of(client.get("/disclosures"))
    today = database_now().date()

    filed = client.post("/disclosures", {"last_day": today.isoformat(), "statement": "None found."}, follow=True)
    again = client.post("/disclosures", {"last_day": "2020-01-01", "statement": "None."})

    assert "None found." in text_of(filed)
    assert again.status_code == 422 and "A period begins where the last report ended" in text_of(again)
    deadline = disclosures.deadline_of(police.actor)
    assert deadline.due_at is not None and deadline.reported_until is not None
    assert deadline.due_at - deadline.reported_until == timedelta(days=395) and not deadline.is_overdue


def test_the_policy_asks_none_of_a_photo_album(member: Client) -> None:
    assert "asks no report of organisations like yours" in text_of(member.get("/disclosures"))


def test_a_met_purpose_ends_a_collection_and_its_purge_is_certified(
    alice: Player, gallery: Collection, member: Client
) -> None:
    enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=alice.actor)
    address = f"/collections/{GALLERY}/purpose-met"
    assert member.post(address, {"name": "wrong"}).status_code == 422

    page = member.post(address, {"name": GALLERY}, follow=True)
    purging.purge(seconds=30)
    listed = member.get("/purges").content.decode()
    certificate = re.search(r'href="(/purges/[^"]+)"', listed)

    assert "Nothing of gallery is found any more" in text_of(page)
    assert certificate is not None
    shown = text_of(member.get(certificate[1]))
    assert "the log holds the digest of exactly this" in shown and "RET-001" in shown and "templates: 1" in shown
