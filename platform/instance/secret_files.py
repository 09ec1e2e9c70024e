"""Secrets as files: created once, whole or not at all, readable by their owner only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PLATFORM_KEY_BYTES = 32


def private_folder(path: Path) -> Path:
    """Create a folder with mode 0700 (and tighten one that is there): secrets, logs."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)
    return path


def ensure_secret(path: Path, *, make: Callable[[], bytes]) -> bytes:
    """Return the content of a secret file, creating it first when it is missing. Safe when two start at once."""
    if not path.exists():
        private_folder(path.parent)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was faster; its secret counts
            os.link(temporary, path)
        temporary.unlink()
    return path.read_bytes()


def ensure_platform_secrets(keys_dir: Path) -> None:
    """Create the wrapping key and Django's secret."""
    private_folder(keys_dir)
    ensure_secret(keys_dir / "platform.key", make=lambda: secrets.token_bytes(PLATFORM_KEY_BYTES))
    ensure_secret(keys_dir / "django_secret", make=new_password)


def new_password() -> bytes:
    """Return 48 random bytes as text."""
    return secrets.token_urlsafe(48).encode()
