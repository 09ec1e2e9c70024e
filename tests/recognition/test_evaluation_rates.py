"""Error rates, intervals, searches and groups against plain counting, on made-up people whose truth is known."""

from __future__ import annotations

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.evaluation.comparisons import det_curve, error_rates
from recognition.evaluation.groups import differentials, group_rates
from recognition.evaluation.intervals import draw_subjects, rate_of
from recognition.evaluation.labelled import EvaluationDataInvalid, Labelled
from recognition.evaluation.scores import compare_all
from recognition.evaluation.searches import (
    IdentitiesOverlap,
    false_positive_experiment,
    predicted_fpir,
    search_rates,
)

DIMENSIONS = 16


def people(
    n_subjects: int, *, images: int = 3, spread: float = 0.5, seed: int = 1, groups: tuple[str, ...] = ("",)
) -> Labelled:
    """Random people: each image is its subject's centre with noise; groups are dealt out in turn."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_subjects, DIMENSIONS))
    subjects = np.repeat(np.arange(n_subjects), images)
    vectors = centres[subjects] + spread * rng.normal(size=(len(subjects), DIMENSIONS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = tuple(groups[number % len(groups)] for number in range(n_subjects))
    return Labelled(vectors.astype(np.float32), subjects.astype(np.int64), names)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 12), st.integers(1, 4), st.floats(0.1, 2.0), st.integers(0, 1000))
def test_rates_are_those_of_counting(n_subjects: int, images: int, spread: float, seed: int) -> None:
    data = people(n_subjects, images=images, spread=spread, seed=seed)
    scores = (0.2, 0.6)

    found = error_rates(data, scores=scores, rng=np.random.default_rng(2), draws=10)

    pairs = list(combinations(range(len(data.vectors)), 2))
    for rates in found:
        reached = {p: float(data.vectors[p[0]] @ data.vectors[p[1]]) >= rates.score for p in pairs}
        same = {p: data.subjects[p[0]] == data.subjects[p[1]] for p in pairs}
        assert (rates.fmr.events, rates.fmr.trials) == (
            sum(reached[p] and not same[p] for p in pairs),
            sum(not same[p] for p in pairs),
        )
        assert (rates.fnmr.events, rates.fnmr.trials) == (
            sum(same[p] and not reached[p] for p in pairs),
            sum(same[p] for p in pairs),
        )


def test_a_bootstrap_sample_counts_pairs_of_drawn_subjects() -> None:
    """With the identity as the draw, the sample is the data: the interval of one draw is the rate itself."""
    data = people(8, spread=1.0)

    class Everybody:
        def multinomial(self, n: int, _: object, size: int) -> np.ndarray:
            return np.ones((size, n), np.int64)

    (rates,) = error_rates(data, scores=[0.2], rng=Everybody(), draws=3)  # type: ignore[arg-type]

    assert rates.fmr.low == pytest.approx(rates.fmr.value)
    assert rates.fmr.high == pytest.approx(rates.fmr.value)
    assert rates.fnmr.low == pytest.approx(rates.fnmr.value)


def test_the_interval_covers_the_truth_where_the_subjects_differ() -> None:
    """The truth is that of a large population; samples of it must cover it in about 95 of 100 cases."""
    population = people(400, images=2, spread=0.9, seed=5)
    truth = error_rates(population, scores=[0.5], rng=np.random.default_rng(0), draws=10)[0].fnmr.value
    covered = 0
    for trial in range(60):
        rng = np.random.default_rng(trial)
        chosen = np.zeros(400, bool)
        chosen[rng.choice(400, 60, replace=False)] = True
        rates = error_rates(population.of_subjects(chosen), scores=[0.5], rng=rng, draws=200)[0].fnmr
        covered += rates.low <= truth <= rates.high

    assert covered >= 50


def test_what_was_never_seen_is_bounded_by_the_rule_of_three() -> None:
    rate = rate_of(0, trials=535, drawn_events=np.zeros(5), drawn_trials=np.ones(5), independent=535)

    assert (rate.value, rate.low) == (0.0, 0.0)
    assert rate.high == pytest.approx(0.0056, abs=0.0001)


def test_a_rate_of_nothing_says_nothing() -> None:
    rate = rate_of(0, trials=0, drawn_events=np.zeros(5), drawn_trials=np.zeros(5), independent=0)

    assert math.isnan(rate.value)
    assert (rate.low, rate.high) == (0.0, 1.0)


def test_draws_are_of_whole_subjects() -> None:
    drawn = draw_subjects(7, rng=np.random.default_rng(1), draws=20)

    assert drawn.shape == (20, 7)
    assert set(drawn.sum(axis=1)) == {7}


def test_the_curve_falls_and_is_that_of_the_histogram() -> None:
    data = people(30, spread=0.8)
    histogram = compare_all(data.vectors, identities=data.subjects)

    curve = det_curve(histogram)

    assert len(curve) > 10
    assert all(a.fmr >= b.fmr and a.fnmr <= b.fnmr for a, b in pairwise(curve))
    for point in curve:
        assert 1 - point.fnmr == pytest.approx(histogram.true_match_rate(point.score))


def test_a_curve_needs_both_kinds_of_comparison() -> None:
    alone = people(1, images=4)

    assert det_curve(compare_all(alone.vectors, identities=alone.subjects)) == ()


def test_search_rates_are_those_of_counting() -> None:
    data = people(40, images=3, spread=0.9)

    (rates,) = search_rates(data, gallery_size=25, scores=[0.5], fmrs=[1e-3], rng=np.random.default_rng(3))

    assert rates.gallery_size == 25
    assert rates.fpir.trials == 15 * 3
    assert rates.fnir.trials == 25 * 2
    assert 0.0 <= rates.rank_one <= 1.0
    assert rates.predicted_fpir == pytest.approx(1 - (1 - 1e-3) ** 25)


def test_a_larger_gallery_gives_more_false_positives() -> None:
    data = people(400, images=2, spread=1.0)

    small, large = (
        search_rates(data, gallery_size=size, scores=[0.6], fmrs=[1e-3], rng=np.random.default_rng(4))[0].fpir.value
        for size in (20, 300)
    )

    assert small < large


def test_a_gallery_of_everybody_cannot_be_measured() -> None:
    with pytest.raises(EvaluationDataInvalid, match="outside"):
        search_rates(people(20), gallery_size=15, scores=[0.5], fmrs=[1e-3], rng=np.random.default_rng(1))


@pytest.mark.parametrize(
    ("fmr", "size", "expected"), [(2.15e-6, 1_000_000, 0.88), (2.15e-6, 1_000, 0.002), (1.0, 1, 1.0)]
)
def test_the_prediction_is_the_one_of_the_paper(fmr: float, size: int, expected: float) -> None:
    assert predicted_fpir(fmr, gallery_size=size) == pytest.approx(expected, rel=0.1)


def test_every_candidate_of_the_experiment_is_false() -> None:
    gallery, probes = people(30, seed=1), people(20, seed=2, groups=("a", "b"))

    low, high = false_positive_experiment(
        gallery.vectors, probes=probes, shared_subjects=0, scores=(-1.0, 1.1), rng=np.random.default_rng(1)
    )

    assert (low.fpir.value, low.candidates) == (1.0, 20 * 3 * 30 * 3)
    assert (high.fpir.events, high.candidates) == (0, 0)
    assert high.fpir.high == pytest.approx(3 / 20)
    assert [name for name, _ in low.by_group] == ["a", "b"]
    assert [rate.trials for _, rate in low.by_group] == [30, 30]


def test_the_experiment_refuses_people_who_are_in_the_gallery() -> None:
    probes = people(5)

    with pytest.raises(IdentitiesOverlap):
        false_positive_experiment(
            probes.vectors, probes=probes, shared_subjects=2, scores=(0.5,), rng=np.random.default_rng(1)
        )


def test_the_experiment_needs_somebody_on_both_sides() -> None:
    with pytest.raises(EvaluationDataInvalid):
        false_positive_experiment(
            np.empty((0, DIMENSIONS), np.float32),
            probes=people(5),
            shared_subjects=0,
            scores=(0.5,),
            rng=np.random.default_rng(1),
        )


def test_the_worst_group_is_named_with_its_ratio() -> None:
    """Group b's people look alike: their centres lie close together."""
    fair = people(40, seed=1, groups=("a", "b"))
    vectors = fair.vectors.copy()
    is_b = (fair.subjects % 2) == 1
    vectors[is_b] += 0.5
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    data = Labelled(vectors, fair.subjects, fair.groups)

    groups = group_rates(data, scores=[0.5], rng=np.random.default_rng(1))
    (differential,) = differentials(groups)

    assert [(group.name, group.n_subjects) for group in groups] == [("a", 20), ("b", 20)]
    assert differential.worst_fmr_group == "b"
    a, b = (group.rates[0].fmr for group in groups)
    assert differential.worst_fmr_ratio == pytest.approx(
        (b.events / b.trials) / math.sqrt(max(a.events, 0.5) / a.trials * b.events / b.trials)
    )


def test_one_group_alone_has_no_differential() -> None:
    assert differentials(group_rates(people(10, groups=("a",)), scores=[0.5], rng=np.random.default_rng(1))) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda data: Labelled(data.vectors[:-1], data.subjects, data.groups),
        lambda data: Labelled(data.vectors, data.subjects, data.groups[:-1]),
        lambda data: Labelled(data.vectors * 2, data.subjects, data.groups),
    ],
)
def test_data_that_contradict_themselves_are_refused(wrong: object) -> None:
    with pytest.raises(EvaluationDataInvalid):
        wrong(people(3))  # type: ignore[operator]
