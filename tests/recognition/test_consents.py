"""Consent of the people in a collection: given, taken back at once and for good, and told about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from common.context import tenant_scope
from common.vocabulary import Attestation, CustomerCategory, JobStatus, Purpose
from governance import services as governance
from governance.accountability.models import ConsentRecord
from governance.audit.models import AuditEntry
from governance.errors import ConsentWithdrawn, PolicyRefused
from recognition.engines.fake import face_picture
from recognition.models import JobItem
from recognition.services import batches, collections, consents, deletion, enrolment, identification
from tests.recognition.conftest import let_days_pass, traces_of
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, in_case

GALLERY = "people"


@pytest.fixture
def gallery(alice: Player) -> str:
    collections.create_collection(GALLERY, actor=alice.actor)
    return GALLERY


def _enrol(player: Player, who: int, **options: Any) -> Any:
    return enrolment.enrol_image(face_picture(who), collection_name=GALLERY, actor=player.actor, **options)


def _found(player: Player, who: int) -> int:
    found = identification.search_by_image(face_picture(who), collection_name=GALLERY, actor=player.actor)
    return len(found.candidates)


def test_who_takes_consent_back_is_found_by_no_search_and_enrolled_by_nobody(alice: Player, gallery: str) -> None:
    consents.record_consent("anna", collection_name=gallery, actor=alice.actor)
    _enrol(alice, 1, external_id="anna")
    _enrol(alice, 2, external_id="bert")

    done = consents.withdraw_consent("anna", collection_name=gallery, actor=alice.actor)

    assert done.deleted == 1
    assert (_found(alice, 1), _found(alice, 2)) == (0, 1)
    with pytest.raises(PolicyRefused) as refusal:
        _enrol(alice, 1, external_id="anna")
    assert [rule["id"] for rule in refusal.value.rules] == ["CON-002"]
    assert collections.get_collection(gallery, actor=alice.actor).face_count == 1


def test_faces_that_wait_for_the_purge_go_too(alice: Player) -> None:
    collections.create_collection(GALLERY, actor=alice.actor, retention_days=10)
    _enrol(alice, 1, external_id="anna")
    let_days_pass(alice, 11)

    done = consents.withdraw_consent("anna", collection_name=GALLERY, actor=alice.actor)

    assert done.deleted == 1
    assert traces_of(alice).templates == 0


def test_who_gives_it_anew_can_be_enrolled_again(alice: Player, gallery: str) -> None:
    consents.withdraw_consent("anna", collection_name=gallery, actor=alice.actor)

    consents.record_consent("anna", collection_name=gallery, actor=alice.actor, evidence_digest="ab" * 32)

    assert _enrol(alice, 1, external_id="anna").faces


def test_a_job_that_is_under_way_enrols_nobody_who_has_withdrawn(
    alice: Player, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recognition import dispatch

    monkeypatch.setattr(dispatch.current_app, "send_task", lambda *_, **__: None)
    images = [enrolment.Submission(face_picture(who), name) for who, name in ((1, "anna"), (2, "bert"))]
    job = enrolment.submit_job(images, collection_name=gallery, actor=alice.actor)
    consents.withdraw_consent("anna", collection_name=gallery, actor=alice.actor)

    batches.run_batch(job.id, first=0, tenant_id=alice.tenant.id)

    with tenant_scope(alice.tenant.id):
        first, second = JobItem.objects.filter(job_id=job.id).order_by("sequence")
        job.refresh_from_db()
    assert (first.status, first.problem["code"]) == ("failed", "consent-withdrawn")
    assert (second.status, job.status) == ("done", JobStatus.SUCCEEDED)


def test_a_withdrawal_while_the_picture_is_looked_at_comes_through(
    alice: Player, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    examine = enrolment.examine

    def slowly(*args: Any, **options: Any) -> Any:
        examined = examine(*args, **options)
        consents.withdraw_consent("anna", collection_name=gallery, actor=alice.actor)
        return examined

    monkeypatch.setattr(enrolment, "examine", slowly)

    with pytest.raises(ConsentWithdrawn):
        _enrol(alice, 1, external_id="anna")
    assert collections.get_collection(gallery, actor=alice.actor).face_count == 0


def test_without_an_attested_basis_each_person_must_have_agreed(make_player: PlayerFactory) -> None:
    others = tuple(item for item in Attestation if item is not Attestation.LAWFUL_BASIS)
    player = make_player(attestations=others)
    collections.create_collection(GALLERY, actor=player.actor)

    for options in ({}, {"external_id": "anna"}):
        with pytest.raises(PolicyRefused) as refusal:
            _enrol(player, 1, **options)
        assert [rule["id"] for rule in refusal.value.rules] == ["CON-001"]
    consents.record_consent("anna", collection_name=GALLERY, actor=player.actor)

    assert _enrol(player, 1, external_id="anna").faces


def test_what_is_known_of_a_person_is_told(make_player: PlayerFactory) -> None:
    charity = in_case(make_player(CustomerCategory.VICTIM_RESCUE_NGO))
    collections.create_collection(GALLERY, actor=charity.actor)
    consents.record_consent("anna", collection_name=GALLERY, actor=charity.actor)
    _enrol(charity, 1, external_id="anna")

    before = consents.tell_about("anna", collection_name=GALLERY, actor=charity.actor)
    nobody = consents.tell_about("nobody", collection_name=GALLERY, actor=charity.actor)
    consents.withdraw_consent("anna", collection_name=GALLERY, actor=charity.actor)
    after = consents.tell_about("anna", collection_name=GALLERY, actor=charity.actor)

    assert (before.consent, before.faces, before.searches) == ("live", 1, 0)
    assert (nobody.consent, nobody.faces, nobody.recorded_at) == ("none", 0, None)
    assert (after.consent, after.faces) == ("withdrawn", 0)
    assert after.withdrawn_at is not None


def test_who_was_enrolled_for_a_stopped_purpose_is_not_told_of_under_another(
    make_player: PlayerFactory, impose: MoratoriumFactory
) -> None:
    player = make_player(purposes=(Purpose.PHOTO_ORGANISATION, Purpose.SECOND_FACTOR))
    collections.create_collection(GALLERY, actor=player.actor)
    _enrol(player, 1, external_id="anna")
    other = replace(player.actor, usage=replace(player.actor.usage, purpose=Purpose.SECOND_FACTOR.value))
    assert consents.tell_about("anna", collection_name=GALLERY, actor=other).faces == 1

    impose(selector=governance.Selector(purposes=[Purpose.PHOTO_ORGANISATION]))

    with pytest.raises(PolicyRefused) as refusal:
        consents.tell_about("anna", collection_name=GALLERY, actor=other)
    assert refusal.value.rules[0]["id"] == "MOR-001"


def test_the_log_says_how_many_went_and_not_who(alice: Player, gallery: str) -> None:
    _enrol(alice, 1, external_id="Anna Miller")

    done = consents.withdraw_consent("Anna Miller", collection_name=gallery, actor=alice.actor)

    with tenant_scope(alice.tenant.id):
        bodies = [bytes(entry.body).decode() for entry in AuditEntry.objects.filter(tenant_id=alice.tenant.id)]
        outcome = AuditEntry.objects.get(decision_id=done.certificate)
    assert outcome.content["outcome"]["n_faces"] == 1
    assert not any("Miller" in body for body in bodies)


def test_consents_go_with_their_collection(alice: Player, gallery: str) -> None:
    consents.record_consent("anna", collection_name=gallery, actor=alice.actor)

    deletion.delete_collection(gallery, actor=alice.actor)

    with tenant_scope(alice.tenant.id):
        assert not ConsentRecord.objects.filter(tenant_id=alice.tenant.id).exists()
