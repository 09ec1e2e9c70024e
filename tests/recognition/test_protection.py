"""Template protection: the rotation is orthogonal, deterministic, secret and the collection's own."""

from __future__ import annotations

import uuid

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.ids import new_id
from common.sealing import SealBroken
from recognition.gallery.base import GalleryRef
from recognition.gallery.protection import new_sealed_seed, protect, reveal, rotation

seeds = st.binary(min_size=32, max_size=32)


def _gallery(*, dimensions: int = 128, sealed_seed: bytes | None = None) -> GalleryRef:
    tenant_id, collection_id = new_id(), new_id()
    sealed = sealed_seed or new_sealed_seed(tenant_id=tenant_id, collection_id=collection_id)
    return GalleryRef(
        tenant_id=tenant_id,
        collection_id=collection_id,
        engine_version="fake@1",
        dimensions=dimensions,
        partition_no=0,
        sealed_seed=sealed,
    )


def _unit_rows(count: int, *, dimensions: int = 128, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, dimensions)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from([1, 2, 3, 16, 127, 128]))
def test_it_is_orthogonal(seed: bytes, dimensions: int) -> None:
    matrix = rotation(seed, dimensions=dimensions)

    assert matrix.dtype == np.float32
    assert matrix @ matrix.T == pytest.approx(np.eye(dimensions), abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(seeds, seeds)
def test_it_depends_on_the_seed_and_on_nothing_else(one: bytes, two: bytes) -> None:
    first, again, other = (rotation(seed, dimensions=16) for seed in (one, one, two))

    assert np.array_equal(first, again)
    assert np.array_equal(first, other) == (one == two)


def test_it_is_the_same_on_every_machine() -> None:
    matrix = rotation(bytes(range(32)), dimensions=8)

    # A change here would make every stored template unreadable.
    assert matrix[0].tolist() == pytest.approx(FIRST_ROW, abs=1e-6)


FIRST_ROW = [-0.0975122, -0.4672636, 0.0739201, 0.4642663, 0.4386724, -0.1851404, -0.5672179, -0.0519821]


def test_it_keeps_every_cosine_within_a_collection() -> None:
    gallery = _gallery()
    rows = _unit_rows(50)

    rotated = protect(rows, gallery=gallery)

    assert rotated @ rotated.T == pytest.approx(rows @ rows.T, abs=1e-5)


def test_it_can_be_undone_with_the_secret() -> None:
    gallery = _gallery(dimensions=512)
    rows = _unit_rows(5, dimensions=512)

    assert reveal(protect(rows, gallery=gallery), gallery=gallery) == pytest.approx(rows, abs=1e-5)


def test_templates_of_two_collections_cannot_be_compared() -> None:
    rows = _unit_rows(400)

    one, two = protect(rows, gallery=_gallery()), protect(rows, gallery=_gallery())

    same_person = np.sum(one * two, axis=1)
    different_people = np.sum(one * np.roll(two, 1, axis=0), axis=1)
    # Both scatter around 0 as random directions in 128 dimensions do: 1/sqrt(128) = 0.088.
    assert abs(float(same_person.mean())) < 0.05
    assert float(same_person.std()) == pytest.approx(float(different_people.std()), rel=0.3)


def test_another_collections_secret_does_not_open() -> None:
    owner = _gallery()

    with pytest.raises(SealBroken):
        protect(_unit_rows(1), gallery=_gallery(sealed_seed=owner.sealed_seed))


def test_every_collection_gets_its_own_secret() -> None:
    tenant_id, collection_id = uuid.uuid4(), uuid.uuid4()

    made = {new_sealed_seed(tenant_id=tenant_id, collection_id=collection_id) for _ in range(10)}

    assert len(made) == 10
