"""An unmodified AWS SDK, pointed at a server on the loopback whose every answer is held against Amazon's own model."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.model import OperationModel, Shape
from django.core.wsgi import get_wsgi_application
from pytest_django.fixtures import Settings
from werkzeug.serving import WSGIRequestHandler, make_server

from recognition.models import Collection
from recognition.services import collections
from tests.recognition.conftest import blank_picture, outbox
from tests.worlds import Player, PlayerFactory

__all__ = ["blank_picture", "outbox"]

GALLERY = "gallery"
REGION = "eu-central-1"

Sdk = Callable[..., Any]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own; and nobody's credentials or settings of AWS."""
    settings.CUSTOS_HOME = tmp_path
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_REKOGNITION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Keep the request log out of the tests' output."""


@pytest.fixture(scope="session")
def address(django_db_setup: None) -> Iterator[str]:
    """A real HTTP server with the whole application behind it."""
    server = make_server("127.0.0.1", 0, get_wsgi_application(), threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def sdk(address: str) -> Iterator[Sdk]:
    """Make boto3 clients; every answer they get is checked against the service's model."""
    made: list[BaseClient] = []

    def client_of(player: Player, *, pair: tuple[str, str] | None = None, attempts: int = 1) -> Any:
        access_key_id, secret = pair or player.pair
        client = boto3.client(
            "rekognition",
            endpoint_url=address,
            region_name=REGION,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}),
        )
        client.meta.events.register("after-call.rekognition", hold_against_model)
        made.append(client)
        return client

    yield client_of
    for client in made:
        client.close()


@pytest.fixture(scope="module")
def caller(make_player: PlayerFactory) -> Player:
    """A tenant for tests that leave nothing behind with it."""
    return make_player()


@pytest.fixture
def gallery(alice: Player) -> Collection:
    """Alice's empty collection."""
    return collections.create_collection(GALLERY, actor=alice.actor)


def hold_against_model(*, http_response: Any, parsed: dict[str, Any], model: OperationModel, **_: Any) -> None:
    """Check an answer as it came over the wire: status, headers, and every member of the body."""
    body = json.loads(http_response.content)
    assert http_response.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert http_response.headers["x-amzn-RequestId"] == parsed["ResponseMetadata"]["RequestId"]
    if http_response.status_code == 200:
        assert breaches(model.output_shape, body) == []
        return
    assert set(body) == {"__type", "message"}
    assert http_response.headers["x-amzn-ErrorType"] == body["__type"]
    assert http_response.status_code == (500 if body["__type"] == "InternalServerError" else 400)
    known = {shape.name for shape in model.error_shapes}
    assert body["__type"] in known | UNMODELLED, (model.name, body)


# Of every AWS service: about signatures, targets and bodies.
UNMODELLED = {
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "UnknownOperationException",
    "UnrecognizedClientException",
}


def breaches(shape: Shape, value: Any, path: str = "$") -> list[str]:
    """Return where a JSON value departs from its shape: unknown or missing members, types, limits, patterns, enums."""
    import re

    kind, limits = shape.type_name, shape.metadata
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{path} is no object"]
        unknown = [f"{path}.{name} is unknown" for name in value if name not in shape.members]
        missing = [f"{path}.{name} is missing" for name in shape.required_members if name not in value]
        inner = [
            b
            for name, item in value.items()
            if name in shape.members
            for b in breaches(shape.members[name], item, f"{path}.{name}")
        ]
        return unknown + missing + inner
    if kind == "list":
        inner = [b for n, item in enumerate(value) for b in breaches(shape.member, item, f"{path}[{n}]")]
        # Amazon's own answers hold empty lists where the shape, shared with requests, asks for one item.
        return inner + _out_of_range({**limits, "min": 0}, len(value), path)
    if kind == "map":
        return [
            b
            for key, item in value.items()
            for b in [*breaches(shape.key, key, path), *breaches(shape.value, item, path)]
        ]
    types: dict[str, Any] = {
        "string": str,
        "integer": int,
        "long": int,
        "float": (int, float),
        "double": (int, float),
        "timestamp": (int, float),
        "boolean": bool,
    }
    if not isinstance(value, types[kind]):
        return [f"{path} is no {kind}"]
    if kind == "string":
        pattern = limits.get("pattern")
        found = _out_of_range(limits, len(value), path)
        if pattern and r"\p" not in pattern and not re.fullmatch(pattern, value):
            found.append(f"{path} does not match {pattern}")
        if shape.enum and value not in shape.enum:
            found.append(f"{path} is none of {shape.enum}")
        return found
    return _out_of_range(limits, value, path)


def _out_of_range(limits: dict[str, Any], size: float, path: str) -> list[str]:
    if size < limits.get("min", size) or size > limits.get("max", size):
        return [f"{path} is out of range"]
    return []
