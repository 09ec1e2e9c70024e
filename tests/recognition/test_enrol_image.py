"""Enrolling one picture."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from common.vocabulary import CustomerCategory, Operation, QualityReason
from governance import services as governance
from governance.audit import selectors as log
from governance.errors import PolicyRefused
from recognition import dispatch
from recognition.engines import registry
from recognition.engines.fake import FakeEngine, face_picture
from recognition.engines.quality import LOW
from recognition.errors import CollectionNotFound, EngineVersionMismatch, NoFaceFound, NoUsableFace
from recognition.images import ImageFormatUnsupported, ImageUnreadable
from recognition.models import Collection, Face, Image, QualityFilter
from recognition.services import enrolment, examination
from tests.recognition.conftest import GALLERY, NOT_A_PICTURE, Outbox, enrol, reload, traces_of
from tests.worlds import MoratoriumFactory, Player, World


def _enrol(player: Player, data: bytes, **options: object) -> enrolment.Enrolled:
    return enrolment.enrol_image(data, collection_name=GALLERY, actor=player.actor, **options)  # type: ignore[arg-type]


def test_it_stores_face_image_and_template(alice: Player, gallery: Collection) -> None:
    data = face_picture(7)

    enrolled = _enrol(alice, data, external_id="seven")

    with tenant_scope(alice.tenant.id):
        face = Face.objects.get(id=enrolled.faces[0].id)
        image = Image.objects.get(id=enrolled.image_id)
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT face_id, partition_no, engine_version, dimensions FROM recognition_template")
            templates = cursor.fetchall()
    assert (face.collection_id, face.image_id, face.external_id) == (gallery.id, image.id, "seven")
    assert image.digest == hashlib.sha256(data).hexdigest()
    assert templates == [(face.id, gallery.partition_no, gallery.engine_version, 128)]
    assert reload(gallery).face_count == 1


def test_it_says_what_the_engine_saw(alice: Player, gallery: Collection) -> None:
    view = _enrol(alice, face_picture(7)).faces[0]

    assert view.detected.confidence == 99.0
    assert view.detected.box.left == pytest.approx(16 / 128)
    assert {landmark.type for landmark in view.detected.landmarks} >= {"eyeLeft", "nose", "mouthRight"}


def test_it_enrols_every_face_largest_first(alice: Player, gallery: Collection) -> None:
    enrolled = _enrol(alice, face_picture(1, others=(2, 3)))

    widths = [face.detected.box.width for face in enrolled.faces]
    assert len(widths) == 3
    assert widths == sorted(widths, reverse=True)
    assert reload(gallery).face_count == 3


def test_it_rejects_faces_beyond_the_number_asked_for(alice: Player, gallery: Collection) -> None:
    enrolled = _enrol(alice, face_picture(1, others=(2, 3)), max_faces=1)

    assert len(enrolled.faces) == 1
    assert [rejection.reasons for rejection in enrolled.rejected] == [(QualityReason.EXCEEDS_MAX_FACES,)] * 2


def test_it_rejects_small_faces_unless_told_otherwise(
    alice: Player, gallery: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(examination.BARS, QualityFilter.AUTO, replace(LOW, side_px=60))
    picture = face_picture(1, others=(2,))

    filtered = _enrol(alice, picture)
    unfiltered = _enrol(alice, picture, quality=QualityFilter.NONE)

    assert (len(filtered.faces), len(unfiltered.faces)) == (1, 2)
    assert filtered.rejected[0].reasons == (QualityReason.SMALL_BOUNDING_BOX,)


def test_it_stores_nothing_when_every_face_is_rejected(
    alice: Player, gallery: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(examination.BARS, QualityFilter.AUTO, replace(LOW, confidence=99.5))

    with pytest.raises(NoUsableFace) as error:
        _enrol(alice, face_picture(1))

    assert error.value.extra["rejected"] == [{"reasons": ["LOW_CONFIDENCE"]}]
    assert traces_of(alice).images == 0


@pytest.mark.parametrize(
    ("data", "error"), [(NOT_A_PICTURE, ImageFormatUnsupported), (face_picture(1)[:300], ImageUnreadable)]
)
def test_it_stores_nothing_of_what_is_no_picture(
    alice: Player, gallery: Collection, data: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        _enrol(alice, data)

    assert traces_of(alice).images == 0


def test_it_refuses_a_picture_without_faces(alice: Player, gallery: Collection, blank_picture: bytes) -> None:
    with pytest.raises(NoFaceFound):
        _enrol(alice, blank_picture)


def test_it_does_not_find_another_tenants_collection(world: World, gallery: Collection) -> None:
    with pytest.raises(CollectionNotFound):
        _enrol(world.mallory, face_picture(1))


def test_it_stores_nothing_when_the_policy_changes_while_it_works(
    alice: Player, gallery: Collection, impose: MoratoriumFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract = FakeEngine.extract

    def extract_meanwhile(*args: object, **kwargs: object) -> object:
        impose(selector=governance.Selector(operations=[Operation.ENROL]))
        return extract(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeEngine, "extract", extract_meanwhile)

    with pytest.raises(PolicyRefused) as refusal:
        _enrol(alice, face_picture(1))

    assert [rule["id"] for rule in refusal.value.rules] == ["MOR-001"]
    left = traces_of(alice)
    assert (left.templates, left.faces, left.images) == (0, 0, 0)
    assert reload(gallery).face_count == 0


def test_its_rows_rest_on_the_decision_that_allowed_it(alice: Player, gallery: Collection) -> None:
    (face_id,) = enrol(alice, 1)

    with tenant_scope(alice.tenant.id):
        face = Face.objects.get(id=face_id)
        decision = log.get_decision(alice.tenant.id, decision_id=face.decision_entry_id)
        outcome = log.get_outcome(alice.tenant.id, decision_id=face.decision_entry_id)
    assert decision is not None
    assert outcome is not None
    assert (decision.content["action"], outcome.content["outcome"]["status"]) == ("enrol", "succeeded")
    assert outcome.content["outcome"]["n_faces"] == 1


def test_it_refuses_a_collection_of_another_engine_version(
    alice: Player, gallery: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(registry.get("fake")), "version", "fake@2")

    with pytest.raises(EngineVersionMismatch):
        _enrol(alice, face_picture(1))


def test_it_asks_for_promotion_when_the_collection_has_grown(
    alice: Player, gallery: Collection, outbox: Outbox, settings: Settings
) -> None:
    settings.CUSTOS_DEDICATED_PARTITION_FACES = 2

    enrol(alice, 1)
    assert outbox.of(dispatch.PROMOTE_COLLECTION) == []
    enrol(alice, 2)

    assert outbox.of(dispatch.PROMOTE_COLLECTION) == [(str(gallery.id),)]


def test_a_refused_tenant_stores_nothing(alice: Player, gallery: Collection, impose: MoratoriumFactory) -> None:
    impose(selector=governance.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE], operations=[Operation.ENROL]))

    with pytest.raises(PolicyRefused):
        _enrol(alice, face_picture(1))

    assert traces_of(alice).images == 0
