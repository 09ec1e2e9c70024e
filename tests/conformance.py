"""An HTTP client that holds every answer under /v1 against the OpenAPI document: status, media type, headers, body.

Stricter than the document reads: a member of an object that is not described is an error too. `tests.worlds` hands it
out, so that every test of the API is a test of its documentation.
"""

from __future__ import annotations

import copy
import json
import re
from functools import cache
from typing import Any

from django.urls import resolve
from openapi_schema_validator import OAS31Validator
from rest_framework.test import APIClient

PAGES = {"/v1/schema/", "/v1/docs/"}
JSON_TYPES = {"application/json", "application/problem+json"}
_METHOD_NOT_ALLOWED = 405
_BUG = 500
_ALWAYS_SENT = {"X-Request-Id", "Custos-Decision", "ETag", "Location", "Custos-Receipt"}


class ConformingClient(APIClient):
    """`APIClient` whose answers must be what the document promises."""

    def request(self, **kwargs: Any) -> Any:
        response = super().request(**kwargs)
        path = response.wsgi_request.path
        if path.startswith("/v1/") and path not in PAGES and response.status_code != 404:
            check(response, method=response.wsgi_request.method.lower(), path=path)
        return response


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document as it is served."""
    response = APIClient().get("/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert response.status_code == 200
    content: dict[str, Any] = json.loads(response.content)
    return content


def template_of(path: str) -> str:
    """Return the path as the document writes it, with its parameters in braces."""
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", resolve(path).route)


def check(response: Any, *, method: str, path: str) -> None:
    """Hold an answer against the document; raises AssertionError with the place that differs."""
    where = f"{method.upper()} {path} → {response.status_code}"
    if response.status_code == _METHOD_NOT_ALLOWED:
        assert method not in document()["paths"][template_of(path)], where
        return
    if response.status_code == _BUG:
        return  # nothing is promised of a bug; tests that provoke one look at its answer themselves
    described = document()["paths"][template_of(path)][method]["responses"]
    assert str(response.status_code) in described, f"{where} is not described: {response.content[:300]!r}"
    answer = described[str(response.status_code)]
    missing = {name for name in answer.get("headers", {}) if name in _ALWAYS_SENT and name not in response}
    missing -= {"Custos-Decision", "Custos-Receipt"} if response.status_code == 403 else set()
    assert not missing, f"{where} lacks {missing}"
    content = answer.get("content")
    if not content:
        assert response.content == b"", where
        return
    media_type = response["Content-Type"].partition(";")[0]
    assert media_type in content, f"{where}: {media_type}"
    if media_type not in JSON_TYPES:
        return
    errors = [
        f"{where}: /{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
        for error in validator_of(content[media_type]["schema"]).iter_errors(json.loads(response.content))
    ]
    assert errors == [], errors


def validator_of(schema: dict[str, Any]) -> Any:
    """Return a validator of a schema of the document, strict about members that are not described."""
    return OAS31Validator({**schema, "components": _strict_components()}, format_checker=OAS31Validator.FORMAT_CHECKER)


@cache
def _strict_components() -> dict[str, Any]:
    components: dict[str, Any] = copy.deepcopy(document()["components"])
    for schema in components["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return components
