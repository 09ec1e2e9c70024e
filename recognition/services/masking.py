"""A result under review: its candidates are handed to governance, sealed, and what is left names nobody."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from governance import gate
from governance.casework import reviews
from governance.casework.reviews import NewCandidate, NewProbe, NewReview
from recognition.errors import TooManyToReview
from recognition.evaluation.calibration import Calibration
from recognition.models import Collection
from recognition.services.portraits import Portrait
from recognition.services.results import Match

if TYPE_CHECKING:  # these import this module
    from recognition.services.identification import Identification, Search
    from recognition.services.verification import Comparison

OBLIGATIONS: Final = reviews.OBLIGATIONS
is_masked: Final = reviews.is_masked

# Of one review: what two people can look at with care.
MOST_CANDIDATES: Final = 100

_MOST_DECADES: Final = 6  # beyond one in a million no calibration is supported (GOVERNANCE 6)


def mask(
    found: Identification,
    *,
    portraits: Sequence[Portrait | None],
    limit: int,
    collection: Collection,
    admission: gate.Admission,
    job_id: UUID | None = None,
) -> Identification:
    """Put the candidates of a search under review, in the open scope, before the admission is completed.

    Returns:
        What was found, without candidates and with the review's id. Where there are no candidates a review is opened,
        too, or the answer would tell; it keeps no picture of the probe (RET-002).

    Raises:
        TooManyToReview: more candidates were asked for than two people can look at.
    """
    require_reviewable(found, limit=limit, admission=admission)
    new = NewReview(
        engine_version=found.engine_version,
        threshold=found.threshold,
        threshold_words=found.threshold_words,
        probes=[_probe(search, portrait=portrait) for search, portrait in zip(found.searches, portraits, strict=True)],
        collection_id=collection.id,
        job_id=job_id,
        gallery_size=found.gallery_size,
        expected_false_candidates=found.expected_false_candidates,
    )
    task = reviews.open_task(new, admission=admission)
    nameless = tuple(replace(search, candidates=()) for search in found.searches)
    return replace(found, searches=nameless, review_task=task.id)


def require_reviewable(found: Identification, *, limit: int, admission: gate.Admission) -> None:
    """Go on only where as many candidates as may be found can be reviewed, if they must be.

    What was found does not matter: a refusal that depends on it tells of it.

    Args:
        limit: most candidates of each probe.

    Raises:
        TooManyToReview: more could be found; a lower limit, or one face at a time, asks for fewer.
    """
    most = len(found.searches) * min(limit, found.gallery_size)
    if is_masked(admission) and most > MOST_CANDIDATES:
        raise TooManyToReview(f"Up to {most} are asked for, and {MOST_CANDIDATES} can be reviewed: lower the limit.")


def mask_comparison(
    comparison: Comparison,
    *,
    probe: Portrait,
    targets: Sequence[Portrait],
    calibration: Calibration,
    engine_version: str,
    admission: gate.Admission,
) -> Comparison:
    """Put the matches of a comparison under review, as `mask` does with candidates; `targets` are theirs, in order.

    What did not match is left out, too, and where nothing matched a review is opened all the same: the answer would
    tell who is not among the matches.
    """
    source = comparison.source_face.detected
    candidates = [
        replace(_candidate(match), crop=portrait.jpeg)
        for match, portrait in zip(comparison.matches, targets, strict=True)
    ]
    new = NewReview(
        engine_version=engine_version,
        threshold=comparison.threshold,
        threshold_words=calibration.fmr_text(calibration.fmr(calibration.score(comparison.threshold))),
        probes=[
            NewProbe(
                box=asdict(source.box),
                confidence=source.confidence,
                quality=asdict(source.quality),
                crop=probe.jpeg,
                candidates=candidates,
            )
        ],
    )
    task = reviews.open_task(new, admission=admission)
    return replace(comparison, matches=(), unmatched=(), review_task=task.id)


def band_of(fmr: float) -> str:
    """Return how alike two faces are, coarsely and in words: by decades of the false match rate."""
    decades = min(math.floor(-math.log10(fmr)), _MOST_DECADES) if fmr > 0 else _MOST_DECADES
    if decades < 1:
        return "more than 1 false match per 10 comparisons of different people"
    return f"at most 1 false match per {10**decades:,} comparisons of different people"


def _probe(search: Search, *, portrait: Portrait | None) -> NewProbe:
    probe = search.probe
    return NewProbe(
        box=asdict(probe.box) if probe else None,
        confidence=probe.confidence if probe else None,
        quality=asdict(portrait.quality) if portrait else None,
        crop=portrait.jpeg if portrait else None,
        candidates=[_candidate(match) for match in search.candidates],
    )


def _candidate(match: Match) -> NewCandidate:
    """An enrolled face is named by its id alone, and read anew; another is kept as it was seen."""
    scores = {"similarity": match.similarity, "score": match.score, "fmr": match.fmr, "fmr_words": match.fmr_words}
    face: dict[str, Any] = {"face_id": str(match.face.id)} if match.face.id else {"seen": asdict(match.face.detected)}
    return NewCandidate(
        payload={**scores, **face},
        reference_id=match.face.id,
        band=band_of(match.fmr),
        quality=asdict(match.face.detected.quality),
    )
