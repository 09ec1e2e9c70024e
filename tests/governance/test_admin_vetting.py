"""The vetting queue in the administration: evidence beside the form, two signatures, and nobody else's applications."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client

from common.vocabulary import StaffRole
from governance import ports
from governance.audit import ledger
from governance.models import Approval, ChangeRequest
from governance.vetting import applications, assigning
from governance.vetting.models import VettingApplication
from tenants.models import User
from tests.api.conftest import apply_for
from tests.people import make_staff, sign_in
from tests.worlds import Player, PlayerFactory, Staff

STATEMENT = {"reason": "Complete.", "interest": "none", "has_no_conflict": "on"}


@pytest.fixture(autouse=True)
def _engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_offered_versions", lambda: ["fake-1"])


@pytest.fixture
def applicant(make_player: PlayerFactory) -> Player:
    return make_player(approved=False)


@pytest.fixture
def application(applicant: Player, staff: Staff) -> VettingApplication:
    application_id, _ = apply_for(applicant)
    applications.submit(applicant.actor, application_id=uuid.UUID(application_id))
    found = VettingApplication.objects.using("officer").get(id=application_id)
    for person in assigning.reviewers_of(found):
        assigning.unassign(found, officer=person, by=staff.oversight[0])
    return found


def _assigned(application: VettingApplication, staff: Staff) -> tuple[Client, User]:
    officer, secret = make_staff(StaffRole.OFFICER)
    assigning.assign(application, officer=officer, by=staff.oversight[0])
    return sign_in(officer, secret), officer


def _url(application: VettingApplication, act: str = "change") -> str:
    return f"/admin/vetting/vettingapplication/{application.pk}/{act}/"


def test_two_officers_approve_in_their_queue(application: VettingApplication, staff: Staff) -> None:
    (first, _), (second, _) = _assigned(application, staff), _assigned(application, staff)
    assert str(application.pk) in first.get("/admin/vetting/vettingapplication/").content.decode()
    page = first.get(_url(application)).content.decode()
    assert _url(application, "begin") in page
    assert "Albums of somebody." in page and "A. Jones (Reviewing, 2026-03-02)" in page
    assert "[&#x27;" not in page, "a list is shown line by line"
    document = re.search(rf"{_url(application, 'evidence')}[0-9a-f-]+/", page)
    assert document is not None
    downloaded = first.get(document[0])
    assert downloaded.content == b"%PDF-1.7"
    assert downloaded["Content-Disposition"].startswith("attachment")
    assert first.get(_url(application, "begin")).status_code == 200
    assert first.post(_url(application, "begin"), {"x": "y"}).status_code == 302
    until = ledger.database_now() + timedelta(days=300)
    form = {**STATEMENT, "expires_at_0": until.date().isoformat(), "expires_at_1": "12:00:00"}

    too_long = {**form, "expires_at_0": (until + timedelta(days=100)).date().isoformat()}
    assert "twelve months" in first.post(_url(application, "approve"), too_long).content.decode()
    assert "Albums of somebody." in first.get(_url(application, "approve")).content.decode()
    assert first.post(_url(application, "approve"), form).status_code == 302
    change = ChangeRequest.objects.using("officer").get(subject_id=application.pk)
    signed = second.post(f"/admin/governance/changerequest/{change.id}/approve/", STATEMENT)

    assert signed.status_code == 302
    application.refresh_from_db(using="officer")
    assert application.state == "approved"
    assert Approval.objects.using("officer").filter(id=str(application.approval_id), revoked_at=None).exists()
    assert "approve_application" in first.get(_url(application)).content.decode()


def test_an_officer_asks_for_more_or_refuses(applicant: Player, application: VettingApplication, staff: Staff) -> None:
    (first, _), (second, _) = _assigned(application, staff), _assigned(application, staff)
    first.post(_url(application, "begin"), {"x": "y"})
    assert first.post(_url(application, "question"), {"message": "Who signs?"}).status_code == 302
    application.refresh_from_db(using="officer")
    assert (application.state, application.message) == ("more_information", "Who signs?")
    applications.submit(applicant.actor, application_id=application.pk)
    second.post(_url(application, "begin"), {"x": "y"})

    assert second.post(_url(application, "refuse"), {**STATEMENT, "message": "Nobody signs."}).status_code == 302
    change = ChangeRequest.objects.using("officer").get(subject_id=application.pk)
    first.post(f"/admin/governance/changerequest/{change.id}/approve/", STATEMENT)

    application.refresh_from_db(using="officer")
    assert (application.state, application.message) == ("refused", "Nobody signs.")


def test_others_see_nothing_of_it(application: VettingApplication, staff: Staff) -> None:
    stranger = sign_in(*make_staff(StaffRole.OFFICER))
    assert str(application.pk) not in stranger.get("/admin/vetting/vettingapplication/").content.decode()
    assert stranger.get(_url(application, "begin")).status_code == 404
    assert stranger.get(_url(application)).status_code == 302
    evidence_id = uuid.UUID(int=1)
    assert stranger.get(f"{_url(application, 'evidence')}{evidence_id}/").status_code == 404


def test_an_auditor_reads_and_opens_no_evidence(application: VettingApplication, staff: Staff) -> None:
    auditor = sign_in(*make_staff(StaffRole.AUDITOR))
    page = auditor.get(_url(application)).content.decode()
    document = re.search(rf"{_url(application, 'evidence')}[0-9a-f-]+/", page)
    assert document is not None

    assert auditor.get(document[0]).status_code == 403
    for act in ("begin", "approve", "refuse", "question", "assign"):
        assert auditor.get(_url(application, act)).status_code == 403, act
        assert _url(application, act) not in page


def test_oversight_assigns_officers(application: VettingApplication, staff: Staff) -> None:
    oversight = sign_in(*make_staff(StaffRole.OVERSIGHT))
    officer = staff.officers[0]
    assert _url(application, "assign") in oversight.get(_url(application)).content.decode()

    assert oversight.get(_url(application, "assign")).status_code == 200
    oversight.post(_url(application, "assign"), {"act": "assign", "officer": str(officer.pk)})
    assert assigning.reviewers_of(application) == [officer]
    oversight.post(_url(application, "assign"), {"act": "unassign", "officer": str(officer.pk)})
    assert assigning.reviewers_of(application) == []
