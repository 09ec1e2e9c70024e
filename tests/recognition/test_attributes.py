"""Attributes over HTTP: said when they are asked for, a use of their own before the gate, never stored."""

from __future__ import annotations

from typing import Any

import pytest

from common.context import tenant_scope
from common.vocabulary import FaceAttribute, Operation
from dashboard.saying import said_of
from governance import services as governance
from governance.audit.models import AuditEntry
from recognition.api.serializers.attributes import attributes_of
from recognition.engines.attributes import Attributes, EyeDirection
from recognition.engines.fake import FakeEngine, face_picture
from recognition.models import Collection
from recognition.services import attributes
from tests.recognition.conftest import GALLERY, Traces, in_json, traces_of
from tests.worlds import ALL_OPERATIONS, MoratoriumFactory, Player, PlayerFactory

DETECT = "/v1/detect"
ENROL = f"/v1/collections/{GALLERY}/faces"
OTHERS = tuple(operation for operation in ALL_OPERATIONS if operation is not Operation.ANALYSE_ATTRIBUTES)


def _ask(player: Player, *names: str, url: str = DETECT, data: bytes | None = None) -> Any:
    body = {"image": in_json(data or face_picture(1)), "attributes": list(names)}
    return player.client.post(url, body, format="json")


def _actions(player: Player) -> list[str]:
    with tenant_scope(player.tenant.id):
        return [entry.content["action"] for entry in AuditEntry.objects.filter(kind="decision").order_by("id")]


def _outcomes(player: Player) -> list[str]:
    with tenant_scope(player.tenant.id):
        outcomes = AuditEntry.objects.filter(kind="outcome").order_by("id")
        return [entry.content["outcome"]["status"] for entry in outcomes]


def test_it_says_what_was_asked_and_no_more(alice: Player) -> None:
    (face,) = _ask(alice, "smile", "age_range").json()["faces"]

    assert face["attributes"] == {
        "smile": {"value": True, "confidence": 97.0},
        "age_range": {"low": 17, "high": 25},
    }
    assert len(face["landmarks"]) == 5


def test_a_direction_without_a_pitch_is_answered_without_it() -> None:
    answered = attributes_of(Attributes(eye_direction=EyeDirection(12.0, None, 80.0)))

    assert answered == {"eye_direction": {"yaw": 12.0, "confidence": 80.0}}
    assert said_of(Attributes(eye_direction=EyeDirection(12.0, None, 80.0))) == (("Eyes", "turned 12° (80\u00a0%)"),)


def test_all_is_everything_but_liveness(alice: Player) -> None:
    (face,) = _ask(alice, "all").json()["faces"]

    expected = {attribute.value for attribute in FaceAttribute} - {"landmarks", "liveness"}
    assert set(face["attributes"]) == expected
    assert face["landmarks"][-1]["type"] == "chinBottom"


def test_liveness_is_said_when_it_is_named(alice: Player) -> None:
    (face,) = _ask(alice, "liveness").json()["faces"]

    assert face["attributes"] == {
        "liveness": {"kind": "passive", "score": 75.0, "measured_on": "photograph", "is_advisory": True}
    }


@pytest.mark.parametrize("names", [(), ("default",)])
def test_nothing_beyond_detection_is_decided_about_where_nothing_was_asked(
    alice: Player, names: tuple[str, ...]
) -> None:
    (face,) = _ask(alice, *names).json()["faces"]

    assert "attributes" not in face
    assert _actions(alice) == ["detect"]


def test_it_is_a_use_of_its_own_with_a_decision_and_an_outcome(alice: Player) -> None:
    assert _ask(alice, "gender").status_code == 200

    assert _actions(alice) == ["analyse_attributes", "detect"]
    assert _outcomes(alice) == ["succeeded", "succeeded"]
    with tenant_scope(alice.tenant.id):
        decision = AuditEntry.objects.filter(kind="decision").order_by("id")[0]
    assert decision.content["params"]["model"] == FakeEngine.attributes_version
    assert "female" not in str(decision.content)


@pytest.mark.parametrize("url", [DETECT, ENROL])
def test_it_takes_an_approval_that_registers_it(make_player: PlayerFactory, url: str) -> None:
    player = make_player(operations=OTHERS)
    if url == ENROL:
        assert player.client.post("/v1/collections", {"name": GALLERY}, format="json").status_code == 201

    refused = _ask(player, "emotions", url=url)

    assert refused.status_code == 403
    assert {rule["id"] for rule in refused.json()["rules"]} >= {"VET-004"}
    assert traces_of(player).faces == 0
    assert _ask(player, "default", url=url).status_code in {200, 201}


def test_it_takes_an_approval_that_names_the_models_of_attributes(make_player: PlayerFactory) -> None:
    player = make_player(engine_versions=(FakeEngine.version,))

    refused = _ask(player, "smile")

    assert [rule["id"] for rule in refused.json()["rules"]] == ["VET-005"]
    assert _ask(player).status_code == 200


def test_a_moratorium_on_detection_is_not_evaded_by_asking_for_more(alice: Player, impose: MoratoriumFactory) -> None:
    impose(selector=governance.Selector(operations=[Operation.DETECT]))

    refused = _ask(alice, "smile")

    assert refused.status_code == 403
    assert _outcomes(alice) == ["refused", "failed"]


def test_nothing_is_answered_when_the_policy_changes_while_it_looks(
    alice: Player, impose: MoratoriumFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyse = FakeEngine.analyse

    def analyse_meanwhile(*args: Any, **kwargs: Any) -> object:
        impose(selector=governance.Selector(operations=[Operation.ANALYSE_ATTRIBUTES]))
        return analyse(*args, **kwargs)

    monkeypatch.setattr(FakeEngine, "analyse", analyse_meanwhile)

    response = _ask(alice, "smile")

    assert response.status_code == 403
    assert "faces" not in response.json()
    assert "halted" in _outcomes(alice)


def test_an_enrolment_answers_them_and_stores_none(alice: Player, gallery: Collection) -> None:
    answer = _ask(alice, "smile", url=ENROL).json()

    (face,) = answer["faces"]
    assert face["attributes"] == {"smile": {"value": True, "confidence": 97.0}}
    stored = alice.client.get(f"{ENROL}/{face['id']}").json()
    assert "attributes" not in stored
    assert traces_of(alice) == Traces(1, 1, 1, 1, 0)


@pytest.mark.parametrize("names", [["race"], ["ethnicity"], ["smile", "race"], "smile", [1], ["all"] * 40])
def test_what_is_no_attribute_is_refused(alice: Player, names: object) -> None:
    answer = alice.client.post(DETECT, {"image": in_json(face_picture(1)), "attributes": names}, format="json")

    assert answer.status_code == 400
    assert _actions(alice) == []


def test_what_the_engine_does_not_say_is_refused_before_anything_is_decided(
    alice: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeEngine, "attributes", frozenset({FaceAttribute.SMILE}))

    answer = _ask(alice, "smile", "beard")

    assert (answer.status_code, answer.json()["code"]) == (400, "attributes-not-offered")
    assert "beard" in answer.json()["detail"] and "smile" in answer.json()["detail"]
    assert _actions(alice) == []
    assert set(_ask(alice, "all").json()["faces"][0]["attributes"]) == {"smile"}


def test_every_name_that_can_be_asked_for_is_offered_by_the_fake_engine() -> None:
    assert set(attributes.NAMES) - {"all", "default"} == {name.value for name in FakeEngine.attributes}
