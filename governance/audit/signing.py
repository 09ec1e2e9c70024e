"""C2SP signed notes as they are made: checkpoints, cosignatures, receipts, rotations. `checking.notes` checks them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance.audit.checking.notes import COSIGNATURE, ED25519, RECEIPT_HEAD, ROTATION_HEAD, Key


@dataclass(frozen=True)
class Signer:
    """A private key with its name. Not slotted: what it loads and derives is kept."""

    name: str
    private: bytes
    algorithm: int = ED25519

    @cached_property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.private)

    @cached_property
    def key(self) -> Key:
        """The public half."""
        return Key(self.name, self.algorithm, self._key.public_key().public_bytes_raw())

    def line(self, text: str) -> str:
        """Return the signature line of a note's text, which ends with a newline."""
        return _line(self.key, self._key.sign(text.encode()))

    def note(self, text: str) -> str:
        """Return the signed note of a text, which ends with a newline."""
        return f"{text}\n{self.line(text)}\n"

    def cosignature(self, text: str, *, time: int) -> str:
        """Return a witness's line under a checkpoint's text (C2SP tlog-cosignature); time in seconds of the epoch."""
        if self.algorithm != COSIGNATURE:
            raise ValueError("This is no witness's key.")
        signature = self._key.sign(f"cosignature/v1\ntime {time}\n{text}".encode())
        return _line(self.key, time.to_bytes(8, "big") + signature)


def new_signer(name: str, *, algorithm: int = ED25519) -> Signer:
    """Make a key."""
    return Signer(name, Ed25519PrivateKey.generate().private_bytes_raw(), algorithm)


def checkpoint_text(origin: str, *, size: int, root: bytes, time: datetime) -> str:
    """Return a checkpoint: origin, size, root, and as an extension line the time."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\ntime {rfc3339(time)}\n"


def receipt(signer: Signer, *, origin: str, entry_id: str, leaf: bytes, time: datetime) -> str:
    """Return the value of a `Custos-Receipt` header."""
    text = f"{RECEIPT_HEAD}\n{origin}\n{entry_id}\n{base64.b64encode(leaf).decode()}\n{rfc3339(time)}\n"
    return base64.b64encode(signer.note(text).encode()).decode()


def handover(old: Signer, *, successor: Key) -> str:
    """Return the note by which a key introduces the one that follows it."""
    return old.note(f"{ROTATION_HEAD}\n{successor}\n")


def rfc3339(time: datetime) -> str:
    """Return a time as entries and checkpoints write it: UTC, microseconds, one length."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _line(key: Key, signature: bytes) -> str:
    return f"— {key.name} {base64.b64encode(key.id + signature).decode()}"
