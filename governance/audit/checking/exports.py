"""An exported log verified: `python verifier EXPORT.zip --keys KEYS`."""

from __future__ import annotations

import argparse
import base64
import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from .examination import INCOMPLETE, SOUND, TAMPERED, Examination
from .notes import ED25519, Key, read_receipt
from .spans import CHUNK, CLOCK_SLACK, Entry, Finding, Sealed, Span, bounds_of, examine_entry, examine_span, shifted
from .tree import leaf_hash, root_from_inclusion


def verify_export(
    path: Path,
    *,
    trusted: Sequence[Key],
    now: str,
    witnessed: str = "",
    receipts: Sequence[str] = (),
    say: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[int, list[Finding]]:
    """Verify an exported zip; return the exit code and what was found.

    Args:
        path: a whole log, or a tenant's part of it with a proof for each entry.
        trusted: keys known from elsewhere.
        now: RFC 3339 UTC.
        witnessed: a note that a witness gave; for whole logs.
        receipts: `Custos-Receipt` headers that somebody kept.
        say: told how many of how many entries are done.

    Raises:
        BadNote, KeyError, ValueError, zipfile.BadZipFile: it is no export.
    """
    with zipfile.ZipFile(path) as archive:
        head = json.loads(archive.read("log.json"))
        origin = head["origin"]
        if not any(key.name == origin and key.algorithm == ED25519 for key in trusted):
            return INCOMPLETE, [Finding("no-key", f"no trusted key of {origin} was given")]
        wanted = frozenset(read_receipt(receipt)[0].leaf for receipt in receipts)
        is_whole = head["tenant"] is None
        examination = Examination(
            origin=origin,
            trusted=trusted,
            now=now,
            witnessed=witnessed if is_whole else "",
            read_at=shifted(head["exported_at"], -CLOCK_SLACK),
        )
        join = _join_whole if is_whole else _join_part
        join(archive, examination=examination, wanted=wanted, say=lambda done: say(done, int(head["entries"])))
        for line in _lines(archive, "unsequenced.jsonl"):
            examination.wait(line["body"].encode())
        examination.received(receipts)
        return examination.conclude(), examination.findings


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[dict[str, Any]]:
    with archive.open(name) as file:
        for line in file:
            yield json.loads(line)


def _checkpoints(archive: zipfile.ZipFile) -> list[Sealed]:
    return [Sealed(line["note"], tuple(line["cosignatures"])) for line in _lines(archive, "checkpoints.jsonl")]


def _join_whole(
    archive: zipfile.ZipFile, *, examination: Examination, wanted: frozenset[bytes], say: Callable[[int], None]
) -> None:
    rows = (
        Entry(line["index"], base64.b64decode(line["leaf"]), line["body"].encode() if line["body"] else None)
        for line in _lines(archive, "entries.jsonl")
    )
    checkpoints = _checkpoints(archive)
    bounds = bounds_of(checkpoints)
    first, is_last = 0, False
    while not is_last:
        batch = list(islice(rows, CHUNK))
        is_last = len(batch) < CHUNK
        here = [bound for bound in bounds if bound[0] > first]
        span = examine_span(first, batch, bounds=here, sizes=examination.sizes, wanted=wanted)
        first += CHUNK
        # An unreadable checkpoint has no size: it is judged, and found out, with the last ones.
        count = len(checkpoints) if is_last else sum(size <= first for size, _, _ in bounds_of(checkpoints))
        examination.join(span, checkpoints[:count])
        checkpoints = checkpoints[count:]
        say(examination.size)


def _join_part(
    archive: zipfile.ZipFile, *, examination: Examination, wanted: frozenset[bytes], say: Callable[[int], None]
) -> None:
    """One tenant's entries: each must lead by its proof to the root of the export's one checkpoint."""
    sealed = _checkpoints(archive)[-1]
    checkpoint = examination.accept(sealed)
    span = Span(0)
    for line in _lines(archive, "entries.jsonl"):
        body = line["body"].encode()
        entry = Entry(int(line["index"]), leaf_hash(body), body)
        proof = [base64.b64decode(step) for step in line["proof"]]
        root = root_from_inclusion(entry.leaf, index=entry.index, size=checkpoint.size, proof=proof)
        if checkpoint.size and root != checkpoint.root:
            words = "its proof does not lead to the checkpoint: the entry was edited, or never was at this place"
            span.findings.append(Finding("edited", words, entry.index))
        examine_entry(entry, span=span, earliest="", latest="~")
        span.met |= {entry.leaf} & wanted
        span.size += 1
        say(span.size)
    examination.join(span, [])
    examination.size = checkpoint.size


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, verify, say what was found."""
    parser = argparse.ArgumentParser(description="Verify an export of a Custos audit log.")
    parser.add_argument("export", type=Path, help="the zip")
    parser.add_argument("--key", action="append", default=[], help="a trusted key: name+keyid+base64; repeat it")
    parser.add_argument("--keys", type=Path, help="a file of trusted keys, one a line")
    parser.add_argument("--witness-note", type=Path, help="what the witness last cosigned, asked of the witness itself")
    parser.add_argument("--receipts", type=Path, help="a file of Custos-Receipt headers, one a line")
    parser.add_argument("--now", default=datetime.now(UTC).isoformat(timespec="microseconds"), help="RFC 3339 UTC")
    given = parser.parse_args(arguments)
    try:
        vkeys = [*given.key, *(given.keys.read_text().split() if given.keys else ())]
        code, findings = verify_export(
            given.export,
            trusted=[Key.parse(vkey) for vkey in vkeys],
            now=given.now,
            witnessed=given.witness_note.read_text() if given.witness_note else "",
            receipts=given.receipts.read_text().split() if given.receipts else (),
            say=lambda done, total: print(f"\r{done} of {total} entries", end="", file=sys.stderr),
        )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        print(f"This cannot be read as an export: {error!r}", file=sys.stderr)
        return INCOMPLETE
    print(file=sys.stderr)
    for finding in findings:
        print(finding)
    print({SOUND: "Sound.", TAMPERED: "TAMPERED WITH.", INCOMPLETE: "Incomplete."}[code])
    return code
