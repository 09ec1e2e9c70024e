"""The OpenAPI document is valid and complete, and its pages ask nobody else for anything."""

from __future__ import annotations

import json
import re
from contextlib import closing
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from openapi_spec_validator import validate
from rest_framework.test import APIClient


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    response = APIClient().get("/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert response.status_code == 200
    document: dict[str, Any] = json.loads(response.content)
    return document


def _routes(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> list[str]:
    found: list[str] = []
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += _routes(pattern.url_patterns, path)
        else:
            found.append(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path))
    return found


def test_it_is_valid_openapi(schema: dict[str, Any]) -> None:
    validate(schema)


def test_it_describes_every_route(schema: dict[str, Any]) -> None:
    routes = {route for route in _routes(get_resolver().url_patterns) if route.startswith("/v1/")}

    assert routes - {"/v1/schema/", "/v1/docs/"} == set(schema["paths"])


def test_every_operation_has_an_id_a_summary_and_a_problem_answer(schema: dict[str, Any]) -> None:
    operations = {
        f"{method} {path}": operation
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }
    assert len({operation["operationId"] for operation in operations.values()}) == len(operations)
    for name, operation in operations.items():
        assert operation.get("summary"), name
        assert any(status.startswith("4") for status in operation["responses"]), name


def test_it_says_how_to_authenticate(schema: dict[str, Any]) -> None:
    schemes = schema["components"]["securitySchemes"]

    assert any(scheme["type"] == "http" and scheme["scheme"] == "bearer" for scheme in schemes.values())


@pytest.mark.parametrize("path", ["/", "/v1/docs/"])
def test_the_pages_name_no_other_host(path: str) -> None:
    page = APIClient().get(path).content.decode()

    assert re.findall(r"""(?:src|href)=["'](?:https?:)?//[^"']+""", page) == []


def test_everything_that_the_documentation_page_loads_is_served_from_here() -> None:
    client = APIClient()
    page = client.get("/v1/docs/").content.decode()

    assets = re.findall(r"""<(?:script|link)[^>]+(?:src|href)=["']([^"']+)["']""", page)

    assert {asset.rpartition(".")[2] for asset in assets} >= {"css", "js"}
    for asset in assets:
        with closing(client.get(asset)) as response:
            assert response.status_code == 200, asset
