"""A collection moves to another engine: a second index beside the first, a switch, and back as long as both are there.

Faces get their templates of the second index from kept pictures (`services.filling`), searches are scored in both
(`services.shadowing`), and `services.switching` exchanges the two. Their templates never meet (decision 0036).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import QuerySet

from common.context import Actor, tenant_scope
from common.ids import new_id
from common.vocabulary import Operation
from governance import gate
from governance.audit import ledger
from governance.audit.tags import Tag
from recognition.engines.base import FaceEngine
from recognition.errors import (
    EngineMoveImpossible,
    EngineMoveNotFound,
    EngineMoveState,
)
from recognition.gallery import second
from recognition.models import Collection, EngineMove, UnmovedFace
from recognition.selectors import collections as collection_selectors
from recognition.selectors import engine_moves as selectors
from recognition.services import engines, filling, reading, shadowing
from recognition.services.filling import enrolment_of

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveView:
    """A move as people see it.

    Attributes:
        n_missing: faces that have no template in the second index yet.
        n_unmoved: faces that cannot be given one.
        agreement: what the searches said so far (`shadowing.summary_of`).
    """

    move: EngineMove
    collection: Collection
    n_missing: int
    n_unmoved: int
    agreement: dict[str, Any]


def start_move(collection_name: str, *, engine: str, actor: Actor) -> MoveView:
    """Open a second index of a collection for another engine, and fill it by a job.

    Args:
        collection_name: the tenant's name for the collection, which keeps pictures.
        engine: name of the engine, one that the instance offers; it may be the same one in another version.
        actor: who asks.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        EngineNotOffered: the instance does not offer the engine.
        WeightsMissing, CalibrationMissing, RuntimeUnusable: it cannot work here.
        EngineMoveImpossible: the collection has this engine version already, or keeps no pictures.
        EngineMoveState: it is moving already.
        PolicyRefused: the policy does not allow it: the version was not evaluated (VET-005), for example.
    """
    engines.check_offered(engine)
    collection = _collection(collection_name, actor=actor)
    target = engines.engine_for_new_collection(engine)
    with (
        changing_of(collection, actor=actor, engine_version=target.version) as changing,
        tenant_scope(actor.tenant_id),
    ):
        locked = collection_selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        _require_movable(locked, to=target)
        move = EngineMove(
            id=new_id(),
            tenant_id=actor.tenant_id,
            collection_id=locked.id,
            engine=target.name,
            engine_version=target.version,
            dimensions=target.dimensions,
            partition_no=second.partition_for(locked.partition_no),
            started_by=actor.id,
            decision_entry_id=changing.uses.own.decision_id,
        )
        move.save(force_insert=True)
        second.open_index(selectors.second_gallery(move, collection=locked), permit=changing.uses.own.permit)
        mark(locked, is_moving=True)
        filling.submit(move, collection=locked, actor=actor, decision_id=changing.uses.own.decision_id)
        record(Tag.ENGINE_MOVE_STARTED, move, actor=actor, before=locked.engine_version, after=target.version)
        view = view_of(locked)
        changing.complete()
    return view


def fill_move(collection_name: str, *, actor: Actor) -> MoveView:
    """Fill the second index again: with faces enrolled since, and once more with those that could not be moved.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        EngineMoveNotFound: the collection is not moving.
        PolicyRefused: the policy does not allow it.
    """
    collection, move = opened(collection_name, actor=actor)
    with (
        changing_of(collection, actor=actor, engine_version=move.engine_version) as changing,
        tenant_scope(actor.tenant_id),
    ):
        locked = collection_selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        move = selectors.open_of(locked)
        filling.submit(move, collection=locked, actor=actor, decision_id=changing.uses.own.decision_id)
        view = view_of(locked)
        changing.complete()
    return view


def read_move(collection_name: str, *, actor: Actor) -> MoveView:
    """Return the collection's move: the one under way, or the last.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        EngineMoveNotFound: it never moved.
        PolicyRefused: the policy does not allow administering.
    """
    collection = _collection(collection_name, actor=actor)
    with gate.authorised(administering(actor, collection, only_looks=True)) as admission, tenant_scope(actor.tenant_id):
        view = view_of(collection_selectors.get_for(actor.tenant_id, name=collection_name))
        admission.complete()
    return view


def list_unmoved(collection_name: str, *, actor: Actor, paginate: Callable[[QuerySet[UnmovedFace]], R]) -> R:
    """Return a page of the faces that could not be moved.

    Raises:
        CollectionNotFound, EngineMoveNotFound, PolicyRefused: as in `read_move`.
    """
    collection = _collection(collection_name, actor=actor)
    with gate.authorised(administering(actor, collection, only_looks=True)) as admission, tenant_scope(actor.tenant_id):
        move = selectors.newest_of(collection)
        page = paginate(selectors.unmoved_in(move, collection=collection))
        admission.complete()
    return page


def _require_movable(collection: Collection, *, to: FaceEngine) -> None:
    if collection.is_moving:
        raise EngineMoveState("The collection is moving to another engine already.")
    if to.version == collection.engine_version:
        raise EngineMoveImpossible(f"The collection holds templates of {to.version} already.")
    if not collection.store_images:
        raise EngineMoveImpossible("The collection keeps no pictures, so no other template can be made of its faces.")


@dataclass(frozen=True, slots=True)
class Changing:
    """What was allowed: to administer the collection, and to make templates for all that its faces are for."""

    own: gate.Admission
    uses: reading.Reading

    def complete(self) -> None:
        self.uses.complete()
        self.own.complete()


@contextmanager
def changing_of(collection: Collection, *, actor: Actor, engine_version: str) -> Iterator[Changing]:
    """Ask the gate to administer, and to enrol with that engine version, for every use of the collection (VET-005)."""
    enrolment = enrolment_of(actor, collection=collection, engine_version=engine_version)
    with (
        gate.authorised(administering(actor, collection)) as own,
        reading.authorised_of(enrolment, collection_ids=[collection.id]) as uses,
    ):
        yield Changing(own, uses)


def mark(collection: Collection, *, is_moving: bool) -> None:
    collection.is_moving = is_moving
    collection.revision += 1
    collection.save(update_fields=["is_moving", "revision"])


def view_of(collection: Collection) -> MoveView:
    """Return the newest move, in the open scope."""
    move = selectors.newest_of(collection)
    if move.ended_at is not None:
        return MoveView(move=move, collection=collection, n_missing=0, n_unmoved=0, agreement=move.agreement)
    gallery = selectors.second_gallery(move, collection=collection)
    return MoveView(
        move=move,
        collection=collection,
        n_missing=second.count_missing(gallery, given_up=selectors.unmoved_ids(move)),
        n_unmoved=selectors.unmoved_in(move, collection=collection).count(),
        agreement=shadowing.summary_of(move),
    )


def record(tag: Tag, move: EngineMove, *, actor: Actor, before: str, after: str) -> None:
    ledger.record_event(
        tag,
        actor=ledger.ref_of(actor),
        resource=ledger.Resource("collection", move.collection_id),
        tenant_id=move.tenant_id,
        data={"before": before, "after": after},
    )


def opened(name: str, *, actor: Actor) -> tuple[Collection, EngineMove]:
    with tenant_scope(actor.tenant_id):
        collection = collection_selectors.get_for(actor.tenant_id, name=name)
        if not collection.is_moving:
            raise EngineMoveNotFound
        return collection, selectors.open_of(collection)


def _collection(name: str, *, actor: Actor) -> Collection:
    with tenant_scope(actor.tenant_id):
        return collection_selectors.get_for(actor.tenant_id, name=name)


def administering(actor: Actor, collection: Collection, *, only_looks: bool = False) -> gate.AccessRequest:
    resource = gate.ResourceRef("collection", collection.id, actor.tenant_id)
    return gate.AccessRequest(actor=actor, operation=Operation.ADMINISTER, resource=resource, only_looks=only_looks)
