"""Which engine does the work."""

from __future__ import annotations

from django.conf import settings

from recognition.engines import registry
from recognition.engines.base import FaceEngine
from recognition.errors import EngineNotOffered, EngineVersionMismatch
from recognition.models import Collection


def default_engine_name(asked: str | None = None) -> str:
    """Return the name of the engine for new work.

    Raises:
        EngineNotOffered: another one was asked for.
    """
    offered: str = settings.CUSTOS_ENGINE
    if asked not in (None, offered):
        raise EngineNotOffered(f"This instance offers the engine {offered}.")
    return offered


def default_engine() -> FaceEngine:
    """Return the engine for what belongs to no collection."""
    return registry.get(default_engine_name())


def engine_of(collection: Collection) -> FaceEngine:
    """Return the engine that a collection's templates were made with.

    Raises:
        EngineVersionMismatch: the platform runs another version of it now.
    """
    engine = registry.get(collection.engine)
    if engine.version != collection.engine_version:
        raise EngineVersionMismatch(
            f"The collection holds templates of {collection.engine_version}; the platform runs {engine.version}."
        )
    return engine
