"""Connections of the log's own parts, each as its own database role, outside Django's DATABASES."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import psycopg
from django.conf import settings

Role = Literal["custos_sequencer", "custos_audit"]


def connection_arguments(role: Role) -> dict[str, Any]:
    """Return the arguments of `psycopg.connect` for a role, whose password is a file of the keys folder."""
    database = settings.DATABASES["default"]
    return {
        **database["OPTIONS"],
        "host": database["HOST"],
        "port": database["PORT"],
        "dbname": database["NAME"],
        "user": role,
        "password": (Path(settings.CUSTOS_KEYS_DIR) / "database" / role).read_text().strip(),
        "application_name": role.replace("_", "-"),
    }


def connect(role: Role, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    """Open a connection.

    Raises:
        OSError: the password cannot be read.
        psycopg.OperationalError: the database does not answer.
    """
    return psycopg.connect(**connection_arguments(role), autocommit=autocommit)
