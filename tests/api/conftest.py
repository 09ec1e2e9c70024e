"""Fixtures of the walks over all routes: objects for a tenant, and messages that are kept instead of sent."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from common.ids import new_id
from common.vocabulary import AuthorisationKind, OffenceClass, Operation, Purpose, StaffRole, TenantRole
from governance import gate
from governance.accountability import complaints
from governance.accountability.models import PublishedReport, PurgeCertificate
from governance.audit import evidence as log
from governance.audit import roles, sequencer
from governance.audit.ledger import database_now, ref_of
from governance.casework import cases, reviews
from governance.casework.authorisations import NewAuthorisation, record_authorisation
from governance.casework.break_glass import Emergency, break_glass
from governance.casework.reviews import NewReview
from governance.errors import PolicyRefused
from governance.vetting import applications, evidence
from recognition import dispatch
from recognition.engines.fake import face_picture
from recognition.services import buckets, collections, deletion, enrolment, evaluation_runs, persons, purging
from recognition.services.enrolment import Submission
from tenants.models import Membership
from tests.api.routes import PERSON, Objects
from tests.people import actor_for, make_member, make_staff
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


def put_under_review(player: Player) -> uuid.UUID:
    """Put something under review; what it was is not asked here."""
    request = gate.AccessRequest(
        actor=player.actor,
        operation=Operation.DETECT,
        resource=gate.ResourceRef("image", None, player.tenant.id),
    )
    found = NewReview(engine_version="fake@1", threshold=99.0, threshold_words="", probes=[])
    with gate.authorised(request) as admission, tenant_scope(player.tenant.id):
        task = reviews.open_task(found, admission=admission)
        admission.complete()
    return task.id


def authorise(player: Player, *, case_id: uuid.UUID, kind: AuthorisationKind = AuthorisationKind.WARRANT) -> uuid.UUID:
    """Record an authorisation by a member of its own."""
    now = database_now()
    document = NewAuthorisation(
        kind=kind,
        authority="District Court of Springfield",
        operations={Operation.SEARCH},
        valid_from=now,
        valid_until=now + timedelta(days=7),
        document_reference="26-SW-00417",
        document_digest="0" * 64,
    )
    worker = actor_for(player, make_member(player, TenantRole.CASE_WORKER))
    return record_authorisation(worker, case_id=case_id, document=document).id


def purged(player: Player, *, collection: str = "past") -> str:
    """Purge a face of a collection whose purpose is met; return the id of the certificate."""
    made = collections.create_collection(collection, actor=player.actor)
    enrolment.enrol_image(face_picture(9), collection_name=collection, actor=player.actor)
    deletion.declare_purpose_met(collection, actor=player.actor)
    purging.purge_faces(made.id, tenant_id=player.tenant.id)
    with tenant_scope(player.tenant.id):
        return str(PurgeCertificate.objects.get().id)


def broken(player: Player, *, case_id: uuid.UUID) -> uuid.UUID:
    """Break the glass in a case by a member of its own."""
    emergency = Emergency(
        reason="Somebody is held, and lives depend on minutes.",
        operations={Operation.SEARCH},
        end_user=player.tenant.category,
        jurisdiction="US",
        hours=1,
    )
    worker = actor_for(player, make_member(player, TenantRole.CASE_WORKER))
    return break_glass(worker, case_id=case_id, emergency=emergency).id


def published() -> uuid.UUID:
    """Let a report be published of a year of its own."""
    year = 1000 + new_id().int % 900
    since = datetime(year, 1, 1, tzinfo=UTC)
    content = {
        "log": {"entries": 9, "first": {"id": "a"}, "last": {"id": "b"}, "checkpoint": {"size": 9, "root": "c"}},
        "tables": [{"title": "Refusals by rule", "rows": [["VET-001", 7], ["MOR-001", None]]}],
    }
    report = PublishedReport(
        since=since,
        until=since + timedelta(days=300),
        content=content,
        digest="0" * 64,
        published_by=make_staff(StaffRole.OVERSIGHT)[0],
    )
    report.save(using="officer", force_insert=True)
    return report.id


def complained(player: Player, *, about: str = "somebody") -> uuid.UUID:
    """Write down what a person told the player's organisation."""
    new = complaints.NewComplaint(
        kind=complaints.Kind.CORRECTION, text=f"I am not {about}.", contact="somebody@example.test"
    )
    return complaints.file_for(player.actor, new=new).id


def keep_and_close(player: Player, *, case_id: uuid.UUID) -> None:
    """Let a closed case hold evidence."""
    with tenant_scope(player.tenant.id):
        log.seal_evidence(
            b"a picture",
            subject_id=case_id,
            tenant_id=player.tenant.id,
            decision_id=new_id(),
            actor=ref_of(player.actor),
        )
    cases.close_case(player.actor, case_id=case_id)


def apply_for(player: Player, *, why: str = "somebody") -> tuple[str, str]:
    """Begin an application that lacks nothing; return its id and that of its document."""
    application = applications.begin_application(player.actor)
    applications.state(
        player.actor,
        application_id=application.id,
        values={
            "legal_name": "Photo e. V.",
            "registration": "4711",
            "address": "Springfield",
            "contact": "office@photo.example",
            "jurisdictions": ["US"],
            "purposes": ["photo_organisation"],
            "operations": ["search"],
            "end_users": ["consumer_software"],
            "rationale": f"Albums of {why}.",
            "case_officers": [{"name": "A. Jones", "training": "Reviewing", "trained_on": "2026-03-02"}],
        },
    )
    added = evidence.add_evidence(player.actor, application_id=application.id, title="Charter", data=b"%PDF-1.7")
    return str(application.id), str(added.id)


def _evaluation_of(player: Player, *, collection: str) -> str:
    """Ask for an evaluation; an investigator is refused, and gets an id that nothing has."""
    try:
        return str(evaluation_runs.submit_evaluation(collection_name=collection, actor=player.actor).id)
    except PolicyRefused:
        return str(new_id())


def register_bucket(player: Player, *, prefix: str = "") -> str:
    """Register a bucket of the service that tests offer."""
    stated = buckets.NewBucket(
        name="photos",
        endpoint="https://objects.example.test",
        region="eu-west-1",
        prefix=prefix,
        access_key_id="AK",
        secret_access_key="secret",
    )
    return str(buckets.register_bucket(player.actor, stated=stated).id)


@pytest.fixture
def make_objects(home: Path) -> MakeObjects:
    """Make a collection with a person, who has a face, and an open job for a tenant that may still do so."""

    def make(player: Player, *, collection: str = "gallery", external_id: str = "", **options: Any) -> Objects:
        collections.create_collection(collection, actor=player.actor, store_images=True, **options)
        persons.create_person(PERSON, collection_name=collection, actor=player.actor, display_name=external_id)
        enrolled = enrolment.enrol_image(
            face_picture(1), collection_name=collection, actor=player.actor, external_id=external_id, person=PERSON
        )
        # Rows that destroy a face come before those that destroy an image: it is of another face.
        pictured = enrolment.enrol_image(
            face_picture(3), collection_name=collection, actor=player.actor, external_id=external_id
        )
        job = enrolment.submit_job(
            [Submission(face_picture(2), external_id)], collection_name=collection, actor=player.actor
        )
        evaluation_id = _evaluation_of(player, collection=collection)
        member = make_member(player, TenantRole.VIEWER)
        with tenant_scope(player.tenant.id):
            member_id = Membership.objects.get(user=member).id
        decided = player.client.get("/v1/decisions")
        decision_id = decided["Custos-Decision"]
        case = cases.open_case(
            player.actor,
            reference=f"case of {external_id or 'somebody'}",
            purpose=Purpose(player.actor.usage.purpose or ""),
            offence_class=OffenceClass.SERIOUS,
            rationale=f"Where is {external_id or 'somebody'}?",
        )
        with roles.connect("custos_sequencer", autocommit=True) as connection:
            sequencer.drain(connection)
        return Objects(
            collection,
            str(enrolled.face_ids[0]),
            str(job.id),
            decision_id,
            str(player.key_id),
            str(member_id),
            str(pictured.image_id),
            str(case.id),
            str(authorise(player, case_id=case.id)),
            str(new_id()),
            *apply_for(player, why=external_id or "somebody"),
            task_id=str(put_under_review(player)),
            entry_id=decision_id,
            receipt=decided["Custos-Receipt"],
            person=PERSON,
            certificate_id=purged(player),
            complaint_id=str(complained(player, about=external_id or "somebody")),
            evaluation_id=evaluation_id,
            bucket_id=register_bucket(player, prefix=f"{external_id}/"),
        )

    return make
