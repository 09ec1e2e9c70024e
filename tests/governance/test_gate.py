"""The gate: decision before, outcome with the operation, refusal explained, fence at the end."""

from __future__ import annotations

import uuid
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connections, transaction

from common.context import Actor, ActorKind, Usage, tenant_scope
from common.ids import new_id
from common.permits import Permit
from common.vocabulary import CustomerCategory, Operation, Purpose
from governance import gate, services
from governance.audit import ledger, selectors
from governance.audit.errors import LedgerUnavailable
from governance.audit.models import AuditEntry
from governance.errors import PolicyRefused
from governance.models import Suspension
from governance.policies import evaluate
from governance.rules.review import REVIEW_OBLIGATIONS
from governance.selectors import load_policy
from recognition.engines.fake import face_picture
from tenants import services as tenants
from tests.casework.conftest import encoded
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, Staff, current_engine_versions, in_case

# A search of an empty gallery by an engine that never matches falsely: nothing about size or model stands in its way.
SEARCH: dict[str, object] = {
    "operation": Operation.SEARCH,
    "gallery_size": 0,
    "engine_version": current_engine_versions()[0],
    "false_match_rate": lambda similarity: 0.0,
}


def _request(player: Player, **changes: object) -> gate.AccessRequest:
    values: dict[str, object] = {
        "actor": player.actor,
        "operation": Operation.ADMINISTER,
        "resource": gate.ResourceRef("collection", None, player.tenant.id),
        "meets": REVIEW_OBLIGATIONS,
    }
    return gate.AccessRequest(**{**values, **changes})  # type: ignore[arg-type]


def _run(player: Player, **changes: object) -> uuid.UUID:
    with gate.authorised(_request(player, **changes)) as admission, tenant_scope(player.tenant.id):
        admission.complete(n_faces=2)
    return admission.decision_id


def _entries(player: Player, decision_id: uuid.UUID) -> tuple[AuditEntry | None, AuditEntry | None]:
    with tenant_scope(player.tenant.id):
        return (
            selectors.get_decision(player.tenant.id, decision_id=decision_id),
            selectors.get_outcome(player.tenant.id, decision_id=decision_id),
        )


def test_it_records_a_decision_and_its_outcome(alice: Player) -> None:
    decision, outcome = _entries(alice, _run(alice))

    assert decision is not None
    assert outcome is not None
    assert decision.content["decision"]["effect"] == "allow"
    assert decision.content["decision"]["allowed_by"] == ["ALW-001"]
    assert outcome.content["outcome"]["status"] == "succeeded"
    assert outcome.content["outcome"]["n_faces"] == 2
    assert decision.ts <= outcome.ts


def test_the_decision_is_committed_before_the_operation_runs(alice: Player) -> None:
    with gate.authorised(_request(alice)) as admission:
        decision, outcome = _entries(alice, admission.decision_id)
        assert decision is not None
        assert outcome is None
        with tenant_scope(alice.tenant.id):
            admission.complete()


def test_it_mints_a_permit_for_an_allowed_decision_only(alice: Player, make_player: PlayerFactory) -> None:
    allowed = gate.authorise(_request(alice))
    refused = gate.authorise(_request(make_player(approved=False)))

    assert isinstance(allowed.permit, Permit)
    assert allowed.permit.decision_id == allowed.id
    assert refused.permit is None


def test_it_refuses_an_unapproved_tenant_and_says_why(make_player: PlayerFactory) -> None:
    player = make_player(approved=False)

    with pytest.raises(PolicyRefused) as refusal:
        _run(player)

    rules = [rule["id"] for rule in refusal.value.rules]
    assert "VET-001" in rules
    decision, outcome = _entries(player, refusal.value.decision_id)
    assert decision is not None
    assert outcome is not None
    assert [rule["id"] for rule in decision.content["decision"]["rules"]] == rules
    assert outcome.content["outcome"] == {"status": "refused", "code": "policy-refused", "rules": rules}


def test_a_failure_leaves_a_failed_outcome_although_the_transaction_is_gone(alice: Player) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        gate.authorised(_request(alice)) as admission,
        tenant_scope(alice.tenant.id),
    ):
        raise ZeroDivisionError

    _, outcome = _entries(alice, admission.decision_id)
    assert outcome is not None
    assert outcome.content["outcome"] == {"status": "failed", "code": "internal-error"}


def test_a_rollback_after_completing_leaves_a_failed_outcome(alice: Player) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        gate.authorised(_request(alice)) as admission,
        tenant_scope(alice.tenant.id),
    ):
        admission.complete()
        raise ZeroDivisionError

    _, outcome = _entries(alice, admission.decision_id)
    assert outcome is not None
    assert outcome.content["outcome"]["status"] == "failed"


def test_a_failure_after_the_commit_keeps_the_outcome_of_the_success(alice: Player) -> None:
    with pytest.raises(ZeroDivisionError), gate.authorised(_request(alice)) as admission:
        with tenant_scope(alice.tenant.id):
            admission.complete()
        raise ZeroDivisionError

    _, outcome = _entries(alice, admission.decision_id)
    assert outcome is not None
    assert outcome.content["outcome"]["status"] == "succeeded"


def test_it_is_an_error_to_forget_to_complete(alice: Player) -> None:
    with pytest.raises(RuntimeError, match="without completing"), gate.authorised(_request(alice)):
        pass


def test_it_is_an_error_to_complete_twice(alice: Player) -> None:
    with (
        pytest.raises(RuntimeError, match="once"),
        gate.authorised(_request(alice)) as admission,
        tenant_scope(alice.tenant.id),
    ):
        admission.complete()
        admission.complete()


def test_nothing_happens_when_the_ledger_cannot_commit(alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_INSERT", "INSERT INTO a_table_that_is_not_there VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s)")

    with pytest.raises(LedgerUnavailable) as error, gate.authorised(_request(alice)):
        pytest.fail("the operation ran without a recorded decision")

    assert error.value.status == 503
    assert error.value.extra["rules"][0]["id"] == "AUD-001"


def test_a_moratorium_between_decision_and_outcome_stops_the_outcome(alice: Player, impose: MoratoriumFactory) -> None:
    with (
        pytest.raises(PolicyRefused) as refusal,
        gate.authorised(_request(alice)) as admission,
    ):
        impose(selector=services.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE]))
        with tenant_scope(alice.tenant.id):
            admission.complete()

    assert [rule["id"] for rule in refusal.value.rules] == ["MOR-001"]
    _, outcome = _entries(alice, admission.decision_id)
    assert outcome is not None
    assert outcome.content["outcome"]["status"] == "halted"


@pytest.mark.parametrize(("fresh_seconds", "refused"), [(-1.0, True), (3600.0, False)])
def test_what_took_long_is_judged_anew_at_its_end(
    alice: Player, monkeypatch: pytest.MonkeyPatch, fresh_seconds: float, refused: bool
) -> None:
    monkeypatch.setattr(gate, "FRESH_SECONDS", fresh_seconds)

    with (
        pytest.raises(PolicyRefused) if refused else nullcontext(),
        gate.authorised(_request(alice)) as admission,
    ):
        tenants.revoke_api_key(alice.tenant.id, key_id=alice.key_id, actor=ledger.SYSTEM)
        with tenant_scope(alice.tenant.id):
            admission.complete()


@pytest.mark.parametrize(("fresh_seconds", "refused"), [(-1.0, True), (3600.0, False)])
def test_long_work_asks_on_its_way_whether_it_is_still_allowed(
    alice: Player, monkeypatch: pytest.MonkeyPatch, fresh_seconds: float, refused: bool
) -> None:
    monkeypatch.setattr(gate, "FRESH_SECONDS", fresh_seconds)

    with gate.authorised(_request(alice)) as admission:
        admission.still_holds()
        with tenant_scope(alice.tenant.id):
            admission.complete()
    with pytest.raises(PolicyRefused) if refused else nullcontext(), gate.authorised(_request(alice)) as admission:
        tenants.revoke_api_key(alice.tenant.id, key_id=alice.key_id, actor=ledger.SYSTEM)
        admission.still_holds()
        with tenant_scope(alice.tenant.id):
            admission.complete()


def test_an_unrelated_change_between_decision_and_outcome_does_not_stop_it(
    alice: Player, impose: MoratoriumFactory
) -> None:
    with gate.authorised(_request(alice)) as admission:
        impose(selector=services.Selector(categories=[CustomerCategory.HOUSING]))
        with tenant_scope(alice.tenant.id):
            admission.complete()

    _, outcome = _entries(alice, admission.decision_id)
    assert outcome is not None
    assert outcome.content["outcome"]["epoch"] > admission.decision.epoch


def test_a_scheduled_moratorium_begins_by_the_database_clock_without_a_new_epoch(
    alice: Player, impose: MoratoriumFactory
) -> None:
    begins = ledger.database_now() + timedelta(seconds=0.3)
    impose(selector=services.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE]), effective_from=begins)

    with pytest.raises(PolicyRefused), gate.authorised(_request(alice)) as admission:
        with transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.4)")
        with tenant_scope(alice.tenant.id):
            admission.complete()


def test_a_moratorium_ends_with_its_window(alice: Player, impose: MoratoriumFactory) -> None:
    until = ledger.database_now() + timedelta(seconds=0.3)
    impose(selector=services.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE]), effective_until=until)

    with pytest.raises(PolicyRefused):
        _run(alice)
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.4)")

    _run(alice)


def test_rights_survive_moratorium_suspension_and_missing_approval(
    make_player: PlayerFactory, impose: MoratoriumFactory, staff: Staff
) -> None:
    player = make_player(approved=False)
    impose(selector=services.Selector())
    suspension = services.suspend(
        player.tenant.id,
        target=Suspension.Target.ORGANISATION,
        target_id=player.tenant.id,
        reason="test",
        imposed_by=staff.oversight[0],
    )

    for right in (Operation.DELETE, Operation.READ_OWN_DECISIONS):
        _run(player, operation=right)
    with pytest.raises(PolicyRefused) as refusal:
        _run(player)

    assert {"VET-001", "SUS-001", "MOR-001"} <= {rule["id"] for rule in refusal.value.rules}
    services.lift_suspension(suspension, lifters=staff.oversight)


def test_a_suspended_key_exercises_no_right_and_another_one_does(alice: Player, staff: Staff) -> None:
    binding = tenants.KeyBinding(
        operations=[Operation.DELETE],
        purposes=[Purpose.PHOTO_ORGANISATION],
        default_purpose=Purpose.PHOTO_ORGANISATION,
        default_jurisdiction="US",
    )
    other = tenants.issue_api_key(alice.tenant.id, label="other", binding=binding, actor=ledger.SYSTEM)
    services.suspend(
        alice.tenant.id,
        target=Suspension.Target.KEY,
        target_id=alice.key_id,
        reason="stolen",
        imposed_by=staff.oversight[0],
    )

    for right in (Operation.DELETE, Operation.READ_OWN_DECISIONS):
        with pytest.raises(PolicyRefused) as refusal:
            _run(alice, operation=right)
        assert [rule["id"] for rule in refusal.value.rules] == ["SUS-002"]

    _run(alice, operation=Operation.DELETE, actor=replace(alice.actor, id=other.id))


def test_the_platform_destroys_and_does_nothing_else(alice: Player) -> None:
    system = replace(alice.actor, kind=ActorKind.SYSTEM, id=new_id())

    _run(alice, operation=Operation.DELETE, actor=system)
    for operation in (Operation.ADMINISTER, Operation.READ_OWN_DECISIONS):
        with pytest.raises(PolicyRefused):
            _run(alice, operation=operation, actor=system)


def test_an_exemption_holds_for_its_purposes_and_end_users_only(
    make_player: PlayerFactory, impose: MoratoriumFactory, staff: Staff
) -> None:
    purposes = (Purpose.VICTIM_IDENTIFICATION, Purpose.MISSING_PERSON_SEARCH)
    player = in_case(
        make_player(
            CustomerCategory.VICTIM_RESCUE_NGO,
            purposes=purposes,
            end_users=(CustomerCategory.VICTIM_RESCUE_NGO, CustomerCategory.LAW_ENFORCEMENT),
            on_behalf_of=CustomerCategory.LAW_ENFORCEMENT,
        )
    )
    moratorium = impose(selector=services.Selector(categories=[CustomerCategory.LAW_ENFORCEMENT]))
    search = {**SEARCH, "threshold": 99.0}
    with pytest.raises(PolicyRefused):
        _run(player, **search)

    services.grant_exemption(
        moratorium,
        tenant_id=player.tenant.id,
        purposes=[Purpose.VICTIM_IDENTIFICATION],
        operations=[Operation.SEARCH],
        end_users=[CustomerCategory.LAW_ENFORCEMENT],
        expires_at=ledger.database_now() + timedelta(days=1),
        approvers=staff.officers,
    )

    _run(player, **search)
    elsewhere = Actor(
        player.actor.kind, player.actor.id, player.tenant.id, Usage("missing_person_search", "law_enforcement", "US")
    )
    with pytest.raises(PolicyRefused) as refusal:
        _run(player, **search, actor=elsewhere)
    assert "MOR-002" in {rule["id"] for rule in refusal.value.rules}


def test_a_low_threshold_is_refused_and_not_clamped(make_player: PlayerFactory) -> None:
    police = in_case(make_player(CustomerCategory.LAW_ENFORCEMENT))

    with pytest.raises(PolicyRefused) as refusal:
        _run(police, **SEARCH, threshold=98.9)

    assert [rule["id"] for rule in refusal.value.rules] == ["THR-001"]


@pytest.mark.parametrize(
    ("threshold", "is_enough"), [(98.9996, False), (98.99999999, False), (99.0, True), (99.0004, True)]
)
def test_a_threshold_just_under_the_floor_is_not_rounded_up_to_it(
    make_player: PlayerFactory, threshold: float, is_enough: bool
) -> None:
    police = in_case(make_player(CustomerCategory.LAW_ENFORCEMENT))

    decision = gate.authorise(_request(police, **SEARCH, threshold=threshold))

    assert decision.is_allowed == is_enough


@pytest.mark.parametrize("milli", [80_100, 98_999, 99_001, 64_003, 1])
def test_a_threshold_in_thousandths_is_recorded_exactly(alice: Player, milli: int) -> None:
    decision = gate.authorise(_request(alice, operation=Operation.SEARCH, threshold=milli / 1000))

    assert decision.facts["threshold_milli"] == milli


def test_an_omitted_threshold_becomes_the_lowest_that_is_allowed(alice: Player, make_player: PlayerFactory) -> None:
    police = in_case(make_player(CustomerCategory.LAW_ENFORCEMENT))

    assert gate.authorise(_request(police, operation=Operation.SEARCH)).threshold == 99.0
    assert gate.authorise(_request(alice, operation=Operation.SEARCH)).threshold == gate.DEFAULT_THRESHOLD
    assert gate.authorise(_request(alice, operation=Operation.SEARCH, threshold=12.5)).threshold == 12.5


def test_a_request_may_narrow_its_key_but_not_widen_it(alice: Player) -> None:
    wider = Actor(alice.actor.kind, alice.actor.id, alice.tenant.id, Usage("criminal_investigation", None, "US"))

    with pytest.raises(PolicyRefused) as refusal:
        _run(alice, actor=wider)

    assert "KEY-001" in {rule["id"] for rule in refusal.value.rules}


def test_a_missing_fact_denies(alice: Player) -> None:
    vague = Actor(alice.actor.kind, alice.actor.id, alice.tenant.id, Usage(None, None, None))

    with pytest.raises(PolicyRefused) as refusal:
        _run(alice, actor=vague)

    assert "INPUT-001" in {rule["id"] for rule in refusal.value.rules}


def test_another_tenants_key_gives_no_facts(world_pair: tuple[Player, Player]) -> None:
    mine, theirs = world_pair
    forged = Actor(mine.actor.kind, theirs.actor.id, mine.tenant.id, mine.actor.usage)

    with pytest.raises(PolicyRefused):
        _run(mine, actor=forged)


def test_a_recorded_decision_replays_to_the_same_verdict(alice: Player, make_player: PlayerFactory) -> None:
    for player in (alice, make_player(approved=False), make_player(CustomerCategory.LAW_ENFORCEMENT)):
        decided = gate.authorise(_request(player, operation=Operation.SEARCH, threshold=85.0))
        entry, _ = _entries(player, decided.id)
        assert entry is not None
        recorded = entry.content["decision"]

        verdict = evaluate(load_policy(recorded["policy_version"]), entry.content["facts"])

        assert verdict.effect == recorded["effect"]
        assert [rule.id for rule in verdict.fired] == [rule["id"] for rule in recorded["rules"]]


def test_the_entry_holds_no_case_reference_in_clear(alice: Player) -> None:
    usage = Usage("photo_organisation", None, "US", case_ref="CASE-2026-0815")
    decided = gate.authorise(_request(alice, actor=Actor(alice.actor.kind, alice.actor.id, alice.tenant.id, usage)))

    entry, _ = _entries(alice, decided.id)

    assert entry is not None
    assert b"CASE-2026-0815" not in bytes(entry.body)
    assert len(entry.content["case_ref"]) == 64


@pytest.fixture
def world_pair(make_player: PlayerFactory) -> tuple[Player, Player]:
    return make_player(), make_player()


def test_a_refused_admission_has_no_permit(make_player: PlayerFactory) -> None:
    request = _request(make_player(approved=False))
    admission = gate.Admission(request, gate.authorise(request))

    with pytest.raises(PolicyRefused) as refusal:
        _ = admission.permit

    assert "VET-001" in [rule["id"] for rule in refusal.value.rules]


def test_long_work_is_judged_again_once_its_decision_is_old(alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        pytest.raises(PolicyRefused) as refusal,
        gate.authorised(_request(alice, **SEARCH, threshold=92.5)) as admission,
    ):
        tenants.revoke_api_key(alice.tenant.id, key_id=alice.key_id, actor=ledger.SYSTEM)
        admission.still_holds()  # it was judged a moment ago: nothing is asked
        assert admission.threshold == 92.5
        monkeypatch.setattr(gate, "FRESH_SECONDS", -1.0)
        admission.still_holds()

    _, outcome = _entries(alice, refusal.value.decision_id)
    assert outcome is not None
    assert (outcome.content["outcome"]["status"], outcome.content["outcome"]["rules"]) == ("halted", ["SUS-001"])


def test_a_gallery_that_has_grown_over_its_cap_meanwhile_ends_it(alice: Player) -> None:
    request = _request(alice, **{**SEARCH, "operation": Operation.ENROL})
    with gate.authorised(request) as admission, tenant_scope(alice.tenant.id):
        limits = replace(admission.limits, gallery_cap=2_000)
        verdict = replace(admission.decision.verdict, limits=limits)
        capped = gate.Admission(request, replace(admission.decision, verdict=verdict))
        capped.require_room(2_000)
        with pytest.raises(PolicyRefused) as refusal:
            capped.require_room(2_001)
        admission.complete()

    assert [rule["id"] for rule in refusal.value.rules] == ["GAL-001"]
    assert "2,001" in refusal.value.rules[0]["reason"]


def test_an_obligation_that_came_up_meanwhile_was_not_met(make_player: PlayerFactory) -> None:
    player = in_case(make_player(CustomerCategory.VICTIM_RESCUE_NGO))
    request = _request(player, **SEARCH)
    decision = gate.authorise(request)
    before = replace(decision, verdict=replace(decision.verdict, obligations=("HUM-002",)))
    admission = gate.Admission(
        request,
        before,
    )

    with pytest.raises(PolicyRefused) as refusal:
        admission._judge_again()

    assert [rule["id"] for rule in refusal.value.rules] == sorted({*decision.verdict.obligations} - {"HUM-002"})


def test_what_something_was_made_for_is_not_held_against_the_key_s_binding(alice: Player) -> None:
    """The content of a collection may have been made for what the reader's key is not bound to."""
    usage = Usage(Purpose.IDENTITY_VERIFICATION.value, None, "US")
    asked = {"operation": Operation.READ_RESULT, "result_of": Operation.SEARCH}
    other = replace(alice.actor, usage=usage)

    def fired(*, of_origin: bool) -> set[str]:
        request = _request(alice, **asked, actor=other, of_origin=of_origin)
        return {rule.id for rule in gate.authorise(request).verdict.fired}

    assert fired(of_origin=False) - fired(of_origin=True) == {"KEY-001"}


def test_only_what_looks_rows_up_by_key_is_prepared(alice: Player) -> None:
    """Sessions keep one plan of a prepared statement for every parameter: searches of galleries must not be among."""
    alice.client.post("/v1/collections", {"name": "g"}, format="json")
    alice.client.post("/v1/collections/g/search", {"image": encoded(face_picture(1))}, format="json")

    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        prepared = [statement for (statement,) in cursor.fetchall()]

    by_key = ("WITH moment", "INSERT INTO audit_entry", "collection.kept_days", "custos_find_api_key")
    assert prepared
    assert not [each for each in prepared if not any(part in each for part in by_key)]
