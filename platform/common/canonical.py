"""Canonical JSON: one value, one byte string, so that digests and signatures mean the same thing everywhere.

The values are a narrow part of JSON (ASCII keys, NFC text, no floats, integers below 2^53 in size), and on that part
the bytes equal those of RFC 8785. Everything else is refused rather than repaired: a silently normalised name would
no longer be what was decided upon.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from typing import Final

_INT_LIMIT: Final = 2**53
# Far deeper than any body we write; also ends the walk through a value that contains itself.
_DEPTH_LIMIT: Final = 64


class NotCanonical(ValueError):
    """The value has no canonical form: a float, a huge integer, a non-ASCII key, text that is not NFC, …

    Attributes:
        problem: what is wrong with it.
        path: the keys and positions that lead to it, innermost first.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path: list[str] = []

    def __str__(self) -> str:
        return f"${''.join(reversed(self.path))[:200]} {self.problem}."


def canonical_json(value: object) -> bytes:
    """Return the canonical form: sorted keys, no spaces, UTF-8.

    Args:
        value: None, bool, int, str, list, tuple (written as a list) or dict of these, nested up to 64 deep.

    Raises:
        NotCanonical: the value, or something in it, is anything else. The message says where and why, never what.

    Source: RFC 8785 (JSON Canonicalization Scheme). Keys are ASCII, so sorting by code point equals its sorting by
    UTF-16 unit; Python's escapes are those of its section 3.2.2.2.
    """
    _check(value, depth=0)
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode()


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical form, as 64 hexadecimal digits.

    Raises:
        NotCanonical: the value has no canonical form.
    """
    return hashlib.sha256(canonical_json(value)).hexdigest()


def _check(value: object, *, depth: int) -> None:
    if isinstance(value, str):
        if not value.isascii():
            _check_text(value)
    elif value is None:
        return
    elif isinstance(value, int):
        if not -_INT_LIMIT < value < _INT_LIMIT:
            raise NotCanonical("is an integer of 2^53 or more in size")
    elif depth == _DEPTH_LIMIT:
        raise NotCanonical(f"is nested more than {_DEPTH_LIMIT} deep")
    elif isinstance(value, dict):
        _check_members(value, depth=depth + 1)
    elif isinstance(value, list | tuple):
        _check_items(value, depth=depth + 1)
    else:
        raise NotCanonical(f"is of type {type(value).__name__}")


def _check_members(members: dict[object, object], *, depth: int) -> None:
    for key, member in members.items():
        if not (isinstance(key, str) and key.isascii()):
            raise NotCanonical("has a key that is not ASCII text")
        try:
            _check(member, depth=depth)
        except NotCanonical as error:
            error.path.append(f".{key}")
            raise


def _check_items(items: list[object] | tuple[object, ...], *, depth: int) -> None:
    for index, item in enumerate(items):
        try:
            _check(item, depth=depth)
        except NotCanonical as error:
            error.path.append(f"[{index}]")
            raise


def _check_text(text: str) -> None:
    if not unicodedata.is_normalized("NFC", text):
        raise NotCanonical("is text that is not in Unicode normal form C")
    # A lone surrogate has no UTF-8 form.
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise NotCanonical("is text with a lone surrogate")
