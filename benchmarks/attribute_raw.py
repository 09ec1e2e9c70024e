"""The raw numbers of attributes on labelled photographs, through the engine's own models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import lfw
from benchmarks.attribute_labels import Labelled
from benchmarks.bare import MODELS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from recognition.engines.base import FloatArray
    from recognition.engines.onnx.attributes.mesh import Mesh


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """What the models say of one photograph: descriptions of face and hair, shares of expressions, raw numbers."""

    labelled: Labelled
    parts: tuple[FloatArray, FloatArray]
    hair: FloatArray
    shares: FloatArray
    numbers: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face and its mesh, in a picture: what the models of attributes start from."""

    pixels: npt.NDArray[np.uint8]
    box: FloatArray
    points: FloatArray
    mesh: Mesh


class Reader:
    """All attribute models, loaded; says raw numbers."""

    def __init__(self) -> None:
        from recognition.engines.manifest import AGE, BLENDSHAPES, EMOTION, GENDER, LANDMARKS, YUNET
        from recognition.engines.onnx.attributes.age_gender import AgeReader, GenderReader
        from recognition.engines.onnx.attributes.emotions import EmotionReader
        from recognition.engines.onnx.attributes.mesh import MeshFinder, MovementReader
        from recognition.engines.onnx.loading import Loader
        from recognition.engines.onnx.yunet import YuNet

        loader = Loader(models_dir=MODELS)
        self._detector = YuNet(loader.load(YUNET)[0])
        self._mesh = MeshFinder(loader.load(LANDMARKS)[0])
        self._movements = MovementReader(loader.load(BLENDSHAPES)[0])
        self._age, self._gender = AgeReader(loader.load(AGE)[0]), GenderReader(loader.load(GENDER)[0])
        self._emotions = EmotionReader(loader.load(EMOTION)[0])

    def read(self, labelled: Labelled) -> Raw | None:
        """Return what is said of the face nearest to the middle; None: no face, or no mesh."""
        from recognition.engines.onnx.attributes import appearance, expressions, hair

        face = self.face(labelled.path)
        if face is None:
            return None
        movements = self.movements(face)
        numbers = {
            "smile": expressions.smile_raw(movements),
            "mouth_open": expressions.mouth_raw(movements),
            "eyes_open": expressions.eyes_raw(movements),
            "gender": self._gender.raw(face.pixels, points=face.points),
            "age": self._age.expected(face.pixels, points=face.points),
        }
        return Raw(labelled, appearance.describe(face.mesh), hair.features(face.mesh), self.shares(face), numbers)

    def face(self, path: Path) -> Face | None:
        """Return the face of a photograph that is nearest to its middle."""
        from recognition import images

        return self.face_in(images.decode(path.read_bytes()).pixels)

    def face_in(self, pixels: npt.NDArray[np.uint8]) -> Face | None:
        """Return the face of a picture that is nearest to its middle."""
        from recognition.engines.detections import BOX, POINTS

        found = self._detector.detect(pixels)
        if not len(found):
            return None
        row = lfw.middle_row(found, pixels=pixels)
        points = row[POINTS].reshape(5, 2)
        mesh = self._mesh.find(pixels, box=row[BOX], eyes=points[:2])
        return mesh and Face(pixels, row[BOX], points, mesh)

    def movements(self, face: Face) -> dict[str, float]:
        """Return the movements of a face, by ARKit's names."""
        return self._movements.read(face.mesh)

    def shares(self, face: Face) -> FloatArray:
        """Return the shares of seven expressions, float32 (7,)."""
        return self._emotions.shares(face.pixels, box=face.box, eyes=face.points[:2])


def read_all(photographs: Sequence[Labelled]) -> list[Raw]:
    """Return what is said of those that have a face."""
    from tqdm import tqdm

    reader = Reader()
    answers = (reader.read(each) for each in tqdm(photographs, disable=None, desc="photographs", unit="image"))
    return [answer for answer in answers if answer is not None]


def genders(folder: Path) -> dict[str, bool]:
    """Return who is labelled male, by identity."""
    return {row["identity"]: row["gender"] == "male" for row in lfw.read_rows(folder / "groups.csv") if row["gender"]}
