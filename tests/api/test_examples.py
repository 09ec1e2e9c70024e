"""Every route of the API has an example, and it works: it is sent, and what comes back has the shape that it shows."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from common.vocabulary import AuthorisationKind
from recognition import dispatch
from recognition.api.examples import FACE_ID, IMAGE_ID, PICTURE
from recognition.engines.fake import face_picture
from recognition.services import batches, enrolment
from tests.api.conftest import MakeObjects, authorise, broken, keep_and_close, register_bucket
from tests.conformance import document, validator_of
from tests.people import make_member, sign_in
from tests.worlds import Player

# Tags of the routes that the fixture below makes a world for. Others send their examples in tests of their own.
WORLD = {*"collections consents faces images persons searches jobs decisions policy usage cases buckets".split()}
# Of Anna the person, who else has no face yet.
WITH_A_FACE = {"list_faces_of_person", "disassociate_faces", "search_persons"}
CASES = {
    "list_cases",
    "get_case",
    "close_case",
    "get_disclosure_package",
    *(f"{act}_authorisation" for act in ("record", "ratify", "revoke")),
    "erase_kept_probes",
    *("break_glass", "confirm_break_glass", "close_break_glass"),
}
# What no key does.
IN_PERSON = {"ratify_authorisation", "erase_kept_probes", "break_glass", "confirm_break_glass", "close_break_glass"}
# Objects whose members differ with the case; an example shows some.
OPEN_OBJECTS = {"facts", "params", "outcome", "limits", "by_rule", "by_purpose"}


def _operations() -> dict[str, tuple[str, str]]:
    return {
        operation["operationId"]: (method, path)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }


def _described(name: str) -> dict[str, Any]:
    method, path = _operations()[name]
    operation: dict[str, Any] = document()["paths"][path][method]
    return operation


def _example(content: dict[str, Any]) -> Any:
    """Return the first example of a body; KeyError when it has none."""
    example = next(iter(content["examples"].values()))
    return example["value"]


def _success(name: str) -> tuple[int, Any]:
    """Return the status of success and the example of its body; None where there is no body."""
    status = min(status for status in _described(name)["responses"] if status.startswith("2"))
    content = _described(name)["responses"][status].get("content", {})
    return int(status), _example(content["application/json"]) if "application/json" in content else None


def _request(name: str) -> Any:
    content = _described(name).get("requestBody", {}).get("content", {})
    return _example(content["application/json"]) if content else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "operation" in metafunc.fixturenames:
        metafunc.parametrize("operation", sorted(_operations()))
    if "playable" in metafunc.fixturenames:
        metafunc.parametrize(
            "playable", [name for name in sorted(_operations()) if WORLD & set(_described(name)["tags"])]
        )


@pytest.fixture
def parameters(
    alice: Player, monkeypatch: pytest.MonkeyPatch, make_objects: MakeObjects
) -> Callable[[str], dict[str, str]]:
    """Put a world behind the examples: a collection with Anna, and jobs; return the parameters of a path."""
    monkeypatch.setattr(dispatch.current_app, "send_task", lambda *_, **__: None)

    def make(operation: str) -> dict[str, str]:
        if operation in ("create_collection", "open_case", "register_bucket"):
            return {}
        if operation in ("list_buckets", "remove_bucket"):
            return {"bucket_id": register_bucket(alice)}
        if CASES & {operation}:
            objects = make_objects(alice, external_id="anna")
            if operation == "erase_kept_probes":
                keep_and_close(alice, case_id=UUID(objects.case_id))
            if operation in ("confirm_break_glass", "close_break_glass"):
                return {"case_id": objects.case_id, "grant_id": str(broken(alice, case_id=UUID(objects.case_id)))}
            if operation != "ratify_authorisation":
                return {"case_id": objects.case_id, "authorisation_id": objects.authorisation_id}
            urgent = authorise(alice, case_id=UUID(objects.case_id), kind=AuthorisationKind.EXIGENT)
            return {"case_id": objects.case_id, "authorisation_id": str(urgent)}
        alice.client.post(
            "/v1/collections", {"name": "family", "description": "d", "threshold": 90, "store_images": True}
        )
        enrolled = enrolment.enrol_image(
            face_picture(1), collection_name="family", actor=alice.actor, external_id="anna"
        )
        alice.client.post("/v1/collections/family/persons", {"person_id": "anna-1998"})
        if operation in WITH_A_FACE:
            joined = alice.client.post(
                "/v1/collections/family/persons/anna-1998/faces", {"ids": [str(enrolled.face_ids[0])]}
            )
            assert joined.json()["person"]["face_count"] == 1
        searching = alice.client.post("/v1/collections/family/search:batch", {"images": [_picture()]})
        assert searching.status_code == 202
        job_id = searching.json()["id"]
        if operation == "get_job_results":
            batches.run_batch(UUID(job_id), first=0, tenant_id=alice.tenant.id)
        return {
            "collection": "family",
            "face_id": str(enrolled.face_ids[0]),
            "person": "anna-1998",
            "image_id": str(enrolled.image_id),
            "job_id": job_id,
            "decision_id": alice.client.get("/v1/jobs")["Custos-Decision"],
        }

    return make


def _picture() -> dict[str, str]:
    return {"bytes": base64.b64encode(face_picture(1)).decode()}


def _fill_in(value: Any, parameters: dict[str, str]) -> Any:
    """Put a real picture, image and face in the place of those that the example names."""
    text = json.dumps(value).replace(json.dumps(PICTURE["bytes"]), json.dumps(_picture()["bytes"]))
    text = text.replace(IMAGE_ID, parameters.get("image_id", IMAGE_ID))
    return json.loads(text.replace(FACE_ID, parameters.get("face_id", FACE_ID)))


def _differences(example: Any, answer: Any, *, at: str = "") -> list[str]:
    """Return where an answer has not the shape of the example: other members, other kinds of value."""
    if isinstance(example, dict) and isinstance(answer, dict):
        if at.rpartition("/")[2] in OPEN_OBJECTS:
            return []
        other = [f"{at}/{name}" for name in example.keys() ^ answer.keys()]
        shared = example.keys() & answer.keys()
        return other + [d for name in shared for d in _differences(example[name], answer[name], at=f"{at}/{name}")]
    if isinstance(example, list) and isinstance(answer, list):
        return _differences(example[0], answer[0], at=f"{at}/0") if example and answer else []
    same = (
        example is None
        or answer is None
        or isinstance(answer, type(example))
        or {type(example), type(answer)} <= {int, float}
    )
    return [] if same else [f"{at}: {type(answer).__name__}, not {type(example).__name__}"]


def test_its_example_is_what_the_document_describes(operation: str) -> None:
    status, answer = _success(operation)
    content = _described(operation)["responses"][str(status)].get("content", {})
    if "application/json" in content:
        errors = [error.message for error in validator_of(content["application/json"]["schema"]).iter_errors(answer)]
        assert errors == []
    body = _described(operation).get("requestBody", {}).get("content", {})
    if body:
        schema = body["application/json"]["schema"]
        assert [error.message for error in validator_of(schema).iter_errors(_request(operation))] == []


def test_its_example_works(playable: str, alice: Player, parameters: Callable[[str], dict[str, str]]) -> None:
    method, path = _operations()[playable]
    known = parameters(playable)
    status, example = _success(playable)
    client = sign_in(make_member(alice)) if playable in IN_PERSON else alice.client

    response = client.generic(
        method.upper(),
        path.format(**known),
        json.dumps(_fill_in(_request(playable), known)) if _request(playable) is not None else "",
        content_type="application/json",
    )

    assert response.status_code == status, response.content[:500]
    if example is not None:
        assert _differences(example, response.json()) == []


def test_it_would_notice_an_answer_of_another_shape() -> None:
    assert _differences({"a": 1, "b": [{"c": "x"}]}, {"a": 2.5, "b": [{"c": "y"}]}) == []
    assert _differences({"a": 1}, {"a": 1, "b": 2}) == ["/b"]
    assert _differences({"a": [{"c": "x"}]}, {"a": [{"c": 5}]}) == ["/a/0/c: int, not str"]
