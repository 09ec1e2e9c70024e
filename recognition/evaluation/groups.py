"""How unevenly errors fall on groups of people (ISO/IEC 19795-10): rates of each, and the worst against the mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from recognition.evaluation.comparisons import ErrorRates, error_rates
from recognition.evaluation.intervals import Rate
from recognition.evaluation.labelled import Labelled

# A rate that was never seen is not zero: without a floor a single group without errors would make every ratio endless.
_LEAST_EVENTS: Final = 0.5


@dataclass(frozen=True, slots=True)
class GroupRates:
    """The errors among the people of one group: both sides of every comparison belong to it."""

    name: str
    n_subjects: int
    n_templates: int
    rates: tuple[ErrorRates, ...]


@dataclass(frozen=True, slots=True)
class Differential:
    """How much worse than the geometric mean over the groups the worst one is, at one threshold.

    Attributes:
        worst_fmr_ratio, worst_fnmr_ratio: worst group's rate over the geometric mean; 1 means no difference.
        worst_fmr_group, worst_fnmr_group: which group it is.
    """

    score: float
    worst_fmr_ratio: float
    worst_fmr_group: str
    worst_fnmr_ratio: float
    worst_fnmr_group: str


def group_rates(data: Labelled, *, scores: Sequence[float], rng: np.random.Generator) -> tuple[GroupRates, ...]:
    """Return the error rates within each group of at least ten people."""
    found = []
    for name in data.group_names():
        members = data.of_group(name)
        rates = error_rates(members, scores=scores, rng=rng)
        found.append(GroupRates(name, members.n_subjects, len(members.vectors), rates))
    return tuple(found)


def differentials(groups: Sequence[GroupRates]) -> tuple[Differential, ...]:
    """Return the worst-case ratios at each threshold; nothing for fewer than two groups."""
    if len(groups) < 2:
        return ()
    found = []
    for number, at in enumerate(groups[0].rates):
        fmr_ratio, fmr_group = _worst({group.name: group.rates[number].fmr for group in groups})
        fnmr_ratio, fnmr_group = _worst({group.name: group.rates[number].fnmr for group in groups})
        found.append(Differential(at.score, fmr_ratio, fmr_group, fnmr_ratio, fnmr_group))
    return tuple(found)


def _worst(rates: dict[str, Rate]) -> tuple[float, str]:
    values = {name: max(rate.events, _LEAST_EVENTS) / rate.trials for name, rate in rates.items() if rate.trials}
    if len(values) < 2:
        return float("nan"), ""
    mean = math.exp(sum(map(math.log, values.values())) / len(values))
    name = max(values, key=lambda each: values[each])
    return values[name] / mean, name
