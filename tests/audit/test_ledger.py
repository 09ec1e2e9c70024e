"""The log's write path: the decision first and for good, the outcome with the work, or 503 and nothing done."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction

from common.canonical import canonical_json
from common.context import tenant_scope
from common.ids import new_id
from common.vocabulary import Operation
from governance import gate
from governance.audit import ledger, pool
from governance.audit.errors import LedgerUnavailable
from governance.audit.models import AuditEntry, EntryKind
from governance.audit.tags import Tag
from tests.audit.broken import CHECK_VIOLATION, DISK_FULL, no_entry_of
from tests.worlds import Player, PlayerFactory, World


def _decision(player: Player, **changes: Any) -> ledger.DecisionRecord:
    values: dict[str, Any] = {
        "tenant_id": player.tenant.id,
        "ts": ledger.database_now(),
        "actor": ledger.ActorRef("api_key", str(player.key_id)),
        "action": "search",
        "resource": ledger.Resource("collection", new_id()),
        "case_ref": None,
        "decision": {"effect": "allow", "rules": [], "epoch": 7},
        "params": {"max_faces": 1},
        "facts": {"purpose": "photo_organisation", "on_behalf_of": None, "jurisdiction": "US"},
    }
    return ledger.DecisionRecord(**{**values, **changes})


def _outcome(player: Player, decision_id: uuid.UUID, *, status: str = "succeeded") -> ledger.OutcomeRecord:
    return ledger.OutcomeRecord(
        decision_id=decision_id,
        tenant_id=player.tenant.id,
        ts=ledger.database_now(),
        status=status,
        data={"n_faces": 1},
    )


def _entry(player: Player, entry_id: uuid.UUID) -> AuditEntry | None:
    with tenant_scope(player.tenant.id):
        return AuditEntry.objects.filter(id=entry_id).first()


def _outcomes(player: Player, decision_id: uuid.UUID) -> list[str]:
    with tenant_scope(player.tenant.id):
        entries = list(AuditEntry.objects.filter(kind=EntryKind.OUTCOME, decision_id=decision_id))
    return [entry.content["outcome"]["status"] for entry in entries]


def test_a_decision_survives_the_rollback_of_what_it_allowed(alice: Player) -> None:
    with pytest.raises(ZeroDivisionError), tenant_scope(alice.tenant.id):
        decision_id, _ = ledger.record_decision(_decision(alice))
        raise ZeroDivisionError

    assert _entry(alice, decision_id) is not None


def test_an_outcome_is_gone_with_the_transaction_of_the_work(alice: Player) -> None:
    decision_id, _ = ledger.record_decision(_decision(alice))

    with pytest.raises(ZeroDivisionError), tenant_scope(alice.tenant.id):
        ledger.record_outcome(_outcome(alice, decision_id))
        raise ZeroDivisionError
    assert _outcomes(alice, decision_id) == []
    with tenant_scope(alice.tenant.id):
        ledger.record_outcome(_outcome(alice, decision_id))

    assert _outcomes(alice, decision_id) == ["succeeded"]


def test_the_outcome_of_a_failure_survives_the_rollback_of_the_work(alice: Player) -> None:
    decision_id, _ = ledger.record_decision(_decision(alice))

    with pytest.raises(ZeroDivisionError), tenant_scope(alice.tenant.id):
        ledger.record_failed_outcome(_outcome(alice, decision_id, status="failed"))
        raise ZeroDivisionError

    assert _outcomes(alice, decision_id) == ["failed"]


def test_there_is_one_outcome_and_the_first_one_stays(alice: Player) -> None:
    decision_id, _ = ledger.record_decision(_decision(alice))
    with tenant_scope(alice.tenant.id):
        ledger.record_outcome(_outcome(alice, decision_id))

    ledger.record_failed_outcome(_outcome(alice, decision_id, status="failed"))
    with pytest.raises(LedgerUnavailable), tenant_scope(alice.tenant.id):
        ledger.record_outcome(_outcome(alice, decision_id))

    assert _outcomes(alice, decision_id) == ["succeeded"]


def test_a_permit_is_minted_for_what_was_allowed_and_names_it(alice: Player) -> None:
    decision_id, permit = ledger.record_decision(_decision(alice))
    _, none = ledger.record_decision(_decision(alice, decision={"effect": "deny", "rules": [], "epoch": 7}))

    assert permit is not None
    assert (permit.decision_id, permit.tenant_id, permit.operation, permit.epoch) == (
        decision_id,
        alice.tenant.id,
        "search",
        7,
    )
    assert none is None


def test_what_is_stored_is_the_canonical_form_under_its_leaf_hash(alice: Player) -> None:
    decision_id, _ = ledger.record_decision(_decision(alice))

    entry = _entry(alice, decision_id)

    assert entry is not None
    body = bytes(entry.body)
    assert canonical_json(json.loads(body)) == body
    assert bytes(entry.leaf_hash) == hashlib.sha256(b"\x00" + body).digest()
    assert set(entry.content) == {
        "v", "id", "kind", "tenant", "ts", "request", "resource", "actor", "action", "purpose", "on_behalf_of",
        "jurisdiction", "case_ref", "decision", "params", "facts",
    }  # fmt: skip
    assert datetime.fromisoformat(entry.content["ts"]) == entry.ts


def test_a_case_reference_is_the_same_within_a_tenant_and_unreadable_outside(world: World) -> None:
    def commitment(player: Player) -> str:
        decision_id, _ = ledger.record_decision(_decision(player, case_ref="2026-0815"))
        entry = _entry(player, decision_id)
        assert entry is not None
        assert b"2026-0815" not in bytes(entry.body)
        return str(entry.content["case_ref"])

    assert commitment(world.alice) == commitment(world.alice)
    assert commitment(world.alice) != commitment(world.mallory)


def test_an_event_is_written_with_the_work_it_tells_of(alice: Player) -> None:
    with tenant_scope(alice.tenant.id):
        entry_id = ledger.record_event(
            Tag.KEY_REVOKED,
            actor=ledger.SYSTEM,
            resource=ledger.Resource("api_key", alice.key_id),
            tenant_id=alice.tenant.id,
            data={"why": "test"},
        )

    entry = _entry(alice, entry_id)
    assert entry is not None
    assert entry.content["action"] == "api-key:revoked"
    assert entry.content["data"] == {"why": "test"}
    assert str(entry) == f"event {entry_id}"


# --- the log cannot be written ---


@contextmanager
def _no_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The ledger's pool finds nobody at the database's port."""
    from django.conf import settings

    pool.close_ledger_pool()
    with monkeypatch.context() as patch:
        patch.setattr(pool, "ACQUIRE_TIMEOUT_SECONDS", 0.2)
        patch.setitem(settings.DATABASES["default"], "PORT", "1")
        try:
            yield
        finally:
            pool.close_ledger_pool()


def test_a_decision_that_cannot_be_committed_is_none(alice: Player) -> None:
    with no_entry_of("decision"), pytest.raises(LedgerUnavailable):
        ledger.record_decision(_decision(alice))


@pytest.mark.parametrize("error", [DISK_FULL, CHECK_VIOLATION])
def test_an_outcome_that_cannot_be_written_takes_the_work_back(alice: Player, error: str) -> None:
    decision_id, _ = ledger.record_decision(_decision(alice))

    with no_entry_of("outcome", error=error):
        with pytest.raises(LedgerUnavailable), tenant_scope(alice.tenant.id):
            ledger.record_outcome(_outcome(alice, decision_id))
        with pytest.raises(LedgerUnavailable):
            ledger.record_failed_outcome(_outcome(alice, decision_id))

    assert _outcomes(alice, decision_id) == []


def test_an_event_that_cannot_be_recorded_fails_with_what_it_tells_of() -> None:
    resource = ledger.Resource("tests", None)
    with no_entry_of("event"), pytest.raises(LedgerUnavailable, match="event"), transaction.atomic():
        ledger.record_event(Tag.TENANT_CREATED, actor=ledger.SYSTEM, resource=resource, tenant_id=None, data={})


def test_a_database_that_does_not_answer_is_unavailable(alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    record = _decision(alice)

    with _no_database(monkeypatch):
        with pytest.raises(LedgerUnavailable):
            ledger.own_connection_now()
        with pytest.raises(LedgerUnavailable) as refused:
            ledger.record_decision(record)

    assert refused.value.extra["rules"][0]["id"] == "AUD-001"
    assert ledger.record_decision(record)[1] is not None


def test_a_database_that_does_not_tell_the_time_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        def connection(self) -> Silent:
            return self

        def __enter__(self) -> Silent:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing was opened."""

        def execute(self, _: str) -> Silent:
            return self

        def fetchone(self) -> None:
            return None

    monkeypatch.setattr(ledger, "ledger_pool", Silent)

    with pytest.raises(LedgerUnavailable, match="time"):
        ledger.own_connection_now()


def test_both_clocks_are_the_databases() -> None:
    first = ledger.database_now()
    with transaction.atomic():
        second = ledger.database_now()
        third = ledger.database_now()
    fourth = ledger.own_connection_now()

    assert first <= second < third <= fourth


# --- through the gate ---


def _request(player: Player) -> gate.AccessRequest:
    resource = gate.ResourceRef("collection", None, player.tenant.id)
    return gate.AccessRequest(actor=player.actor, operation=Operation.ADMINISTER, resource=resource)


def test_a_refusal_that_cannot_be_recorded_is_no_refusal_but_unavailable(make_player: PlayerFactory) -> None:
    player = make_player(approved=False)

    with no_entry_of("outcome"), pytest.raises(LedgerUnavailable), gate.authorised(_request(player)):
        pytest.fail("it was refused")


def test_a_failure_that_cannot_be_recorded_does_not_hide_the_failure(
    alice: Player, caplog: pytest.LogCaptureFixture
) -> None:
    with no_entry_of("outcome"), pytest.raises(ZeroDivisionError), gate.authorised(_request(alice)) as admission:
        raise ZeroDivisionError

    assert f"the outcome of decision {admission.decision_id} could not be recorded" in caplog.text


def test_an_admission_without_a_permit_gives_none(make_player: PlayerFactory) -> None:
    request = _request(make_player(approved=False))
    admission = gate.Admission(request, gate.authorise(request))

    with pytest.raises(gate.PolicyRefused) as refusal:
        _ = admission.permit

    assert refusal.value.decision_id == admission.decision_id
