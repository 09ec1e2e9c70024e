"""Moving a collection to another engine in the pages."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from recognition.engines.fake import face_picture
from recognition.services import collections, enrolment, identification
from tests.dashboard.conftest import GALLERY, SignIn, text_of
from tests.recognition.conftest import Outbox
from tests.recognition.test_engine_moves import OTHER, other_engine, work_off
from tests.worlds import Player, PlayerFactory

__all__ = ["other_engine"]

PAGE = f"/collections/{GALLERY}/engine"


@pytest.fixture
def mover(make_player: PlayerFactory, settings: Settings) -> Player:
    player = make_player(engine_versions=("fake@1", "other@1"))
    collections.create_collection(GALLERY, actor=player.actor, store_images=True)
    for number in (1, 13):
        enrolment.enrol_image(face_picture(number), collection_name=GALLERY, actor=player.actor)
    return player


def test_a_member_moves_a_collection_and_back(mover: Player, sign_in: SignIn, outbox: Outbox) -> None:
    client = sign_in(mover)
    assert "Move to another engine" in text_of(client.get(PAGE))
    assert client.post(PAGE, {"engine": "nothing"}).status_code == 422

    assert client.post(PAGE, {"engine": OTHER}).status_code == 302
    assert "2 of 2 faces missing" in text_of(client.get(PAGE, headers={"HX-Request": "true"}))
    work_off(outbox)
    identification.search_by_image(face_picture(1, variant=1), collection_name=GALLERY, actor=mover.actor)
    last = client.get(PAGE, headers={"HX-Request": "true"})

    assert last.status_code == 286, "nothing will change by itself"
    assert "0 of 2 faces missing in the second index, 1 cannot be moved" in text_of(last)
    assert "1 searches were scored in both: in 100.0 %" in text_of(last)
    assert _step(client, "switch") == 409, "one cannot be moved"
    assert _step(client, "switch", leave_behind="on") == 302
    assert "Roll back" in text_of(client.get(PAGE))
    assert _step(client, "roll-back") == 302
    assert _step(client, "end") == 302
    assert _step(client, "nowhere") == 404
    assert "The last move" in text_of(client.get(PAGE))


def _step(client: Client, step: str, **form: str) -> int:
    return client.post(f"{PAGE}/{step}", form).status_code
