"""Liveness of a photograph: what is looked at, how it is said, that it is optional. Its worth is measured elsewhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from benchmarks import rephotographs
from common.ids import new_id
from common.permits import Permit
from common.vocabulary import FaceAttribute, Operation
from recognition.engines.errors import WeightsMissing
from recognition.engines.liveness_figures import figures
from recognition.engines.manifest import ANTI_SPOOFING, CORE_MODELS
from recognition.engines.onnx.attributes import liveness, recapture
from recognition.engines.onnx.attributes.liveness import LivenessReader
from recognition.engines.onnx.engine import OnnxEngine
from recognition.engines.onnx.golden import picture
from recognition.engines.presentation_attacks import EvidenceKind, Medium, PresentationAttackEvidence
from recognition.images import UprightImage
from tests.worlds import permit_for

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference" / "liveness.md"
WANTED = frozenset({FaceAttribute.LIVENESS})


class _Network:
    """Stands where the network is; remembers what it was shown."""

    def run(self, tensor: np.ndarray) -> tuple[np.ndarray, ...]:
        self.shown = tensor
        leaves, routed = np.zeros((1, 8), np.float32), np.zeros((1, 8), np.float32)
        leaves[0, :3], routed[0, 2] = (0.1, 0.2, -0.75), 1.0
        return leaves, routed


@pytest.fixture
def analysis() -> Permit:
    return permit_for(new_id(), Operation.ANALYSE_ATTRIBUTES)


def test_the_network_is_shown_the_square_around_the_box_in_red_green_and_blue() -> None:
    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[50:210, 100:260] = (255, 102, 51)  # blue, green, red
    network = _Network()

    look = LivenessReader(network).look(pixels, box=np.array([130, 50, 100, 160], np.float32))

    assert network.shown.shape == (1, 256, 256, 3) and network.shown.dtype == np.float32
    assert network.shown[0, 4:-4, 4:-4].reshape(-1, 3).min(axis=0) == pytest.approx([0.2, 0.4, 1.0])
    assert network.shown.max() == 1.0
    assert look.verdict == pytest.approx(0.75)
    assert look.features.shape == (liveness.FEATURES,)
    assert look.features[-8:][:3] == pytest.approx([0.1, 0.2, 0.75])


def test_what_reaches_beyond_the_picture_is_moved_into_it() -> None:
    network = _Network()

    LivenessReader(network).look(np.full((200, 200, 3), 255, np.uint8), box=np.array([-40, 90, 90, 130], np.float32))

    assert network.shown[0, :-1, :-1].min() == 1.0


@pytest.mark.parametrize(("side", "is_said"), [(79, False), (80, True), (180, True), (181, False)])
def test_it_is_said_of_faces_of_sizes_that_were_measured(side: int, is_said: bool) -> None:
    said = LivenessReader(_Network()).read(picture(300), box=np.array([10, 10, 60, side], np.float32))

    assert (said is not None) is is_said


def test_a_grid_stands_out_in_the_ring_of_its_frequency_whatever_the_light() -> None:
    plain = picture(recapture.SIDE_PX)
    waves = 12 * np.cos(2 * np.pi * 40 * np.arange(recapture.SIDE_PX) / recapture.SIDE_PX)
    grid = np.clip(plain.astype(float) + waves[None, :, None], 0, 255).astype(np.uint8)
    peaks = slice(16, 32)  # of luma

    seen, without = (recapture.features(each)[peaks] for each in (grid, plain))
    dark = recapture.features((grid // 2).astype(np.uint8))[peaks]

    assert int(np.argmax(seen - without)) == 40 * 32 // recapture.SIDE_PX == int(np.argmax(dark - without))
    assert (seen - without).max() > 3


def test_scores_say_how_many_genuine_photographs_look_less_genuine() -> None:
    head = liveness.shipped()
    towards = head.weights[:-1] / (head.weights[:-1] @ head.weights[:-1])

    def scored(raw: float) -> float:
        return liveness.score_of(((raw - head.weights[-1]) * towards).astype(np.float32))

    assert scored(head.quantiles[0] - 1) == 0.0
    assert scored(head.quantiles[-1] + 1) == 100.0
    for share in (5, 50, 95):
        assert scored(head.quantiles[share]) == pytest.approx(share, abs=0.2)


@pytest.mark.parametrize("score", [-0.1, 100.1, float("nan")])
def test_evidence_has_a_score_of_a_hundred(score: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        PresentationAttackEvidence(kind=EvidenceKind.ACTIVE, score=score, measured_on=Medium.FILM)


def test_screens_of_the_photographs_look_less_genuine_than_the_photographs(
    onnx_engine: OnnxEngine, models_dir: Path, pictures: dict[str, UprightImage], permit: Permit, analysis: Permit
) -> None:
    if not (models_dir / ANTI_SPOOFING.file_name).exists():
        pytest.skip("The optional model of liveness comes by npm, which is not installed.")
    rng = np.random.default_rng(1)
    scores: dict[bool, list[float]] = {True: [], False: []}
    for genuine in _faces_of_a_measured_size(onnx_engine, pictures["group"], permit=permit):
        shown = dataclasses.replace(genuine, pixels=rephotographs.on_screen(np.array(genuine.pixels), rng=rng))
        (face,) = onnx_engine.detect(genuine, permit=permit, max_faces=1)
        for is_genuine, each in ((True, genuine), (False, shown)):
            (said,) = onnx_engine.analyse(each, [face], wanted=WANTED, permit=analysis)
            assert said.liveness is not None
            assert (said.liveness.kind, said.liveness.is_advisory) == (EvidenceKind.PASSIVE, True)
            scores[is_genuine].append(said.liveness.score)

    assert np.mean(scores[True]) > np.mean(scores[False]) + 10


def test_without_its_model_everything_else_goes_on_and_the_command_is_named(
    models_dir: Path, tmp_path: Path, pictures: dict[str, UprightImage], permit: Permit, analysis: Permit
) -> None:
    for card in CORE_MODELS:
        (tmp_path / card.file_name).symlink_to((models_dir / card.file_name).resolve())
    engine = OnnxEngine(tmp_path)
    faces = engine.detect(pictures["person_a_1"], permit=permit)

    with pytest.raises(WeightsMissing, match=r"face-anti-spoofing.*make models.*npm"):
        engine.analyse(pictures["person_a_1"], faces, wanted=WANTED, permit=analysis)


def test_the_documentation_says_the_figures_and_names_what_is_not_told_from_chance() -> None:
    page, known = DOCS.read_text(), figures()

    for share in known.bpcer:
        assert f"| {share.name} | {share.value} % | {share.low} to {share.high} % | {share.n:,} |" in page
    for kind in known.kinds:
        verdict = "yes" if kind.is_better_than_chance else "**no**"
        row = f"| {kind.apcer.name} | {kind.apcer.value} % | {kind.apcer.low} to {kind.apcer.high} % |"
        assert f"{row} {kind.area} | {kind.apcer_unseen} % | {kind.area_unseen} | {verdict} |" in page
    assert f"{known.network_bpcer} %" in page
    assert "no real attack" in page


def _faces_of_a_measured_size(
    engine: OnnxEngine, image: UprightImage, *, permit: Permit, side_px: int = 220
) -> list[UprightImage]:
    """Cut squares around the three largest faces, which are of 100 to 150 px."""
    cut = []
    for face in engine.detect(image, permit=permit, max_faces=3):
        middle = (face.box.left + face.box.width / 2, face.box.top + face.box.height / 2)
        left, top = (
            min(max(0, round(share * length) - side_px // 2), length - side_px)
            for share, length in zip(middle, (image.width, image.height), strict=True)
        )
        pixels = np.ascontiguousarray(image.pixels[top : top + side_px, left : left + side_px])
        cut.append(dataclasses.replace(image, pixels=pixels, width=side_px, height=side_px))
    return cut
