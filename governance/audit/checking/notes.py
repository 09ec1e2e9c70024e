"""C2SP signed notes checked: checkpoints, cosignatures, receipts, key rotations.

Sources: C2SP signed-note, tlog-checkpoint, tlog-cosignature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519, COSIGNATURE = 0x01, 0x04
RECEIPT_HEAD = "custos-receipt/v1"
ROTATION_HEAD = "custos-key-rotation/v1"


class BadNote(ValueError):
    """The text is no signed note, checkpoint or key; or a signature in it is wrong."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key as C2SP writes it: `name+keyid+base64(algorithm, key)`."""

    name: str
    algorithm: int
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> Key:
        """Read a key; its id must be the one that its name and bytes give.

        Raises:
            BadNote: it is malformed.
        """
        try:
            name, key_id, encoded = vkey.strip().split("+", 2)
            data = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error) as error:
            raise BadNote("A key is written name+keyid+base64.") from error
        key = cls(name, data[0] if data else 0, data[1:])
        if key.algorithm not in (ED25519, COSIGNATURE) or len(key.public) != 32 or key.id.hex() != key_id:
            raise BadNote(f"The key {name} is malformed.")
        return key

    @property
    def id(self) -> bytes:
        """The four bytes that name the key in a signature."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public).digest()[:4]

    def __str__(self) -> str:
        encoded = base64.b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature that was found good; `time` is a cosignature's, in seconds since the Unix epoch."""

    key: Key
    time: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """A signed text and those of its signatures that known keys made."""

    text: str
    signatures: tuple[Signature, ...]


def open_note(note: str, keys: Iterable[Key]) -> Note:
    """Check a note: signatures of unknown keys are passed over, those of known keys must be right.

    Raises:
        BadNote: it is malformed, or a known key's signature is wrong.
    """
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise BadNote("A note ends with a blank line and its signatures.")
    text += "\n"
    known = {(key.name, key.id): key for key in keys}
    found = []
    for line in lines.splitlines():
        name, data = _signature_line(line)
        key = known.get((name, data[:4]))
        if key is not None:
            found.append(_checked(text, key=key, signature=data[4:]))
    return Note(text, tuple(found))


def _signature_line(line: str) -> tuple[str, bytes]:
    try:
        dash, name, encoded = line.split(" ")
        data = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadNote("A signature is written `— name base64`.") from error
    if dash != "—" or not name or len(data) < 68:
        raise BadNote("A signature is written `— name base64`.")
    return name, data


def _checked(text: str, *, key: Key, signature: bytes) -> Signature:
    signed, time = text, None
    if key.algorithm == COSIGNATURE:
        time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        signed = f"cosignature/v1\ntime {time}\n{text}"
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, signed.encode())
    except InvalidSignature as error:
        raise BadNote(f"The signature of {key.name} is wrong.") from error
    return Signature(key, time)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: how many leaves, which root, and when (an extension line, RFC 3339 UTC)."""

    origin: str
    size: int
    root: bytes
    time: str

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a checkpoint's text.

        Raises:
            BadNote: it is malformed.
        """
        lines = text.split("\n")
        try:
            origin, size, root = lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)
            time = next((line[5:] for line in lines[3:] if line.startswith("time ")), "")
            checkpoint = cls(origin, size, root, time)
        except (ValueError, IndexError, binascii.Error) as error:
            raise BadNote("A checkpoint is written origin, size, root.") from error
        if len(root) != 32 or not text.startswith(f"{origin}\n{size}\n{lines[2]}\n") or size < 0:
            raise BadNote("A checkpoint is written origin, size, root.")
        return checkpoint


@dataclass(frozen=True, slots=True)
class Receipt:
    """The promise that an entry is in the log."""

    origin: str
    entry_id: str
    leaf: bytes
    time: str


def read_receipt(encoded: str) -> tuple[Receipt, str]:
    """Read a `Custos-Receipt` header without checking it; return it and its note.

    Raises:
        BadNote: it is malformed.
    """
    try:
        note = base64.b64decode(encoded.strip(), validate=True).decode()
        head, origin, entry_id, leaf, time = note.rpartition("\n\n")[0].split("\n")
        receipt = Receipt(origin, entry_id, base64.b64decode(leaf, validate=True), time)
    except (ValueError, binascii.Error) as error:
        raise BadNote(f"This is no receipt: {error}") from error
    if head != RECEIPT_HEAD:
        raise BadNote("This is no receipt.")
    return receipt, note


def open_receipt(encoded: str, keys: Iterable[Key]) -> Receipt:
    """Read a `Custos-Receipt` header that one of the keys signed.

    Raises:
        BadNote: it is malformed, or no known key signed it.
    """
    receipt, note = read_receipt(encoded)
    if not any(s.key.name == f"{receipt.origin}/receipts" for s in open_note(note, keys).signatures):
        raise BadNote("This receipt carries no signature of a known key.")
    return receipt


def handed_over(note: str, keys: Iterable[Key]) -> Key | None:
    """Return the key that an older known key of the same name introduces as its successor, or None."""
    try:
        opened = open_note(note, keys)
        head, vkey = opened.text.splitlines()
        successor = Key.parse(vkey)
    except ValueError:
        return None
    same = any((s.key.name, s.key.algorithm) == (successor.name, successor.algorithm) for s in opened.signatures)
    return successor if head == ROTATION_HEAD and same else None
