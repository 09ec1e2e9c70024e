"""The switch of a collection that moves to another engine, the way back, and the end of the move.

The switch exchanges two index entries and the templates of persons: one transaction under the fence, whatever the size.
"""

from __future__ import annotations

from django.db.models.functions import Now

from common.context import Actor, ActorKind, tenant_scope
from common.permits import Permit
from common.vocabulary import OPEN_JOB_STATUSES
from governance import gate
from governance.accountability import held
from governance.audit.tags import Tag
from recognition import dispatch
from recognition.errors import EngineMoveState, FacesNotMovable, JobsOpen, SecondIndexBehind, SecondPersonNeeded
from recognition.gallery import partitions, second
from recognition.models import Collection, EngineMove, Job, Person, ShadowScore, UnmovedFace
from recognition.selectors import collections as collection_selectors
from recognition.selectors import engine_moves as selectors
from recognition.services import references, shadowing
from recognition.services.deletion import request_of as deletion_of
from recognition.services.engine_moves import MoveView, administering, changing_of, mark, opened, record, view_of


def switch(collection_name: str, *, actor: Actor, back: bool = False, leaves_behind: bool = False) -> MoveView:
    """Search the second index from now on, or, to roll back, the first again. Both stay as they are.

    Args:
        collection_name: the tenant's name for the collection.
        actor: who asks; where the collection serves an investigation, another person than who started the move.
        back: roll back.
        leaves_behind: accept that faces which could not be moved are not found from now on.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        EngineMoveNotFound: the collection is not moving.
        EngineMoveState: it is switched already, or not yet.
        SecondPersonNeeded: the same person, or a key.
        JobsOpen: jobs of the collection are not done.
        SecondIndexBehind: faces have no template in the other index yet.
        FacesNotMovable: some cannot be given one, and `leaves_behind` was not said.
        PolicyRefused: the policy does not allow it: the version was not evaluated (VET-005), for example.
    """
    collection, move = opened(collection_name, actor=actor)
    with (
        changing_of(collection, actor=actor, engine_version=move.engine_version) as changing,
        tenant_scope(actor.tenant_id),
    ):
        locked = collection_selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        move = selectors.open_of(locked, locks=True)
        _require_ready(move, collection=locked, actor=actor, back=back, leaves_behind=leaves_behind)
        before, after = locked.engine_version, move.engine_version
        _swap(move, collection=locked)
        everybody = Person.objects.filter(tenant_id=actor.tenant_id, collection_id=locked.id)
        person_ids = list(everybody.values_list("id", flat=True))
        references.refresh_persons(person_ids, collection=locked, permit=changing.uses.own.permit)
        if partitions.is_due(locked):
            dispatch.enqueue_promotion(locked.id, tenant_id=locked.tenant_id)
        tag = Tag.ENGINE_MOVE_ROLLED_BACK if back else Tag.ENGINE_MOVE_SWITCHED
        record(tag, move, actor=actor, before=before, after=after)
        view = view_of(locked)
        changing.complete()
    return view


def end_move(collection_name: str, *, actor: Actor) -> MoveView:
    """Delete the index that is not searched; there is no way back from here.

    After a switch the faces that were left behind go with it, since nothing is left that they could be found by.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        EngineMoveNotFound: the collection is not moving.
        JobsOpen: jobs of the collection are not done.
        UnderLegalHold: a legal hold keeps the collection as it is, both indexes included.
        PolicyRefused: the policy does not allow administering.
    """
    collection, _ = opened(collection_name, actor=actor)
    with (
        gate.authorised(administering(actor, collection)) as admission,
        gate.authorised(deletion_of(actor, collection=collection)) as deletion,
        tenant_scope(actor.tenant_id),
    ):
        locked = collection_selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        move = selectors.open_of(locked, locks=True)
        held.require_none(actor.tenant_id, collection_id=locked.id)
        _require_no_open_jobs(locked)
        n_left = _delete_left_behind(move, collection=locked, permit=deletion.permit)
        n_templates = second.close_index(selectors.second_gallery(move, collection=locked), permit=deletion.permit)
        summary = shadowing.summary_of(move)
        ShadowScore.objects.filter(tenant_id=move.tenant_id, move_id=move.id).delete()
        UnmovedFace.objects.filter(tenant_id=move.tenant_id, move_id=move.id).delete()
        rows = EngineMove.objects.filter(tenant_id=move.tenant_id, id=move.id)
        rows.update(ended_at=Now(), agreement=summary)
        mark(locked, is_moving=False)
        record(Tag.ENGINE_MOVE_ENDED, move, actor=actor, before=move.engine_version, after=locked.engine_version)
        view = view_of(locked)
        deletion.complete(n_faces=n_left, removed={"faces": n_left, "templates": n_templates})
        admission.complete()
    return view


def _require_ready(move: EngineMove, *, collection: Collection, actor: Actor, back: bool, leaves_behind: bool) -> None:
    if move.is_switched is not back:
        raise EngineMoveState("It is switched already." if move.is_switched else "It is not switched yet.")
    uses = collection_selectors.uses_of(collection.tenant_id, collection_id=collection.id)
    is_investigative = any(use.purpose in gate.INVESTIGATIVE_PURPOSES for use in uses)
    if is_investigative and (actor.kind is not ActorKind.USER or actor.id == move.started_by):
        raise SecondPersonNeeded
    _require_no_open_jobs(collection)
    gallery = selectors.second_gallery(move, collection=collection)
    if n_missing := second.count_missing(gallery, given_up=selectors.unmoved_ids(move)):
        raise SecondIndexBehind(f"{n_missing} faces have no template of {move.engine_version} yet: fill it first.")
    n_unmoved = selectors.unmoved_in(move, collection=collection).count()
    if n_unmoved and not leaves_behind:
        raise FacesNotMovable(
            f"{n_unmoved} faces cannot be given a template of {move.engine_version}: leave them behind, or delete them."
        )


def _require_no_open_jobs(collection: Collection) -> None:
    """Jobs work with one engine version from their first batch to their last."""
    jobs = Job.objects.filter(tenant_id=collection.tenant_id, collection_id=collection.id)
    if jobs.filter(status__in=OPEN_JOB_STATUSES).exists():
        raise JobsOpen


def _swap(move: EngineMove, *, collection: Collection) -> None:
    """Exchange the index that is searched with the other one. What could not be moved is found out anew."""
    for field in ("engine", "engine_version", "dimensions", "partition_no"):
        ours, theirs = getattr(collection, field), getattr(move, field)
        setattr(collection, field, theirs)
        setattr(move, field, ours)
    move.is_switched = not move.is_switched
    move.filled_up_to = None
    move.save(update_fields=["engine", "engine_version", "dimensions", "partition_no", "is_switched", "filled_up_to"])
    collection.revision += 1
    collection.save(update_fields=["engine", "engine_version", "dimensions", "partition_no", "revision"])
    UnmovedFace.objects.filter(tenant_id=move.tenant_id, move_id=move.id).delete()


def _delete_left_behind(move: EngineMove, *, collection: Collection, permit: Permit) -> int:
    if not move.is_switched:
        return 0
    searched = collection_selectors.gallery_of(collection)
    left = second.next_missing(searched, after=None, most=collection.face_count)
    return len(references.destroy(left, collection=collection, permit=permit).face_ids)
