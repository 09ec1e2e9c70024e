"""Nothing is answered but to a request that a live key has signed, whole and now."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from common.context import tenant_scope
from governance.audit.models import AuditEntry
from tenants import services as tenants
from tests.people import owner_of
from tests.rekognition.wire import Message, call, code_of, content_of, message
from tests.worlds import Player, World


def test_a_signed_call_is_answered(alice: Player) -> None:
    response = call(alice, "ListCollections")

    assert response.status_code == 200
    assert content_of(response) == {"CollectionIds": [], "FaceModelVersions": []}
    assert response["x-amzn-RequestId"] == response["X-Request-Id"]


def _header(name: str, value: str) -> Callable[[Message], None]:
    def change(sent: Message) -> None:
        sent.headers[name] = value

    return change


def _edit(name: str, pattern: str, replacement: str) -> Callable[[Message], None]:
    def change(sent: Message) -> None:
        changed = re.sub(pattern, replacement, sent.headers[name])
        assert changed != sent.headers[name]
        sent.headers[name] = changed

    return change


def _body(sent: Message) -> None:
    sent.body = b'{"MaxResults":1}'


def _path(sent: Message) -> None:
    sent.path = "/?X-Amz-Target=RekognitionService.DetectFaces"


TAMPERED = {
    "body": (_body, "InvalidSignatureException"),
    "query": (_path, "InvalidSignatureException"),
    "host": (_header("Host", "localhost"), "InvalidSignatureException"),
    "target": (_header("X-Amz-Target", "RekognitionService.DeleteCollection"), "InvalidSignatureException"),
    "content type": (_header("Content-Type", "application/json"), "InvalidSignatureException"),
    "region": (_edit("Authorization", "eu-central-1", "us-east-1"), "InvalidSignatureException"),
    "signature": (_edit("Authorization", "Signature=..", "Signature=00"), "InvalidSignatureException"),
    "digest": (_header("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"), "InvalidSignatureException"),
    "no authorization": (_header("Authorization", ""), "MissingAuthenticationTokenException"),
    "bearer": (_header("Authorization", "Bearer custos_test_0_0"), "IncompleteSignatureException"),
    "another service": (_edit("Authorization", "rekognition/", "s3/"), "IncompleteSignatureException"),
    "another algorithm": (_edit("Authorization", "HMAC-SHA256", "ECDSA-P256"), "IncompleteSignatureException"),
    "host not signed": (_edit("Authorization", "host;", ""), "IncompleteSignatureException"),
    "target not signed": (_edit("Authorization", ";x-amz-target", ""), "IncompleteSignatureException"),
    "date not signed": (_edit("Authorization", "x-amz-date;", ""), "IncompleteSignatureException"),
    "header twice": (_edit("Authorization", "host;", "host;host;"), "IncompleteSignatureException"),
    "signed but not sent": (_edit("Authorization", "host;", "host;x-a;"), "IncompleteSignatureException"),
    "another day": (_edit("X-Amz-Date", "^....", "2020"), "IncompleteSignatureException"),
    "no date": (_edit("X-Amz-Date", "T......Z", "T996199Z"), "IncompleteSignatureException"),
    "key of nobody": (_edit("Authorization", "AKCU.{16}", "AKCU" + "0" * 16), "UnrecognizedClientException"),
    "key of another form": (_edit("Authorization", "AKCU.{16}", "AKIAIOSFODNN7EXAMPLE"), "UnrecognizedClientException"),
    "session token": (_header("X-Amz-Security-Token", "token"), "UnrecognizedClientException"),
    "unsigned purpose": (_header("x-custos-purpose", "photo_organisation"), "IncompleteSignatureException"),
    "purpose as for rest": (_header("Custos-Purpose", "photo_organisation"), "IncompleteSignatureException"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_request_that_was_changed_after_it_was_signed_is_refused(caller: Player, name: str) -> None:
    change, code = TAMPERED[name]
    sent = message(caller, "ListCollections")
    change(sent)

    response = sent.send()

    assert (response.status_code, code_of(response)) == (400, code)
    assert "CollectionIds" not in response.content.decode()


@pytest.mark.parametrize(("minutes", "is_accepted"), [(4.9, True), (5.2, False), (-4.9, True), (-5.2, False)])
def test_a_signature_holds_for_five_minutes_either_way(caller: Player, minutes: float, is_accepted: bool) -> None:
    response = call(caller, "ListCollections", age=timedelta(minutes=minutes))

    assert (response.status_code == 200) == is_accepted
    if not is_accepted:
        assert code_of(response) == "InvalidSignatureException"
        assert "Signature expired" in content_of(response)["message"]


def test_the_secret_of_another_key_does_not_sign(world: World) -> None:
    access_key_id, _ = world.alice.pair
    _, secret = world.mallory.pair

    assert code_of(call(world.alice, "ListCollections", pair=(access_key_id, secret))) == "InvalidSignatureException"


def test_a_digest_of_the_body_may_be_stated(caller: Player) -> None:
    """As the SDKs for JavaScript and Java do, which sign further headers too."""
    body = b'{"MaxResults": 1}'
    headers = {
        "X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest(),
        "Content-Length": str(len(body)),
        "Amz-Sdk-Invocation-Id": "5f1b2c3d",
        "X-Amz-User-Agent": "aws-sdk-js/3  two  spaces",
    }

    assert call(caller, "ListCollections", body=body, headers=headers).status_code == 200


def test_a_revoked_key_is_refused_from_the_next_call_on(alice: Player) -> None:
    assert call(alice, "ListCollections").status_code == 200
    tenants.revoke_key(owner_of(alice), key_id=alice.key_id)

    assert code_of(call(alice, "ListCollections")) == "UnrecognizedClientException"


def test_both_pairs_sign_while_a_key_is_rotated(alice: Player) -> None:
    issued = tenants.rotate_key(owner_of(alice), key_id=alice.key_id)
    pair = issued.access_key_id, issued.secret_access_key

    assert call(alice, "ListCollections").status_code == 200
    assert call(alice, "ListCollections", pair=pair).status_code == 200


def test_what_was_not_signed_leaves_no_trace_with_the_tenant(alice: Player) -> None:
    sent = message(alice, "CreateCollection", {"CollectionId": "gallery"})
    sent.headers["Authorization"] = re.sub("Signature=..", "Signature=00", sent.headers["Authorization"])

    assert sent.send().status_code == 400

    with tenant_scope(alice.tenant.id):
        assert not AuditEntry.objects.filter(kind="decision").exists()


def test_the_session_of_a_member_is_no_signature(alice: Player, member_browser: Client) -> None:
    response = member_browser.post("/", data=b"{}", content_type="application/x-amz-json-1.1")

    assert code_of(response) == "MissingAuthenticationTokenException"


@pytest.fixture
def member_browser(alice: Player) -> Client:
    from tests.people import make_member, sign_in

    return sign_in(make_member(alice))
