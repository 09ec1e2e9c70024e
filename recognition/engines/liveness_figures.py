"""What `liveness` was measured to be worth: data for the page, the documentation and whoever asks.

`liveness_figures.json` is written by `benchmarks/liveness.py` on people whom the head was not trained on. Terms of
ISO/IEC 30107-3: BPCER is the share of bona fide presentations that are called attacks, APCER the share of attacks of
one kind that are called bona fide. No attack of these was real: all are simulated.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

PATH: Final = Path(__file__).with_name("liveness_figures.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A measured rate in per cent, with its interval at 95 % over people."""

    name: str
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfAttack:
    """What is known of one kind.

    Attributes:
        apcer: at the threshold, with the shipped head, which was trained on simulations of this kind.
        area: under the ROC curve of the same.
        apcer_unseen: with heads that were trained without this kind: nearer to an attack that nobody foresaw.
        area_unseen: of the same, with the lower end of its interval; 0.5 is chance.
        network_area: of the network's own verdict alone.
        undetected: attacks on which no face was found at all, in per cent; in no other figure.
    """

    apcer: Share
    area: float
    apcer_unseen: float
    area_unseen: float
    area_unseen_low: float
    network_area: float
    undetected: float

    @property
    def is_better_than_chance(self) -> bool:
        """Whether an attack of this kind was told from a person by heads that had never seen one."""
        return self.area_unseen_low > 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LivenessFigures:
    """All figures.

    Attributes:
        threshold: the score below which a face was called an attack.
        bpcer: over all people and by group, and of genuine photographs saved again.
        network_bpcer: of the network alone at its own threshold, in per cent.
        kinds: of attacks.
    """

    threshold: float
    bpcer: tuple[Share, ...]
    network_bpcer: float
    kinds: tuple[KindOfAttack, ...]

    @property
    def missed_by_chance(self) -> float:
        """The APCER, in per cent, of a score that tells nothing apart."""
        return 100.0 - self.threshold


@cache
def figures() -> LivenessFigures:
    """Return the shipped figures."""
    content = json.loads(PATH.read_text())
    return LivenessFigures(
        threshold=content["threshold"],
        bpcer=tuple(Share(**share) for share in content["bpcer"]),
        network_bpcer=content["network_bpcer"],
        kinds=tuple(KindOfAttack(**(kind | {"apcer": Share(**kind["apcer"])})) for kind in content["kinds"]),
    )
