"""Which attributes take which models: each is loaded when it is first needed, and run only when it was asked for."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from common.vocabulary import FaceAttribute
from recognition.engines.attributes import Attributes
from recognition.engines.base import DetectedFace, FloatArray
from recognition.engines.detections import points_of
from recognition.engines.manifest import (
    AGE,
    ANTI_SPOOFING,
    ATTRIBUTE_MODELS,
    BLENDSHAPES,
    EMOTION,
    GENDER,
    LANDMARKS,
    ModelCard,
)
from recognition.engines.onnx.attributes import appearance, calibration, expressions, gaze, hair, liveness
from recognition.engines.onnx.attributes.age_gender import AgeReader, GenderReader
from recognition.engines.onnx.attributes.emotions import EmotionReader
from recognition.engines.onnx.attributes.liveness import LivenessReader
from recognition.engines.onnx.attributes.mesh import Mesh, MeshFinder, MovementReader
from recognition.engines.onnx.loading import Loader
from recognition.engines.onnx.session import Backend, Session

# Raised whenever the same photograph would give other attributes: crops, rules, features.
PREPROCESSING: Final = 3

A = FaceAttribute
_MOVED: Final = frozenset({A.EYE_DIRECTION, A.EYES_OPEN, A.MOUTH_OPEN, A.SMILE})
_APPEARANCE: Final = frozenset({A.BEARD, A.EYEGLASSES, A.FACE_OCCLUDED, A.MOUSTACHE, A.SUNGLASSES})
_MESHED: Final = _MOVED | _APPEARANCE | {A.HAIR_COLOUR, A.LANDMARKS}
OFFERED: Final = _MESHED | {A.AGE_RANGE, A.EMOTIONS, A.GENDER, A.LIVENESS}

R = TypeVar("R")


class Analyser:
    """Loads lazily, under a lock; shared by threads."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._lock = threading.RLock()
        self._readers: dict[str, object] = {}
        self.backends: dict[str, Backend] = {}

    @cached_property
    def version(self) -> str:
        """Name models, pre-processing, heads and calibration by digest."""
        parts = [card.sha256 for card in (*ATTRIBUTE_MODELS, ANTI_SPOOFING)]
        parts += [
            hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (appearance.PATH, hair.PATH, liveness.PATH, calibration.PATH)
        ]
        digest = hashlib.sha256("\n".join([*parts, str(PREPROCESSING)]).encode()).hexdigest()
        return f"attributes@{digest[:12]}"

    def analyse(
        self, pixels: npt.NDArray[np.uint8], face: DetectedFace, *, wanted: frozenset[FaceAttribute]
    ) -> Attributes:
        """Return what was asked of one face.

        Args:
            pixels: uint8 (h, w, 3), BGR, the picture that it was found in.
            face: where it is.
            wanted: some of `OFFERED`.
        """
        points = points_of(face, pixels=pixels)
        box = _box(face, pixels=pixels)
        answers: dict[str, object] = {}
        if wanted & _MESHED:
            mesh = self._reader(LANDMARKS, MeshFinder).find(pixels, box=box, eyes=points[:2])
            if mesh is not None:
                answers |= self._of_mesh(mesh, face=face, pixels=pixels, wanted=wanted)
        if A.AGE_RANGE in wanted:
            answers["age_range"] = self._reader(AGE, AgeReader).read(pixels, points=points)
        if A.GENDER in wanted:
            answers["gender"] = self._reader(GENDER, GenderReader).read(pixels, points=points)
        if A.EMOTIONS in wanted:
            answers["emotions"] = self._reader(EMOTION, EmotionReader).read(pixels, box=box, eyes=points[:2])
        if A.LIVENESS in wanted:
            answers["liveness"] = self._reader(ANTI_SPOOFING, LivenessReader).read(pixels, box=box)
        return Attributes(**answers)  # type: ignore[arg-type]  # each reader returns its field's type

    def _of_mesh(
        self, mesh: Mesh, *, face: DetectedFace, pixels: npt.NDArray[np.uint8], wanted: frozenset[FaceAttribute]
    ) -> dict[str, object]:
        answers: dict[str, object] = {}
        if A.LANDMARKS in wanted:
            height, width = pixels.shape[:2]
            answers["landmarks"] = (*face.landmarks, *mesh.landmarks(width=width, height=height))
        if wanted & _MOVED:
            movements = self._reader(BLENDSHAPES, MovementReader).read(mesh)
            of_movements: dict[FaceAttribute, Callable[[], object]] = {
                A.SMILE: lambda: expressions.smile(movements),
                A.MOUTH_OPEN: lambda: expressions.mouth_open(movements),
                A.EYES_OPEN: lambda: expressions.eyes_open(movements),
                A.EYE_DIRECTION: lambda: gaze.read(movements, head=face.pose),
            }
            answers |= {name.value: read() for name, read in of_movements.items() if name in wanted}
        if A.HAIR_COLOUR in wanted:
            answers["hair_colour"] = hair.read(mesh)
        if wanted & _APPEARANCE:
            answers |= appearance.read(mesh, names=[name.value for name in sorted(wanted & _APPEARANCE)])
        return answers

    def _reader(self, card: ModelCard, kind: Callable[[Session], R]) -> R:
        reader = self._readers.get(card.name)
        if reader is None:
            with self._lock:
                reader = self._readers.get(card.name)
                if reader is None:
                    session, self.backends[card.name] = self._loader.load(card)
                    reader = self._readers[card.name] = kind(session)
        return reader  # type: ignore[return-value]  # each card has one kind


def _box(face: DetectedFace, *, pixels: npt.NDArray[np.uint8]) -> FloatArray:
    height, width = pixels.shape[:2]
    box = face.box
    return np.array([box.left * width, box.top * height, box.width * width, box.height * height], np.float32)
