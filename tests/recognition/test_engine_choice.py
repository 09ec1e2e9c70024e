"""Each collection has its engine: chosen when it is created, among those offered, and evaluated for the tenant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from common.downloads import default_cache_dir
from demo.photographs import Photographs, fetch_photographs
from governance.errors import PolicyRefused
from recognition.engines import registry
from recognition.engines.deepface.files import link_shipped
from recognition.engines.fake import FakeEngine
from recognition.engines.manifest import MODELS
from recognition.errors import EngineNotOffered, EngineVersionMismatch
from recognition.services import collections, engine_moves, engines, enrolment, identification, switching
from tests.recognition.conftest import Outbox, traces_of
from tests.recognition.test_engine_moves import work_off
from tests.worlds import Player, PlayerFactory, current_engine_versions

DEEPFACE = "deepface:yunet+SFace"
NAME = "with-deepface"


@pytest.fixture(scope="module")
def photographs() -> Photographs:
    return fetch_photographs(default_cache_dir())


@pytest.fixture
def models_dir(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The registry's folder of models, linked for the deepface library; engines are made anew for the test."""
    folder = tmp_path_factory.mktemp("models")
    for card in MODELS:
        (folder / card.file_name).symlink_to((Path(os.environ["CUSTOS_MODELS_DIR"]) / card.file_name).resolve())
    link_shipped(models_dir=folder)
    monkeypatch.setattr(registry, "_shelf", registry._Shelf())
    registry.configure(models_dir=folder)
    return folder


@pytest.fixture
def player(make_player: PlayerFactory, models_dir: Path) -> Player:
    """A tenant for whom all engines that are offered were evaluated, and the one that every instance has."""
    return make_player(engine_versions=(*engines.offered_versions(), registry.get("onnx").version))


def test_a_collection_works_with_the_engine_that_it_names(player: Player, photographs: Photographs) -> None:
    created = player.client.post("/v1/collections", {"name": NAME, "engine": DEEPFACE})
    assert created.status_code == 201, created.json()
    version = registry.get(DEEPFACE).version
    assert (created.json()["engine"], created.json()["engine_version"]) == (DEEPFACE, version)

    for name in ("person_a_1", "person_b_1"):
        enrolment.enrol_image(photographs.read(name), collection_name=NAME, actor=player.actor, external_id=name)
    found = identification.search_by_image(photographs.read("person_a_2"), collection_name=NAME, actor=player.actor)

    assert found.engine_version == version
    ((match,),) = [search.candidates for search in found.searches]
    assert match.face.external_id == "person_a_1"
    assert match.similarity > 95


def test_a_collection_moves_from_one_engine_to_the_other_on_real_faces(
    player: Player, photographs: Photographs, outbox: Outbox, settings: Settings
) -> None:
    settings.CUSTOS_ENGINES_OFFERED = (DEEPFACE, "onnx")
    collections.create_collection(NAME, actor=player.actor, engine="onnx", store_images=True)
    for name in ("person_a_1", "person_b_1"):
        enrolment.enrol_image(photographs.read(name), collection_name=NAME, actor=player.actor, external_id=name)
    engine_moves.start_move(NAME, engine=DEEPFACE, actor=player.actor)
    work_off(outbox)
    identification.search_by_image(photographs.read("person_a_2"), collection_name=NAME, actor=player.actor)

    view = switching.switch(NAME, actor=player.actor)
    found = identification.search_by_image(photographs.read("person_a_2"), collection_name=NAME, actor=player.actor)

    assert (view.agreement["n_searches"], view.agreement["rank_one_agreement"]) == (1, 1.0)
    assert found.engine_version == registry.get(DEEPFACE).version
    assert [match.face.external_id for match in found.candidates] == ["person_a_1"]


def test_the_gate_refuses_an_engine_that_was_not_evaluated_for_the_tenant(
    make_player: PlayerFactory, models_dir: Path, photographs: Photographs
) -> None:
    player = make_player(engine_versions=current_engine_versions())
    collections.create_collection(NAME, actor=player.actor, engine=DEEPFACE)

    with pytest.raises(PolicyRefused) as refused:
        enrolment.enrol_image(photographs.read("person_a_1"), collection_name=NAME, actor=player.actor)

    assert [rule["id"] for rule in refused.value.rules] == ["VET-005"]
    assert traces_of(player).faces == 0


def test_a_collection_is_refused_when_the_engine_that_it_names_has_changed(
    player: Player, photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    collections.create_collection(NAME, actor=player.actor, engine=DEEPFACE)
    monkeypatch.setattr(registry.get(DEEPFACE), "version", "deepface-0.0.104:yunet+SFace@000000000000")

    with pytest.raises(EngineVersionMismatch):
        enrolment.enrol_image(photographs.read("person_a_1"), collection_name=NAME, actor=player.actor)


def test_an_engine_that_is_not_offered_is_refused_and_those_offered_are_named(alice: Player) -> None:
    response = alice.client.post("/v1/collections", {"name": NAME, "engine": "deepface:yunet+ArcFace"})

    assert (response.status_code, response.json()["code"]) == (400, "engine-not-offered")
    assert DEEPFACE in response.json()["detail"]
    assert traces_of(alice).collections == 0


def test_the_operator_decides_what_is_offered(alice: Player, settings: Settings) -> None:
    settings.CUSTOS_ENGINES_OFFERED = ()

    assert engines.offered_names() == ("fake",)
    with pytest.raises(EngineNotOffered):
        collections.create_collection(NAME, actor=alice.actor, engine=DEEPFACE)


def test_an_offered_engine_without_its_weights_says_which_file_is_missing(
    alice: Player, models_dir: Path, settings: Settings
) -> None:
    settings.CUSTOS_ENGINES_OFFERED = ("deepface:yunet+Facenet512",)

    response = alice.client.post("/v1/collections", {"name": NAME, "engine": "deepface:yunet+Facenet512"})

    assert (response.status_code, response.json()["code"]) == (503, "engine-not-loaded")
    assert "facenet512_weights.onnx" in response.json()["detail"]
    assert traces_of(alice).collections == 0


def test_vectors_longer_than_a_collection_holds_are_refused(alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeEngine, "dimensions", 4096)

    with pytest.raises(EngineNotOffered, match="4096"):
        collections.create_collection(NAME, actor=alice.actor)
    assert traces_of(alice).collections == 0
