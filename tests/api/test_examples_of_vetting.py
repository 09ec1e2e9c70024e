"""The examples of the vetting routes are sent, and what comes back has the shape that they show."""

from __future__ import annotations

import uuid

import pytest
from rest_framework.response import Response

from governance import four_eyes, ports
from governance.four_eyes import Statement
from governance.vetting import applications, assigning, deciding
from tests.api.conftest import apply_for
from tests.api.test_examples import _differences, _operations, _request, _success
from tests.worlds import Player, Staff

_AGREED = Statement("No.", interest="none")


def _send(player: Player, name: str, **parameters: str) -> Response:
    method, path = _operations()[name]
    answer: Response = player.client.generic(
        method.upper(),
        path.format(**parameters),
        data=_json(_request(name)),
        content_type="application/json",
    )
    return answer


def _json(value: object) -> str:
    import json

    return json.dumps(value if value is not None else {})


def _check(name: str, answer: Response) -> None:
    code, example = _success(name)
    assert answer.status_code == code, answer.content
    if example is not None:
        assert _differences(example, answer.json()) == []


def test_every_example_works(alice: Player, staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_offered_versions", lambda: ["fake-1"])
    begun = _send(alice, "begin_application")
    _check("begin_application", begun)
    of = {"application_id": begun.json()["id"]}
    _check("state_application", _send(alice, "state_application", **of))
    added = _send(alice, "add_evidence", **of)
    _check("add_evidence", added)
    _check("get_application", _send(alice, "get_application", **of))
    _check("list_applications", _send(alice, "list_applications"))
    _check("submit_application", _send(alice, "submit_application", **of))

    _refuse(uuid.UUID(of["application_id"]))

    _check("appeal_application", _send(alice, "appeal_application", **of))


def test_a_document_is_taken_back(alice: Player, staff: Staff) -> None:
    application_id, evidence_id = apply_for(alice)

    _check("remove_evidence", _send(alice, "remove_evidence", application_id=application_id, evidence_id=evidence_id))

    found = applications.get_application(alice.actor, application_id=uuid.UUID(application_id))
    assert found.documents == []  # type: ignore[attr-defined]


def test_a_case_officer_is_stated_whole_though_statements_are_not(alice: Player) -> None:
    application_id, _ = apply_for(alice)
    body = {"case_officers": [{"name": "A. Jones", "training": "Reviewing"}]}

    answer = alice.client.patch(f"/v1/applications/{application_id}", body, format="json")

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/case_officers/0/trained_on"]


def test_bytes_that_are_no_base64_are_refused(alice: Player) -> None:
    application_id, _ = apply_for(alice)

    answer = alice.client.post(
        f"/v1/applications/{application_id}/evidence", {"title": "Charter", "bytes": "@@@"}, format="json"
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "evidence-unusable")


def _refuse(application_id: uuid.UUID) -> None:
    from governance.vetting.models import VettingApplication

    application = VettingApplication.objects.using("officer").get(id=application_id)
    first, second = assigning.reviewers_of(application)
    deciding.begin_review(application_id, officer=first)
    change = deciding.propose_refusal(application_id, officer=first, statement=_AGREED, message="Not signed.")
    four_eyes.approve(change.id, approver=second, statement=_AGREED)
