"""Which settings module a process uses."""

from __future__ import annotations

import os

_MODULES = {
    "development": "config.settings.dev",
    "test": "config.settings.test",
    "production": "config.settings.prod",
}


def choose_settings() -> None:
    """Set DJANGO_SETTINGS_MODULE from CUSTOS_ENV unless it is set already.

    Raises:
        SystemExit: CUSTOS_ENV is not a known environment.
    """
    name = os.environ.get("CUSTOS_ENV", "").strip() or "development"
    if name not in _MODULES:
        raise SystemExit(f"CUSTOS_ENV must be one of {', '.join(_MODULES)}, not {name!r}.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", _MODULES[name])
