"""Evidence that the law wants kept: sealed under a key of its subject, erased with the key, proven all the same."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections, transaction

from common.context import tenant_scope
from common.ids import new_id
from governance.audit import evidence, ledger
from governance.audit.errors import EvidenceErased
from governance.audit.verification import verify_log, verify_on
from tests.conftest import admin_connection
from tests.worlds import Player, World

CONTENT = b"a matched probe"


def _seal(player: Player, subject_id: uuid.UUID, content: bytes = CONTENT) -> evidence.SealedEvidence:
    decision = uuid.UUID(player.client.get("/v1/decisions")["Custos-Decision"])
    with tenant_scope(player.tenant.id):
        return evidence.seal_evidence(
            content, subject_id=subject_id, tenant_id=player.tenant.id, decision_id=decision, actor=ledger.SYSTEM
        )


def _open(player: Player, evidence_id: uuid.UUID) -> bytes:
    with tenant_scope(player.tenant.id):
        return evidence.open_evidence(evidence_id, tenant_id=player.tenant.id)


def _stored(evidence_id: uuid.UUID) -> bytes:
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        row: Any = admin.execute("SELECT sealed FROM audit_sealed WHERE id = %s", [evidence_id]).fetchone()
    return bytes(row[0])


def test_it_opens_for_its_tenant_and_is_no_plain_text_in_the_database(alice: Player) -> None:
    sealed = _seal(alice, new_id())

    assert _open(alice, sealed.id) == CONTENT
    assert CONTENT not in _stored(sealed.id)


def test_erasing_a_subject_erases_all_of_it_and_nothing_else(alice: Player) -> None:
    gone, stays = new_id(), new_id()
    first, second, other = _seal(alice, gone), _seal(alice, gone), _seal(alice, stays)

    call_command("audit", "erase", tenant=alice.tenant.id, subject=gone, reason="asked for")

    for each in (first, second):
        with pytest.raises(EvidenceErased):
            _open(alice, each.id)
    assert _open(alice, other.id) == CONTENT
    with pytest.raises(EvidenceErased, match="was erased"):
        _seal(alice, gone)
    with pytest.raises(CommandError, match="key was destroyed"):
        call_command("audit", "erase", tenant=alice.tenant.id, subject=gone, reason="again")


def test_the_log_says_that_it_was_erased_and_all_proofs_hold(alice: Player) -> None:
    sealed = _seal(alice, subject_id := new_id())
    with tenant_scope(alice.tenant.id):
        assert evidence.erase_subject(subject_id, tenant_id=alice.tenant.id, actor=ledger.SYSTEM, reason="r") == 1

    found = [finding for finding in verify_log().findings if finding.entry == str(sealed.entry_id)]
    with tenant_scope(alice.tenant.id), connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT convert_from(body, 'UTF8')::jsonb -> 'data' ->> 'evidence' FROM audit_entry"
            " WHERE convert_from(body, 'UTF8')::jsonb ->> 'action' = 'subject:erased' AND tenant_id = %s",
            [alice.tenant.id],
        )
        assert cursor.fetchall() == [("1",)]

    assert found == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_sealed SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) WHERE id = %s",
        "UPDATE audit_sealed SET subject_id = gen_random_uuid() WHERE id = %s",
        "UPDATE audit_sealed SET tenant_id = gen_random_uuid() WHERE id = %s",
        "UPDATE audit_sealed SET id = gen_random_uuid() WHERE id = %s",
        "DELETE FROM audit_sealed WHERE id = %s",
    ],
)
def test_what_a_superuser_does_to_it_is_found(alice: Player, change: str) -> None:
    sealed = _seal(alice, new_id())
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.autocommit = False
        admin.execute("ALTER TABLE audit_sealed DISABLE TRIGGER ALL")
        assert admin.execute(change, [sealed.id]).rowcount == 1
        found = verify_on(admin)
        admin.rollback()

    assert [f.kind for f in found.findings if f.entry == str(sealed.entry_id)] == ["edited"]


def test_altered_bytes_do_not_open_and_the_roles_cannot_alter_them(alice: Player) -> None:
    sealed = _seal(alice, new_id())

    with (
        pytest.raises(DatabaseError, match="permission denied"),
        tenant_scope(alice.tenant.id),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute("DELETE FROM audit_sealed WHERE id = %s", [sealed.id])
    with tenant_scope(alice.tenant.id), connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_sealed SELECT gen_random_uuid(), tenant_id, subject_id,"
            " (SELECT id FROM audit_entry WHERE tenant_id = %s AND kind = 'event' AND id <> %s LIMIT 1), sealed"
            " FROM audit_sealed WHERE id = %s RETURNING id",
            [alice.tenant.id, sealed.entry_id, sealed.id],
        )
        ((moved,),) = cursor.fetchall()
        with pytest.raises(EvidenceErased, match="altered"):
            evidence.open_evidence(moved, tenant_id=alice.tenant.id)
        transaction.set_rollback(True)


def test_another_tenants_evidence_is_not_there(world: World) -> None:
    sealed = _seal(world.alice, new_id())

    with pytest.raises(EvidenceErased):
        _open(world.mallory, sealed.id)
