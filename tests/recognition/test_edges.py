"""What is rare: objects that vanish while they are looked for, locks that are never free, numbers that are none."""

from __future__ import annotations

import math
from typing import Any

import pytest
from django.apps import apps
from django.db import OperationalError, connections
from django.urls import NoReverseMatch, reverse
from psycopg.errors import LockNotAvailable
from pytest_django.fixtures import Settings
from rest_framework.exceptions import ValidationError

from common.context import tenant_scope
from common.ids import new_id
from common.vocabulary import Operation
from recognition.api.serializers.fields import EncodedImage, Similarity
from recognition.errors import CollectionNotFound, GalleryBusy, JobNotFound
from recognition.gallery import partitions, pgvector
from recognition.models import Collection, DispatchTicket, Face, Image, Job, JobItem, TemplatePartition
from recognition.selectors import collections as collection_selectors
from recognition.selectors import jobs as job_selectors
from recognition.services import deletion, jobs, references, sweeping
from tests.recognition.conftest import GALLERY, Outbox, enrol, pictures, random_templates, submit, traces_of
from tests.worlds import Player, permit_for


def test_a_collection_that_is_gone_cannot_be_locked(alice: Player, gallery: Collection) -> None:
    deletion.delete_collection(GALLERY, actor=alice.actor)

    with pytest.raises(CollectionNotFound), tenant_scope(alice.tenant.id):
        collection_selectors.lock_for(alice.tenant.id, collection_id=gallery.id)


def test_another_tenants_rows_cannot_be_locked(alice: Player, mallory: Player, gallery: Collection) -> None:
    job = submit(alice, pictures(1))

    with tenant_scope(mallory.tenant.id):
        for tenant_id in (mallory.tenant.id, alice.tenant.id):
            with pytest.raises(CollectionNotFound):
                collection_selectors.lock_for(tenant_id, collection_id=gallery.id)
            with pytest.raises(JobNotFound):
                job_selectors.lock_for(tenant_id, job_id=job.id)


def test_a_ticket_whose_job_is_gone_or_closed_is_passed_over(
    alice: Player, gallery: Collection, outbox: Outbox, settings: Settings
) -> None:
    """A ticket goes with its job; should one be left, the sweep does not stumble over it."""
    closed = submit(alice, pictures(1))
    jobs.cancel_job(closed.id, actor=alice.actor)
    DispatchTicket.objects.all().delete()
    for job_id in (new_id(), closed.id):
        DispatchTicket.objects.create(job_id=job_id)
    settings.CUSTOS_TASK_VISIBILITY_SECONDS = 0
    outbox.messages.clear()

    sweeping.sweep()

    assert outbox.messages == []
    DispatchTicket.objects.all().delete()


def test_nothing_is_added_of_nothing(alice: Player, gallery: Collection) -> None:
    with tenant_scope(alice.tenant.id):
        references.gallery.add(
            collection_selectors.gallery_of(gallery), [], permit=permit_for(gallery.tenant_id, Operation.ENROL)
        )

    assert traces_of(alice).templates == 0


def test_a_collection_that_moves_during_every_attempt_is_busy(
    alice: Player, gallery: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(alice, 1)
    monkeypatch.setattr(pgvector, "_READ_ATTEMPTS", 3)
    reads: list[int] = []

    def move_first(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "CROSS JOIN" in sql:
            reads.append(1)
            with connections["default"].cursor() as cursor:
                cursor.execute("SET CONSTRAINTS template_agrees_with_collection DEFERRED")
                cursor.execute(
                    "UPDATE recognition_collection SET partition_no = mod(partition_no + 1, 16) WHERE id = %s",
                    [gallery.id],
                )
        return execute(sql, params, many, context)

    with (
        pytest.raises(GalleryBusy) as busy,
        tenant_scope(alice.tenant.id),
        connections["default"].execute_wrapper(move_first),
    ):
        references.gallery.search(
            collection_selectors.gallery_of(gallery),
            random_templates(1, seed=1),
            limit=1,
            min_score=0.0,
            permit=permit_for(gallery.tenant_id, Operation.SEARCH),
        )

    assert (len(reads), busy.value.status, busy.value.extra) == (3, 503, {"retry_after": 1})


@pytest.fixture
def grown(alice: Player, gallery: Collection, settings: Settings) -> Collection:
    """A collection that is due for promotion, and no free partition."""
    settings.CUSTOS_DEDICATED_PARTITION_FACES = 1
    enrol(alice, 1)
    TemplatePartition.objects.filter(is_free=True).update(is_free=False)
    return gallery


def test_a_promotion_that_never_gets_its_lock_is_busy(grown: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(partitions.time, "sleep", pauses.append)
    monkeypatch.setattr(partitions, "_CREATE", _RAISE.format(error="55P03"))

    with pytest.raises(GalleryBusy) as busy:
        partitions.promote(grown.id, tenant_id=grown.tenant_id)

    assert busy.value.extra == {"retry_after": 60}
    assert pauses == [0.05 * 2**attempt for attempt in range(8)]


def test_another_error_of_the_database_is_not_taken_for_a_lock(
    grown: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "_CREATE", _RAISE.format(error="53100"))

    with pytest.raises(OperationalError) as error:
        partitions.promote(grown.id, tenant_id=grown.tenant_id)

    assert not isinstance(error.value.__cause__, LockNotAvailable)


def test_a_promotion_whose_partitions_are_always_taken_by_others_is_busy(
    grown: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bool] = []

    def make_for_somebody_else() -> bool:
        made.append(True)
        return True

    monkeypatch.setattr(partitions, "_create_partition", make_for_somebody_else)

    with pytest.raises(GalleryBusy):
        partitions.promote(grown.id, tenant_id=grown.tenant_id)

    assert len(made) == 8


# Takes the parameter that `_CREATE` takes.
_RAISE = "DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{error}'; END $$; SELECT %s"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "NaN", "Infinity"])
def test_what_is_no_number_is_no_similarity(value: object) -> None:
    with pytest.raises(ValidationError):
        Similarity().run_validation(value)


def test_an_image_is_never_answered() -> None:
    with pytest.raises(NotImplementedError):
        EncodedImage().to_representation(b"picture")


def test_a_collections_name_makes_its_url() -> None:
    assert reverse("faces", kwargs={"collection": "a-b_c.9"}) == "/v1/collections/a-b_c.9/faces"
    with pytest.raises(NoReverseMatch):
        reverse("faces", kwargs={"collection": "a/b"})


@pytest.mark.parametrize("model", [Collection, Image, Job, JobItem, Face, DispatchTicket, TemplatePartition])
def test_a_row_says_which_it_is_without_asking_the_database(model: type) -> None:
    row = model(**({"name": "family"} if model is Collection else {}))

    assert str(row)
    assert model in set(apps.get_app_config("recognition").get_models())
