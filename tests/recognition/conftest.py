"""Fixtures of recognition: a collection to work in, and messages that are kept instead of sent."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from recognition import dispatch
from recognition.models import Collection
from recognition.services import collections
from tests.worlds import Player

GALLERY = "gallery"


@dataclass(slots=True)
class Outbox:
    """The messages that would have gone to the broker."""

    messages: list[tuple[str, tuple[Any, ...], uuid.UUID]] = field(default_factory=list)

    def of(self, task: str) -> list[tuple[Any, ...]]:
        return [arguments for name, arguments, _ in self.messages if name == task]


@pytest.fixture(autouse=True)
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """Keep what is sent to the broker; everything up to the broker is real."""
    kept = Outbox()

    def send_task(task: str, *, args: tuple[Any, ...], headers: dict[str, str], **_: Any) -> None:
        kept.messages.append((task, args, uuid.UUID(headers["custos_tenant"])))

    monkeypatch.setattr(dispatch.current_app, "send_task", send_task)
    return kept


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Settings) -> Path:
    """A home of its own, so that a test sees only its own staged files."""
    settings.CUSTOS_HOME = tmp_path
    return tmp_path


@pytest.fixture
def gallery(alice: Player) -> Collection:
    """Alice's empty collection."""
    return collections.create_collection(GALLERY, actor=alice.actor)
