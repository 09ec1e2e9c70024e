"""Evaluations in the pages: asked for by a form, shown as tables and curves, kept as a service card."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from common.context import tenant_scope
from common.vocabulary import TenantRole
from recognition.models import Collection, EvaluationRun
from tests.dashboard.conftest import GALLERY, SignIn, text_of
from tests.dashboard.test_every_page import evaluated
from tests.recognition.conftest import reload
from tests.worlds import Player


def _csv(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("groups.csv", content, content_type="text/csv")


def test_it_is_asked_for_with_groups_from_a_file(member: Client, alice: Player, gallery: Collection) -> None:
    form = {"collection": GALLERY, "groups": _csv("\ufeffanna,women\nben,men\n".encode())}

    response = member.post("/evaluations", form)

    assert response.status_code == 302
    assert response["Location"].startswith("/jobs/")
    with tenant_scope(alice.tenant.id):
        assert EvaluationRun.objects.get().groups == {"anna": "women", "ben": "men"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"anna\n", "Line 1 has not two columns"),
        (b"anna,women\nben,<b>\n", "Groups are 1 to 40"),
        (b"\xff\xfe\x00", "not CSV in UTF-8"),
        (b"anna," + b"x" * 41, "Groups are 1 to 40"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(
    member: Client, gallery: Collection, content: bytes, said: str
) -> None:
    response = member.post("/evaluations", {"collection": GALLERY, "groups": _csv(content)})

    assert response.status_code == 422
    assert said in text_of(response)


def test_an_unknown_collection_is_said_at_the_form(member: Client) -> None:
    response = member.post("/evaluations", {"collection": "nothing"})

    assert response.status_code == 422
    assert "There is no collection nothing" in text_of(response)


def test_the_page_shows_numbers_and_curves(member: Client, alice: Player, gallery: Collection) -> None:
    job = evaluated(alice)

    page = member.get(f"/evaluations/{job.id}/")
    shown = text_of(page)

    assert "20 faces of 10 people" in shown
    assert "person-101" not in shown
    for name in ("det", "calibration"):
        assert f"/evaluations/{job.id}/{name}.svg" in page.content.decode()
        assert member.get(f"/evaluations/{job.id}/{name}.svg")["Content-Type"] == "image/svg+xml"
        assert member.get(f"/evaluations/{job.id}/{name}.png").content.startswith(b"\x89PNG")
    assert member.get(f"/evaluations/{job.id}/experiment.svg").status_code == 404
    assert member.get(f"/evaluations/{job.id}/det.pdf").status_code == 404


def test_the_service_card_is_a_file_that_needs_nothing_else(member: Client, alice: Player, gallery: Collection) -> None:
    job = evaluated(alice)

    card = member.get(f"/evaluations/{job.id}/card")

    assert card["Content-Disposition"].startswith("attachment")
    content = card.content.decode()
    assert content.count("<svg") == 2
    assert "Prohibited use" in content
    assert "src=" not in content
    assert str(reload(job).decision_entry_id) in content


def test_who_may_not_evaluate_is_refused(alice: Player, gallery: Collection, sign_in: SignIn) -> None:
    reviewer = sign_in(alice, TenantRole.REVIEWER)

    assert reviewer.post("/evaluations", {"collection": GALLERY}).status_code == 403
