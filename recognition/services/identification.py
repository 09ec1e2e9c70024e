"""One-to-many search: which references of a collection are as alike as the threshold asks?"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection as CollectionOf
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from common.context import Actor, tenant_scope
from common.permits import Permit
from common.vocabulary import Operation
from governance import gate
from recognition.engines.base import MAX_FACES, Box, DetectedFace, FaceEngine, Template
from recognition.errors import FaceNotFound, NoFaceFound, QualityTooLow, ThresholdBelowCollection
from recognition.evaluation.calibration import Calibration
from recognition.gallery.base import Hit
from recognition.models import Collection, QualityFilter
from recognition.selectors import collections as collection_selectors
from recognition.selectors import faces as face_selectors
from recognition.services import engines, masking
from recognition.services.examination import find_faces, open_image
from recognition.services.portraits import Portrait, portrait_of, portrait_of_enrolled
from recognition.services.references import gallery
from recognition.services.results import FaceView, Match, match_of, top_bucket, view_of
from recognition.services.shadowing import Shadow, record, shadow_of, with_enrolled, with_probes
from recognition.services.turns import turn

DEFAULT_LIMIT: Final = 10
MOST_CANDIDATES: Final = 4_096  # of Rekognition's SearchFaces
# Of each face, where every face of a picture is searched for: there may be MAX_FACES.
MOST_CANDIDATES_EACH: Final = 100


@dataclass(frozen=True, slots=True)
class Probe:
    """Where in the picture the face is that was searched for, and how sure the detector was, in per cent."""

    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class Search:
    """One probe and its candidates, best first. There is no probe when it is an enrolled face."""

    probe: Probe | None
    candidates: tuple[Match, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """What a search found, with what is needed to judge it.

    Attributes:
        expected_false_candidates: how many candidates above the threshold chance alone would give, over all probes.
        threshold_words: the false match rate at the threshold, in words.
        review_task: the review that the result waits for (`services.masking`); then no candidate is named here.
    """

    searches: tuple[Search, ...]
    gallery_size: int
    expected_false_candidates: float
    engine_version: str
    threshold: float
    threshold_words: str
    notice: str
    review_task: uuid.UUID | None = None

    @property
    def candidates(self) -> list[Match]:
        """The candidates of all probes."""
        return [candidate for search in self.searches for candidate in search.candidates]


@dataclass(frozen=True, slots=True)
class Probes:
    """The faces to search for, each with its template, and with its portrait where a reviewer will look at it."""

    faces: tuple[Probe | None, ...]
    templates: tuple[Template, ...]
    portraits: tuple[Portrait | None, ...] = ()
    shadow: Shadow | None = None


def search_by_image(
    data: bytes,
    *,
    collection_name: str,
    actor: Actor,
    threshold: float | None = None,
    limit: int = DEFAULT_LIMIT,
    every_face: bool = False,
    quality: QualityFilter = QualityFilter.NONE,
    masks: bool = False,
) -> Identification:
    """Search a collection for the largest face of a picture, or for each of its faces.

    Args:
        data: encoded picture.
        collection_name: the tenant's name for the collection.
        actor: who asks.
        threshold: similarity in per cent; None: the lowest that the policy allows, at least 80.
        limit: most candidates of each probe.
        every_face: search for every face, not only for the largest.
        quality: whether faces of low quality are left out.
        masks: whether who asks can show a result under review; else the policy refuses where it must be (HUM-001).

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        ThresholdBelowCollection: the collection asks for more.
        PolicyRefused: the policy does not allow it.
        NoFaceFound: the picture has no face, or none that is good enough.
        EngineVersionMismatch: the platform runs another version of the collection's engine.
        ImageUnreadable, ImageTooLarge, ImageFormatUnsupported: see `recognition.images`.
    """
    collection = _collection(collection_name, actor=actor)
    engine = engines.engine_of(collection)
    request = request_of(actor, collection=collection, threshold=threshold, probe=picture_probe(data), masks=masks)
    with gate.authorised(request) as admission:
        most = MAX_FACES if every_face else 1
        probes = probes_of(
            data, engine=engine, most=most, quality=quality, admission=admission, shadow=shadow_of(collection)
        )
        with tenant_scope(actor.tenant_id):
            return conclude(
                probes, collection=collection, calibration=engine.calibration, limit=limit, admission=admission
            )


def search_by_face(
    face_id: uuid.UUID,
    *,
    collection_name: str,
    actor: Actor,
    threshold: float | None = None,
    limit: int = DEFAULT_LIMIT,
    masks: bool = False,
) -> Identification:
    """Search a collection for one of its own faces, which is not among the candidates.

    Raises:
        FaceNotFound: the face is not in the collection.
        CollectionNotFound, ThresholdBelowCollection, PolicyRefused, EngineVersionMismatch: as in `search_by_image`.
    """
    collection = _collection(collection_name, actor=actor)
    engine = engines.engine_of(collection)
    probe = gate.probe_of_face(face_id)
    request = request_of(actor, collection=collection, threshold=threshold, probe=probe, masks=masks)
    with gate.authorised(request) as admission:
        portrait = _portrait_of(face_id, admission=admission)
        shadow = None if masking.is_masked(admission) else shadow_of(collection)
        with tenant_scope(actor.tenant_id):
            template = template_of_face(face_id, collection=collection, permit=admission.permit)
            shadow = shadow and with_enrolled(shadow, face_id, permit=admission.permit)
            return conclude(
                Probes((None,), (template,), (portrait,), shadow),
                collection=collection,
                calibration=engine.calibration,
                limit=limit,
                admission=admission,
                exclude=[face_id],
            )


def _collection(name: str, *, actor: Actor) -> Collection:
    with tenant_scope(actor.tenant_id):
        return collection_selectors.get_for(actor.tenant_id, name=name)


def request_of(
    actor: Actor,
    *,
    collection: Collection,
    threshold: float | None,
    probe: str | None = None,
    n_searches: int = 1,
    masks: bool = False,
) -> gate.AccessRequest:
    """Return the question whether the actor may search the collection; see `gate.AccessRequest` for probe and number.

    Raises:
        ThresholdBelowCollection: the collection asks for more; as everywhere, it is refused, not raised.
    """
    if threshold is not None and threshold < (collection.threshold or 0.0):
        raise ThresholdBelowCollection(
            f"Searches of this collection ask for at least {collection.threshold:g} per cent."
        )
    return gate.AccessRequest(
        actor=actor,
        operation=Operation.SEARCH,
        resource=gate.ResourceRef("collection", collection.id, actor.tenant_id),
        threshold=threshold,
        least_threshold=collection.threshold,
        false_match_rate=engines.false_match_rate_of(collection),
        probe=probe,
        n_searches=n_searches,
        gallery_size=collection.face_count,
        engine_version=collection.engine_version,
        meets=masking.OBLIGATIONS if masks else (),
    )


def probes_of(
    data: bytes,
    *,
    engine: FaceEngine,
    most: int,
    admission: gate.Admission,
    quality: QualityFilter = QualityFilter.NONE,
    shadow: Shadow | None = None,
) -> Probes:
    """Find the largest so many faces of a picture and make their templates. No transaction may be open.

    Args:
        data: encoded picture.
        engine: finds the faces.
        most: so many, largest first.
        admission: to search.
        quality: whether faces of low quality are left out.
        shadow: the other index of a collection that moves: the probes are made in its terms, too.

    Raises:
        NoFaceFound: there is none.
        QualityTooLow: one is below the quality floor (QUAL-001).
        ImageUnreadable, ImageTooLarge, ImageFormatUnsupported: see `recognition.images`.
    """
    with turn():
        image = open_image(data)
        faces = find_faces(image, most=most, quality=quality, engine=engine, permit=admission.permit)
        if not faces:
            raise NoFaceFound
        require_quality(faces, least=admission.least_quality)
        templates = engine.extract(image, faces, permit=admission.permit)
        is_masked = masking.is_masked(admission)
        portraits = tuple(portrait_of(image, face) if is_masked else None for face in faces)
        shadow = None if shadow is None or is_masked else with_probes(shadow, image, faces, permit=admission.permit)
    return Probes(tuple(Probe(face.box, face.confidence) for face in faces), templates, portraits, shadow)


def _portrait_of(face_id: uuid.UUID, *, admission: gate.Admission) -> Portrait | None:
    if not masking.is_masked(admission):
        return None
    return portrait_of_enrolled(face_id, tenant_id=admission.request.actor.tenant_id)


def require_quality(faces: Sequence[DetectedFace], *, least: float) -> None:
    """Go on only with probes that are good enough.

    Raises:
        QualityTooLow: one is below the quality floor (QUAL-001).
    """
    if (worst := min(face.quality.score for face in faces)) < least:
        raise QualityTooLow(f"QUAL-001: a face of quality {worst:.1f} is below the {least:g} asked for here.")


def template_of_face(face_id: uuid.UUID, *, collection: Collection, permit: Permit) -> Template:
    """Return the template of an enrolled face, in the open scope.

    Raises:
        FaceNotFound: the face is not in the collection.
    """
    face_selectors.get_in(collection, face_id=face_id)
    template = gallery.vector_of(collection_selectors.gallery_of(collection), face_id, permit=permit)
    if template is None:
        raise FaceNotFound
    return template


def identify(
    probes: Probes,
    *,
    collection: Collection,
    calibration: Calibration,
    limit: int,
    threshold: float,
    permit: Permit,
    exclude: CollectionOf[uuid.UUID] = (),
) -> Identification:
    """Search for all probes in one statement and name the candidates, in the open scope.

    Raises:
        CollectionNotFound: the collection was deleted meanwhile.
    """
    min_score = calibration.score(threshold)
    found = gallery.search(
        collection_selectors.gallery_of(collection),
        probes.templates,
        limit=limit,
        min_score=min_score,
        permit=permit,
        exclude=exclude,
    )
    views = _views([hit for hits in found.hits for hit in hits], collection=collection)
    if probes.shadow is not None:
        best = [(hits[0], calibration.similarity(hits[0].score)) if hits else None for hits in found.hits]
        record(probes.shadow, best=best, threshold=threshold, exclude=exclude, permit=permit)
    searches = tuple(
        Search(
            probe,
            tuple(
                match_of(h.score, face=views[h.face_id], calibration=calibration) for h in hits if h.face_id in views
            ),
        )
        for probe, hits in zip(probes.faces, found.hits, strict=True)
    )
    fmr = calibration.fmr(min_score)
    return Identification(
        searches=searches,
        gallery_size=found.gallery_size,
        expected_false_candidates=found.gallery_size * fmr * len(probes.faces),
        engine_version=collection.engine_version,
        threshold=threshold,
        threshold_words=calibration.fmr_text(fmr),
        notice=notice(fmr, calibration=calibration),
    )


def conclude(
    probes: Probes,
    *,
    collection: Collection,
    calibration: Calibration,
    limit: int,
    admission: gate.Admission,
    exclude: CollectionOf[uuid.UUID] = (),
) -> Identification:
    """Search and complete the admission, in the open scope."""
    found = identify(
        probes,
        collection=collection,
        calibration=calibration,
        limit=limit,
        threshold=admission.threshold,
        permit=admission.permit,
        exclude=exclude,
    )
    candidates = found.candidates
    searched = gate.Searched(len(probes.faces), subjects_of(found, probe=admission.request.probe))
    if masking.is_masked(admission):
        found = masking.mask(found, portraits=probes.portraits, limit=limit, collection=collection, admission=admission)
    admission.complete(
        n_faces=len(probes.faces),
        n_candidates=len(candidates),
        top_score_bucket=top_bucket(candidates),
        searched=searched,
    )
    return found


def subjects_of(found: Identification, *, probe: str | None) -> tuple[str, ...]:
    """Return whom a search was about: its probe, and the best candidate of each face (SRV-001)."""
    best = [search.candidates[0].face.id for search in found.searches if search.candidates]
    faces = [gate.probe_of_face(face_id) for face_id in best if face_id is not None]
    return (*([probe] if probe else ()), *faces)


def picture_probe(data: bytes) -> str:
    """Name a probe by the digest of its picture."""
    return gate.probe_of_picture(hashlib.sha256(data).hexdigest())


def _views(hits: list[Hit], *, collection: Collection) -> dict[uuid.UUID, FaceView]:
    """Return the faces of the hits. One that was deleted a moment ago is not named any more."""
    rows = face_selectors.by_id_in(collection, face_ids={hit.face_id for hit in hits})
    return {face_id: view_of(row) for face_id, row in rows.items()}


def notice(fmr: float, *, calibration: Calibration) -> str:
    """Return what everybody should read who sees candidates found at this false match rate."""
    return (
        "An investigative lead, not an identification: similarity is not the probability that two pictures show one"
        f" person. At this threshold {calibration.fmr_text(fmr)}; have a trained person examine every candidate."
    )
