"""Calls by hand, header by header: what no SDK would send can be sent, and what one sends can be changed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from django.test import Client

from recognition.rekognition.endpoint import CONTENT_TYPE
from tests.worlds import Player

HOST = "testserver"


@dataclass(slots=True)
class Message:
    """A POST request: what may be changed after it was signed."""

    headers: dict[str, str]
    body: bytes
    path: str = "/"
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def send(self) -> Any:
        headers = {name: value for name, value in self.headers.items() if name.lower() != "content-type"}
        content_type = next((v for n, v in self.headers.items() if n.lower() == "content-type"), "")
        # Django's client states no type for an empty body, and SDKs do.
        stated = {"CONTENT_TYPE": content_type} if content_type else {}
        return self.client.generic("POST", self.path, data=self.body, headers=headers, **stated)


def message(
    player: Player,
    operation: str,
    parameters: Any = None,
    *,
    body: bytes | None = None,
    pair: tuple[str, str] | None = None,
    headers: dict[str, str] | None = None,
    service: str = "rekognition",
    age: timedelta = timedelta(0),
    path: str = "/",
) -> Message:
    """Return a signed call of an operation."""
    access_key_id, secret = pair or player.pair
    content = json.dumps(parameters or {}).encode() if body is None else body
    date = (datetime.now(UTC) - age).strftime("%Y%m%dT%H%M%SZ")
    stated = {
        "Content-Type": CONTENT_TYPE,
        "Host": HOST,
        "X-Amz-Date": date,
        "X-Amz-Target": f"RekognitionService.{operation}",
        **(headers or {}),
    }
    request = AWSRequest(method="POST", url=f"http://{HOST}{path}", headers=stated, data=content)
    request.context["timestamp"] = date
    signer = SigV4Auth(Credentials(access_key_id, secret), service, "eu-central-1")
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    signed = signer.signed_headers(signer.headers_to_sign(request))
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={signed}, Signature={signature}"
    )
    return Message({**stated, "Authorization": authorization}, content, path)


def call(player: Player, operation: str, parameters: Any = None, **options: Any) -> Any:
    """Send a signed call and return the answer."""
    return message(player, operation, parameters, **options).send()


def content_of(response: Any) -> Any:
    """Return the body of an answer."""
    assert response["Content-Type"] == CONTENT_TYPE
    return json.loads(response.content)


def code_of(response: Any) -> str:
    """Return the code of a fault, which header and body tell alike."""
    body = content_of(response)
    assert response["x-amzn-ErrorType"] == body["__type"]
    return str(body["__type"])
