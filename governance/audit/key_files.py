"""The files of the log's keys: private halves by key id, and the trusted public keys, apart from the database."""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings

from governance.audit.checking.notes import Key
from governance.audit.errors import LedgerUnavailable
from governance.audit.signing import Signer


def folder() -> Path:
    """Where they are, 0700."""
    found = Path(settings.CUSTOS_KEYS_DIR) / "audit"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def load(key: Key) -> Signer:
    """Return the private half of a key.

    Raises:
        LedgerUnavailable: its file is not here.
    """
    try:
        return Signer(key.name, (folder() / key.id.hex()).read_bytes(), key.algorithm)
    except OSError as error:
        raise LedgerUnavailable(f"The private half of the audit key {key.id.hex()} cannot be read.") from error


def keep(signer: Signer) -> Signer:
    """Write a private key, whole or not at all."""
    _write(folder() / signer.key.id.hex(), signer.private)
    return signer


def trusted_file() -> Path:
    """Where the trusted public keys are, one a line, oldest first; for verifiers and witnesses."""
    return folder() / "trusted.keys"


def trusted_keys() -> list[Key]:
    """Return the trusted public keys: out of the reach of who can only write the database."""
    try:
        return [Key.parse(vkey) for vkey in trusted_file().read_text().split()]
    except FileNotFoundError:
        return []


def trust(key: Key) -> None:
    """Add a public key to the trusted ones."""
    known = trusted_keys()
    if key not in known:
        _write(trusted_file(), "".join(f"{each}\n" for each in [*known, key]).encode())


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
