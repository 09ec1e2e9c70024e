"""What `liveness` is worth on people that its head was not trained on: BPCER, and APCER by kind of simulated attack.

    make bench-liveness DATA=/path/to/lfw-dev

Terms of ISO/IEC 30107-3. A face with a score below the threshold is called an attack; the scale was made on the other
half of the people, so the threshold was chosen there. No attack is real: see `rephotographs.py`. Writes the figures
that page and documentation show (`recognition/engines/liveness_figures.json`).
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt

from benchmarks import attribute_raw, lfw, liveness_faces
from benchmarks.liveness_faces import GENUINE, SAVED_AGAIN, Faces, Numbers
from benchmarks.rephotographs import KINDS
from benchmarks.rows import REPOSITORY, Goal, Row, data_missing, write
from benchmarks.train_liveness import FOLDS, fitted

if TYPE_CHECKING:
    from recognition.engines.liveness_figures import KindOfAttack, LivenessFigures, Share

THRESHOLD = 5.0
DRAWS = 500
_Mask = npt.NDArray[np.bool_]


def main() -> int:
    """Measure, write the figures, print the rows."""
    _, folder = lfw.data_argument(__doc__)
    if folder is None:
        return data_missing(lfw.MISSING.replace("accuracy", "liveness"))
    sys.path.insert(0, str(REPOSITORY / "platform"))
    from recognition.engines import liveness_figures

    faces = liveness_faces.read(folder, half=liveness_faces.JUDGED)
    figures = _figures(faces, males=attribute_raw.genders(folder))
    liveness_figures.PATH.write_text(json.dumps(asdict(figures), indent=2) + "\n")
    return write("liveness", _rows(figures))


def _figures(faces: Faces, *, males: dict[str, bool]) -> LivenessFigures:
    from recognition.engines.liveness_figures import LivenessFigures
    from recognition.engines.onnx.attributes import liveness

    head = liveness.shipped()
    scores = np.interp(head.raw(faces.features), head.quantiles, np.linspace(0.0, 100.0, len(head.quantiles)))
    is_male = np.array([males.get(faces.names[person], np.nan) for person in faces.people], float)
    genuine = faces.kinds == GENUINE
    called = scores < THRESHOLD
    groups = {
        "genuine photographs": genuine,
        "of men": genuine & (is_male == 1),
        "of women": genuine & (is_male == 0),
        "saved again": faces.kinds == SAVED_AGAIN,
    }
    return LivenessFigures(
        threshold=THRESHOLD,
        bpcer=tuple(_share(name, called[group]) for name, group in groups.items()),
        network_bpcer=round(100 * float((faces.verdicts[genuine] > liveness.ITS_THRESHOLD).mean()), 1),
        kinds=tuple(_kind(kind, faces=faces, scores=scores) for kind in KINDS),
    )


def _kind(kind: str, *, faces: Faces, scores: Numbers) -> KindOfAttack:
    from recognition.engines.liveness_figures import KindOfAttack

    attacks, genuine = faces.kinds == kind, faces.kinds == GENUINE
    unseen, called = _unseen(kind, faces=faces)
    area, low = _area(unseen, attacks=attacks, genuine=genuine & (faces.people < liveness_faces.ATTACKED))
    made = int(attacks.sum()) + faces.undetected[kind]
    return KindOfAttack(
        apcer=_share(kind, scores[attacks] >= THRESHOLD),
        area=round(_area(scores, attacks=attacks, genuine=genuine)[0], 3),
        apcer_unseen=round(100 * float((~called[attacks]).mean()), 1),
        area_unseen=round(area, 3),
        area_unseen_low=round(low, 3),
        network_area=round(_area(-faces.verdicts, attacks=attacks, genuine=genuine)[0], 3),
        undetected=round(100 * faces.undetected[kind] / made, 1),
    )


def _unseen(kind: str, *, faces: Faces) -> tuple[Numbers, _Mask]:
    """Judge by heads that were trained on other people and without this kind.

    Returns:
        The share of those other people's genuine photographs that look less genuine, in per cent, and whether that is
        below the threshold; both for each face.
    """
    others = tuple(other for other in KINDS if other != kind)
    shares = np.zeros(len(faces.kinds))
    genuine = faces.kinds == GENUINE
    for fold in range(FOLDS):
        held = faces.people % FOLDS == fold
        head = fitted(faces, kinds=others, chosen=~held)
        raw = head.raw(faces.features)
        scale = np.sort(raw[genuine & ~held])
        shares[held] = 100.0 * np.searchsorted(scale, raw[held]) / len(scale)
    return shares, shares < THRESHOLD


def _area(scores: Numbers, *, attacks: _Mask, genuine: _Mask) -> tuple[float, float]:
    """Return the area under ROC of genuine against attack, and the lower end of its interval at 95 % (bootstrap)."""
    bona_fide, attack = scores[genuine], scores[attacks]
    more = (bona_fide[:, None] > attack[None]) + 0.5 * (bona_fide[:, None] == attack[None])
    rng = np.random.default_rng(0)
    ours, theirs = (rng.multinomial(len(s), np.full(len(s), 1 / len(s)), size=DRAWS) for s in (bona_fide, attack))
    drawn = np.einsum("dg,ga,da->d", ours, more, theirs, optimize=True) / (len(bona_fide) * len(attack))
    return float(more.mean()), float(np.quantile(drawn, 0.025))


def _share(name: str, happened: _Mask) -> Share:
    from recognition.engines.liveness_figures import Share as Measured
    from recognition.evaluation.intervals import draw_subjects, rate_of

    n = len(happened)
    drawn = draw_subjects(n, rng=np.random.default_rng(0))
    rate = rate_of(
        int(happened.sum()),
        trials=n,
        drawn_events=(drawn @ happened).astype(float),
        drawn_trials=np.full(len(drawn), float(n)),
        independent=n,
    )
    value, low, high = (round(100 * each, 1) for each in (rate.value, rate.low, rate.high))
    return Measured(name=name, value=value, low=low, high=high, n=n)


def _rows(figures: LivenessFigures) -> list[Row]:
    most = {"genuine photographs": Goal(at_most=2 * THRESHOLD)}
    rows = [
        Row(name=f"BPCER, {each.name}", value=each.value, unit="%", n=each.n, p95=each.high, goal=most.get(each.name))
        for each in figures.bpcer
    ]
    rows.append(Row(name="BPCER, network alone as published", value=figures.network_bpcer, unit="%", n=rows[0].n))
    for kind in figures.kinds:
        name, n = kind.apcer.name, kind.apcer.n
        rows += [
            Row(name=f"APCER, {name} (simulated)", value=kind.apcer.value, unit="%", n=n, p95=kind.apcer.high),
            Row(name=f"APCER, {name}, kind never trained on", value=kind.apcer_unseen, unit="%", n=n),
            Row(
                name=f"area, {name}",
                value=kind.area,
                unit="",
                n=n,
                baseline="network alone",
                ratio=kind.area / kind.network_area,
                goal=Goal(at_least=1.0, of_ratio=True),
            ),
            Row(name=f"area, {name}, kind never trained on", value=kind.area_unseen, unit="", n=n),
            Row(name=f"no face found, {name}", value=kind.undetected, unit="%", n=n),
        ]
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
