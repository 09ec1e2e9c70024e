"""The gallery finds exactly what a plain comparison of all vectors finds, and nothing of anybody else."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from django.db import IntegrityError, connections, transaction

from common.context import tenant_scope
from common.ids import new_id
from common.permits import Permit, PermitMismatch
from common.vocabulary import Operation
from recognition.engines.base import Template
from recognition.errors import CollectionNotFound, EngineVersionMismatch
from recognition.gallery.base import GalleryIndex, GalleryRef
from recognition.gallery.pgvector import PgvectorGallery
from recognition.gallery.protection import protect
from recognition.models import Collection
from recognition.selectors.collections import gallery_of
from recognition.services import collections
from tests.recognition.conftest import random_templates
from tests.worlds import Player, permit_for

index: GalleryIndex = PgvectorGallery()
LIKE_ANYBODY = -1.0


def _fill(collection: Collection, templates: list[Template]) -> list[uuid.UUID]:
    ids = [new_id() for _ in templates]
    with tenant_scope(collection.tenant_id):
        index.add(
            gallery_of(collection),
            list(zip(ids, templates, strict=True)),
            permit=permit_for(collection.tenant_id, Operation.ENROL),
        )
    return ids


def _search(
    collection: Collection,
    probes: list[Template],
    *,
    limit: int = 10,
    min_score: float = LIKE_ANYBODY,
    exclude: Sequence[uuid.UUID] = (),
) -> list[list[tuple[uuid.UUID, float]]]:
    with tenant_scope(collection.tenant_id):
        found = index.search(
            gallery_of(collection),
            probes,
            limit=limit,
            min_score=min_score,
            permit=permit_for(collection.tenant_id, Operation.SEARCH),
            exclude=exclude,
        )
    return [[(hit.face_id, hit.score) for hit in hits] for hits in found.hits]


def test_it_finds_what_numpy_finds(gallery: Collection) -> None:
    references, probes = random_templates(600, seed=1), random_templates(20, seed=2)
    ids = _fill(gallery, references)
    ref = gallery_of(gallery)
    # What is stored is rounded to half precision after the rotation: so is the expectation.
    stored = protect(np.stack([t.vector for t in references]), gallery=ref).astype(np.float16).astype(np.float32)
    asked = protect(np.stack([t.vector for t in probes]), gallery=ref).astype(np.float16).astype(np.float32)
    scores = asked @ stored.T

    found = _search(gallery, probes, limit=25)

    for hits, row in zip(found, scores, strict=True):
        expected = np.argsort(-row)[:25]
        assert [face_id for face_id, _ in hits] == [ids[i] for i in expected]
        assert [score for _, score in hits] == pytest.approx(row[expected].tolist(), abs=1e-6)


def test_half_precision_moves_scores_by_less_than_a_thousandth(gallery: Collection) -> None:
    references, probes = random_templates(200, seed=3), random_templates(5, seed=4)
    ids = _fill(gallery, references)
    exact = {
        (number, face_id): float(probe.vector @ reference.vector)
        for number, probe in enumerate(probes)
        for face_id, reference in zip(ids, references, strict=True)
    }

    found = _search(gallery, probes, limit=200)

    assert all(
        abs(score - exact[number, face_id]) < 1e-3 for number, hits in enumerate(found) for face_id, score in hits
    )
    assert [len(hits) for hits in found] == [200] * 5


def test_threshold_and_limit_hold(gallery: Collection) -> None:
    references = random_templates(300, seed=5)
    _fill(gallery, references)
    probe = random_templates(1, seed=6)
    (everybody,) = _search(gallery, probe, limit=300)
    threshold = everybody[40][1]

    (above,) = _search(gallery, probe, limit=300, min_score=threshold)
    (few,) = _search(gallery, probe, limit=7, min_score=threshold)

    assert above == everybody[:41]
    assert few == everybody[:7]


def test_it_leaves_out_the_face_that_is_searched_for(gallery: Collection) -> None:
    references = random_templates(5, seed=7)
    ids = _fill(gallery, references)

    (hits,) = _search(gallery, references[:1], exclude=[ids[0]])

    assert {face_id for face_id, _ in hits} == set(ids[1:])


def test_it_says_how_many_references_there_were(gallery: Collection) -> None:
    with tenant_scope(gallery.tenant_id):
        Collection.objects.filter(id=gallery.id).update(face_count=12)
        found = index.search(
            gallery_of(gallery),
            random_templates(2, seed=8),
            limit=1,
            min_score=0.0,
            permit=permit_for(gallery.tenant_id, Operation.SEARCH),
        )

    assert found.gallery_size == 12
    assert found.hits == ((), ())


def test_it_gives_a_template_back_as_it_was(gallery: Collection) -> None:
    templates = random_templates(3, seed=9)
    ids = _fill(gallery, templates)

    with tenant_scope(gallery.tenant_id):
        found = index.vector_of(gallery_of(gallery), ids[1], permit=permit_for(gallery.tenant_id, Operation.SEARCH))
        nobody = index.vector_of(gallery_of(gallery), new_id(), permit=permit_for(gallery.tenant_id, Operation.SEARCH))

    assert found is not None
    assert found.vector == pytest.approx(templates[1].vector, abs=1e-3)
    assert float(np.linalg.norm(found.vector)) == pytest.approx(1.0, abs=1e-6)
    assert nobody is None


def test_what_is_stored_is_not_the_template(gallery: Collection) -> None:
    (template,) = random_templates(1, seed=10)
    _fill(gallery, [template])

    with tenant_scope(gallery.tenant_id), connections["default"].cursor() as cursor:
        cursor.execute("SELECT template::text FROM recognition_template WHERE collection_id = %s", [gallery.id])
        stored = np.array(cursor.fetchone()[0].strip("[]").split(","), dtype=np.float32)

    assert abs(float(stored @ template.vector)) < 0.5


def test_two_collections_of_one_tenant_never_meet(alice: Player, gallery: Collection) -> None:
    other = collections.create_collection("other", actor=alice.actor)
    templates = random_templates(4, seed=11)
    _fill(gallery, templates)
    ids = _fill(other, templates)

    (hits,) = _search(other, templates[:1])

    assert {face_id for face_id, _ in hits} == set(ids)


def test_it_removes_templates(gallery: Collection) -> None:
    templates = random_templates(6, seed=12)
    ids = _fill(gallery, templates)

    with tenant_scope(gallery.tenant_id):
        assert (
            index.remove(
                gallery_of(gallery), [*ids[:2], new_id()], permit=permit_for(gallery.tenant_id, Operation.DELETE)
            )
            == 2
        )
    (hits,) = _search(gallery, templates[:1])
    assert {face_id for face_id, _ in hits} == set(ids[2:])

    with tenant_scope(gallery.tenant_id):
        assert index.remove_all(gallery_of(gallery), permit=permit_for(gallery.tenant_id, Operation.DELETE)) == 4


def test_versions_never_mix(gallery: Collection) -> None:
    foreign = random_templates(1, seed=13, engine_version="fake@2")

    with pytest.raises(EngineVersionMismatch), tenant_scope(gallery.tenant_id):
        index.add(gallery_of(gallery), [(new_id(), foreign[0])], permit=permit_for(gallery.tenant_id, Operation.ENROL))
    with pytest.raises(EngineVersionMismatch), tenant_scope(gallery.tenant_id):
        index.search(
            gallery_of(gallery), foreign, limit=1, min_score=0.0, permit=permit_for(gallery.tenant_id, Operation.SEARCH)
        )


def test_a_collection_that_is_gone_is_not_found(gallery: Collection) -> None:
    ref = gallery_of(gallery)
    with tenant_scope(gallery.tenant_id):
        Collection.objects.filter(id=gallery.id).delete()

    with pytest.raises(CollectionNotFound), tenant_scope(gallery.tenant_id):
        index.search(
            ref,
            random_templates(1, seed=14),
            limit=1,
            min_score=0.0,
            permit=permit_for(gallery.tenant_id, Operation.SEARCH),
        )


def test_another_tenant_sees_no_template(gallery: Collection, mallory: Player) -> None:
    templates = random_templates(3, seed=15)
    _fill(gallery, templates)

    with pytest.raises(CollectionNotFound), tenant_scope(mallory.tenant.id):
        index.search(
            gallery_of(gallery),
            templates[:1],
            limit=5,
            min_score=-1.0,
            permit=permit_for(gallery.tenant_id, Operation.SEARCH),
        )
    with tenant_scope(mallory.tenant.id), connections["default"].cursor() as cursor:
        for table in ("recognition_template", f"recognition_template_{gallery.partition_no}"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"engine_version": "fake@2"}, "template_agrees_with_collection"),
        ({"template": f"[1{',0' * 63}]"}, "template_agrees_with_collection"),
        ({"template": f"[0.5{',0' * 127}]"}, "template_has_unit_length"),
    ],
)
def test_the_database_refuses_a_template_that_does_not_fit(
    gallery: Collection, changes: dict[str, str], constraint: str
) -> None:
    _insert_raw(gallery)

    with pytest.raises(IntegrityError, match=constraint):
        _insert_raw(gallery, **changes)


def test_the_database_refuses_a_template_in_the_wrong_partition(gallery: Collection) -> None:
    with pytest.raises(IntegrityError, match="template_agrees_with_collection"):
        _insert_raw(gallery, partition_no=(gallery.partition_no + 1) % 16)


def _insert_raw(gallery: Collection, **changes: object) -> None:
    row = {
        "partition_no": gallery.partition_no,
        "tenant_id": gallery.tenant_id,
        "collection_id": gallery.id,
        "face_id": new_id(),
        "engine_version": gallery.engine_version,
        "template": f"[1{',0' * 127}]",
        **changes,
    }
    with tenant_scope(gallery.tenant_id), transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(
            f"INSERT INTO recognition_template ({', '.join(row)}) VALUES (%s, %s, %s, %s, %s, %s::halfvec)",
            list(row.values()),
        )


def test_the_planner_looks_into_one_partition_only(gallery: Collection) -> None:
    _fill(gallery, random_templates(3, seed=16))
    statements: list[str] = []

    with tenant_scope(gallery.tenant_id), connections["default"].execute_wrapper(_keep(statements)):
        index.search(
            gallery_of(gallery),
            random_templates(1, seed=17),
            limit=3,
            min_score=0.1,
            permit=permit_for(gallery.tenant_id, Operation.SEARCH),
        )
    with tenant_scope(gallery.tenant_id), connections["default"].cursor() as cursor:
        cursor.execute(f"EXPLAIN {statements[0].replace('%', '%%')}")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert f"recognition_template_{gallery.partition_no}" in plan
    assert plan.count("on recognition_template_") == 1, plan


def _keep(statements: list[str]):  # type: ignore[no-untyped-def]
    def wrapper(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        statements.append(context["cursor"].mogrify(sql, params))
        return execute(sql, params, many, context)

    return wrapper


def test_a_stale_reference_still_finds_everybody(gallery: Collection) -> None:
    templates = random_templates(3, seed=18)
    ids = _fill(gallery, templates)
    stale = GalleryRef(
        tenant_id=gallery.tenant_id,
        collection_id=gallery.id,
        engine_version=gallery.engine_version,
        dimensions=gallery.dimensions,
        partition_no=(gallery.partition_no + 3) % 16,
        sealed_seed=bytes(gallery.template_seed),
    )

    with tenant_scope(gallery.tenant_id):
        found = index.search(
            stale, templates[:1], limit=5, min_score=-1.0, permit=permit_for(gallery.tenant_id, Operation.SEARCH)
        )
        template = index.vector_of(stale, ids[2], permit=permit_for(gallery.tenant_id, Operation.SEARCH))

    assert {hit.face_id for hit in found.hits[0]} == set(ids)
    assert template is not None


def test_a_permit_is_for_one_tenant_and_one_kind_of_operation(gallery: Collection, mallory: Player) -> None:
    (template,) = random_templates(1, seed=31)
    (face_id,) = _fill(gallery, [template])
    ref = gallery_of(gallery)
    uses: dict[Callable[[Permit], object], Operation] = {
        lambda permit: index.add(ref, [(new_id(), template)], permit=permit): Operation.ENROL,
        lambda permit: index.search(ref, [template], limit=1, min_score=0.0, permit=permit): Operation.SEARCH,
        lambda permit: index.vector_of(ref, face_id, permit=permit): Operation.SEARCH,
        lambda permit: index.remove(ref, [new_id()], permit=permit): Operation.DELETE,
        lambda permit: index.remove_all(ref, permit=permit): Operation.DELETE,
    }
    with tenant_scope(gallery.tenant_id):
        for use, needed in uses.items():
            with pytest.raises(PermitMismatch, match="tenant"):
                use(permit_for(mallory.tenant.id, needed))
            for other in set(Operation) - {needed}:
                with pytest.raises(PermitMismatch, match=other):
                    use(permit_for(gallery.tenant_id, other))
            use(permit_for(gallery.tenant_id, needed))
