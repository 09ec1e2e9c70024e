"""The bars of quality: each reason, from the faces of real and of made pictures."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from common.permits import Permit
from common.vocabulary import QualityReason
from recognition.engines.base import Box, DetectedFace, Pose, Quality
from recognition.engines.onnx.engine import OnnxEngine
from recognition.engines.quality import HIGH, LOW, MEDIUM, Bar, shortcomings
from recognition.images import UprightImage

R = QualityReason
GOOD = DetectedFace(Box(0.2, 0.2, 0.5, 0.5), 95.0, (), Pose(3.0, 2.0, 0.0), Quality(55.0, 60.0, 90.0))


@pytest.mark.parametrize("bar", [LOW, MEDIUM, HIGH])
def test_a_good_face_passes_every_bar(bar: Bar) -> None:
    assert shortcomings(GOOD, side_px=200, bar=bar) == []


@pytest.mark.parametrize(
    ("changes", "side_px", "reason"),
    [
        ({}, 19, R.SMALL_BOUNDING_BOX),
        ({"confidence": 74.0}, 200, R.LOW_CONFIDENCE),
        ({"quality": Quality(4.0, 60.0, 90.0)}, 200, R.LOW_BRIGHTNESS),
        ({"quality": Quality(55.0, 1.0, 90.0)}, 200, R.LOW_SHARPNESS),
        ({"pose": Pose(45.0, 45.0, 0.0)}, 200, R.EXTREME_POSE),
        ({"quality": Quality(55.0, 60.0, 0.5)}, 200, R.LOW_FACE_QUALITY),
    ],
)
def test_what_a_face_lacks_is_said(changes: dict[str, object], side_px: float, reason: QualityReason) -> None:
    face = dataclasses.replace(GOOD, **changes)  # type: ignore[arg-type]

    assert shortcomings(face, side_px=side_px, bar=LOW) == [reason]


def test_each_bar_is_higher_than_the_one_below() -> None:
    for lower, higher in ((LOW, MEDIUM), (MEDIUM, HIGH)):
        for field in dataclasses.fields(Bar):
            one, other = getattr(lower, field.name), getattr(higher, field.name)
            assert one > other if field.name == "turned" else one < other, field.name


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda p: cv2.GaussianBlur(p, (0, 0), p.shape[1] / 60), R.LOW_SHARPNESS),
        (lambda p: (p // 14).astype(np.uint8), R.LOW_BRIGHTNESS),
        (lambda p: cv2.resize(p, None, fx=0.1, fy=0.1, interpolation=cv2.INTER_AREA), R.SMALL_BOUNDING_BOX),
    ],
)
def test_a_spoiled_photograph_does_not_pass_the_high_bar(
    onnx_engine: OnnxEngine,
    pictures: dict[str, UprightImage],
    permit: Permit,
    spoil: object,
    reason: QualityReason,
) -> None:
    good = pictures["person_a_1"]
    pixels = np.ascontiguousarray(spoil(np.array(good.pixels)))  # type: ignore[operator]
    spoiled = dataclasses.replace(good, pixels=pixels, width=pixels.shape[1], height=pixels.shape[0])

    def lacks(image: UprightImage) -> list[QualityReason]:
        (face,) = onnx_engine.detect(image, permit=permit, max_faces=1)
        side_px = min(face.box.width * image.width, face.box.height * image.height)
        return shortcomings(face, side_px=side_px, bar=HIGH)

    assert lacks(good) == []
    assert reason in lacks(spoiled)
