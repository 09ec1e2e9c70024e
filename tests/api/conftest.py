"""Fixtures of the walks over all routes: objects for a tenant, and messages that are kept instead of sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from common.vocabulary import TenantRole
from recognition import dispatch
from recognition.engines.fake import face_picture
from recognition.services import collections, enrolment, persons
from recognition.services.enrolment import Submission
from tenants.models import Membership
from tests.api.routes import PERSON, Objects
from tests.people import make_member
from tests.worlds import Player

MakeObjects = Callable[..., Objects]


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody would work on them."""
    monkeypatch.setattr(dispatch.current_app, "send_task", lambda *_, **__: None)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Settings) -> Path:
    settings.CUSTOS_HOME = tmp_path
    return tmp_path


@pytest.fixture
def make_objects(home: Path) -> MakeObjects:
    """Make a collection with a person, who has a face, and an open job for a tenant that may still do so."""

    def make(player: Player, *, collection: str = "gallery", external_id: str = "", **options: Any) -> Objects:
        collections.create_collection(collection, actor=player.actor, **options)
        persons.create_person(PERSON, collection_name=collection, actor=player.actor, display_name=external_id)
        enrolled = enrolment.enrol_image(
            face_picture(1), collection_name=collection, actor=player.actor, external_id=external_id, person=PERSON
        )
        job = enrolment.submit_job(
            [Submission(face_picture(2), external_id)], collection_name=collection, actor=player.actor
        )
        member = make_member(player, TenantRole.VIEWER)
        with tenant_scope(player.tenant.id):
            member_id = Membership.objects.get(user=member).id
        decision_id = player.client.get("/v1/decisions")["Custos-Decision"]
        return Objects(
            collection,
            str(enrolled.face_ids[0]),
            str(job.id),
            decision_id,
            PERSON,
            key_id=str(player.key_id),
            member_id=str(member_id),
        )

    return make
