"""RET-002: the picture of a confirmed probe is sealed as evidence of its case; no other is kept, and erasure erases."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from typing import Any

import pytest

from common.context import Actor, tenant_scope
from common.vocabulary import AuthorisationKind, Operation, TenantRole
from governance import gate
from governance.audit import evidence
from governance.audit.errors import EvidenceErased
from governance.audit.verification import verify_log
from governance.casework import cases, disclosure, kept_probes, maintenance, verdicts
from governance.casework.errors import CaseNotFound, CaseStillOpen
from governance.casework.kept_probes import ErasureReason
from governance.casework.models import Case, ReviewProbe
from governance.casework.verdicts import Judgement
from governance.errors import PolicyRefused
from governance.rules.review import REVIEW_OBLIGATIONS
from tenants.errors import RoleNotSufficient
from tests.casework.conftest import Charity, Judge, trained_reviewer
from tests.casework.test_maintenance import _declare, _reload, _search, _sql, police
from tests.people import actor_for, make_member, owner_of
from tests.worlds import Player

__all__ = ["police"]


def _case(player: Player) -> Case:
    return cases.list_cases(player.actor, paginate=lambda rows: rows.get())


def _kept(player: Player) -> list[evidence.StoredEvidence]:
    with tenant_scope(player.tenant.id):
        return kept_probes.list_kept(_case(player))


def _judged(charity: Charity, judge: Judge, judgement: Judgement = Judgement.RELEASE) -> tuple[uuid.UUID, bytes]:
    """Search, and let two people judge; return the review and the picture that they saw."""
    task_id = uuid.UUID(charity.search().json()["review_task"]["id"])
    (shown,) = verdicts.show_sheet(charity.reviewers[0], task_id=task_id).probes
    for reviewer in charity.reviewers:
        judge(reviewer, task_id, judgement)
    return task_id, shown.crop or b""


def _closed(player: Player) -> uuid.UUID:
    return cases.close_case(player.actor, case_id=_case(player).id).id


def _package(charity: Charity, case_id: uuid.UUID) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """What a disclosure package says of kept probes, and the pictures in it."""
    package = disclosure.export_case(actor_for(charity.player, make_member(charity.player)), case_id=case_id)
    with zipfile.ZipFile(io.BytesIO(package.data)) as archive:
        kept = json.loads(archive.read("disclosure.json"))["kept_probes"]
        return kept, {name: archive.read(name) for name in archive.namelist() if name.endswith(".jpg")}


def test_the_decision_says_that_it_obliges(charity: Charity) -> None:
    answer = charity.search()

    shown = charity.player.client.get(f"/v1/decisions/{answer['Custos-Decision']}").json()

    assert "RET-002" in shown["obligations"]


def test_a_way_that_cannot_seal_is_refused(charity: Charity) -> None:
    request = gate.AccessRequest(
        actor=charity.actor,
        operation=Operation.SEARCH,
        resource=gate.ResourceRef("collection", None, charity.player.tenant.id),
        engine_version="fake@1",
        gallery_size=1,
        false_match_rate=lambda similarity: 0.0,
        meets=tuple(each for each in REVIEW_OBLIGATIONS if each != "RET-002"),
    )

    with pytest.raises(PolicyRefused) as refusal, gate.authorised(request):
        pass

    assert [rule["id"] for rule in refusal.value.rules] == ["RET-002"]


def test_a_confirmed_probe_moves_to_the_evidence_of_its_case(charity: Charity, judge: Judge) -> None:
    _, picture = _judged(charity, judge)

    (kept,) = _kept(charity.player)
    with tenant_scope(charity.player.tenant.id):
        opened = evidence.open_evidence(kept.id, tenant_id=charity.player.tenant.id)
        assert ReviewProbe.objects.get().sealed_crop is None  # it is kept once
    listed, pictures = _package(charity, _case(charity.player).id)

    assert opened == picture != b""
    assert kept.subject_id == _case(charity.player).id
    assert not kept.is_erased
    assert pictures == {f"probes/{kept.id}.jpg": picture}
    assert [(each["id"], each["sealed_sha256"], each["is_erased"]) for each in listed] == [
        (str(kept.id), kept.digest, False)
    ]


@pytest.mark.parametrize("judgement", [Judgement.REJECT, Judgement.INCONCLUSIVE])
def test_a_probe_that_was_not_confirmed_is_destroyed(charity: Charity, judge: Judge, judgement: Judgement) -> None:
    _judged(charity, judge, judgement)

    assert _kept(charity.player) == []
    with tenant_scope(charity.player.tenant.id):
        assert ReviewProbe.objects.get().sealed_crop is None


def test_a_review_that_was_not_obliged_to_keeps_nothing(charity: Charity, judge: Judge) -> None:
    """It was opened under an earlier policy, or names no case."""
    task_id = uuid.UUID(charity.search().json()["review_task"]["id"])
    _sql("UPDATE casework_reviewtask SET obligations = '[\"HUM-001\"]' WHERE id = %s", task_id)
    for reviewer in charity.reviewers:
        judge(reviewer, task_id)

    assert _kept(charity.player) == []


def test_erasing_destroys_the_key_and_the_proofs_hold(charity: Charity, judge: Judge) -> None:
    _judged(charity, judge)
    pending = uuid.UUID(charity.search().json()["review_task"]["id"])
    (kept,) = _kept(charity.player)
    owner = owner_of(charity.player)
    with pytest.raises(CaseStillOpen):
        kept_probes.erase_kept(owner, case_id=_case(charity.player).id, reason=ErasureReason.TIME_OVER)
    case_id = _closed(charity.player)

    assert kept_probes.erase_kept(owner, case_id=case_id, reason=ErasureReason.TIME_OVER) == 1

    with pytest.raises(EvidenceErased), tenant_scope(charity.player.tenant.id):
        evidence.open_evidence(kept.id, tenant_id=charity.player.tenant.id)
    with pytest.raises(EvidenceErased):
        kept_probes.erase_kept(owner, case_id=case_id, reason=ErasureReason.TIME_OVER)
    for reviewer in charity.reviewers:  # what was pending can still be released: of this case nothing more is kept
        judge(reviewer, pending)
    assert [(each.id, each.is_erased) for each in _kept(charity.player)] == [(kept.id, True)]
    listed, pictures = _package(charity, case_id)
    assert (listed[0]["is_erased"], pictures) == (True, {})
    assert [finding for finding in verify_log().findings if finding.entry == str(kept.entry_id)] == []


def test_only_a_manager_of_the_organisation_erases(charity: Charity, judge: Judge, mallory: Player) -> None:
    _judged(charity, judge)
    case_id = _closed(charity.player)

    def erase(actor: Actor) -> None:
        kept_probes.erase_kept(actor, case_id=case_id, reason=ErasureReason.CASE_ENDED)

    worker = actor_for(charity.player, make_member(charity.player, TenantRole.CASE_WORKER))
    for actor in (worker, trained_reviewer(charity.player)):
        with pytest.raises(RoleNotSufficient):
            erase(actor)
    with pytest.raises(CaseNotFound):
        erase(owner_of(mallory))
    assert not _kept(charity.player)[0].is_erased


def test_what_no_court_ratified_is_destroyed_and_the_rest_of_the_case_stays(police: Player, judge: Judge) -> None:
    reviewers = trained_reviewer(police), trained_reviewer(police)
    before = _search(police)
    urgent = _declare(police, AuthorisationKind.EXIGENT)
    during = _search(police)
    for task_id in (before, during):
        for reviewer in reviewers:
            judge(reviewer, task_id)
    assert {each.subject_id for each in _kept(police)} == {_case(police).id, urgent.id}
    _sql("UPDATE casework_authorisation SET ratify_by = now() - interval '1 hour' WHERE id = %s", urgent.id)

    maintenance.end_what_is_due()

    assert _reload(urgent).purged_at is not None
    assert {each.subject_id: each.is_erased for each in _kept(police)} == {_case(police).id: False, urgent.id: True}
