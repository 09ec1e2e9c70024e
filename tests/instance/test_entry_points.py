"""Servers, workers and schedulers run the checks themselves: unsafe production starts in no way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from instance.ports import free_port
from instance.secret_files import ensure_platform_secrets

REPOSITORY = Path(__file__).resolve().parents[2]
STARTS = {
    "wsgi": ("-c", "import config.wsgi; print('started')"),
    "asgi": ("-c", "import config.asgi; print('started')"),
    "gunicorn": ("-m", "gunicorn", "config.wsgi:application", "--bind", "127.0.0.1:0", "--workers", "1"),
    "worker": ("-m", "celery", "-A", "config.celery", "worker", "-l", "WARNING"),
    "scheduler": ("-m", "celery", "-A", "config.celery", "beat", "-s", "scheduler.db", "-l", "WARNING"),
}


def _start(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """In production with keys, on a database that does not answer."""
    told = {
        "CUSTOS_ENV": "production",
        "CUSTOS_HOME": str(home),
        "CUSTOS_KEYS_DIR": str(home / "keys"),
        "CUSTOS_ALLOWED_HOSTS": "custos.example.org",
        "DATABASE_URL": f"postgresql://127.0.0.1:{free_port()}/custos?connect_timeout=2",
        "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}",
        **variables,
    }
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    ensure_platform_secrets(home / "keys")
    return subprocess.run(
        [sys.executable, *arguments], cwd=home, env={**environment, **told}, capture_output=True, text=True, timeout=120
    )


@pytest.mark.slow
@pytest.mark.parametrize("part", STARTS)
def test_unsafe_production_does_not_start(tmp_path: Path, part: str) -> None:
    done = _start(tmp_path, *STARTS[part], CUSTOS_ALLOWED_HOSTS="*")

    assert done.returncode != 0
    assert "custos.E003: Set CUSTOS_ALLOWED_HOSTS" in done.stdout + done.stderr
    assert "started" not in done.stdout


def test_safe_production_starts_though_the_database_is_away(tmp_path: Path) -> None:
    done = _start(tmp_path, *STARTS["wsgi"])

    assert (done.returncode, done.stdout) == (0, "started\n"), done.stderr
    assert "The database was not checked: " in done.stderr
