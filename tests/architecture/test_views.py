"""Default deny: every view of the API names who may use it, and asks a use-case, never the database."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from tenants.api.permissions import IsTenantActor
from tests.api.routes import OF_OTHERS, resolver_routes

REPOSITORY = Path(__file__).resolve().parents[2]
# Views that anybody may see, by name.
PUBLIC_API_VIEWS = {"SpectacularAPIView", "SpectacularSwaggerSplitView"}
# `metrics` is a 404 for everybody without the operator's token.
PUBLIC_PAGES = {"front", "live", "metrics", "ready"}
# No view of the REST API: people get the public front page of it, and AWS SDKs what they have signed for.
FRONT_DOOR = "FrontDoor"


def _callbacks() -> list[Any]:
    return [pattern.callback for path, pattern in resolver_routes() if not path.startswith(OF_OTHERS)]


def _api_views() -> set[type[APIView]]:
    views = {getattr(callback, "view_class", None) or getattr(callback, "cls", None) for callback in _callbacks()}
    return {view for view in views if view is not None and view.__name__ != FRONT_DOOR}


def test_the_default_is_an_actor_of_a_tenant_and_no_session_or_basic_password() -> None:
    assert settings.REST_FRAMEWORK["DEFAULT_PERMISSION_CLASSES"] == ["tenants.api.permissions.IsTenantActor"]
    assert "rest_framework" not in str(settings.REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"])


def test_every_view_has_a_permission_class_that_refuses_somebody() -> None:
    views = _api_views()
    assert len(views) >= 15

    for view in views:
        permissions = list(view.permission_classes)
        if view.__name__ in PUBLIC_API_VIEWS:
            assert permissions == [AllowAny]
        else:
            assert IsTenantActor in permissions, view
            assert AllowAny not in permissions, view
            assert view.authentication_classes, view


def test_what_is_no_view_of_the_api_is_a_known_public_page() -> None:
    pages = {getattr(view, "view_class", view).__name__ for view in _callbacks() if not hasattr(view, "cls")}

    assert pages - {view.__name__ for view in _api_views()} == PUBLIC_PAGES | {FRONT_DOOR}


def test_no_view_takes_the_authentication_or_permission_into_its_own_hands() -> None:
    for view in _api_views():
        if view.__module__.startswith(("recognition", "governance", "tenants")):
            for name in ("permission_classes", "authentication_classes", "get_permissions", "get_authenticators"):
                assert name not in vars(view), f"{view.__name__}.{name}"


VIEW_FILES = sorted(
    path
    for app in ("recognition", "governance", "tenants")
    for path in (REPOSITORY / app / "api").rglob("*.py")
    if "views" in (path.stem, path.parent.name)
)


@pytest.mark.parametrize("path", VIEW_FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_view_holds_no_query_and_no_rule(path: Path) -> None:
    tree = ast.parse(path.read_text())
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if node.module.startswith(("governance.gate", "django.db", "common.context"))
    }

    assert attributes & {"objects", "filter", "exclude", "raw", "cursor", "atomic", "authorised", "authorise"} == set()
    assert imported & {"tenant_scope", "connections", "transaction"} == set()


def test_there_are_view_files_to_look_at() -> None:
    assert len(VIEW_FILES) >= 5
