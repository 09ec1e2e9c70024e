"""API keys as text: `custos_<env>_<public id>_<secret>`, and for SigV4 an access key id with its own secret.

What is stored is the public id, a digest of the bearer secret, and the signing secret sealed under the platform key.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Final

from common.sealing import seal, unseal

_TOKEN = re.compile(r"custos_(?P<env>dev|test|live)_(?P<public_id>[0-9a-f]{16})_(?P<secret>[0-9a-f]{64})")
_ENVIRONMENTS = {"development": "dev", "test": "test", "production": "live"}

# An access key id has 20 characters, as Amazon's do; some tools check that. The rest of it is the public id.
_ACCESS_KEY_PREFIX: Final = "AKCU"
_ACCESS_KEY_ID = re.compile(rf"{_ACCESS_KEY_PREFIX}(?P<public_id>[0-9A-F]{{16}})")
_SIGNING_SECRET_BYTES: Final = 30  # 40 characters, as Amazon's


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key's parts. `token` is shown once, when the key is issued."""

    public_id: str
    secret: str = field(repr=False)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the secret, 32 bytes."""
        return hashlib.sha256(self.secret.encode()).digest()

    def token(self, environment: str) -> str:
        return f"custos_{_ENVIRONMENTS[environment]}_{self.public_id}_{self.secret}"

    def matches(self, digest: bytes) -> bool:
        """Compare with a stored digest in constant time."""
        return hmac.compare_digest(self.digest, digest)


def new_key_text() -> KeyText:
    """Return a fresh key: 64 bits of public id, 256 bits of secret."""
    return KeyText(public_id=secrets.token_hex(8), secret=secrets.token_hex(32))


def parse_token(token: str) -> KeyText | None:
    """Return the parts of a token; None when it is not one."""
    match = _TOKEN.fullmatch(token)
    return KeyText(match["public_id"], match["secret"]) if match else None


def access_key_id_of(public_id: str) -> str:
    """Return the name under which SigV4 knows a key's secret."""
    return _ACCESS_KEY_PREFIX + public_id.upper()


def public_id_of(access_key_id: str) -> str | None:
    """Return the public id in an access key id; None when it is not one of ours."""
    match = _ACCESS_KEY_ID.fullmatch(access_key_id)
    return match["public_id"].lower() if match else None


def new_signing_secret() -> str:
    """Return a fresh SigV4 secret: 240 bits."""
    return secrets.token_urlsafe(_SIGNING_SECRET_BYTES)


def seal_signing_secret(secret: str, *, tenant_id: uuid.UUID, public_id: str) -> bytes:
    """Seal a SigV4 secret (AES-256-GCM under the platform key), bound to its tenant and public id.

    Raises:
        PlatformKeyMissing: the platform key cannot be read.
    """
    return seal(secret.encode(), _context(tenant_id, public_id))


def unseal_signing_secret(sealed: bytes, *, tenant_id: uuid.UUID, public_id: str) -> str:
    """Open what `seal_signing_secret` sealed.

    Raises:
        SealBroken, PlatformKeyMissing.
    """
    return unseal(sealed, _context(tenant_id, public_id)).decode()


def _context(tenant_id: uuid.UUID, public_id: str) -> bytes:
    return b"custos/sigv4\0" + tenant_id.bytes + public_id.encode()


def new_link_secret() -> str:
    """Return the secret of an invitation's link: 256 bits."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> bytes:
    """Return SHA-256 of a high-entropy secret, 32 bytes."""
    return hashlib.sha256(secret.encode()).digest()
