"""Error rates against plain counting: over all pairs, over folds, at a rate, and where the two rates meet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognition.evaluation.calibration import CalibrationInvalid, Provenance, fit
from recognition.evaluation.curves import (
    Labels,
    Scores,
    best_threshold,
    equal_error_rate,
    folded_accuracy,
    true_match_rate_at,
)
from recognition.evaluation.scores import BINS, compare_all

PROVENANCE = Provenance("drawn numbers", 1, 1, "none", "Made up for tests.")


@st.composite
def _pairs(draw: st.DrawFn) -> tuple[Scores, Labels]:
    """Different scores of some genuine and some impostor pairs, at least one of each."""
    values = draw(st.lists(st.integers(-1_000, 1_000), min_size=2, max_size=60, unique=True))
    genuine = draw(st.lists(st.booleans(), min_size=len(values) - 2, max_size=len(values) - 2))
    return np.array(values, np.float32) / 1_000, np.array([True, False, *genuine])


@given(_pairs())
def test_no_threshold_gives_more_right_answers_than_the_best_one(pairs: tuple[Scores, Labels]) -> None:
    scores, genuine = pairs

    best = best_threshold(scores, genuine)

    right = [int(np.sum((scores >= threshold) == genuine)) for threshold in [*np.unique(scores), np.inf]]
    assert int(np.sum((scores >= best) == genuine)) == max(right)
    assert best in {*scores.tolist(), float("inf")}


@given(_pairs(), st.floats(0.0, 1.0))
def test_the_match_rate_at_a_false_match_rate_is_that_of_counting(pairs: tuple[Scores, Labels], fmr: float) -> None:
    scores, genuine = pairs
    strangers = scores[~genuine]

    rate = true_match_rate_at(scores, genuine, fmr=fmr)

    allowed = int(len(strangers) * fmr)
    thresholds = [t for t in strangers if np.sum(strangers > t) <= allowed]
    assert rate == pytest.approx(max(float(np.mean(scores[genuine] > t)) for t in thresholds))


@given(_pairs())
def test_the_equal_error_rate_lies_between_the_two_rates_that_are_nearest(pairs: tuple[Scores, Labels]) -> None:
    scores, genuine = pairs

    rate = equal_error_rate(scores, genuine)

    counted = [(float(np.mean(scores[~genuine] >= t)), float(np.mean(scores[genuine] < t))) for t in np.unique(scores)]
    gap = min(abs(fmr - fnmr) for fmr, fnmr in counted)
    means = [(fmr + fnmr) / 2 for fmr, fnmr in counted if abs(fmr - fnmr) <= gap + 1e-9]
    assert any(rate == pytest.approx(mean) for mean in means)


def test_scores_that_separate_have_no_errors() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.1, 0.2, 0.3], np.float32)
    genuine = np.array([True] * 3 + [False] * 3)

    assert 0.3 < best_threshold(scores, genuine) <= np.float32(0.7)
    assert true_match_rate_at(scores, genuine, fmr=0.0) == 1.0
    assert equal_error_rate(scores, genuine) == 0.0


def test_each_fold_is_judged_at_the_threshold_of_the_others() -> None:
    """One fold whose scores lie higher than all others': its impostors are taken for mates."""
    mates = np.array([0.5, 0.5, 0.5, 0.9], np.float32)
    strangers = np.array([0.1, 0.1, 0.1, 0.6], np.float32)
    scores, genuine = np.concatenate([mates, strangers]), np.array([True] * 4 + [False] * 4)

    accuracy = folded_accuracy(scores, genuine, folds=4)

    assert accuracy.mean == pytest.approx((1 + 1 + 1 + 0.5) / 4)
    assert accuracy.deviation == pytest.approx(float(np.std([1, 1, 1, 0.5])))


@pytest.mark.parametrize("count", [2, 7, 1_500])
def test_every_template_is_compared_with_every_other_once(count: int) -> None:
    """Also where the comparison is done in parts."""
    random = np.random.default_rng(count)
    vectors = random.standard_normal((count, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    identities = random.integers(0, max(2, count // 3), count)

    histogram = compare_all(vectors, identities=identities)

    one, two = np.triu_indices(count, k=1)
    same = identities[one] == identities[two]
    assert (histogram.genuine.sum(), histogram.impostor.sum()) == (same.sum(), (~same).sum())
    scores = np.einsum("ij,ij->i", vectors[one], vectors[two])
    expected = np.histogram(scores[~same], bins=40, range=(-1, 1))[0]
    assert np.abs(histogram.impostor.reshape(40, BINS // 40).sum(axis=1) - expected).max() <= 3


def test_the_score_at_a_rate_is_reached_by_no_more_than_that_share() -> None:
    random = np.random.default_rng(5)
    vectors = random.standard_normal((400, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    histogram = compare_all(vectors, identities=np.arange(400) // 2)
    one, two = np.triu_indices(400, k=1)
    strangers = np.einsum("ij,ij->i", vectors[one], vectors[two])[one // 2 != two // 2]

    for fmr in (0.1, 0.01, 0.001):
        score = histogram.impostor_score_at(fmr)
        assert np.mean(strangers >= score + 1e-4) <= fmr
        assert np.mean(strangers >= score - 2e-4) > fmr * 0.98
    with pytest.raises(ValueError, match="say nothing about a false match rate of 1e-06"):
        histogram.impostor_score_at(1e-6)


def test_the_match_rate_falls_from_all_to_none() -> None:
    vectors = np.eye(4, dtype=np.float32)[[0, 0, 1, 1]]
    histogram = compare_all(vectors, identities=np.array([0, 0, 1, 2]))

    assert [histogram.true_match_rate(score) for score in (-2.0, -1.0, 0.999, 1.0001)] == [1.0, 1.0, 1.0, 0.0]


def test_a_calibration_is_fitted_through_what_was_measured_and_goes_on_with_the_last_slope() -> None:
    fitted = fit([(2.0, 0.2), (4.0, 0.4), (6.0, 0.5)], provenance=PROVENANCE)

    assert fitted.anchors == ((-1.0, 0.0), (0.2, 2.0), (0.4, 4.0), (0.5, 6.0), (1.0, 16.0))
    assert fitted.supported_score == 0.5
    assert fitted.is_extrapolated(0.51)


def test_rates_that_do_not_rise_with_the_score_are_refused() -> None:
    with pytest.raises(CalibrationInvalid):
        fit([(2.0, 0.4), (4.0, 0.3), (6.0, 0.5)], provenance=PROVENANCE)
