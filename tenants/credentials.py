"""API keys as text: `custos_<env>_<public id>_<secret>`. Pure; what is stored is the public id and a digest."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_TOKEN = re.compile(r"custos_(?P<env>dev|test|live)_(?P<public_id>[0-9a-f]{16})_(?P<secret>[0-9a-f]{64})")
_ENVIRONMENTS = {"development": "dev", "test": "test", "production": "live"}


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key's parts. `token` is shown once, when the key is issued."""

    public_id: str
    secret: str

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
