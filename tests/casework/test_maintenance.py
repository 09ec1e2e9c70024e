"""What time ends: unratified urgency, with what it brought; and reviews that nobody gave."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from common.errors import Unavailable
from common.vocabulary import AuthorisationKind, CustomerCategory, Operation
from governance.audit.ledger import database_now
from governance.audit.models import AuditEntry
from governance.casework import authorisations, cases, maintenance
from governance.casework.authorisations import NewAuthorisation
from governance.casework.models import Authorisation, ReviewProbe, ReviewTask
from recognition.engines.fake import face_picture
from recognition.services import collections, enrolment
from tests.casework.conftest import GALLERY, Charity, Judge, encoded
from tests.conftest import admin_connection
from tests.people import owner_of
from tests.worlds import Player, PlayerFactory, in_case


def _sql(statement: str, *parameters: object) -> None:
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.execute(statement, parameters)


def _declare(player: Player, kind: AuthorisationKind) -> Authorisation:
    case = cases.list_cases(player.actor, paginate=lambda rows: rows.get())
    now = database_now()
    document = NewAuthorisation(
        kind=kind,
        authority="Inspector on duty",
        operations={Operation.SEARCH},
        valid_from=now - timedelta(minutes=1),
        valid_until=now + timedelta(days=7),
        document_reference="26-SW-00417",
        document_digest="0" * 64,
    )
    return authorisations.record_authorisation(owner_of(player), case_id=case.id, document=document)


@pytest.fixture
def police(make_player: PlayerFactory) -> Player:
    player = in_case(make_player(CustomerCategory.LAW_ENFORCEMENT))
    collections.create_collection(GALLERY, actor=player.actor)
    enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=player.actor, external_id="anna")
    return player


def _search(player: Player) -> uuid.UUID:
    answer = player.client.post(
        f"/v1/collections/{GALLERY}/search", {"image": encoded(face_picture(1, variant=1))}, format="json"
    )
    assert answer.status_code == 202, answer.content
    return uuid.UUID(answer.json()["review_task"]["id"])


def _reviews(player: Player) -> set[uuid.UUID]:
    with tenant_scope(player.tenant.id):
        return set(ReviewTask.objects.values_list("id", flat=True))


def _reload(authorisation: Authorisation) -> Authorisation:
    with tenant_scope(authorisation.tenant_id):
        return Authorisation.objects.get(id=authorisation.id)


def test_what_an_unratified_use_brought_is_destroyed_and_nothing_else(police: Player) -> None:
    before = _search(police)
    urgent = _declare(police, AuthorisationKind.EXIGENT)
    during = _search(police)
    _sql(
        "UPDATE casework_authorisation SET ratify_by = now() - %s WHERE id = %s",
        maintenance.GRACE + timedelta(seconds=1),
        urgent.id,
    )
    assert _reviews(police) == {before, during}

    maintenance.end_what_is_due()

    assert _reviews(police) == {before}
    assert _reload(urgent).purged_at is not None
    _search(police)  # a new use needs a new authorisation only where one is required


def test_until_then_the_stop_alone_holds(police: Player) -> None:
    urgent = _declare(police, AuthorisationKind.EXIGENT)
    _search(police)
    _sql("UPDATE casework_authorisation SET ratify_by = now() - interval '1 second' WHERE id = %s", urgent.id)

    maintenance.end_what_is_due()

    assert _reload(urgent).purged_at is None
    answer = police.client.post(f"/v1/collections/{GALLERY}/search", {"image": encoded(face_picture(1))}, format="json")
    assert [rule["id"] for rule in answer.json()["rules"]] == ["WAR-002"]


def test_what_a_court_allowed_is_not_destroyed(police: Player) -> None:
    urgent = _declare(police, AuthorisationKind.EXIGENT)
    _declare(police, AuthorisationKind.WARRANT)
    kept = _search(police)
    _sql("UPDATE casework_authorisation SET ratify_by = now() - interval '1 hour' WHERE id = %s", urgent.id)

    maintenance.end_what_is_due()

    assert _reviews(police) == {kept}


def test_a_review_that_nobody_gives_ends_and_its_pictures_with_it(charity: Charity) -> None:
    task_id = charity.search().json()["review_task"]["id"]
    maintenance.end_what_is_due()
    assert charity.player.client.get(f"/v1/review-tasks/{task_id}").json()["status"] == "pending"
    _sql("UPDATE casework_reviewtask SET expires_at = now() - interval '1 second' WHERE id = %s", task_id)

    maintenance.end_what_is_due()
    maintenance.end_what_is_due()

    assert charity.player.client.get(f"/v1/review-tasks/{task_id}").json()["status"] == "expired"
    result = charity.player.client.get(f"/v1/review-tasks/{task_id}/result").json()
    assert result["searches"][0]["candidates"] == []
    with tenant_scope(charity.player.tenant.id):
        assert ReviewProbe.objects.get().sealed_crop is None


def test_a_review_that_closed_too_long_ago_is_neither_read_nor_kept(
    charity: Charity, judge: Judge, settings: Settings
) -> None:
    settings.CUSTOS_JOB_RESULT_DAYS = 7
    old, young, pending = (charity.search().json()["review_task"]["id"] for _ in range(3))
    for task_id in (old, young):
        for reviewer in charity.reviewers:
            judge(reviewer, task_id)
    for task_id, age in ((old, "7 days 1 second"), (young, "6 days 23 hours")):
        _sql("UPDATE casework_reviewtask SET closed_at = closed_at - %s::interval WHERE id = %s", age, task_id)
    client = charity.player.client

    before = client.get(f"/v1/review-tasks/{old}/result")
    maintenance.end_what_is_due()
    maintenance.end_what_is_due()

    assert (before.status_code, before.json()["code"]) == (404, "review-not-found")
    assert client.get(f"/v1/review-tasks/{young}/result").json()["searches"][0]["candidates"]
    assert _reviews(charity.player) == {uuid.UUID(young), uuid.UUID(pending)}
    with tenant_scope(charity.player.tenant.id):
        events = [entry.content for entry in AuditEntry.objects.filter(kind="event")]
    assert [event["data"] for event in events if event["action"] == "retention:purged"] == [{"reviews": 1}]


def test_one_that_fails_does_not_hold_up_the_others(charity: Charity, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = [charity.search().json()["review_task"]["id"] for _ in range(2)]
    for task_id in tasks:
        _sql("UPDATE casework_reviewtask SET expires_at = now() - interval '1 second' WHERE id = %s", task_id)
    end = maintenance.end

    def fails_once(task: ReviewTask, *, status: ReviewTask.Status) -> None:
        if str(task.id) == tasks[0]:
            raise Unavailable
        end(task, status=status)

    monkeypatch.setattr(maintenance, "end", fails_once)
    maintenance.end_what_is_due()

    statuses = [charity.player.client.get(f"/v1/review-tasks/{task_id}").json()["status"] for task_id in tasks]
    assert statuses == ["pending", "expired"]
