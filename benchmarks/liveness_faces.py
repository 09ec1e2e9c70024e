"""Genuine photographs of LFW and simulated attacks with them, as the head of `liveness` sees them.

People are parted in two once and for all: `FITTED` trains the head and makes its scale, `JUDGED` measures. One
photograph of each person.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from benchmarks import lfw, rephotographs
from benchmarks.bare import MODELS
from benchmarks.rephotographs import KINDS, Pixels

if TYPE_CHECKING:
    from recognition.engines.onnx.attributes.liveness import Look

GENUINE: Final = "genuine"
SAVED_AGAIN: Final = "saved again"
FITTED: Final = 0
JUDGED: Final = 1
# Attacks are made of so many people of each half: printing a face takes longer than judging it.
ATTACKED: Final = 400
# What is looked at of a photograph of 250 px: the face and what is around it.
_MIDDLE: Final = slice(40, 210)
_SEED: Final = 30107  # ISO/IEC 30107

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """What was seen, a row for each face that was found.

    Attributes:
        kinds: `genuine`, `saved again` or one of `KINDS`.
        people: int64 (n,): of whom the photograph is.
        features: float64 (n, features).
        verdicts: float64 (n,): what the network says alone.
        undetected: attacks and photographs on which no face was found, by kind.
        names: of the people.
    """

    kinds: npt.NDArray[np.str_]
    people: npt.NDArray[np.int64]
    features: Numbers
    verdicts: Numbers
    undetected: dict[str, int]
    names: tuple[str, ...]


class Looker:
    """Detector and network, loaded."""

    def __init__(self) -> None:
        from recognition.engines.manifest import ANTI_SPOOFING, YUNET
        from recognition.engines.onnx.attributes.liveness import LivenessReader
        from recognition.engines.onnx.loading import Loader
        from recognition.engines.onnx.yunet import YuNet

        loader = Loader(models_dir=MODELS)
        self._detector = YuNet(loader.load(YUNET)[0])
        self._reader = LivenessReader(loader.load(ANTI_SPOOFING)[0])

    def look(self, pixels: Pixels) -> Look | None:
        """Return what is seen of the face nearest to the middle; None: there is none."""
        from recognition.engines.detections import BOX

        found = self._detector.detect(pixels)
        if not len(found):
            return None
        return self._reader.look(pixels, box=lfw.middle_row(found, pixels=pixels)[BOX])


def read(folder: Path, *, half: int) -> Faces:
    """Return the faces of one half of the people; attacks of the first `ATTACKED` of them."""
    from tqdm import tqdm

    from recognition import images

    looker = Looker()
    photographs = [sorted(person.glob("*.jpg"))[0] for person in sorted((folder / "images").iterdir())]
    mine = np.random.default_rng(_SEED).permutation(len(photographs))[half::2]
    seen: list[tuple[str, int, npt.NDArray[np.float32], float]] = []
    undetected = dict.fromkeys((GENUINE, SAVED_AGAIN, *KINDS), 0)
    for number, index in enumerate(tqdm(mine, disable=None, desc="people", unit="person")):
        genuine = images.decode(photographs[index].read_bytes()).pixels[_MIDDLE, _MIDDLE]
        for kind, pixels in _pictures(np.ascontiguousarray(genuine), is_attacked=number < ATTACKED, seed=int(index)):
            if (said := looker.look(pixels)) is None:
                undetected[kind] += 1
            else:
                seen.append((kind, number, said.features, said.verdict))
    kinds, people, features, verdicts = zip(*seen, strict=True)
    return Faces(
        kinds=np.array(kinds),
        people=np.array(people),
        features=np.stack(features).astype(np.float64),
        verdicts=np.array(verdicts),
        undetected=undetected,
        names=tuple(photographs[index].parent.name for index in mine),
    )


def _pictures(genuine: Pixels, *, is_attacked: bool, seed: int) -> list[tuple[str, Pixels]]:
    """Return the photograph and, drawn for this person always alike, what is made of it."""
    pictures = [(GENUINE, genuine)]
    if is_attacked:
        rng = np.random.default_rng((_SEED, seed))
        pictures.append((SAVED_AGAIN, rephotographs.saved_again(genuine, rng=rng)))
        pictures += [(kind, make(genuine, rng=rng)) for kind, make in KINDS.items()]
    return pictures
