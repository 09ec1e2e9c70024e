"""Which engine does the work."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from recognition.engines import registry
from recognition.engines.base import FaceEngine
from recognition.errors import EngineNotOffered, EngineVersionMismatch
from recognition.models import LARGEST_DIMENSIONS, Collection


def offered_names() -> tuple[str, ...]:
    """Return the names of the engines that a collection may be created with, the instance's own first."""
    return tuple(dict.fromkeys((settings.CUSTOS_ENGINE, *settings.CUSTOS_ENGINES_OFFERED)))


def offered_versions() -> tuple[str, ...]:
    """Return the versions of those engines: what an approval that leaves the choice free names (VET-005).

    An engine has one version of its templates and one of its attributes.

    Raises:
        WeightsMissing, CalibrationMissing, RuntimeUnusable: one is offered, and cannot work here.
    """
    engines = [registry.get(name) for name in offered_names()]
    attributes = [engine.attributes_version for engine in engines if engine.attributes]
    return tuple(dict.fromkeys([*(engine.version for engine in engines), *attributes]))


def default_engine() -> FaceEngine:
    """Return the engine for what belongs to no collection."""
    return registry.get(settings.CUSTOS_ENGINE)


def check_offered(asked: str | None) -> None:
    """Check a name before anything is decided or loaded.

    Raises:
        EngineNotOffered: this instance does not offer an engine of this name.
    """
    if asked is not None and asked not in offered_names():
        raise EngineNotOffered(f"This instance offers: {', '.join(offered_names())}.")


def engine_for_new_collection(asked: str | None) -> FaceEngine:
    """Return the engine of that name; None: the instance's own.

    Raises:
        EngineNotOffered: this instance does not offer it, or its vectors are too long for a collection.
        WeightsMissing, CalibrationMissing, RuntimeUnusable: it is offered, and cannot work here.
    """
    check_offered(asked)
    engine = registry.get(asked or settings.CUSTOS_ENGINE)
    if engine.dimensions > LARGEST_DIMENSIONS:
        raise EngineNotOffered(
            f"{engine.name} makes vectors of {engine.dimensions} numbers; collections hold up to {LARGEST_DIMENSIONS}."
        )
    return engine


def false_match_rate_of(collection: Collection) -> Callable[[float], float]:
    """Return the map from a similarity in per cent to the FMR of one comparison, by the collection's engine.

    The engine is looked for when the map is used, which few decisions do; it then raises what `engine_of` raises.
    """

    def rate(similarity: float) -> float:
        calibration = engine_of(collection).calibration
        return calibration.fmr(calibration.score(similarity))

    return rate


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
