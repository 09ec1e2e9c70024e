"""A permit is minted by the ledger alone, and every engine and gallery entry point takes one."""

from __future__ import annotations

import ast
import inspect
import uuid
from pathlib import Path

import pytest

from common.permits import Permit, require_permit
from recognition.engines.base import FaceEngine
from recognition.gallery.base import GalleryIndex

REPOSITORY = Path(__file__).resolve().parents[2]
MINTERS = {"governance/audit/ledger.py", "platform/common/permits.py", "tests/worlds.py"}


def _sources() -> list[Path]:
    roots = ("platform", "tenants", "governance", "recognition", "benchmarks", "tests")
    return [path for root in roots for path in (REPOSITORY / root).rglob("*.py")]


def test_only_the_ledger_mints_permits() -> None:
    users = set()
    for path in _sources():
        names = {
            node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else node.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, (ast.Name, ast.Attribute, ast.alias))
        }
        if names & {"mint_permit", "_MINT"}:
            users.add(str(path.relative_to(REPOSITORY)))

    assert users - MINTERS == set()
    assert "governance/audit/ledger.py" in users


def test_a_permit_cannot_be_constructed() -> None:
    with pytest.raises(TypeError, match="ledger"):
        Permit(uuid.uuid4(), uuid.uuid4(), "detect", 1)


@pytest.mark.parametrize("impostor", [None, True, "permit", object()])
def test_nothing_else_passes_for_a_permit(impostor: object) -> None:
    with pytest.raises(TypeError):
        require_permit(impostor)


@pytest.mark.parametrize("protocol", [FaceEngine, GalleryIndex])
def test_every_entry_point_requires_a_permit(protocol: type) -> None:
    methods = {
        name: method for name, method in inspect.getmembers(protocol, inspect.isfunction) if not name.startswith("_")
    }

    assert methods
    for name, method in methods.items():
        parameter = inspect.signature(method).parameters.get("permit")
        assert parameter is not None, name
        assert parameter.default is inspect.Parameter.empty, name
