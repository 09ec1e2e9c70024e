"""What the model of expressions is worth, word by word, and the calibration of its shares.

A word is told if, of the people whose faces the model finds to show it most, more were labelled with it than of people
drawn at random: the interval of the difference is Newcombe's (Statistics in Medicine 17, 1998, method 10), of 99 %
because five words are tried (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from benchmarks import drawn_labels, trained
from benchmarks.attribute_raw import Reader
from benchmarks.logistic import area
from benchmarks.rows import Goal, Row

NAME = "emotions"
FOLDS = 8
# People whose faces show an expression most, by the model's share; as many were looked at.
MOST = 60
# Places of the expressions that LFW holds few of among the model's seven shares.
RARE = {"angry": 0, "disgusted": 1, "fear": 2, "sad": 4, "surprised": 5}
_Array = npt.NDArray[np.float64]


def measured(folder: Path, *, reader: Reader, trains: bool = False) -> list[Row]:
    """Return the rows; `trains`: fit and write the calibration, too."""
    from recognition.engines.onnx.attributes import emotions

    faces = [(reader.face(each.path), each) for each in drawn_labels.read(folder, attribute=NAME)]
    known = [each for face, each in faces if face is not None]
    shares = np.stack([reader.shares(face) for face, _ in faces if face is not None])
    names = [*emotions.TOLD, "unknown"]
    truth, weight = np.stack([_truth(each.label, names=names) for each in known]), drawn_labels.weights(known)
    logits = emotions.logits(shares)
    if trains:
        found = _fitted(logits, truth, weight=weight)
        trained.keep_calibration({name: pair for name, pair in zip(emotions.TOLD, found.tolist(), strict=True)})
    lifts = [row for word, place in RARE.items() for row in _lift(word, shares[:, place], known, told=names)]
    said = _cross_validated(logits, truth, weight=weight)
    return [*lifts, *_calibration_rows(said, truth, weight, names=names)]


def _truth(label: str, *, names: list[str]) -> _Array:
    """Return how much each word is true, float64 (7,); two words share."""
    words = [word if word in names else "unknown" for word in label.split()]
    return np.array([words.count(name) / len(words) for name in names])


def _lift(
    word: str, share: npt.NDArray[np.float32], known: list[drawn_labels.Drawn], *, told: Collection[str]
) -> list[Row]:
    has = np.array([word in each.label.split() for each in known])
    is_random = np.array([each.drawn == "random" for each in known])
    first: dict[str, int] = {}
    for place in np.argsort(-share):
        first.setdefault(known[place].identity, int(place))
    most = has[list(first.values())[:MOST]]
    low, high = _difference(most, has[is_random])
    people, n = float(has[is_random].mean()), int(is_random.sum())
    goal = Goal(at_least=0.0) if word in told else None
    return [
        Row(name=f"{NAME}: {word}, of the {MOST} it finds so most", value=100 * float(most.mean()), unit="%", n=MOST),
        Row(name=f"{NAME}: {word}, of people at random", value=100 * people, unit="%", n=n),
        Row(name=f"{NAME}: {word}, difference, lower end of 99 %", value=100 * low, unit="%", n=MOST, goal=goal),
        Row(name=f"{NAME}: {word}, difference, upper end of 99 %", value=100 * high, unit="%", n=MOST),
    ]


def _difference(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> tuple[float, float]:
    (low, high), (other_low, other_high) = _wilson(one), _wilson(other)
    a, b = float(one.mean()), float(other.mean())
    return a - b - math.hypot(a - low, other_high - b), a - b + math.hypot(high - a, b - other_low)


def _wilson(yes: npt.NDArray[np.bool_], z: float = 2.576) -> tuple[float, float]:
    n, share = len(yes), float(yes.mean())
    middle, half = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def _probabilities(logits: _Array, fitted: _Array) -> _Array:
    """Return float64 (n, 7); `fitted`: slopes and offsets, (6, 2)."""
    raw = np.hstack([logits * fitted[:, 0] + fitted[:, 1], np.zeros((len(logits), 1))])
    shares: _Array = np.exp(raw - raw.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _fitted(logits: _Array, truth: _Array, *, weight: _Array) -> _Array:
    """Return slope and offset of each told expression, float64 (6, 2): vector scaling (Guo et al., ICML 2017)."""
    n, counts = logits.shape[1], weight / weight.mean()

    def loss(solution: _Array) -> float:
        both = solution.reshape(n, 2)
        likelihood = (counts[:, None] * truth * np.log(_probabilities(logits, both) + 1e-9)).sum()
        return float(((both[:, 0] - 0.5) ** 2).sum() / 2 - likelihood)

    start = np.tile([0.5, 0.0], n)
    found = minimize(loss, start, method="L-BFGS-B", bounds=[(0.0, 5.0), (-8.0, 8.0)] * n).x.reshape(n, 2)
    return np.asarray(found.round(5), np.float64)


def _cross_validated(logits: _Array, truth: _Array, *, weight: _Array) -> _Array:
    folds = np.random.default_rng(0).permutation(len(truth)) % FOLDS
    said = np.zeros(truth.shape)
    for fold in range(FOLDS):
        held = folds == fold
        said[held] = _probabilities(logits[held], _fitted(logits[~held], truth[~held], weight=weight[~held]))
    return said


def _calibration_rows(said: _Array, truth: _Array, weight: _Array, *, names: list[str]) -> list[Row]:
    """Return areas, and how sure it is against how often it is right, out of cross-validation."""
    rows = []
    for column, name in enumerate(names):
        has, n = (truth[:, column] > 0).astype(float), int((truth[:, column] > 0).sum())
        rows.append(Row(name=f"{NAME}: {name}, area", value=area(said[:, column], has, weight=weight), unit="", n=n))
    best, sure = said[:, :-1].argmax(axis=1), said[:, :-1].max(axis=1)
    right = truth[np.arange(len(truth)), best]
    for low, high in ((0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0)):
        among = (sure >= low) & (sure < high)
        for what, values in (("mean confidence", sure), ("right", right)):
            value, n = 100 * float(np.average(values[among], weights=weight[among])), int(among.sum())
            rows.append(
                Row(name=f"{NAME}: {what}, {100 * low:.0f} to {100 * high:.0f} % sure", value=value, unit="%", n=n)
            )
    return rows
