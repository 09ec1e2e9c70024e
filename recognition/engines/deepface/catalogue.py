"""What can be chosen of the deepface library, and which files each choice needs. Imports nothing of the library.

An engine is named `deepface:<detector>+<model>`, both as the library spells them: `deepface:yunet+SFace`. Detectors and
recognisers are all there is: of the library's analyses (age, gender, emotion, race, spoofing) none can be named.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from recognition.engines.errors import EngineUnknown
from recognition.engines.manifest import SFACE, YUNET, ModelCard

PREFIX: Final = "deepface"
FOLDER: Final = "deepface"


class Alignment(StrEnum):
    """How a face is cut out for a recogniser: as it was when the recogniser was trained.

    `FIVE_POINTS` is the alignment of the default engine (`engines.alignment`, ArcFace's 112 px template): on the same
    weights its templates are the same. `BOX` is the library's own: the box, turned until the eyes are level.
    """

    FIVE_POINTS = "five points"
    BOX = "box"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """A detector of the library.

    Attributes:
        name: as the library spells it.
        files: weight files, relative to `$CUSTOS_MODELS_DIR/deepface`.
        packages: further Python distributions of which it needs one; some carry their weights inside.
        has_points: whether it gives all five points itself. For the others YuNet finds them, around each box.
    """

    name: str
    files: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    has_points: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recogniser:
    """A template model of the library: name, weight files, distributions, and how its faces are cut out."""

    name: str
    files: tuple[str, ...]
    packages: tuple[str, ...] = ()
    alignment: Alignment = Alignment.BOX


YUNET_FILE: Final = "face_detection_yunet_2023mar.onnx"
SFACE_FILE: Final = "face_recognition_sface_2021dec.onnx"
# The library's names of what `fetch_models` installs.
SHIPPED: Final[dict[str, ModelCard]] = {YUNET_FILE: YUNET, SFACE_FILE: SFACE}

_YOLO_SIZES: Final = ("8n", "8m", "8l", "11n", "11s", "11m", "11l", "12n", "12s", "12m", "12l")
_DETECTORS: Final = (
    Detector(name="yunet", files=(YUNET_FILE,), has_points=True),
    Detector(name="centerface", files=("centerface.onnx",)),
    # This package looks for its weights itself, below DEEPFACE_HOME.
    Detector(name="retinaface", files=(".deepface/weights/retinaface.h5",), packages=("retina-face",), has_points=True),
    Detector(name="opencv", files=("haarcascade_frontalface_default.xml", "haarcascade_eye.xml")),
    Detector(name="ssd", files=("deploy.prototxt", "res10_300x300_ssd_iter_140000.caffemodel")),
    Detector(name="dlib", files=("shape_predictor_5_face_landmarks.dat",), packages=("dlib", "dlib-bin")),
    Detector(name="mtcnn", packages=("mtcnn",)),
    Detector(name="fastmtcnn", packages=("facenet-pytorch",)),
    Detector(name="mediapipe", packages=("mediapipe",)),
    *(
        Detector(name=f"yolov{size}", files=(f"yolov{size}-face.pt",), packages=("ultralytics",))
        for size in _YOLO_SIZES
    ),
)
_RECOGNISERS: Final = (
    Recogniser(name="SFace", files=(SFACE_FILE,), alignment=Alignment.FIVE_POINTS),
    Recogniser(name="ArcFace", files=("arcface_weights.onnx",), alignment=Alignment.FIVE_POINTS),
    Recogniser(name="GhostFaceNet", files=("ghostfacenet_v1.onnx",), alignment=Alignment.FIVE_POINTS),
    Recogniser(
        name="Buffalo_L",
        files=("buffalo_l/webface_r50.onnx",),
        packages=("insightface",),
        alignment=Alignment.FIVE_POINTS,
    ),
    Recogniser(name="Facenet", files=("facenet_weights.onnx",)),
    Recogniser(name="Facenet512", files=("facenet512_weights.onnx",)),
    Recogniser(name="VGG-Face", files=("vgg_face_weights.onnx",)),
    Recogniser(name="OpenFace", files=("openface_weights.onnx",)),
    Recogniser(name="DeepFace", files=("VGGFace2_DeepFace_weights_val-0.9034.onnx",)),
    Recogniser(name="DeepID", files=("deepid_weights.onnx",)),
    Recogniser(name="Dlib", files=("dlib_face_recognition_resnet_model_v1.dat",), packages=("dlib", "dlib-bin")),
)
DETECTORS: Final = {detector.name: detector for detector in _DETECTORS}
RECOGNISERS: Final = {recogniser.name: recogniser for recogniser in _RECOGNISERS}


def parse(selection: str) -> tuple[Detector, Recogniser]:
    """Read `<detector>+<model>`.

    Raises:
        EngineUnknown: it has another form, or the library has no such detector or recogniser.
    """
    detector, plus, recogniser = selection.partition("+")
    if not plus:
        raise EngineUnknown(f"An engine of the deepface library is named {PREFIX}:<detector>+<model>.")
    if detector not in DETECTORS:
        raise EngineUnknown(f"The deepface library's detectors: {', '.join(DETECTORS)}.")
    if recogniser not in RECOGNISERS:
        raise EngineUnknown(f"The deepface library's recognition models: {', '.join(RECOGNISERS)}.")
    return DETECTORS[detector], RECOGNISERS[recogniser]


def folder_of(models_dir: Path) -> Path:
    """Return where the library's weights and their calibrations lie."""
    return models_dir / FOLDER
