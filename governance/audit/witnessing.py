"""Asking a witness to cosign (C2SP tlog-witness, `add-checkpoint`), and what it last cosigned."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

import psycopg
import requests

from governance.audit import key_files
from governance.audit.checking.notes import COSIGNATURE, BadNote, Key, open_note
from governance.audit.errors import WitnessRefuses, WitnessSilent
from governance.audit.stored_tree import StoredTree

TIMEOUT_SECONDS = 3.0
CONFLICT, UNKNOWN_KEY, OK = 409, 403, 200

_HANDOVERS = """
    SELECT convert_from(e.body, 'UTF8')::jsonb #>> '{data,handover}'
    FROM audit_signing_key k JOIN audit_entry e ON e.id = k.entry_id WHERE k.use = 'checkpoint' ORDER BY e.ins_id
"""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A witness's signature line under a checkpoint, and its time in seconds since the Unix epoch."""

    line: str
    key: Key
    time: int


def cosign(connection: psycopg.Connection[Any], *, url: str, note: str, size: int, old: int) -> Cosigned:
    """Return the witness's cosignature of a checkpoint.

    Args:
        connection: reads the tree.
        url: of the witness.
        note: the checkpoint.
        size: its size.
        old: the size that the witness is thought to have cosigned last; it says when it was another.

    Raises:
        WitnessSilent: it does not answer.
        WitnessRefuses: it has seen a longer or another log, knows no key of ours, or signs with an unknown key.
    """
    has_handed_over = False
    for _ in range(4):
        answer = _send(url, "add-checkpoint", _request(connection, note=note, size=size, old=old))
        if answer.status_code == OK:
            return _checked(note, answer.text)
        if answer.status_code == CONFLICT and answer.text.strip().isdigit() and int(answer.text) != old:
            old = int(answer.text)
            if old > size:
                raise WitnessRefuses(
                    f"The witness has cosigned {old} leaves, and this log has {size}: its end was cut off, or an old"
                    " backup was restored."
                )
        elif answer.status_code == UNKNOWN_KEY and not has_handed_over:
            has_handed_over = True
            _hand_over(connection, url=url)
        else:
            break
    raise WitnessRefuses(f"The witness answered {answer.status_code}: {answer.text.strip()[:200]}")


def last_cosigned(url: str, *, origin: str) -> str:
    """Return the checkpoint that a witness last cosigned, with its cosignature; empty when it knows none.

    Raises:
        WitnessSilent: it does not answer.
    """
    name = hashlib.sha256(origin.encode()).hexdigest()
    try:
        answer = requests.get(f"{url.rstrip('/')}/checkpoint/{name}", timeout=TIMEOUT_SECONDS)
    except requests.RequestException as error:
        raise WitnessSilent(f"The witness does not answer: {type(error).__name__}.") from error
    return answer.text if answer.status_code == OK else ""


def _request(connection: psycopg.Connection[Any], *, note: str, size: int, old: int) -> str:
    with connection.cursor() as cursor:
        proof = StoredTree(cursor).consistency_proof(old, new=size)
    lines = [f"old {old}", *(base64.b64encode(step).decode() for step in proof)]
    return "\n".join(lines) + f"\n\n{note}"


def _send(url: str, path: str, body: str) -> requests.Response:
    try:
        return requests.post(f"{url.rstrip('/')}/{path}", data=body.encode(), timeout=TIMEOUT_SECONDS)
    except requests.RequestException as error:
        raise WitnessSilent(f"The witness does not answer: {type(error).__name__}.") from error


def _hand_over(connection: psycopg.Connection[Any], *, url: str) -> None:
    """Show the witness each rotation of our key; it takes those that a key it knows has signed."""
    for (note,) in connection.execute(_HANDOVERS).fetchall():
        if note:
            _send(url, "add-key", note)


def _checked(note: str, answer: str) -> Cosigned:
    text = note.rpartition("\n\n")[0] + "\n"
    witnesses = [key for key in key_files.trusted_keys() if key.algorithm == COSIGNATURE]
    for line in answer.splitlines():
        try:
            found = open_note(f"{text}\n{line}\n", witnesses).signatures
        except BadNote as error:
            raise WitnessRefuses(str(error)) from error
        if found and found[0].time is not None:
            return Cosigned(line, found[0].key, found[0].time)
    raise WitnessRefuses("The witness signs with a key that is not registered: `manage.py audit keys --witness VKEY`.")
