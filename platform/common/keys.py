"""The platform key and the keys derived from it. It lives in a file of the keys folder, never in PostgreSQL."""

from __future__ import annotations

import uuid
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from common.errors import Unavailable

KEY_BYTES = 32


class PlatformKeyMissing(Unavailable):
    """The key file is missing or damaged; without it nothing sealed can be opened."""

    code = "platform-key-missing"
    title = "The platform key cannot be read"


def platform_key() -> bytes:
    """Return the 32-byte platform key.

    Raises:
        PlatformKeyMissing: the file is missing or not 32 bytes long.
    """
    return _read(Path(settings.CUSTOS_KEYS_DIR) / "platform.key")


def tenant_key(tenant_id: uuid.UUID, *, use: str) -> bytes:
    """Return a 32-byte key of a tenant for one use (HKDF-SHA256, RFC 5869, from the platform key)."""
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=tenant_id.bytes, info=f"custos/{use}".encode()).derive(platform_key())


@lru_cache(maxsize=4)
def _read(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except OSError as error:
        raise PlatformKeyMissing(f"{path.name} is missing from the keys folder.") from error
    if len(key) != KEY_BYTES:
        raise PlatformKeyMissing(f"{path.name} must hold {KEY_BYTES} bytes.")
    return key
