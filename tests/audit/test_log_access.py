"""The log over HTTP: what a tenant reads of it proves itself, and shows nothing of others."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from common.ids import new_id
from common.vocabulary import Operation
from governance import gate
from governance.audit import key_files, roles, sequencer
from governance.audit.bundle import write_verifier
from governance.audit.checking.exports import verify_export
from governance.audit.checking.notes import Checkpoint, open_note
from governance.audit.checking.tree import is_consistent, leaf_hash, root_from_inclusion
from tests.worlds import Player, World


def _sequence() -> None:
    with roles.connect("custos_sequencer", autocommit=True) as connection:
        sequencer.drain(connection)


def _used(player: Player) -> tuple[str, str]:
    """Ask for something; return the decision and its receipt."""
    answer = player.client.get("/v1/decisions")
    return answer["Custos-Decision"], answer["Custos-Receipt"]


def _root(note: str) -> tuple[int, bytes]:
    checkpoint = Checkpoint.parse(open_note(note, key_files.trusted_keys()).text)
    return checkpoint.size, checkpoint.root


def test_the_proof_of_an_entry_leads_from_its_body_to_the_signed_checkpoint(alice: Player) -> None:
    decision, _ = _used(alice)
    assert alice.client.get(f"/v1/audit/entries/{decision}").json()["index"] is None
    waiting = alice.client.get(f"/v1/audit/entries/{decision}/proof")
    assert (waiting.status_code, waiting.json()["code"]) == (409, "audit-entry-not-sequenced")
    _sequence()

    entry = alice.client.get(f"/v1/audit/entries/{decision}").json()
    head, _, note = alice.client.get(f"/v1/audit/entries/{decision}/proof").json()["proof"].partition("\n\n")

    kind, index, *steps = head.split("\n")
    size, root = _root(note)
    leaf = leaf_hash(entry["body"].encode())
    proof = [base64.b64decode(step) for step in steps]
    assert (kind, index) == ("c2sp.org/tlog-proof@v1", f"index {entry['index']}")
    assert root_from_inclusion(leaf, index=entry["index"], size=size, proof=proof) == root
    assert json.loads(entry["body"])["id"] == decision


def test_two_checkpoints_are_proven_consistent(alice: Player) -> None:
    _used(alice)
    _sequence()
    old = alice.client.get("/v1/audit/checkpoint").json()
    _used(alice)
    _sequence()
    new = alice.client.get("/v1/audit/checkpoint").json()

    answer = alice.client.get(f"/v1/audit/consistency?old={old['size']}&new={new['size']}").json()

    proof = [base64.b64decode(step) for step in answer["proof"]]
    assert new["size"] > old["size"]
    assert is_consistent(_root(old["note"]), _root(new["note"]), proof)
    assert _root(new["note"])[1] == base64.b64decode(new["root_hash"])


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("consistency?old=5&new=4", 400, "log-sizes-invalid"),
        ("consistency?old=1&new=99999999", 400, "log-sizes-invalid"),
        ("consistency?old=0", 400, "validation-failed"),
        ("consistency?old=x", 400, "validation-failed"),
        ("tile/0/99999999", 404, "tile-not-found"),
        ("tile/9/0", 404, "tile-not-found"),
        ("tile/0/99999999999999999999999", 404, "tile-not-found"),
        ("tile/0/0?width=257", 400, "validation-failed"),
    ],
)
def test_what_the_log_does_not_have_is_answered_clearly(alice: Player, path: str, status: int, code: str) -> None:
    _sequence()

    answer = alice.client.get(f"/v1/audit/{path}")

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_tile_holds_the_leaves(alice: Player) -> None:
    decision, _ = _used(alice)
    _sequence()
    entry = alice.client.get(f"/v1/audit/entries/{decision}").json()
    number, place = divmod(entry["index"], 256)

    hashes = alice.client.get(f"/v1/audit/tile/0/{number}").json()["hashes"]

    assert hashes[place] == entry["leaf_hash"]
    assert alice.client.get(f"/v1/audit/tile/0/{number}?width={place + 1}").json()["hashes"] == hashes[: place + 1]


def test_a_receipt_is_checked_by_its_own_tenant(world: World) -> None:
    decision, receipt = _used(world.alice)
    _sequence()

    def check(player: Player, text: str) -> Any:
        return player.client.post("/v1/audit/receipts:check", {"receipt": text})

    hers = check(world.alice, receipt)
    theirs = check(world.mallory, receipt)
    touched = check(world.alice, base64.b64encode(base64.b64decode(receipt).replace(b"custos-", b"kustos-")).decode())

    assert (hers.json()["entry_id"], hers.json()["is_recorded"]) == (decision, True)
    assert hers.json()["index"] is not None
    assert (theirs.json()["is_recorded"], theirs.json()["index"]) == (False, None)
    assert (touched.status_code, touched.json()["code"]) == (422, "receipt-unreadable")


def test_an_export_holds_the_tenants_own_entries_and_verifies_offline(
    world: World, tmp_path: Path, settings: Settings
) -> None:
    receipts = [_used(world.alice)[1] for _ in range(3)]
    _used(world.mallory)
    _sequence()

    answer = world.alice.client.get("/v1/audit/export")

    file = tmp_path / "log.zip"
    file.write_bytes(answer.content)
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        text = "".join(archive.read(name).decode() for name in archive.namelist())
    assert str(world.alice.tenant.id) in text
    assert str(world.mallory.tenant.id) not in text
    verifier, kept = tmp_path / "verify.pyz", tmp_path / "receipts"
    write_verifier(verifier)
    kept.write_text("\n".join(receipts))
    command = [sys.executable, verifier, file, "--keys", key_files.trusted_file(), "--receipts", kept]
    sound = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={"PYTHONWARNINGS": "error"})
    assert (sound.returncode, sound.stdout) == (0, "Sound.\n"), sound.stdout + sound.stderr

    altered = tmp_path / "altered.zip"
    _alter(file, altered, old='"status":"succeeded"', new='"status":"pretended"')
    tampered = subprocess.run([*command[:2], altered, *command[3:]], cwd=tmp_path, capture_output=True, text=True)
    assert tampered.returncode == 2
    assert "edited at leaf" in tampered.stdout
    keyless = subprocess.run([*command[:3]], cwd=tmp_path, capture_output=True, text=True)
    assert (keyless.returncode, keyless.stdout.split(":")[0]) == (3, "no-key")


def _alter(file: Path, target: Path, *, old: str, new: str) -> None:
    escaped_old, escaped_new = old.replace('"', '\\"'), new.replace('"', '\\"')
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            content = source.read(name).decode()
            copy.writestr(name, content.replace(escaped_old, escaped_new, 1))


def test_a_whole_export_verifies_and_what_is_taken_out_of_it_is_missed(alice: Player, tmp_path: Path) -> None:
    from governance.audit.exporting import export_log

    _used(alice)
    _sequence()
    file = tmp_path / "whole.zip"

    count = export_log(file, tenant_id=None)

    keys, now = key_files.trusted_keys(), "2026-01-01T00:00:00.000000+00:00"
    code, findings = verify_export(file, trusted=keys, now=now)
    assert (code, findings) == (0, [])
    with zipfile.ZipFile(file) as archive:
        lines = archive.read("entries.jsonl").decode().splitlines()
        others = {name: archive.read(name) for name in archive.namelist() if name != "entries.jsonl"}
    assert len(lines) == count
    for number in (0, len(lines) // 2, len(lines) - 1):
        target = tmp_path / "less.zip"
        with zipfile.ZipFile(target, "w") as copy:
            copy.writestr("entries.jsonl", "\n".join([*lines[:number], *lines[number + 1 :]]) + "\n")
            for name, content in others.items():
                copy.writestr(name, content)
        assert verify_export(target, trusted=keys, now=now)[0] == 2, number


def test_an_export_that_is_too_large_for_an_answer_is_refused(alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    _used(alice)
    monkeypatch.setattr("governance.log_access.MOST_EXPORTED", 1)

    answer = alice.client.get("/v1/audit/export")

    assert (answer.status_code, answer.json()["code"]) == (422, "audit-export-too-large")


def test_while_the_log_is_not_proven_high_risk_uses_stop_and_reading_goes_on(alice: Player, settings: Settings) -> None:
    """AUD-002, by the queue that the sequencer leaves standing."""
    _used(alice)
    settings.CUSTOS_SEQUENCER_LAG_SECONDS = 0
    resource = gate.ResourceRef("collection", new_id(), alice.tenant.id)

    def asked(operation: Operation) -> list[str]:
        request = gate.AccessRequest(
            actor=alice.actor, operation=operation, resource=resource, engine_version="fake@1", gallery_size=1
        )
        return [rule.id for rule in gate.authorise(request).verdict.fired]

    assert "AUD-002" in asked(Operation.ENROL)
    assert "AUD-002" in asked(Operation.SEARCH)
    assert alice.client.get("/v1/decisions").status_code == 200
    _sequence()
    settings.CUSTOS_SEQUENCER_LAG_SECONDS = 60
    assert "AUD-002" not in asked(Operation.ENROL)


def test_the_same_receipt_comes_with_a_repeated_answer(alice: Player) -> None:
    def create() -> Any:
        return alice.client.post("/v1/collections", {"name": "again"}, headers={"Idempotency-Key": "once"})

    first, second = create(), create()

    assert second["Idempotency-Replayed"] == "true"
    assert first["Custos-Receipt"] == second["Custos-Receipt"]
