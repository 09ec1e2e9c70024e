"""Fixtures of case work: a charity with a case, a gallery and two trained reviewers."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from common.context import Actor
from common.vocabulary import CustomerCategory, TenantRole
from governance.audit.ledger import database_now
from governance.casework import training, verdicts
from governance.casework.reviews import ReviewTask
from governance.casework.verdicts import Judgement
from recognition.engines.fake import face_picture
from recognition.services import collections, enrolment
from tenants.models import User
from tests.people import actor_for, make_member, owner_of
from tests.recognition.conftest import GALLERY, blank_picture, home, outbox
from tests.worlds import Player, PlayerFactory, in_case

__all__ = ["GALLERY", "blank_picture", "home", "outbox"]


@dataclass(frozen=True, slots=True)
class Charity:
    """A rescue charity whose requests name a case; `anna` is enrolled as identity 1, `bert` as 2."""

    player: Player
    anna: uuid.UUID
    bert: uuid.UUID
    reviewers: tuple[Actor, Actor]

    @property
    def actor(self) -> Actor:
        return self.player.actor

    def search(self, identity: int = 1, **options: Any) -> Any:
        """Search by the API for a picture of somebody; return the response."""
        image = {"image": encoded(face_picture(identity, variant=1))}
        return self.player.client.post(f"/v1/collections/{GALLERY}/search", {**image, **options}, format="json")


def encoded(data: bytes) -> dict[str, str]:
    return {"bytes": base64.b64encode(data).decode()}


def attest(player: Player, user: User, *, days: int = 100) -> None:
    """Attest a member's training."""
    training.attest(
        owner_of(player),
        user_id=user.pk,
        course="Facial comparison, basic",
        expires_at=database_now() + timedelta(days=days),
    )


def trained_reviewer(player: Player, role: TenantRole = TenantRole.REVIEWER) -> Actor:
    user = make_member(player, role)
    attest(player, user)
    return actor_for(player, user)


@pytest.fixture
def charity(make_player: PlayerFactory) -> Charity:
    player = in_case(
        make_player(
            CustomerCategory.VICTIM_RESCUE_NGO,
            end_users=(CustomerCategory.VICTIM_RESCUE_NGO, CustomerCategory.LAW_ENFORCEMENT),
        )
    )
    collections.create_collection(GALLERY, actor=player.actor)
    anna, bert = (
        enrolment.enrol_image(
            face_picture(identity), collection_name=GALLERY, actor=player.actor, external_id=name
        ).face_ids[0]
        for identity, name in ((1, "anna"), (2, "bert"))
    )
    return Charity(player, anna, bert, (trained_reviewer(player), trained_reviewer(player)))


Judge = Callable[..., ReviewTask]


@pytest.fixture
def judge() -> Judge:
    """Give one verdict on every candidate of a review."""

    def give(actor: Actor, task_id: uuid.UUID | str, judgement: Judgement = Judgement.RELEASE) -> ReviewTask:
        task_id = uuid.UUID(str(task_id))
        sheet = verdicts.show_sheet(actor, task_id=task_id)
        judgements = {shown.candidate.id: judgement for probe in sheet.probes for shown in probe.candidates}
        return verdicts.give_verdict(actor, task_id=task_id, judgements=judgements, reasons="Same ears and chin.")

    return give
