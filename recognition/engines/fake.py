"""A deterministic engine for the fastest unit tests; never for acceptance, and no production setting names it.

Its "faces" are blocks that `face_picture` draws: a magenta frame, in it the colour of an identity and the colour of a
variant. Two variants of an identity match as two photographs of a person do; two identities do not.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from common.permits import Permit, require_permit
from common.vocabulary import FaceAttribute, Operation
from recognition.engines.attributes import AgeRange, Attributes, Choice, Emotion, EyeDirection, Presence
from recognition.engines.base import MAX_FACES, Box, DetectedFace, FloatArray, Landmark, Pose, Quality, Template
from recognition.engines.errors import EngineInWrongProcess, require_offered
from recognition.engines.presentation_attacks import EvidenceKind, Medium, PresentationAttackEvidence
from recognition.evaluation.calibration import Calibration, Provenance
from recognition.images import UprightImage

_FRAME_PX = 4
_MAIN_FACE_PX = 96
_OTHER_FACE_PX = 48
_GAP_PX = 16
_FRAME_RGB = (255, 0, 255)
_BACKGROUND_RGB = (96, 112, 96)
_DIMENSIONS = 128
# Share of a variant's own noise in its template: two variants have a cosine of about 0.8.
_VARIANT_SHARE = 0.5
_LANDMARKS = {
    "eyeLeft": (0.3, 0.4),
    "eyeRight": (0.7, 0.4),
    "nose": (0.5, 0.6),
    "mouthLeft": (0.35, 0.8),
    "mouthRight": (0.65, 0.8),
}
LIVENESS = PresentationAttackEvidence(kind=EvidenceKind.PASSIVE, score=75.0, measured_on=Medium.PHOTOGRAPH)
_CALIBRATION = Calibration(
    anchors=((-1.0, 0.0), (0.0, 0.3), (0.45, 4.0), (0.6, 6.0), (1.0, 12.0)),
    supported_score=0.6,
    provenance=Provenance("drawn blocks", 0, 0, "none", "Made up: random unit vectors have no false match rate."),
)


def face_picture(identity: int = 1, *, others: Sequence[int] = (), variant: int = 0) -> bytes:
    """Draw a PNG that the fake engine finds faces in: a large one, and a smaller one for each of `others`.

    Args:
        identity: 0 … 2^24 - 1, but not the frame's own colour.
        others: further identities, to the right of the first.
        variant: another "photograph" of the same people: other bytes, similar templates.
    """
    width = _GAP_PX + _MAIN_FACE_PX + _GAP_PX + len(others) * (_OTHER_FACE_PX + _GAP_PX)
    canvas = np.full((_MAIN_FACE_PX + 2 * _GAP_PX, width, 3), _BACKGROUND_RGB, np.uint8)
    left = _GAP_PX
    for number, person in enumerate((identity, *others)):
        side = _OTHER_FACE_PX if number else _MAIN_FACE_PX
        _draw(canvas[_GAP_PX : _GAP_PX + side, left : left + side], identity=person, variant=variant)
        left += side + _GAP_PX
    with io.BytesIO() as file:
        Image.fromarray(canvas).save(file, "PNG")
        return file.getvalue()


def _draw(block: npt.NDArray[np.uint8], *, identity: int, variant: int) -> None:
    if _colour(identity) == _FRAME_RGB or _colour(variant) == _FRAME_RGB:
        raise ValueError("This identity has the colour of the frame.")
    block[:] = _FRAME_RGB
    inner = block[_FRAME_PX:-_FRAME_PX, _FRAME_PX:-_FRAME_PX]
    inner[: len(inner) // 2] = _colour(identity)
    inner[len(inner) // 2 :] = _colour(variant)


def _colour(number: int) -> tuple[int, ...]:
    return tuple(number.to_bytes(3, "big"))


class FakeEngine:
    """Finds drawn blocks. The same Protocol, permits and process guard as a real engine."""

    name = "fake"
    version = "fake@1"
    dimensions = _DIMENSIONS
    calibration = _CALIBRATION
    attributes = frozenset(FaceAttribute)
    attributes_version = "fake-attributes@1"

    def __init__(self) -> None:
        self._process = os.getpid()

    def detect(
        self, image: UprightImage, *, permit: Permit, max_faces: int = MAX_FACES, thorough: bool = False
    ) -> tuple[DetectedFace, ...]:
        """Find the drawn blocks, largest first."""
        self._check(permit)
        mask = np.all(image.pixels == np.array(_FRAME_RGB[::-1], np.uint8), axis=2).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        blocks = [tuple(int(value) for value in row[:4]) for row in stats[1:] if row[2] == row[3] > 2 * _FRAME_PX]
        blocks.sort(key=lambda block: (-block[2], block[0], block[1]))
        return tuple(_face(block, image=image) for block in blocks[:max_faces])

    def extract(self, image: UprightImage, faces: Sequence[DetectedFace], *, permit: Permit) -> tuple[Template, ...]:
        """Make the template of each block from its two colours."""
        self._check(permit)
        return tuple(Template(_vector(*_read(face, image=image)), self.version) for face in faces)

    def analyse(
        self, image: UprightImage, faces: Sequence[DetectedFace], *, wanted: frozenset[FaceAttribute], permit: Permit
    ) -> tuple[Attributes, ...]:
        """Read attributes off the two colours: the same for one drawing always, others for another."""
        self._check(permit)
        require_permit(permit, operations={Operation.ANALYSE_ATTRIBUTES})
        require_offered(wanted, offered=self.attributes)
        return tuple(_attributes(face, image=image, wanted=wanted) for face in faces)

    def _check(self, permit: Permit) -> None:
        require_permit(permit)
        if os.getpid() != self._process:
            raise EngineInWrongProcess()


def _face(block: tuple[int, ...], *, image: UprightImage) -> DetectedFace:
    left, top, width, height = block
    box = Box(left / image.width, top / image.height, width / image.width, height / image.height)
    landmarks = tuple(
        Landmark(kind, box.left + x * box.width, box.top + y * box.height) for kind, (x, y) in _LANDMARKS.items()
    )
    return DetectedFace(box, 99.0, landmarks, Pose(0.0, 0.0, 0.0), Quality(60.0, 80.0, 90.0))


def _attributes(face: DetectedFace, *, image: UprightImage, wanted: frozenset[FaceAttribute]) -> Attributes:
    identity, variant = (int.from_bytes(colour) for colour in _read(face, image=image))
    age = 20 + identity % 50
    smiles = Presence(variant % 2 == 0, 97.0)
    no = Presence(False, 90.0)
    landmarks = (*face.landmarks, Landmark("chinBottom", *_bottom(face.box)))
    everything: dict[str, object] = {
        "age_range": AgeRange(age - 4, age + 4),
        "beard": no,
        "emotions": (Emotion("happy" if smiles.value else "calm", 95.0), Emotion("sad", 5.0)),
        "eye_direction": EyeDirection(0.0, 0.0, 90.0),
        "eyeglasses": Presence(identity % 3 == 0, 90.0),
        "eyes_open": Presence(True, 99.0),
        "face_occluded": no,
        "gender": Choice("female" if identity % 2 else "male", 96.0),
        "hair_colour": Choice("brown", 80.0),
        "landmarks": landmarks,
        "liveness": LIVENESS,
        "moustache": no,
        "mouth_open": no,
        "smile": smiles,
        "sunglasses": no,
    }
    return Attributes(**{name: everything[name] for name in wanted})  # type: ignore[arg-type]


def _bottom(box: Box) -> tuple[float, float]:
    return box.left + box.width / 2, box.top + box.height


def _read(face: DetectedFace, *, image: UprightImage) -> tuple[bytes, bytes]:
    """Return the two colours inside the frame: bytes that stand for identity and variant."""
    column = int((face.box.left + face.box.width / 2) * image.width)
    rows = [int((face.box.top + share * face.box.height) * image.height) for share in (0.3, 0.7)]
    identity, variant = (image.pixels[row, column, ::-1].tobytes() for row in rows)
    return identity, variant


def _vector(identity: bytes, variant: bytes) -> FloatArray:
    person = _noise(b"identity" + identity)
    photograph = _noise(b"variant" + identity + variant)
    mixed = person + _VARIANT_SHARE * photograph
    vector = (mixed / np.linalg.norm(mixed)).astype(np.float32)
    vector.setflags(write=False)
    return vector


def _noise(seed: bytes) -> npt.NDArray[np.float64]:
    """Return a unit vector that depends on the seed alone (SHAKE-256), on every machine and version."""
    raw = np.frombuffer(hashlib.shake_256(seed).digest(8 * _DIMENSIONS), "<u8").astype(np.float64)
    centred = raw / 2.0**64 - 0.5
    return centred / float(np.linalg.norm(centred))
