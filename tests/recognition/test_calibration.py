"""A calibration is a rising map that can be turned round, and it says what it does not know."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recognition.evaluation.calibration import Calibration, CalibrationInvalid, Provenance

PROVENANCE = Provenance("drawn numbers", 1_000_000, 1_000, "none", "Made up for tests.")
ANCHORS = ((-1.0, 0.0), (0.1, 2.0), (0.3, 4.0), (0.5, 6.0), (1.0, 11.0))
CALIBRATION = Calibration(ANCHORS, 0.5, PROVENANCE)

_scores = st.floats(-1.0, 1.0)
_per_cents = st.floats(0.0, 100.0)


@st.composite
def _calibrations(draw: st.DrawFn) -> Calibration:
    """Any calibration that is accepted, with steps that floating point can tell apart."""
    count = draw(st.integers(1, 6))
    scores = sorted(draw(st.lists(st.integers(-99, 99), min_size=count, max_size=count, unique=True)))
    steps = draw(st.lists(st.floats(0.05, 3.0), min_size=count + 1, max_size=count + 1))
    decades = [0.0]
    for step in steps:
        decades.append(decades[-1] + step)
    decades[-1] = max(decades[-1], 6.5)
    anchors = tuple(zip([-1.0, *(score / 100 for score in scores), 1.0], decades, strict=True))
    assume(all(a[1] < b[1] for a, b in pairwise(anchors)))
    return Calibration(anchors, draw(_scores), PROVENANCE)


@given(_calibrations(), _scores, _scores)
def test_a_higher_score_is_never_less_similar_nor_more_often_wrong(c: Calibration, one: float, two: float) -> None:
    low, high = sorted((one, two))

    assert c.similarity(low) <= c.similarity(high)
    assert c.fmr(low) >= c.fmr(high)


@given(_calibrations(), _scores)
def test_it_stays_within_its_ranges(c: Calibration, score: float) -> None:
    assert 0.0 <= c.similarity(score) <= 100.0
    assert 0.0 < c.fmr(score) <= 1.0


@given(_calibrations(), _scores)
def test_the_score_of_a_similarity_is_the_score_it_came_from(c: Calibration, score: float) -> None:
    assert c.score(c.similarity(score)) == pytest.approx(score, abs=1e-6)


@given(_calibrations(), _per_cents)
def test_the_similarity_of_a_score_is_the_similarity_it_came_from(c: Calibration, similarity: float) -> None:
    assert c.similarity(c.score(similarity)) == pytest.approx(similarity, abs=1e-6)


@given(_calibrations())
def test_every_calibration_hangs_on_the_same_two_anchors(c: Calibration) -> None:
    """80 % is one false match in ten thousand and 99 % one in a million, whatever the engine's scores are."""
    assert c.fmr(c.score(80.0)) == pytest.approx(1e-4, rel=1e-6)
    assert c.fmr(c.score(99.0)) == pytest.approx(1e-6, rel=1e-6)
    assert (c.similarity(-1.0), c.similarity(1.0)) == (0.0, 100.0)
    assert (c.score(0.0), c.score(100.0)) == (-1.0, 1.0)


@pytest.mark.parametrize(("score", "decades"), ANCHORS)
def test_it_passes_through_what_was_measured(score: float, decades: float) -> None:
    assert CALIBRATION.fmr(score) == pytest.approx(10.0**-decades)


@pytest.mark.parametrize(
    ("score", "similarity", "fmr"), [(0.2, 60.0, 1e-3), (0.4, 89.5, 1e-5), (0.75, 99.5, 10**-8.5), (-0.45, 20.0, 0.1)]
)
def test_it_is_linear_in_decades_between_the_anchors(score: float, similarity: float, fmr: float) -> None:
    assert CALIBRATION.similarity(score) == pytest.approx(similarity)
    assert CALIBRATION.fmr(score) == pytest.approx(fmr)


def test_scores_beyond_one_are_rounding_and_count_as_one() -> None:
    assert CALIBRATION.similarity(1.0000001) == 100.0
    assert CALIBRATION.similarity(-1.0000001) == 0.0


@pytest.mark.parametrize(
    "anchors",
    [
        ((-1.0, 0.0), (0.3, 4.0), (0.3, 6.0), (1.0, 9.0)),
        ((-1.0, 0.0), (0.3, 4.0), (0.5, 4.0), (1.0, 9.0)),
        ((-1.0, 0.0), (0.3, 4.0), (0.5, 3.0), (1.0, 9.0)),
        ((-0.9, 0.0), (1.0, 9.0)),
        ((-1.0, 0.1), (1.0, 9.0)),
        ((-1.0, 0.0), (0.9, 9.0)),
        ((-1.0, 0.0), (1.0, 6.4)),
        ((-1.0, 0.0), (math.nan, 4.0), (1.0, 9.0)),
    ],
    ids=["score repeats", "fmr stays", "fmr rises", "starts late", "starts high", "ends early", "too short", "nan"],
)
def test_anchors_that_describe_no_falling_rate_are_refused(anchors: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(CalibrationInvalid):
        Calibration(anchors, 0.5, PROVENANCE)


@pytest.mark.parametrize("similarity", [-0.001, 100.001, math.nan, math.inf])
def test_what_is_no_per_cent_has_no_score(similarity: float) -> None:
    with pytest.raises(ValueError, match="per cent"):
        CALIBRATION.score(similarity)


def test_what_is_no_number_has_no_similarity() -> None:
    with pytest.raises(ValueError, match="number"):
        CALIBRATION.similarity(math.nan)


@pytest.mark.parametrize(
    ("fmr", "words"),
    [
        (1e-4, "about 1 false match per 10,000 comparisons"),
        (1.0, "about 1 false match per 1 comparisons"),
        (1 / 1234, "about 1 false match per 1,200 comparisons"),
        (1e-6, "about 1 false match per 1,000,000 comparisons"),
        (1e-9, "less than about 1 false match per 1,000,000 comparisons (beyond the measured data)"),
    ],
)
def test_it_says_a_rate_in_words_and_no_more_than_was_measured(fmr: float, words: str) -> None:
    assert CALIBRATION.fmr_text(fmr) == words


def test_it_knows_where_its_data_end() -> None:
    assert not CALIBRATION.is_extrapolated(0.5)
    assert CALIBRATION.is_extrapolated(0.500001)
    assert CALIBRATION.supported_fmr == pytest.approx(1e-6)


@given(_calibrations())
def test_it_survives_being_written(tmp_path_factory: pytest.TempPathFactory, c: Calibration) -> None:
    path: Path = tmp_path_factory.mktemp("calibration") / "calibration.json"
    c.save(path)

    read = Calibration.load(path)

    assert (read, read.digest) == (c, c.digest)


def test_a_file_with_bad_anchors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    CALIBRATION.save(path)
    path.write_text(path.read_text().replace("11.0", "5.0"))

    with pytest.raises(CalibrationInvalid):
        Calibration.load(path)


def test_the_digest_is_of_what_decides_the_map() -> None:
    moved = replace(CALIBRATION, anchors=(*ANCHORS[:-1], (1.0, 11.5)))
    explained = replace(CALIBRATION, provenance=replace(PROVENANCE, note="another note"))

    assert moved.digest != CALIBRATION.digest
    assert replace(CALIBRATION, supported_score=0.4).digest != CALIBRATION.digest
    assert explained.digest == CALIBRATION.digest
