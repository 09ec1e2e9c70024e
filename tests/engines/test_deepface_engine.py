"""The deepface library as an engine: beside the default one on the same weights, offline, and without race analysis."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.permits import Permit
from recognition.engines import registry
from recognition.engines.base import Box
from recognition.engines.deepface import catalogue, finders, library
from recognition.engines.deepface.catalogue import DETECTORS, RECOGNISERS, SFACE_FILE, YUNET_FILE, Alignment, folder_of
from recognition.engines.deepface.engine import DeepfaceEngine
from recognition.engines.deepface.files import link_shipped
from recognition.engines.detections import BOX, POINTS
from recognition.engines.errors import (
    CalibrationMissing,
    EngineUnknown,
    RuntimeUnusable,
    WeightsAltered,
    WeightsMissing,
)
from recognition.engines.manifest import MODELS, SFACE
from recognition.engines.onnx.engine import CALIBRATION_PATH, OnnxEngine
from recognition.evaluation.calibration import Calibration
from recognition.images import UprightImage

PICTURES = ["person_a_1", "person_a_2", "person_b_1", "person_c_1", "group"]


@pytest.fixture
def own_models_dir(linked_models_dir: Path, tmp_path: Path) -> Path:
    """A folder of models that a test may spoil."""
    return Path(shutil.copytree(linked_models_dir, tmp_path / "models", symlinks=True))


def _overlap(one: Box, other: Box) -> float:
    near = max(one.left, other.left), max(one.top, other.top)
    far = min(one.left + one.width, other.left + other.width), min(one.top + one.height, other.top + other.height)
    shared = max(0.0, far[0] - near[0]) * max(0.0, far[1] - near[1])
    return shared / (one.width * one.height + other.width * other.height - shared)


@pytest.mark.parametrize("name", PICTURES)
def test_it_finds_the_faces_of_the_default_engine_and_makes_its_templates(
    deepface_engine: DeepfaceEngine,
    onnx_engine: OnnxEngine,
    pictures: dict[str, UprightImage],
    permit: Permit,
    name: str,
) -> None:
    image = pictures[name]

    ours, theirs = (engine.detect(image, permit=permit) for engine in (deepface_engine, onnx_engine))

    assert len(ours) == len(theirs) > 0
    vectors = [
        engine.extract(image, faces, permit=permit)
        for engine, faces in ((deepface_engine, ours), (onnx_engine, theirs))
    ]
    for (face, other), (template, its) in zip(zip(ours, theirs, strict=True), zip(*vectors, strict=True), strict=True):
        assert _overlap(face.box, other.box) > 0.95
        assert face.confidence == pytest.approx(other.confidence, abs=0.5)
        assert face.pose.yaw == pytest.approx(other.pose.yaw, abs=1)
        assert float(template.vector @ its.vector) >= 0.99


def test_its_version_is_its_own_and_names_library_and_models(
    deepface_engine: DeepfaceEngine, onnx_engine: OnnxEngine
) -> None:
    assert deepface_engine.name == "deepface:yunet+SFace"
    assert deepface_engine.version.startswith("deepface-0.0.103:yunet+SFace@")
    assert deepface_engine.version != onnx_engine.version
    assert deepface_engine.calibration == onnx_engine.calibration


def test_its_version_changes_with_weights_preprocessing_and_calibration(
    own_models_dir: Path, deepface_engine: DeepfaceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = {deepface_engine.version, DeepfaceEngine(own_models_dir, "yunet+SFace").version}
    assert len(versions) == 1

    with monkeypatch.context() as patch:
        patch.setattr("recognition.engines.deepface.engine.PREPROCESSING", 99)
        versions.add(DeepfaceEngine(own_models_dir, "yunet+SFace").version)
    with monkeypatch.context() as patch:
        patch.setattr(library, "library_version", lambda: "0.0.104")
        versions.add(DeepfaceEngine(own_models_dir, "yunet+SFace").version)
    measured = folder_of(own_models_dir) / "SFace.calibration.json"
    _stricter(Calibration.load(CALIBRATION_PATH)).save(measured)
    versions.add(DeepfaceEngine(own_models_dir, "yunet+SFace").version)
    _other_weights(own_models_dir, SFACE_FILE)
    versions.add(DeepfaceEngine(own_models_dir, "yunet+SFace").version)

    assert len(versions) == 5


def _stricter(calibration: Calibration) -> Calibration:
    (first, second, *rest) = calibration.anchors
    return Calibration(
        (first, (second[0] + 0.01, second[1]), *rest), calibration.supported_score, calibration.provenance
    )


def _other_weights(models_dir: Path, file_name: str) -> None:
    """Put a model in place that computes the same and is another file: its name as producer is another."""
    import onnx

    path = folder_of(models_dir) / file_name
    model = onnx.load(path)
    model.producer_name = "somebody else"
    path.unlink()
    onnx.save(model, path)


def test_the_measured_calibration_is_not_lent_to_other_weights(own_models_dir: Path) -> None:
    _other_weights(own_models_dir, SFACE_FILE)

    with pytest.raises(CalibrationMissing, match=r"SFace\.calibration\.json"):
        DeepfaceEngine(own_models_dir, "yunet+SFace")


def test_a_model_that_nobody_measured_is_refused_until_somebody_did(own_models_dir: Path, permit: Permit) -> None:
    # SFace stands in for ArcFace: the same input, so that the library's class for it can run.
    shutil.copy(folder_of(own_models_dir) / SFACE_FILE, folder_of(own_models_dir) / "arcface_weights.onnx")
    measured = folder_of(own_models_dir) / "ArcFace.calibration.json"

    with pytest.raises(CalibrationMissing, match="no per cent and no threshold") as refused:
        DeepfaceEngine(own_models_dir, "yunet+ArcFace")
    assert str(measured) in refused.value.detail
    measured.write_text("{}")
    with pytest.raises(CalibrationMissing, match="is not a calibration"):
        DeepfaceEngine(own_models_dir, "yunet+ArcFace")

    expected = _stricter(Calibration.load(CALIBRATION_PATH))
    expected.save(measured)
    assert DeepfaceEngine(own_models_dir, "yunet+ArcFace").calibration == expected


@pytest.mark.parametrize("file_name", [YUNET_FILE, SFACE_FILE])
def test_a_missing_file_is_named_with_its_folder(own_models_dir: Path, file_name: str) -> None:
    (folder_of(own_models_dir) / file_name).unlink()

    with pytest.raises(WeightsMissing, match="make models") as missing:
        DeepfaceEngine(own_models_dir, "yunet+SFace")
    assert file_name in missing.value.detail and str(folder_of(own_models_dir)) in missing.value.detail


@pytest.mark.parametrize("detector", [name for name, one in DETECTORS.items() if one.files and name != "yunet"])
def test_a_detector_without_its_weights_is_refused_before_the_library_is_asked(
    linked_models_dir: Path, monkeypatch: pytest.MonkeyPatch, detector: str
) -> None:
    monkeypatch.setattr(library, "build", lambda *_, **__: pytest.fail("the library would download"))

    with pytest.raises(WeightsMissing, match="does not download") as missing:
        DeepfaceEngine(linked_models_dir, f"{detector}+SFace")
    assert DETECTORS[detector].files[0] in missing.value.detail


@pytest.mark.parametrize("model", [name for name in RECOGNISERS if name != "SFace"])
def test_a_model_without_its_weights_is_refused_before_the_library_is_asked(
    linked_models_dir: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.setattr(library, "build", lambda *_, **__: pytest.fail("the library would download"))

    with pytest.raises(WeightsMissing, match="does not download") as missing:
        DeepfaceEngine(linked_models_dir, f"yunet+{model}")
    assert RECOGNISERS[model].files[0] in missing.value.detail


def test_a_detector_whose_package_is_not_installed_says_which(linked_models_dir: Path) -> None:
    with pytest.raises(RuntimeUnusable, match="facenet-pytorch"):
        DeepfaceEngine(linked_models_dir, "fastmtcnn+SFace")


class _NoNetwork(socket.socket):
    def __init__(self, *_: object, **__: object) -> None:
        raise AssertionError("the library opened a socket")


def test_it_loads_and_works_without_a_socket_and_leaves_home_and_environment_alone(
    linked_models_dir: Path,
    tmp_path: Path,
    pictures: dict[str, UprightImage],
    permit: Permit,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(socket, "socket", _NoNetwork)
    before = dict(os.environ)

    engine = DeepfaceEngine(linked_models_dir, "yunet+SFace")
    faces = engine.detect(pictures["person_a_1"], permit=permit)
    templates = engine.extract(pictures["person_a_1"], faces, permit=permit)

    assert len(templates) == len(faces) > 0
    assert dict(os.environ) == before
    assert not (tmp_path / ".deepface").exists()


@pytest.mark.parametrize(("task", "name"), [("face_detector", "centerface"), ("facial_recognition", "Facenet512")])
def test_the_library_cannot_download_even_where_it_is_asked_directly(
    linked_models_dir: Path, monkeypatch: pytest.MonkeyPatch, task: library.Task, name: str
) -> None:
    monkeypatch.setattr(socket, "socket", _NoNetwork)

    def use(client: Any) -> None:
        client.detect_faces(np.zeros((64, 64, 3), np.uint8))

    with pytest.raises(WeightsMissing, match=r"\.onnx"):
        # CenterFace opens its file at every picture, and here nobody said where files are.
        use(library.build(task, name, folder=linked_models_dir))


@pytest.mark.parametrize(
    "selection", ["yunet+Race", "Race+SFace", "yunet+Age", "yunet+Gender", "yunet+Emotion", "yunet+Fasnet"]
)
def test_no_analysis_can_be_named(linked_models_dir: Path, selection: str) -> None:
    with pytest.raises(EngineUnknown, match="deepface library's"):
        DeepfaceEngine(linked_models_dir, selection)


def test_race_analysis_cannot_be_reached_in_this_process(deepface_engine: DeepfaceEngine) -> None:
    from deepface.modules import modeling
    from deepface.modules.exceptions import UnimplementedError

    assert "Race" not in modeling.AVAILABLE_MODELS["facial_attribute"]
    with pytest.raises(UnimplementedError, match="Race"):
        modeling.build_model(task="facial_attribute", model_name="Race")


def test_every_detector_and_recogniser_of_the_library_can_be_chosen(deepface_engine: DeepfaceEngine) -> None:
    from deepface.modules import modeling

    assert set(DETECTORS) == set(modeling.AVAILABLE_MODELS["face_detector"])
    assert set(RECOGNISERS) == set(modeling.AVAILABLE_MODELS["facial_recognition"])


@pytest.mark.parametrize(
    "name", ["deepface", "deepface:", "deepface:yunet", "deepface:yunet+", "deepface:yunet+sface", "onnx:yunet+SFace"]
)
def test_the_registry_refuses_a_name_of_another_form(name: str) -> None:
    with pytest.raises(EngineUnknown):
        registry.get(name)


def test_the_registry_makes_it_once(linked_models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_shelf", registry._Shelf())
    registry.configure(models_dir=linked_models_dir)

    first = registry.get("deepface:yunet+SFace")

    assert isinstance(first, DeepfaceEngine)
    assert registry.get("deepface:yunet+SFace") is first


@dataclass
class _Region:
    """What a detector of the library gives that knows no points but the eyes."""

    x: int
    y: int
    w: int
    h: int
    left_eye: tuple[int, int] | None = None
    right_eye: tuple[int, int] | None = None
    nose: tuple[int, int] | None = None
    mouth_right: tuple[int, int] | None = None
    mouth_left: tuple[int, int] | None = None
    confidence: float | None = None


@dataclass
class _Detector:
    regions: list[_Region]

    def detect_faces(self, pixels: np.ndarray) -> list[_Region]:
        return self.regions


@pytest.fixture
def yunet(linked_models_dir: Path) -> finders.YuNetFinder:
    return finders.YuNetFinder(library.build("face_detector", "yunet", folder=folder_of(linked_models_dir)))


def test_a_detector_that_gives_boxes_alone_gets_its_points_from_yunet(
    yunet: finders.YuNetFinder, pictures: dict[str, UprightImage]
) -> None:
    pixels = pictures["group"].pixels
    known = yunet.find(pixels)
    regions = [_Region(*(int(value) for value in row[BOX]), confidence=1.7) for row in known[::-1]]

    found = finders.LibraryFinder(_Detector(regions), points=yunet).find(pixels)

    assert len(found) == len(known)
    for row, its in zip(found, known, strict=True):
        assert np.abs(row[BOX] - its[BOX]).max() <= 1
        assert np.abs(row[POINTS] - its[POINTS]).max() < 0.15 * its[2]
        assert row[-1] == 1.0


def test_loading_says_nothing_on_the_console(linked_models_dir: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for task, name in (("face_detector", "yunet"), ("facial_recognition", "SFace")):
        library.build(task, name, folder=folder_of(linked_models_dir))  # type: ignore[arg-type]

    assert "WARN" not in "".join(capfd.readouterr())


def test_a_box_without_a_face_in_it_is_left_out(yunet: finders.YuNetFinder, pictures: dict[str, UprightImage]) -> None:
    pixels = np.full((400, 400, 3), 127, np.uint8)
    regions = [_Region(10, 10, 80, 80, confidence=0.9), _Region(0, 0, 0, 5), _Region(900, 900, 50, 50)]

    assert len(finders.LibraryFinder(_Detector(regions), points=yunet).find(pixels)) == 0


def test_points_of_a_detector_that_gives_all_five_are_kept_in_our_order(yunet: finders.YuNetFinder) -> None:
    region = _Region(10, 10, 80, 80, (70, 40), (30, 40), (50, 60), (35, 80), (65, 80), 0.75)

    (row,) = finders.LibraryFinder(_Detector([region]), points=None).find(np.zeros((100, 100, 3), np.uint8))

    assert row[POINTS].tolist() == [30, 40, 70, 40, 50, 60, 35, 80, 65, 80]
    assert row[-1] == pytest.approx(0.75)


def test_a_model_with_the_alignment_of_the_library_gets_the_turned_box(
    linked_models_dir: Path,
    pictures: dict[str, UprightImage],
    deepface_engine: DeepfaceEngine,
    permit: Permit,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    boxed = catalogue.Recogniser(name="SFace", files=(SFACE_FILE,), alignment=Alignment.BOX)
    monkeypatch.setitem(catalogue.RECOGNISERS, "SFace", boxed)
    engine = DeepfaceEngine(linked_models_dir, "yunet+SFace")
    seen: list[np.ndarray] = []
    genuine: Callable[..., np.ndarray] = library.cut_out

    def keep(*arguments: Any, **named: Any) -> np.ndarray:
        seen.append(genuine(*arguments, **named))
        return seen[-1]

    monkeypatch.setattr(library, "cut_out", keep)
    vectors = []
    for name in ("person_a_1", "person_a_2", "person_b_1"):
        image = pictures[name]
        (face, *_) = engine.detect(image, permit=permit)
        vectors.append(engine.extract(image, [face], permit=permit)[0].vector)
        assert seen[-1].shape[1] == pytest.approx(face.box.width * image.width, rel=0.5)

    assert engine.version != deepface_engine.version
    assert float(vectors[0] @ vectors[1]) > float(vectors[0] @ vectors[2])


def test_linking_is_idempotent_leaves_others_files_alone_and_follows_the_models(
    own_models_dir: Path, tmp_path: Path
) -> None:
    folder = folder_of(own_models_dir)
    (folder / YUNET_FILE).unlink()
    (folder / YUNET_FILE).write_bytes(b"put here by the operator")
    (folder / SFACE_FILE).unlink()
    (folder / SFACE_FILE).symlink_to("gone")

    link_shipped(models_dir=own_models_dir)
    link_shipped(models_dir=own_models_dir)

    assert (folder / YUNET_FILE).read_bytes() == b"put here by the operator"
    assert (folder / SFACE_FILE).resolve() == (own_models_dir / SFACE.file_name).resolve()
    assert sorted(path.name for path in folder.iterdir()) == sorted([YUNET_FILE, SFACE_FILE])


def test_an_altered_model_is_not_linked(tmp_path: Path) -> None:
    for card in MODELS:
        (tmp_path / card.file_name).write_bytes(b"altered")

    with pytest.raises(WeightsAltered):
        link_shipped(models_dir=tmp_path)
    assert not folder_of(tmp_path).exists()
