"""Sealing of secrets that are stored in the database: AES-256-GCM under a key derived from the platform key.

A sealed value is bound to its context (which row of which tenant it belongs to): moved elsewhere, it does not open.
"""

from __future__ import annotations

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from common.errors import Unavailable
from common.keys import KEY_BYTES, platform_key

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12  # NIST SP 800-38D 5.2.1.1
_TAG_BYTES: Final = 16


class SealBroken(Unavailable):
    """The value was sealed under another key or for another context, or it is damaged."""

    code = "seal-broken"
    title = "A sealed value cannot be opened with the present platform key"


def seal(plaintext: bytes, context: bytes) -> bytes:
    """Return version, nonce, ciphertext and tag.

    Args:
        plaintext: the secret.
        context: authenticated but not stored; `unseal` needs the same bytes.

    Raises:
        PlatformKeyMissing: the platform key cannot be read.
    """
    nonce = os.urandom(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(_sealing_key()).encrypt(nonce, plaintext, _VERSION + context)


def unseal(sealed: bytes, context: bytes) -> bytes:
    """Return the secret.

    Raises:
        SealBroken: wrong key, wrong context, or damage.
        PlatformKeyMissing: the platform key cannot be read.
    """
    if sealed[:1] != _VERSION or len(sealed) < 1 + _NONCE_BYTES + _TAG_BYTES:
        raise SealBroken("The value has no seal of a known version.")
    nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(_sealing_key()).decrypt(nonce, ciphertext, _VERSION + context)
    except InvalidTag as error:
        raise SealBroken from error


def _sealing_key() -> bytes:
    """Return the key of this use (HKDF-SHA256, RFC 5869), so that no two uses of the platform key share a key."""
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"custos/sealing").derive(platform_key())
