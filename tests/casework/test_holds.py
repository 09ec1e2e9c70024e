"""A legal hold on a case keeps its evidence and its reviews from everybody who would destroy them (decision 0039)."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from common.errors import InvalidRequest
from common.ids import new_id
from common.vocabulary import AuthorisationKind
from governance import four_eyes
from governance.accountability import holds
from governance.accountability.models import LegalHold
from governance.casework import cases, kept_probes, maintenance
from governance.casework.kept_probes import ErasureReason
from governance.casework.models import Case, ReviewTask
from governance.errors import UnderLegalHold
from recognition.services import deletion, erasure
from tests.casework.conftest import GALLERY, Charity, Judge
from tests.casework.test_maintenance import _declare, _reload, _reviews, _search, _sql, police
from tests.people import owner_of
from tests.worlds import Player, Staff

__all__ = ["police"]


def _case(player: Player) -> Case:
    return cases.list_cases(player.actor, paginate=lambda rows: rows.get())


def _hold(player: Player, staff: Staff, **what: Any) -> LegalHold:
    stated: dict[str, Any] = {"reason": "A trial.", "legal_source": "Order 9", "by": staff.officers[0]}
    return holds.impose(player.tenant.id, **stated, **(what or {"case_id": _case(player).id}))


def _lift(hold: LegalHold, staff: Staff) -> None:
    four_eyes.sign_together("lift_hold", {"hold": str(hold.id)}, people=staff.oversight, reason="It is over.")


@pytest.fixture
def released(charity: Charity, judge: Judge) -> Player:
    """The charity with one released search in a case that is closed."""
    task_id = uuid.UUID(charity.search().json()["review_task"]["id"])
    for reviewer in charity.reviewers:
        judge(reviewer, task_id)
    cases.close_case(charity.actor, case_id=_case(charity.player).id)
    return charity.player


def test_evidence_and_reviews_stay_until_it_is_lifted(released: Player, staff: Staff, settings: Settings) -> None:
    settings.CUSTOS_JOB_RESULT_DAYS = 0
    owner, case_id, reason = owner_of(released), _case(released).id, ErasureReason.CASE_ENDED
    hold = _hold(released, staff)

    with pytest.raises(UnderLegalHold):
        kept_probes.erase_kept(owner, case_id=case_id, reason=reason)
    with pytest.raises(DatabaseError, match="under a legal hold"):
        call_command("audit", "erase", tenant=released.tenant.id, subject=case_id, reason=reason.value)
    maintenance.end_what_is_due()
    deletion.delete_collection(GALLERY, actor=released.actor)

    assert len(_reviews(released)) == 1
    _lift(hold, staff)
    maintenance.end_what_is_due()
    assert _reviews(released) == set()
    assert kept_probes.erase_kept(owner, case_id=case_id, reason=reason) == 1


def test_an_organisation_that_leaves_is_shut_out_and_kept(released: Player, staff: Staff) -> None:
    _sql("UPDATE tenants_tenant SET deletion_due_at = now() WHERE id = %s", released.tenant.id)
    hold = _hold(released, staff)

    with pytest.raises(UnderLegalHold):
        erasure.erase(released.tenant.id, until=time.monotonic() + 60)

    assert len(_reviews(released)) == 1
    assert released.client.get("/v1/collections").status_code == 401
    _lift(hold, staff)
    assert erasure.erase(released.tenant.id, until=time.monotonic() + 60)


def test_what_no_court_ratified_stays_and_is_used_by_nobody(police: Player, staff: Staff) -> None:
    urgent = _declare(police, AuthorisationKind.EXIGENT)
    task_id = _search(police)
    hold = _hold(police, staff)
    _sql("UPDATE casework_authorisation SET ratify_by = now() - interval '1 hour' WHERE id = %s", urgent.id)

    maintenance.end_what_is_due()

    assert _reload(urgent).purged_at is None
    assert _reviews(police) == {task_id}
    refused = police.client.get(f"/v1/review-tasks/{task_id}/result")
    assert "WAR-002" in [rule["id"] for rule in refused.json()["rules"]]
    _lift(hold, staff)
    maintenance.end_what_is_due()
    assert _reload(urgent).purged_at is not None
    with tenant_scope(police.tenant.id):
        assert not ReviewTask.objects.filter(id=task_id).exists()


def test_a_hold_on_nothing_is_refused(charity: Charity, mallory: Player, staff: Staff) -> None:
    """Whoever mistyped an id would believe that something is kept."""
    case_id = _case(charity.player).id

    for wrong in ({"case_id": new_id()}, {"collection_id": new_id()}, {"case_id": case_id, "collection_id": case_id}):
        with pytest.raises(InvalidRequest):
            _hold(charity.player, staff, **wrong)
    with pytest.raises(InvalidRequest):
        _hold(mallory, staff, case_id=case_id)
