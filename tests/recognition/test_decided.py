"""Nothing is stored but what an allowed decision of its own tenant stands behind; the database sees to it."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError

from common.context import tenant_scope
from common.vocabulary import CustomerCategory, Operation
from governance import gate
from governance import services as governance
from governance.audit.models import AuditEntry
from recognition.models import Collection, Image
from tests.worlds import MoratoriumFactory, Player


def _decide(player: Player) -> uuid.UUID:
    """Ask whether the player may detect; return the decision's id, whatever it is."""
    resource = gate.ResourceRef("image", None, player.tenant.id)
    request = gate.AccessRequest(
        actor=player.actor, operation=Operation.DETECT, resource=resource, engine_version="fake@1"
    )
    return gate.authorise(request).id


def _store(player: Player, collection: Collection, *, decision_id: uuid.UUID) -> None:
    with tenant_scope(player.tenant.id):
        Image(
            tenant_id=player.tenant.id,
            collection_id=collection.id,
            decision_entry_id=decision_id,
            digest="0" * 64,
            width=1,
            height=1,
            format="PNG",
        ).save(force_insert=True)


def _images(player: Player) -> int:
    with tenant_scope(player.tenant.id):
        return Image.objects.count()


def test_an_allowed_decision_of_the_tenant_carries_a_row(alice: Player, gallery: Collection) -> None:
    _store(alice, gallery, decision_id=_decide(alice))

    assert _images(alice) == 1


def test_another_tenant_s_decision_carries_nothing(alice: Player, mallory: Player, gallery: Collection) -> None:
    decision_id = _decide(mallory)

    with pytest.raises(IntegrityError, match="rests on no decision"):
        _store(alice, gallery, decision_id=decision_id)

    assert _images(alice) == 0


def test_a_denied_decision_carries_nothing(alice: Player, gallery: Collection, impose: MoratoriumFactory) -> None:
    impose(selector=governance.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE], operations=[Operation.DETECT]))
    decision_id = _decide(alice)

    with pytest.raises(IntegrityError, match="rests on no decision"):
        _store(alice, gallery, decision_id=decision_id)

    assert _images(alice) == 0


def test_an_entry_that_is_no_decision_carries_nothing(alice: Player, gallery: Collection) -> None:
    with tenant_scope(alice.tenant.id):
        outcome = AuditEntry.objects.filter(kind="outcome").latest("ins_id")

    with pytest.raises(IntegrityError, match="rests on no decision"):
        _store(alice, gallery, decision_id=outcome.id)

    assert _images(alice) == 0
