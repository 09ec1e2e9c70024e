"""A request that carries a key runs once: its first answer is given again, whatever comes between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from common.vocabulary import Operation
from governance import services as governance
from governance.audit.models import AuditEntry
from recognition.engines.fake import FakeEngine, face_picture
from recognition.models import Collection
from recognition.services import collections
from tests.conftest import admin_connection
from tests.plugin import REPOSITORY
from tests.worlds import MoratoriumFactory, Player, World, client_with
from traffic import idempotency
from traffic.models import IdempotencyRecord
from traffic.tasks import purge_answers

URL = "/v1/collections"


def _key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def _create(player: Player, name: str, headers: dict[str, str], **extra: str) -> Any:
    return client_with(player.token, **extra).post(URL, {"name": name}, headers=headers)


def _records(player: Player) -> list[IdempotencyRecord]:
    with tenant_scope(player.tenant.id):
        return list(IdempotencyRecord.objects.all())


def _n_collections(player: Player) -> int:
    with tenant_scope(player.tenant.id):
        return Collection.objects.count()


def _picture(identity: int = 1) -> SimpleUploadedFile:
    return SimpleUploadedFile("p.png", face_picture(identity), "image/png")


def _let_lapse(player: Player) -> None:
    with tenant_scope(player.tenant.id), connections["default"].cursor() as cursor:
        cursor.execute("UPDATE traffic_idempotencyrecord SET locked_until = clock_timestamp() - interval '1 second'")


def _let_expire(player: Player) -> None:
    with tenant_scope(player.tenant.id), connections["default"].cursor() as cursor:
        cursor.execute("UPDATE traffic_idempotencyrecord SET expires_at = clock_timestamp() - interval '1 second'")


def test_it_gives_the_first_answer_again(alice: Player) -> None:
    headers = _key()

    first = _create(alice, "once", headers)
    again = _create(alice, "once", headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for name in ("Content-Type", "ETag", "Custos-Decision"):
        assert again[name] == first[name], name
    assert (again.get("Idempotency-Replayed"), first.get("Idempotency-Replayed")) == ("true", None)
    assert again["X-Request-Id"] != first["X-Request-Id"]
    assert _n_collections(alice) == 1


def test_without_a_key_nothing_is_kept(alice: Player) -> None:
    assert [_create(alice, "twice", {}).status_code for _ in range(2)] == [201, 409]

    assert _records(alice) == []


def test_an_answer_without_a_body_is_given_again(alice: Player) -> None:
    _create(alice, "gone", {})
    headers = _key()

    answers = [alice.client.delete(f"{URL}/gone", headers=headers) for _ in range(2)]

    assert [(a.status_code, a.content) for a in answers] == [(204, b"")] * 2
    assert alice.client.delete(f"{URL}/gone", headers=_key()).status_code == 404


def test_an_error_of_the_request_is_given_again(alice: Player) -> None:
    headers = _key()
    missing = alice.client.delete(f"{URL}/later", headers=headers)
    _create(alice, "later", {})

    again = alice.client.delete(f"{URL}/later", headers=headers)

    assert (missing.status_code, again.status_code) == (404, 404)
    assert again.content == missing.content
    assert _n_collections(alice) == 1


@pytest.mark.parametrize(
    ("name", "headers"),
    [("other", {}), ("one", {"HTTP_CUSTOS_JURISDICTION": "US-CA"}), ("one", {"HTTP_CUSTOS_CASE": "7"})],
)
def test_another_request_under_the_same_key_is_refused(alice: Player, name: str, headers: dict[str, str]) -> None:
    key = _key()
    _create(alice, "one", key)

    refused = _create(alice, name, key, **headers)

    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency-key-reused")
    assert _n_collections(alice) == 1


def test_another_path_under_the_same_key_is_refused(alice: Player) -> None:
    key = _key()
    _create(alice, "one", key)

    assert alice.client.delete(f"{URL}/one", headers=key).json()["code"] == "idempotency-key-reused"


@pytest.mark.parametrize("key", ["", "two words", "é", "x" * 256])
def test_it_refuses_a_key_that_is_none(alice: Player, key: str) -> None:
    refused = _create(alice, "one", {"Idempotency-Key": key})

    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency-key-invalid")
    assert _n_collections(alice) == 0


def test_the_same_upload_is_known_again_whatever_its_boundary(alice: Player) -> None:
    _create(alice, "album", {})
    key = _key()

    def send(boundary: str) -> Any:
        picture = face_picture(1)
        body = b'--%b\r\nContent-Disposition: form-data; name="image"; filename="p"\r\n\r\n%b\r\n--%b--\r\n'
        return alice.client.generic(
            "POST",
            f"{URL}/album/faces",
            body % (boundary.encode(), picture, boundary.encode()),
            content_type=f"multipart/form-data; boundary={boundary}",
            headers=key,
        )

    first, again = send("aaaa"), send("bbbb")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    other = alice.client.post(f"{URL}/album/faces", {"image": _picture(2)}, format="multipart", headers=key)
    assert other.json()["code"] == "idempotency-key-reused"


def test_a_concurrent_duplicate_is_told_to_wait(alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    _create(alice, "album", {})
    key, working, go_on = _key(), threading.Event(), threading.Event()
    extract = FakeEngine.extract

    def extract_slowly(*args: Any, **kwargs: Any) -> Any:
        working.set()
        assert go_on.wait(30)
        return extract(*args, **kwargs)

    monkeypatch.setattr(FakeEngine, "extract", extract_slowly)

    def send() -> Any:
        try:
            return alice.client.post(f"{URL}/album/faces", {"image": _picture()}, format="multipart", headers=key)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(send)
        assert working.wait(30)
        second = send()
        go_on.set()
        assert first.result(30).status_code == 201

    assert (second.status_code, second.json()["code"]) == (409, "idempotency-key-in-use")
    assert 1 <= int(second["Retry-After"]) <= 5
    assert send().json() == first.result().json()


def test_of_many_duplicates_at_once_one_runs(alice: Player) -> None:
    key, together = _key(), threading.Barrier(6)

    def send(_: int) -> Any:
        try:
            together.wait(30)
            return _create(alice, "once", key)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))

    ran = [a for a in answers if a.status_code == 201 and "Idempotency-Replayed" not in a]
    assert len(ran) == 1
    assert {a.status_code for a in answers} <= {201, 409}
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"idempotency-key-in-use"}
    assert _n_collections(alice) == 1


def test_the_key_of_a_process_that_died_lapses(alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed before it keeps its answer leaves its claim behind, as here."""
    key = _key()
    monkeypatch.setattr(collections, "_insert", _die)
    with pytest.raises(SystemExit):
        _create(alice, "one", key)
    monkeypatch.undo()

    at_once = _create(alice, "one", key)
    _let_lapse(alice)
    other = _create(alice, "two", key)
    later = _create(alice, "one", key)

    assert at_once.json()["code"] == "idempotency-key-in-use"
    assert other.json()["code"] == "idempotency-key-reused"
    assert (later.status_code, _n_collections(alice)) == (201, 1)


def _die(*_: object, **__: object) -> None:
    raise SystemExit(137)


_KILLED: Final = """
import os, django
from config.boot import choose_settings
choose_settings(); django.setup()
from recognition.services import collections
{where}
from tests.worlds import client_with
client_with({token!r}).post({url!r}, {{"name": "one"}}, headers={key!r})
"""
_BEFORE_THE_COMMIT: Final = "collections._insert = lambda *_: os.kill(os.getpid(), 9)"
_BEFORE_THE_ANSWER_IS_KEPT: Final = """
from traffic import idempotency
idempotency.keep = lambda *_, **__: os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(
    ("where", "status", "code"),
    [(_BEFORE_THE_COMMIT, 201, None), (_BEFORE_THE_ANSWER_IS_KEPT, 409, "collection-exists")],
)
def test_a_killed_process_leaves_a_key_that_lapses(alice: Player, where: str, status: int, code: str | None) -> None:
    key = _key()
    program = _KILLED.format(where=where, token=alice.token, url=URL, key=key)
    database = connections["default"].settings_dict["NAME"]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}",
        "DATABASE_URL": f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{database}",
    }
    killed = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]

    at_once = _create(alice, "one", key)
    _let_lapse(alice)
    later = _create(alice, "one", key)

    assert (at_once.status_code, at_once.json()["code"]) == (409, "idempotency-key-in-use")
    assert (later.status_code, later.json().get("code")) == (status, code)
    assert _n_collections(alice) == 1
    assert _create(alice, "one", key)["Idempotency-Replayed"] == "true"


def test_who_lost_its_claim_does_not_write_the_answer(alice: Player) -> None:
    lost = idempotency.claim("k", actor=alice.actor, fingerprint="0" * 64)
    _let_lapse(alice)
    held = idempotency.claim("k", actor=alice.actor, fingerprint="0" * 64)
    assert isinstance(lost, idempotency.Claim)
    assert isinstance(held, idempotency.Claim)

    idempotency.keep(lost, answer=idempotency.Answer(200, {}, b"stale", None))
    idempotency.give_back(lost)

    assert [record.status for record in _records(alice)] == [None]
    idempotency.keep(held, answer=idempotency.Answer(200, {}, b"fresh", None))
    kept = idempotency.claim("k", actor=alice.actor, fingerprint="0" * 64)
    assert isinstance(kept, idempotency.Answer)
    assert kept.body == b"fresh"


def test_a_refusal_is_not_kept(alice: Player, impose: MoratoriumFactory, staff: Any) -> None:
    key = _key()
    moratorium = impose(selector=governance.Selector(operations=[Operation.ADMINISTER]))
    assert _create(alice, "one", key).status_code == 403
    governance.lift_moratorium(moratorium, lifters=staff.oversight)

    assert _create(alice, "one", key).status_code == 201


def test_a_kept_answer_is_not_given_when_it_would_be_refused_now(alice: Player, impose: MoratoriumFactory) -> None:
    _create(alice, "album", {})
    key = _key()

    def send() -> Any:
        return alice.client.post(f"{URL}/album/faces", {"image": _picture()}, format="multipart", headers=key)

    assert send().status_code == 201
    impose(selector=governance.Selector(operations=[Operation.ENROL]))

    refused = send()

    assert refused.status_code == 403
    assert [rule["id"] for rule in refused.json()["rules"]] == ["MOR-001"]


def test_giving_an_answer_again_is_recorded(alice: Player) -> None:
    key = _key()
    _create(alice, "one", key)
    with tenant_scope(alice.tenant.id):
        before = AuditEntry.objects.filter(tenant_id=alice.tenant.id).count()

    _create(alice, "one", key)

    with tenant_scope(alice.tenant.id):
        new = AuditEntry.objects.filter(tenant_id=alice.tenant.id).order_by("ins_id")[before:]
        assert [entry.kind for entry in new] == ["decision", "outcome"]


def test_the_same_key_of_another_tenant_is_another_key(world: World) -> None:
    key = _key()
    first = _create(world.alice, "one", key)

    other = _create(world.mallory, "one", key)

    assert (first.status_code, other.status_code) == (201, 201)
    assert "Idempotency-Replayed" not in other
    assert other["Custos-Decision"] != first["Custos-Decision"]


def test_no_key_body_or_answer_is_readable_in_the_database(alice: Player) -> None:
    key = _key()
    _create(alice, "very-secret-name", key)

    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        rows = admin.execute(
            "SELECT r::text, body FROM traffic_idempotencyrecord r WHERE tenant_id = %s", [alice.tenant.id]
        ).fetchall()

    ((text, body),) = rows
    assert body is not None
    for secret in ("very-secret-name", key["Idempotency-Key"], alice.token):
        assert secret not in str(text)
        assert secret.encode() not in bytes(body)  # type: ignore[call-overload]


def test_an_expired_answer_is_forgotten(alice: Player) -> None:
    key = _key()
    _create(alice, "one", key)
    _let_expire(alice)

    assert _create(alice, "one", key).json()["code"] == "collection-exists"


def test_the_purge_removes_what_has_expired_and_nothing_else(world: World) -> None:
    _create(world.alice, "one", _key())
    _create(world.mallory, "one", _key())
    _let_expire(world.alice)

    purge_answers.apply().get()

    assert _records(world.alice) == []
    assert len(_records(world.mallory)) == 1


def test_a_record_lives_a_day(alice: Player) -> None:
    _create(alice, "one", _key())

    (record,) = _records(alice)

    assert (record.expires_at - record.created_at).total_seconds() == pytest.approx(24 * 3600, abs=5)


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    alice: Player, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    from common.keys import PlatformKeyMissing

    def fail(*_: object, **__: object) -> None:
        raise PlatformKeyMissing

    monkeypatch.setattr(idempotency, "seal", fail)
    key = _key()

    assert _create(alice, "one", key).status_code == 201
    assert _create(alice, "one", key).json()["code"] == "idempotency-key-in-use"


def test_a_search_needs_no_key_and_keeps_nothing(alice: Player) -> None:
    _create(alice, "album", {})
    key = _key()

    for identity in (1, 2):
        found = alice.client.post(f"{URL}/album/search", {"image": _picture(identity)}, format="multipart", headers=key)
        assert found.status_code == 200

    assert _records(alice) == []
