"""Quotas of organisation and case, and sustained surveillance: counted before, and once more when a search ends."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.db import connections

from common.context import tenant_scope
from common.vocabulary import CustomerCategory, Operation
from governance import gate, policies, selectors
from governance.accountability.models import SearchRecord, SubjectReview
from governance.accountability.searches import SUBJECT_USE
from governance.audit import ledger
from governance.casework.reviews import OBLIGATIONS
from governance.errors import PolicyRefused
from governance.policies import Policy
from tests.governance.policy_facts import make_body
from tests.governance.test_gate import SEARCH
from tests.worlds import Player, PlayerFactory, Staff, in_case

FACE = uuid.UUID("01971f6e-0c11-7a02-9f0e-1b2c3d4e5f60")


@pytest.fixture
def charity(make_player: PlayerFactory) -> Player:
    return in_case(make_player(CustomerCategory.VICTIM_RESCUE_NGO), reference="The Miller child")


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that allows five searches a day, four a case and three of one person, without the rules about cases."""
    limits = {"QUO_001": 5, "QUO_002": 4, "SRV_001": 3}
    body = make_body(**{rule: {"parameters": {"most_searches": most}} for rule, most in limits.items()})
    body["rules"] = [
        setting for setting in body["rules"] if setting["id"].split("-")[0] not in ("CASE", "SEV", "WAR", "HUM")
    ]
    policy = Policy.from_body(body)
    monkeypatch.setattr(selectors, "load_policy", lambda version: policy)


def _request(player: Player, *, case: str | None = None, **changes: Any) -> gate.AccessRequest:
    usage = player.actor.usage
    actor = replace(player.actor, usage=replace(usage, case_ref=case or usage.case_ref))
    resource = gate.ResourceRef("collection", None, player.tenant.id)
    return gate.AccessRequest(
        actor=actor, resource=resource, **{**SEARCH, "threshold": 99.0, "meets": OBLIGATIONS, **changes}
    )


def _search(player: Player, *, searched: gate.Searched | None = None, **changes: Any) -> None:
    with gate.authorised(_request(player, **changes)) as admission, tenant_scope(player.tenant.id):
        admission.complete(searched=searched)


def _refusal(player: Player, **changes: Any) -> list[str]:
    with pytest.raises(PolicyRefused) as refusal:
        _search(player, **changes)
    return [rule["id"] for rule in refusal.value.rules]


@pytest.mark.usefixtures("tight")
def test_an_organisation_has_its_searches_of_a_day_and_no_other_ones(
    charity: Player, make_player: PlayerFactory
) -> None:
    for number in range(5):
        _search(charity, case=f"A-{number}")

    assert _refusal(charity) == ["QUO-001"]
    _search(make_player(CustomerCategory.VICTIM_RESCUE_NGO))


@pytest.mark.usefixtures("tight")
def test_a_search_that_fails_does_not_count(charity: Player) -> None:
    for _ in range(6):
        with pytest.raises(ZeroDivisionError), gate.authorised(_request(charity)):
            raise ZeroDivisionError

    _search(charity)


@pytest.mark.usefixtures("tight")
def test_a_job_is_counted_with_all_its_pictures_when_it_is_accepted_and_its_batches_are_not(charity: Player) -> None:
    assert _refusal(charity, n_searches=6) == ["QUO-001", "QUO-002"]

    _search(charity, n_searches=4)
    _search(charity, n_searches=0, searched=gate.Searched(0, ("picture:a",)))
    _search(charity, case="A-2")

    assert _refusal(charity, case="A-3") == ["QUO-001"]


@pytest.mark.usefixtures("tight")
def test_a_case_has_its_searches(charity: Player) -> None:
    for _ in range(4):
        _search(charity, case="A-1")

    assert _refusal(charity, case="A-1") == ["QUO-002"]
    _search(charity, case="A-2")


@pytest.mark.usefixtures("tight")
def test_searching_again_and_again_for_one_probe_needs_a_review(charity: Player, staff: Staff) -> None:
    probe = gate.probe_of_picture("ab" * 32)
    for _ in range(3):
        _search(charity, probe=probe)
    assert _refusal(charity, probe=probe) == ["SRV-001"]

    SubjectReview.objects.using("officer").create(
        tenant_id=charity.tenant.id,
        subject=ledger.commitment(charity.tenant.id, probe, use=SUBJECT_USE),
        reviewer=staff.oversight[0],
        reason="They look for a child.",
        at=ledger.database_now(),
    )

    _search(charity, probe=probe)


@pytest.mark.usefixtures("tight")
def test_finding_the_same_face_again_and_again_is_refused_when_the_search_ends(charity: Player) -> None:
    for number in range(3):
        _search(charity, searched=gate.Searched(1, (f"picture:{number}", gate.probe_of_face(FACE))))

    assert _refusal(charity, searched=gate.Searched(1, ("picture:4", gate.probe_of_face(FACE)))) == ["SRV-001"]
    with tenant_scope(charity.tenant.id):
        assert SearchRecord.objects.filter(tenant_id=charity.tenant.id).count() == 3


@pytest.mark.usefixtures("tight")
def test_of_searches_that_end_at_the_same_time_no_more_come_through_than_there_are(charity: Player) -> None:
    refused: list[list[str]] = []
    together = threading.Barrier(8)

    def search() -> None:
        try:
            with gate.authorised(_request(charity, case=str(threading.get_ident()))) as admission:
                together.wait(timeout=30)
                with tenant_scope(charity.tenant.id):
                    admission.complete()
        except PolicyRefused as refusal:
            refused.append([rule["id"] for rule in refusal.rules])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=search) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == [["QUO-001"]] * 3


@pytest.mark.usefixtures("tight")
@pytest.mark.parametrize("fresh_seconds", [-1.0, 3600.0])
def test_a_search_that_took_long_and_is_judged_anew_is_counted_once(
    charity: Player, monkeypatch: pytest.MonkeyPatch, fresh_seconds: float
) -> None:
    monkeypatch.setattr(gate, "FRESH_SECONDS", fresh_seconds)

    _search(charity, n_searches=4)
    _search(charity, case="A-2", probe="picture:z")

    assert _refusal(charity, case="A-3") == ["QUO-001"]


def test_nothing_is_counted_of_whom_no_rule_limits(alice: Player) -> None:
    _search(alice, probe="picture:x")

    with tenant_scope(alice.tenant.id):
        assert not SearchRecord.objects.filter(tenant_id=alice.tenant.id).exists()


def test_what_is_counted_names_nobody(charity: Player) -> None:
    _search(charity, probe=gate.probe_of_face(FACE))

    with tenant_scope(charity.tenant.id):
        record = SearchRecord.objects.get(tenant_id=charity.tenant.id)
    kept = str((record.case_commitment, record.subjects))
    assert "Miller" not in kept and str(FACE) not in kept
    assert record.subjects == [ledger.commitment(charity.tenant.id, gate.probe_of_face(FACE), use=SUBJECT_USE)]


def test_a_fact_that_no_app_knows_refuses(charity: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    from governance import ports

    monkeypatch.delitem(ports._readers, "searches_today")

    assert "INPUT-001" in _refusal(charity)


def test_a_fact_that_is_not_declared_cannot_be_registered() -> None:
    from governance.ports import register_fact

    with pytest.raises(ValueError, match="not declared"):
        register_fact("phase_of_the_moon", lambda request, facts: "full")


def test_the_lowest_threshold_that_suits_the_size_of_the_gallery_is_chosen(make_player: PlayerFactory) -> None:
    """A scale on which every ten per cent are a decade: 99 per cent is a false match rate of 10^-9.9."""
    police = in_case(make_player(CustomerCategory.LAW_ENFORCEMENT))

    def threshold(size: int, **changes: Any) -> float:
        scale = {"false_match_rate": lambda similarity: 10 ** (-similarity / 10), "gallery_size": size}
        return gate.authorise(_request(police, **{"threshold": None, **scale, **changes})).threshold

    assert threshold(10) == 99.0
    assert threshold(10**6) == 99.0
    # FPIR 1 in 1,000 of 10^7 faces is a rate of 1.0005e-10 each: -10 * log10 of it, rounded up to a thousandth.
    assert threshold(10**7) == 99.998
    # Where no threshold will do, it is chosen as ever, and THR-003 refuses.
    assert threshold(10**10) == 99.0
    assert threshold(10**7, threshold=99.5) == 99.5


def test_the_verdict_of_a_recorded_decision_is_the_same_under_its_own_version(charity: Player) -> None:
    decision = gate.authorise(_request(charity, probe="picture:y"))

    assert policies.evaluate(decision.policy, decision.facts) == decision.verdict


def test_the_limits_are_recorded(charity: Player) -> None:
    from governance.audit import selectors as log

    decision = gate.authorise(_request(charity))

    with tenant_scope(charity.tenant.id):
        entry = log.get_decision(charity.tenant.id, decision_id=decision.id)
    assert entry is not None
    assert entry.content["decision"]["limits"]["searches_of_subject"] == 20


def test_a_comparison_for_an_investigation_counts_as_a_search(charity: Player) -> None:
    _search(charity, operation=Operation.COMPARE)

    with tenant_scope(charity.tenant.id):
        assert SearchRecord.objects.filter(tenant_id=charity.tenant.id).count() == 1
