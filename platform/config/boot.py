"""How a process starts: its settings module, and how many threads a library may start in it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.core.checks import CheckMessage

logger = logging.getLogger(__name__)

OURS = "custos."
_MODULES = {
    "development": "config.settings.dev",
    "test": "config.settings.test",
    "production": "config.settings.prod",
}


def choose_settings() -> None:
    """Set DJANGO_SETTINGS_MODULE from CUSTOS_ENV, and one thread for linear algebra, unless they are set already.

    Raises:
        SystemExit: CUSTOS_ENV is not a known environment.
    """
    name = os.environ.get("CUSTOS_ENV", "").strip() or "development"
    if name not in _MODULES:
        raise SystemExit(f"CUSTOS_ENV must be one of {', '.join(_MODULES)}, not {name!r}.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", _MODULES[name])
    # A process for each core is busy already: NumPy's threads, which wait for each other spinning, would only be in
    # the way. Read when NumPy is imported, so this comes first.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def unsafe_settings() -> list[str]:
    """Run the system checks and return what `config.checks` refuses; needs a set-up Django.

    `runserver` and `migrate` run checks by themselves; servers, workers and schedulers do not.
    """
    from django.core.checks import Tags, run_checks
    from django.db import DatabaseError

    if unsafe := _ours(run_checks()):
        return unsafe  # at once: a database that is away would be waited for
    try:
        return _ours(run_checks(tags=[Tags.database], databases=["default"]))
    except (DatabaseError, OSError) as error:
        # A constraint of the database refuses the same; a database that is away for a moment stops no restart.
        logger.warning("The database was not checked: %s", type(error).__name__)
        return []


def _ours(found: Iterable[CheckMessage]) -> list[str]:
    serious = (message for message in found if message.is_serious())
    return [f"{message.id}: {message.msg}" for message in serious if str(message.id).startswith(OURS)]


def refuse_unsafe_settings() -> None:
    """Stop an entry point whose settings are unsafe.

    Raises:
        ImproperlyConfigured: they are. (gunicorn stops for an exception; a worker that exits it starts for ever.)
    """
    from django.core.exceptions import ImproperlyConfigured

    if found := unsafe_settings():
        raise ImproperlyConfigured("Custos does not start with these settings. " + " ".join(found))
