"""Amazon's own description of the service, as botocore ships it: operations, shapes, limits, errors."""

from __future__ import annotations

from functools import cache
from typing import Final

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

_SERVICE: Final = "rekognition"


@cache
def service() -> ServiceModel:
    """Return the model; it is read once a process, which takes some 20 ms."""
    # The files inside the package only: a loader of a session would also look in the user's home.
    return ServiceModel(
        Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH]).load_service_model(
            _SERVICE, "service-2"
        ),
        _SERVICE,
    )


@cache
def operation(name: str) -> OperationModel | None:
    """Return an operation; None when Amazon has none of this name."""
    return service().operation_model(name) if name in service().operation_names else None


@cache
def errors_of(name: str) -> frozenset[str]:
    """Return the errors that an operation may answer."""
    found = operation(name)
    return frozenset(shape.name for shape in found.error_shapes) if found else frozenset()
