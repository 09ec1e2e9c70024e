"""The signature of a policy version: who can write to the database can still not put rules in force.

Ed25519 (RFC 8032) under a key derived from the platform key, which never enters PostgreSQL. What is signed binds the
digest of the body to its number, its date and the two people.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from common.canonical import canonical_json
from common.keys import KEY_BYTES, platform_key

_CONTEXT: Final = b"custos policy version 1\n"


def sign(*, version: int, digest: str, author: str, approver: str, effective_from: int) -> str:
    """Return the signature, 64 bytes in hexadecimal.

    Args:
        version: its number.
        digest: SHA-256 of the canonical body, hexadecimal.
        author: who proposed it.
        approver: who approved it.
        effective_from: microseconds since the Unix epoch.

    Raises:
        PlatformKeyMissing: the platform key cannot be read.
    """
    return _private_key().sign(_message(version, digest, author, approver, effective_from)).hex()


def is_signed(signature: str, *, version: int, digest: str, author: str, approver: str, effective_from: int) -> bool:
    """Say whether the signature is ours, over these values.

    Raises:
        PlatformKeyMissing: the platform key cannot be read.
    """
    try:
        public_key().verify(bytes.fromhex(signature), _message(version, digest, author, approver, effective_from))
    except (InvalidSignature, ValueError):
        return False
    return True


def public_key() -> Ed25519PublicKey:
    """Return the key that others check signatures with."""
    return _private_key().public_key()


def _private_key() -> Ed25519PrivateKey:
    derived = HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"custos/policy-signing").derive(platform_key())
    return Ed25519PrivateKey.from_private_bytes(derived)


def _message(version: int, digest: str, author: str, approver: str, effective_from: int) -> bytes:
    return _CONTEXT + canonical_json(
        {
            "version": version,
            "digest": digest,
            "author": author,
            "approver": approver,
            "effective_from": effective_from,
        }
    )
