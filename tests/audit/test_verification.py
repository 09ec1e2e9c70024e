"""The log as a whole: every decision has its outcome, every outcome its decision, every hash its body."""

from __future__ import annotations

from dataclasses import replace

from django.db import connections

from common.canonical import canonical_json
from common.context import tenant_scope
from common.ids import new_id
from common.vocabulary import Operation
from governance import gate
from governance.audit import ledger
from governance.audit.verification import _CHECK, LogCheck, check_pairing
from tests.conftest import admin_connection
from tests.worlds import Player, World


def _request(player: Player) -> gate.AccessRequest:
    resource = gate.ResourceRef("collection", None, player.tenant.id)
    return gate.AccessRequest(actor=player.actor, operation=Operation.ADMINISTER, resource=resource)


def _check() -> LogCheck:
    return check_pairing(grace_seconds=0.0)


def test_a_use_that_ended_adds_a_pair(alice: Player) -> None:
    before = _check()

    with gate.authorised(_request(alice)) as admission, tenant_scope(alice.tenant.id):
        admission.complete()

    assert _check() == replace(before, decisions=before.decisions + 1, outcomes=before.outcomes + 1)


def test_a_use_without_an_end_is_counted_once_the_grace_is_over(alice: Player) -> None:
    before = _check()

    gate.authorise(_request(alice))

    after = _check()
    assert after.without_outcome == before.without_outcome + 1
    assert not after.is_sound
    assert check_pairing(grace_seconds=3600.0).without_outcome == 0


def test_an_outcome_of_another_tenants_decision_is_astray(world: World) -> None:
    before = _check()
    decision = gate.authorise(_request(world.alice))

    ledger.record_failed_outcome(
        ledger.OutcomeRecord(
            decision_id=decision.id,
            tenant_id=world.mallory.tenant.id,
            ts=ledger.database_now(),
            status="succeeded",
            data={},
        )
    )

    after = _check()
    assert after.astray == before.astray + 1
    assert not after.is_sound


def test_a_body_that_was_exchanged_is_found_although_nothing_else_stopped_it() -> None:
    """Only the database's owner can get so far; the check does not rely on the constraint."""
    entry_id = new_id()
    body = canonical_json({"id": str(entry_id), "tenant": None, "kind": "event"})
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.autocommit = False
        before = LogCheck(*admin.execute(_CHECK, {"grace": 0}).fetchone())  # type: ignore[misc]
        admin.execute("ALTER TABLE audit_entry DROP CONSTRAINT audit_leaf_hash_is_rfc6962")
        admin.execute(
            "INSERT INTO audit_entry (id, ts, kind, v, body, leaf_hash, request_id)"
            " VALUES (%s, now(), 'event', 1, %s, %s, 'test')",
            [entry_id, body, ledger.leaf_hash(body + b" ")],
        )
        after = LogCheck(*admin.execute(_CHECK, {"grace": 0}).fetchone())  # type: ignore[misc]
        admin.rollback()

    assert (after.damaged, after.events) == (before.damaged + 1, before.events + 1)
    assert not after.is_sound


def test_a_log_with_nothing_amiss_is_sound() -> None:
    assert LogCheck(decisions=3, outcomes=3, events=1, without_outcome=0, astray=0, damaged=0).is_sound
