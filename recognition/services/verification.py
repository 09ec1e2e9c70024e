"""One-to-one comparison: is somebody in the target picture as alike as the threshold asks to the source face?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from common.context import Actor, tenant_scope
from common.permits import Permit
from common.vocabulary import Operation
from governance import gate
from recognition.engines.base import MAX_FACES, FaceEngine
from recognition.errors import NoFaceFound
from recognition.models import QualityFilter
from recognition.services import engines
from recognition.services.examination import find_faces, open_image
from recognition.services.results import FaceView, Match, match_of, top_bucket
from recognition.services.turns import turn


@dataclass(frozen=True, slots=True)
class Comparison:
    """The largest face of the source, and the target's faces above the threshold (best first) and below it."""

    source_face: FaceView
    matches: tuple[Match, ...]
    unmatched: tuple[FaceView, ...]
    threshold: float


def compare_faces(
    source: bytes,
    *,
    target: bytes,
    actor: Actor,
    threshold: float | None = None,
    quality: QualityFilter = QualityFilter.NONE,
) -> Comparison:
    """Compare the largest face of one picture with every face of another.

    Args:
        source: encoded picture.
        target: encoded picture.
        actor: who asks.
        threshold: similarity in per cent; None: the lowest that the policy allows, at least 80.
        quality: whether faces of low quality are left out, in both pictures.

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
    )
    with gate.authorised(request) as admission:
        with turn():
            source_face, scored = _score(source, target=target, quality=quality, engine=engine, permit=admission.permit)
        matches = [match for match in scored if match.similarity >= admission.threshold]
        with tenant_scope(actor.tenant_id):
            admission.complete(n_faces=1 + len(scored), n_candidates=len(matches), top_score_bucket=top_bucket(matches))
    unmatched = tuple(match.face for match in scored if match.similarity < admission.threshold)
    return Comparison(source_face, tuple(matches), unmatched, admission.threshold)


def _score(
    source: bytes, *, target: bytes, quality: QualityFilter, engine: FaceEngine, permit: Permit
) -> tuple[FaceView, list[Match]]:
    """Return the source's largest face and the target's faces with their scores, most alike first."""
    source_image, target_image = open_image(source), open_image(target)
    source_faces = find_faces(source_image, most=1, quality=quality, engine=engine, permit=permit)
    if not source_faces:
        raise NoFaceFound("No face was found in the source image.")
    probe = engine.extract(source_image, source_faces, permit=permit)[0].vector
    target_faces = find_faces(target_image, most=MAX_FACES, quality=quality, engine=engine, permit=permit)
    templates = engine.extract(target_image, target_faces, permit=permit) if target_faces else ()
    matches = [
        match_of(float(np.dot(probe, template.vector)), face=FaceView(face), calibration=engine.calibration)
        for face, template in zip(target_faces, templates, strict=True)
    ]
    return FaceView(source_faces[0]), sorted(matches, key=lambda match: match.score, reverse=True)
