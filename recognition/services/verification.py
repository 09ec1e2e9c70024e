"""One-to-one comparison: is somebody in the target picture as alike as the threshold asks to the source face?"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

import numpy as np

from common.context import Actor, tenant_scope
from common.vocabulary import Operation
from governance import gate
from recognition.engines.base import MAX_FACES, FaceEngine
from recognition.errors import NoFaceFound
from recognition.models import QualityFilter
from recognition.services import engines, masking
from recognition.services.examination import find_faces, open_image
from recognition.services.portraits import Portrait, portrait_of
from recognition.services.results import FaceView, Match, match_of, top_bucket
from recognition.services.turns import turn


@dataclass(frozen=True, slots=True)
class Comparison:
    """The largest face of the source, and the target's faces above the threshold (best first) and below it.

    `review_task`: the review that these wait for; then none of them is here.
    """

    source_face: FaceView
    matches: tuple[Match, ...]
    unmatched: tuple[FaceView, ...]
    threshold: float
    review_task: uuid.UUID | None = None


def compare_faces(
    source: bytes,
    *,
    target: bytes,
    actor: Actor,
    threshold: float | None = None,
    quality: QualityFilter = QualityFilter.NONE,
    masks: bool = False,
) -> Comparison:
    """Compare the largest face of one picture with every face of another.

    Args:
        source: encoded picture.
        target: encoded picture.
        actor: who asks.
        threshold: similarity in per cent; None: the lowest that the policy allows, at least 80.
        quality: whether faces of low quality are left out, in both pictures.
        masks: whether who asks can show a result under review; else the policy refuses where it must be (HUM-001).

    Raises:
        PolicyRefused: the policy does not allow it.
        NoFaceFound: the source has no face, or none that is good enough.
        ImageUnreadable, ImageTooLarge, ImageFormatUnsupported: see `recognition.images`.
    """
    engine = engines.default_engine()
    request = gate.AccessRequest(
        actor=actor,
        operation=Operation.COMPARE,
        resource=gate.ResourceRef("image", None, actor.tenant_id),
        threshold=threshold,
        probe=gate.probe_of_picture(hashlib.sha256(source).hexdigest()),
        engine_version=engine.version,
        max_faces=MAX_FACES,
        meets=masking.OBLIGATIONS if masks else (),
    )
    with gate.authorised(request) as admission:
        with turn():
            compared = _compare(source, target=target, quality=quality, engine=engine, admission=admission)
        with tenant_scope(actor.tenant_id):
            matches = list(compared.comparison.matches)
            answer = compared.masked(engine, admission=admission)
            admission.complete(
                n_faces=1 + len(matches) + len(compared.comparison.unmatched),
                n_candidates=len(matches),
                top_score_bucket=top_bucket(matches),
            )
    return answer


@dataclass(frozen=True, slots=True)
class _Compared:
    """A comparison, with portraits of the source's face and of the matches where a reviewer will look at them."""

    comparison: Comparison
    portraits: tuple[Portrait, ...]

    def masked(self, engine: FaceEngine, *, admission: gate.Admission) -> Comparison:
        """Return what may be answered at once; in the open scope."""
        if not masking.is_masked(admission):
            return self.comparison
        return masking.mask_comparison(
            self.comparison,
            probe=self.portraits[0],
            targets=self.portraits[1:],
            calibration=engine.calibration,
            engine_version=engine.version,
            admission=admission,
        )


def _compare(
    source: bytes, *, target: bytes, quality: QualityFilter, engine: FaceEngine, admission: gate.Admission
) -> _Compared:
    """Compare the source's largest face with the target's faces, most alike first."""
    permit = admission.permit
    source_image, target_image = open_image(source), open_image(target)
    source_faces = find_faces(source_image, most=1, quality=quality, engine=engine, permit=permit)
    if not source_faces:
        raise NoFaceFound("No face was found in the source image.")
    probe = engine.extract(source_image, source_faces, permit=permit)[0].vector
    target_faces = find_faces(target_image, most=MAX_FACES, quality=quality, engine=engine, permit=permit)
    templates = engine.extract(target_image, target_faces, permit=permit) if target_faces else ()
    scored = [
        match_of(float(np.dot(probe, template.vector)), face=FaceView(face), calibration=engine.calibration)
        for face, template in zip(target_faces, templates, strict=True)
    ]
    scored.sort(key=lambda match: match.score, reverse=True)
    matches = tuple(match for match in scored if match.similarity >= admission.threshold)
    unmatched = tuple(match.face for match in scored if match.similarity < admission.threshold)
    portraits: tuple[Portrait, ...] = ()
    if masking.is_masked(admission):
        of_matches = (portrait_of(target_image, match.face.detected) for match in matches)
        portraits = (portrait_of(source_image, source_faces[0]), *of_matches)
    return _Compared(Comparison(FaceView(source_faces[0]), matches, unmatched, admission.threshold), portraits)
