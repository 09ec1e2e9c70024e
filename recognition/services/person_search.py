"""Which persons of a collection is somebody like? Exact, over one template a person (decision 0015)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Final

from common.context import Actor, tenant_scope
from common.errors import InvalidRequest
from common.permits import Permit
from governance import gate
from recognition.engines.base import DetectedFace, FaceEngine, Template
from recognition.errors import NoFaceFound, PersonWithoutFaces
from recognition.gallery import persons as person_gallery
from recognition.models import Collection, Person, QualityFilter
from recognition.selectors import collections as collection_selectors
from recognition.selectors import persons as selectors
from recognition.services import engines, identification, masking, person_masking
from recognition.services.examination import open_image, sift_faces
from recognition.services.portraits import Portrait, portrait_of
from recognition.services.results import (
    PersonMatch,
    Rejection,
    calibration_of_persons,
    person_match_of,
    top_bucket,
)
from recognition.services.turns import turn

MOST_CANDIDATES: Final = 500  # of Rekognition's SearchUsers


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSearch:
    """What a search for persons found, with what is needed to judge it.

    Attributes:
        probe: the face of the picture that was searched for; None when an enrolled face or a person was.
        others: the picture's other faces, which were not searched for.
        rejected: those that the quality filter left out.
        gallery_size: persons with a face.
        expected_false_candidates: how many candidates above the threshold chance alone would give.
        review_task: the review that the result waits for (`services.masking`); then nobody is named here.
    """

    probe: DetectedFace | None
    others: tuple[DetectedFace, ...]
    rejected: tuple[Rejection, ...]
    candidates: tuple[PersonMatch, ...]
    gallery_size: int
    expected_false_candidates: float
    engine_version: str
    threshold: float
    notice: str
    review_task: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class _Probe:
    template: Template
    face: DetectedFace | None = None
    others: tuple[DetectedFace, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    person_id: uuid.UUID | None = None
    portrait: Portrait | None = None


def search_persons(
    *,
    collection_name: str,
    actor: Actor,
    image: bytes | None = None,
    face_id: uuid.UUID | None = None,
    person: str | None = None,
    threshold: float | None = None,
    limit: int = identification.DEFAULT_LIMIT,
    quality: QualityFilter = QualityFilter.NONE,
    masks: bool = False,
) -> PersonSearch:
    """Search the persons of a collection for the largest face of a picture, for one of its faces, or for a person.

    Args:
        collection_name: the tenant's name for the collection.
        actor: who asks.
        image: encoded picture. Exactly one of this and the next two is given.
        face_id: a face of the collection; whose it is may be among the candidates.
        person: id of a person of the collection, who is not among the candidates.
        threshold: similarity in per cent; None: the lowest that the policy allows, at least 80.
        limit: most candidates.
        quality: whether faces of low quality on the picture are left out.
        masks: whether who asks can show a result under review; else the policy refuses where it must be (HUM-001). A
            review shows of each candidate the first face that was enrolled, and names that face when it is released.

    Raises:
        InvalidRequest: none of the three was given, or several.
        NoFaceFound: the picture has no face, or none that is good enough.
        QualityTooLow: its largest one is below the quality floor (QUAL-001).
        FaceNotFound, PersonNotFound, PersonWithoutFaces: there is nobody to search for.
        CollectionNotFound: there is none of this name, or it is another tenant's.
        ThresholdBelowCollection: the collection asks for more.
        PolicyRefused: the policy does not allow it.
        EngineVersionMismatch: the platform runs another version of the collection's engine.
        EngineBusy: too many pictures are being looked at.
        ImageUnreadable, ImageTooLarge, ImageFormatUnsupported: see `recognition.images`.
    """
    if sum(given is not None for given in (image, face_id, person)) != 1:
        raise InvalidRequest("Give exactly one of a picture, a face and a person.")
    with tenant_scope(actor.tenant_id):
        collection = collection_selectors.get_for(actor.tenant_id, name=collection_name)
    engine = engines.engine_of(collection)
    probe_name = _name_of(image, face_id, person, collection=collection)
    request = identification.request_of(
        actor, collection=collection, threshold=threshold, probe=probe_name, masks=masks
    )
    with gate.authorised(replace(request, gallery_size=collection.person_count)) as admission:
        seen, portrait = (
            None,
            person_masking.portrait_of_probe(face_id, person, collection=collection, admission=admission),
        )
        if image is not None:
            with turn():
                seen = _see(image, quality=quality, engine=engine, admission=admission)
        with tenant_scope(actor.tenant_id):
            probe = seen or replace(
                _stored(face_id, person, collection=collection, admission=admission), portrait=portrait
            )
            return _search(probe, collection=collection, engine=engine, limit=limit, admission=admission)


def search_faces_by_person(
    person: str,
    *,
    collection_name: str,
    actor: Actor,
    threshold: float | None = None,
    limit: int = identification.DEFAULT_LIMIT,
    masks: bool = False,
) -> identification.Identification:
    """Search a collection for a person of it, whose own faces are not among the candidates; `masks` as there.

    Raises:
        PersonNotFound, PersonWithoutFaces: there is nobody to search for.
        CollectionNotFound, ThresholdBelowCollection, PolicyRefused, EngineVersionMismatch: as in `search_by_image`.
    """
    with tenant_scope(actor.tenant_id):
        collection = collection_selectors.get_for(actor.tenant_id, name=collection_name)
    engine = engines.engine_of(collection)
    probe_name = _name_of(None, None, person, collection=collection)
    request = identification.request_of(
        actor, collection=collection, threshold=threshold, probe=probe_name, masks=masks
    )
    with gate.authorised(request) as admission:
        portrait = person_masking.portrait_of_probe(None, person, collection=collection, admission=admission)
        with tenant_scope(actor.tenant_id):
            found = selectors.get_in(collection, name=person)
            template = _template_of(found, collection=collection, permit=admission.permit)
            own = selectors.faces_of(found).values_list("id", flat=True)
            return identification.conclude(
                identification.Probes((None,), (template,), (portrait,)),
                collection=collection,
                calibration=calibration_of_persons(engine.calibration),
                limit=limit,
                admission=admission,
                exclude=list(own),
            )


def _name_of(image: bytes | None, face_id: uuid.UUID | None, person: str | None, *, collection: Collection) -> str:
    """Name the probe, so that repeated searches of one subject are noticed (SRV-001)."""
    if image is not None:
        return identification.picture_probe(image)
    if face_id is not None:
        return gate.probe_of_face(face_id)
    with tenant_scope(collection.tenant_id):
        return gate.probe_of_person(selectors.get_in(collection, name=person or "").id)


def _see(image: bytes, *, quality: QualityFilter, engine: FaceEngine, admission: gate.Admission) -> _Probe:
    """Make the template of a picture's largest face. No transaction may be open."""
    picture = open_image(image)
    faces, rejected = sift_faces(picture, quality=quality, engine=engine, permit=admission.permit)
    if not faces:
        raise NoFaceFound
    identification.require_quality(faces[:1], least=admission.least_quality)
    (template,) = engine.extract(picture, faces[:1], permit=admission.permit)
    portrait = portrait_of(picture, faces[0]) if masking.is_masked(admission) else None
    return _Probe(template, faces[0], faces[1:], tuple(rejected), portrait=portrait)


def _stored(
    face_id: uuid.UUID | None, person: str | None, *, collection: Collection, admission: gate.Admission
) -> _Probe:
    if face_id is not None:
        return _Probe(identification.template_of_face(face_id, collection=collection, permit=admission.permit))
    found = selectors.get_in(collection, name=person or "")
    template = _template_of(found, collection=collection, permit=admission.permit)
    return _Probe(template, person_id=found.id)


def _template_of(person: Person, *, collection: Collection, permit: Permit) -> Template:
    """Return the template of a person, in the open scope.

    Raises:
        PersonWithoutFaces: there is none.
    """
    gallery_ref = collection_selectors.gallery_of(collection)
    template = person_gallery.person_template(gallery_ref, person.id, permit=permit)
    if template is None:
        raise PersonWithoutFaces
    return template


def _search(
    probe: _Probe, *, collection: Collection, engine: FaceEngine, limit: int, admission: gate.Admission
) -> PersonSearch:
    """Search and complete the admission, in the open scope."""
    calibration = calibration_of_persons(engine.calibration)
    min_score = calibration.score(admission.threshold)
    found = person_gallery.search_persons(
        collection_selectors.gallery_of(collection),
        probe.template,
        limit=limit,
        min_score=min_score,
        permit=admission.permit,
        exclude=probe.person_id,
    )
    persons = selectors.by_id_in(collection, person_ids={hit.person_id for hit in found.hits})
    candidates = tuple(
        person_match_of(hit.score, person=persons[hit.person_id], calibration=calibration)
        for hit in found.hits
        if hit.person_id in persons
    )
    fmr = calibration.fmr(min_score)
    result = PersonSearch(
        probe=probe.face,
        others=probe.others,
        rejected=probe.rejected,
        candidates=candidates,
        gallery_size=found.gallery_size,
        expected_false_candidates=found.gallery_size * fmr,
        engine_version=collection.engine_version,
        threshold=admission.threshold,
        notice=identification.notice(fmr, calibration=calibration),
    )
    if masking.is_masked(admission):
        words = calibration.fmr_text(fmr)
        result = person_masking.mask(
            result, portrait=probe.portrait, words=words, limit=limit, collection=collection, admission=admission
        )
    admission.complete(
        n_faces=1,
        n_candidates=len(candidates),
        top_score_bucket=top_bucket(candidates),
        searched=gate.Searched(1, _subjects(candidates, probe=admission.request.probe)),
    )
    return result


def _subjects(candidates: tuple[PersonMatch, ...], *, probe: str | None) -> tuple[str, ...]:
    """Return whom the search was about: its probe, and the best candidate (SRV-001)."""
    best = [gate.probe_of_person(match.person.id) for match in candidates[:1]]
    return (*([probe] if probe else ()), *best)
