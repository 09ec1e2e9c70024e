"""Limits that bind while an operation runs (quality, size of the gallery), and what callers state of themselves."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from common.vocabulary import Attestation, CustomerCategory, Operation
from governance import services as governance
from governance.audit import ledger
from governance.errors import PolicyRefused
from recognition.engines.base import Quality
from recognition.engines.fake import FakeEngine, face_picture
from recognition.models import Collection
from recognition.services import collections, enrolment
from tests.worlds import Player, PlayerFactory, Staff, client_with, current_engine_versions, in_case

GALLERY = "people"


def as_image(data: bytes) -> dict[str, str]:
    return {"bytes": base64.b64encode(data).decode()}


@pytest.fixture
def charity(make_player: PlayerFactory) -> Player:
    player = in_case(make_player(CustomerCategory.VICTIM_RESCUE_NGO))
    collections.create_collection(GALLERY, actor=player.actor)
    return player


@pytest.fixture
def blurred(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every face is of quality 19.9, just below the floor of investigative purposes."""
    detect = FakeEngine.detect

    def blurry(self: FakeEngine, *args: Any, **options: Any) -> Any:
        from dataclasses import replace

        return tuple(replace(face, quality=Quality(60.0, 5.0, 19.9)) for face in detect(self, *args, **options))

    monkeypatch.setattr(FakeEngine, "detect", blurry)


def _search(player: Player, **headers: str) -> Any:
    body = {"image": as_image(face_picture(1))}
    return player.client.post(f"/v1/collections/{GALLERY}/search", body, format="json", headers=headers)


@pytest.mark.usefixtures("blurred")
def test_a_poor_probe_is_refused_by_name_of_the_rule(charity: Player) -> None:
    response = _search(charity)

    assert (response.status_code, response.json()["code"]) == (422, "quality-too-low")
    assert "QUAL-001" in response.json()["detail"]


@pytest.mark.usefixtures("blurred")
def test_a_poor_reference_is_not_enrolled(charity: Player, alice: Player) -> None:
    collections.create_collection(GALLERY, actor=alice.actor)
    picture = {"image": as_image(face_picture(1)), "quality": "none"}

    refused = charity.client.post(f"/v1/collections/{GALLERY}/faces", picture, format="json")

    assert refused.json()["code"] == "no-usable-face"
    assert refused.json()["rejected"] == [{"reasons": ["LOW_FACE_QUALITY"]}]
    # A photo app has no floor.
    assert len(enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=alice.actor).faces) == 1


def test_a_gallery_grows_to_its_cap_and_not_beyond(alice: Player, staff: Staff) -> None:
    governance.grant_approval(
        alice.tenant.id,
        use=governance.ApprovedUse(
            purposes=[alice.actor.usage.purpose],  # type: ignore[list-item]
            operations=list(Operation),
            jurisdictions=["US"],
            end_users=[CustomerCategory.CONSUMER_SOFTWARE],
            engine_versions=current_engine_versions(),
            attestations=list(Attestation),
            gallery_cap=2,
        ),
        expires_at=ledger.database_now() + timedelta(days=1),
        approvers=staff.officers,
    )
    collections.create_collection(GALLERY, actor=alice.actor)
    enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=alice.actor)

    # Two faces in a picture: that it is one too many shows only when it has been looked at.
    with pytest.raises(PolicyRefused) as refusal:
        enrolment.enrol_image(face_picture(2, others=(3,)), collection_name=GALLERY, actor=alice.actor)
    assert refusal.value.rules == (
        {"id": "GAL-001", "reason": "The gallery would hold 3 faces; at most 2 are allowed."},
    )

    enrolment.enrol_image(face_picture(2), collection_name=GALLERY, actor=alice.actor)
    images = [enrolment.Submission(face_picture(4))]
    with pytest.raises(PolicyRefused) as refusal:
        enrolment.submit_job(images, collection_name=GALLERY, actor=alice.actor)
    assert [rule["id"] for rule in refusal.value.rules] == ["GAL-001"]
    assert _size(alice) == 2


def _size(player: Player) -> int:
    collection: Collection = collections.get_collection(GALLERY, actor=player.actor)
    return collection.face_count


def test_what_a_request_states_against_itself_refuses_it(charity: Player) -> None:
    response = _search(charity, **{"Custos-Circumstances": "altered_probe, protest_targeting"})

    assert [rule["id"] for rule in response.json()["rules"]] == ["PRH-004", "PRH-005"]


def test_a_circumstance_that_is_not_in_the_vocabulary_is_no_circumstance(charity: Player) -> None:
    response = client_with(charity.token, HTTP_CUSTOS_CIRCUMSTANCES="altered").get("/v1/decisions")

    assert (response.status_code, response.json()["code"]) == (400, "governance-header-invalid")


def test_who_attested_nothing_enrols_nobody_but_may_keep_an_album(make_player: PlayerFactory) -> None:
    charity = in_case(make_player(CustomerCategory.VICTIM_RESCUE_NGO, attestations=()))
    album = make_player(attestations=(Attestation.LAWFUL_BASIS,))
    for player in (charity, album):
        collections.create_collection(GALLERY, actor=player.actor)

    with pytest.raises(PolicyRefused) as refusal:
        enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=charity.actor)

    assert {"PRH-002", "PRH-004", "CON-001"} <= {rule["id"] for rule in refusal.value.rules}
    assert enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=album.actor).faces
