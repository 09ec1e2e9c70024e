"""A whole log judged: spans joined in order; checkpoints, cosignatures, keys, receipts held against the tree."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from .notes import COSIGNATURE, ED25519, BadNote, Checkpoint, Key, handed_over, open_note, open_receipt
from .spans import CLOCK_SLACK, Finding, Sealed, Span, astray, columns_of, shifted
from .tree import edge_of, fold, leaf_hash, levels_of

SOUND, TAMPERED, INCOMPLETE = 0, 2, 3
LONGEST_WAIT = timedelta(minutes=10)  # for a cosignature, and for the outcome of a decision


class Examination:
    """Joins spans in order and judges checkpoints, cosignatures, keys and receipts against the tree.

    Args:
        origin: name of the log, from a trusted key.
        trusted: keys known from elsewhere; keys that they hand over to are trusted as well.
        now: RFC 3339 UTC; what is younger than a while may still be unfinished.
        witnessed: what a witness last cosigned, as the witness itself tells it.
        read_at: when the log was read, where that was earlier than now.
    """

    def __init__(
        self, *, origin: str, trusted: Iterable[Key], now: str, witnessed: str = "", read_at: str = ""
    ) -> None:
        self.origin = origin
        self.keys = list(trusted)
        self.now = now
        self.read_at = read_at or now
        self.findings: list[Finding] = []
        self.size = 0
        self.checkpoints = 0
        self.cosigned = 0
        self._roots: list[bytes] = []
        self._open: dict[str, tuple[int, str, str | None]] = {}
        self._edges: dict[int, list[bytes]] = {0: []}
        self._met: set[bytes] = set()
        self._in_use: dict[tuple[str, int], Key] = {}
        self._retired: dict[Key, int] = {}
        self._last = Checkpoint(origin, 0, fold([]), "")
        self._seen = self._open_witnessed(witnessed) if witnessed else None
        self._seen_edge: list[bytes] | None = None

    @property
    def unfinished(self) -> int:
        """Decisions that have no outcome, yet or for ever."""
        return len(self._open)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sizes whose root is needed beside those of the checkpoints."""
        return (self._seen.size,) if self._seen else ()

    def join(self, span: Span, checkpoints: Iterable[Sealed]) -> None:
        """Take the next span, and the checkpoints that end in it; with the last span, all further ones."""
        left = edge_of(levels_of(self._roots), len(self._roots)) if self._roots else []
        self._edges = {size: [*left, *edge] for size, edge in span.edges.items()}
        self.findings += span.findings
        self.size += span.size
        if span.root:
            self._roots.append(span.root)
        self._met |= span.met
        for decision, index, ts, tenant, entry_id in span.closed:
            known = self._open.pop(decision, None)
            if known is None or known[1] > ts or known[2] != tenant:
                self.findings.append(astray(index, entry_id))
        self._open |= span.opened
        for index, data in span.keys:
            self._introduce(index, data)
        if self._seen and self._seen.size in self._edges:
            self._seen_edge = self._edges[self._seen.size]
        for sealed in checkpoints:
            self._judge(sealed)

    def _introduce(self, index: int, data: dict[str, Any]) -> None:
        try:
            key = Key.parse(str(data.get("key")))
        except BadNote:
            return
        if key not in self.keys and (successor := handed_over(str(data.get("handover")), self.keys)) == key:
            self.keys.append(successor)
        if key in self.keys:
            before = self._in_use.get((key.name, key.algorithm))
            if before is not None:
                self._retired.setdefault(before, index)
            self._in_use[key.name, key.algorithm] = key

    def _judge(self, sealed: Sealed) -> None:
        self.checkpoints += 1
        try:
            opened = open_note(sealed.note, self.keys)
            checkpoint = Checkpoint.parse(opened.text)
        except BadNote as error:
            self.findings.append(Finding("forged", f"checkpoint {self.checkpoints}: {error}"))
            return
        size = checkpoint.size
        signers = {s.key for s in opened.signatures if s.key.name == self.origin and s.key.algorithm == ED25519}
        if checkpoint.origin != self.origin or not signers:
            self.findings.append(Finding("forged", f"the checkpoint of size {size} is not signed by a trusted key"))
            return
        if all(self._retired.get(key, size) < size for key in signers):
            self.findings.append(Finding("stolen-key", f"the checkpoint of size {size} is signed by a retired key"))
        self._judge_content(checkpoint, sealed=sealed)
        for line in sealed.cosignatures:
            self._judge_cosignature(checkpoint, text=opened.text, line=line)
        self._last = checkpoint

    def _judge_content(self, checkpoint: Checkpoint, *, sealed: Sealed) -> None:
        size, before = checkpoint.size, self._last
        edge = self._edges.get(size)
        if edge is None:
            words = f"a checkpoint signed {size} leaves, and there are {self.size}: the end was cut off"
            self.findings.append(Finding("truncated", words))
            return
        if fold(edge) != checkpoint.root:
            words = f"the root of the first {size} leaves is another one: something in {before.size} to {size - 1} was"
            self.findings.append(Finding("rewritten", f"{words} exchanged, inserted, removed or moved", before.size))
        if size <= before.size or shifted(checkpoint.time, CLOCK_SLACK) < before.time:
            words = f"the checkpoint of size {size} of {checkpoint.time} follows one of {before.size} of {before.time}"
            self.findings.append(Finding("clock" if size > before.size else "rewritten", words))
        expected = (size, checkpoint.root, b"".join(edge), checkpoint.time)
        if sealed.columns is not None and sealed.columns != expected:
            self.findings.append(Finding("edited", f"the columns of checkpoint {size} do not repeat its note"))

    def _judge_cosignature(self, checkpoint: Checkpoint, *, text: str, line: str) -> None:
        witnesses = [key for key in self.keys if key.algorithm == COSIGNATURE]
        try:
            good = open_note(f"{text}\n{line}\n", witnesses).signatures
        except BadNote as error:
            self.findings.append(Finding("forged", f"a cosignature of size {checkpoint.size}: {error}"))
            return
        if good:
            self.cosigned = max(self.cosigned, checkpoint.size)
        elif witnesses:
            self.findings.append(Finding("forged", f"a cosignature of size {checkpoint.size} is by an unknown key"))

    def _open_witnessed(self, note: str) -> Checkpoint | None:
        try:
            opened = open_note(note, self.keys)
            seen = Checkpoint.parse(opened.text)
        except BadNote as error:
            self.findings.append(Finding("forged", f"the witness's note: {error}"))
            return None
        if seen.origin != self.origin or not any(s.key.algorithm == COSIGNATURE for s in opened.signatures):
            self.findings.append(Finding("forged", "the witness's note is not cosigned by a trusted witness"))
            return None
        return seen

    def _judge_witnessed(self, seen: Checkpoint) -> None:
        if seen.size > self.size:
            words = f"the witness saw {seen.size} leaves, and the log has {self.size}: the end was cut off, or an old"
            self.findings.append(Finding("truncated", f"{words} backup restored"))
        elif seen.size and (self._seen_edge is None or fold(self._seen_edge) != seen.root):
            self.findings.append(Finding("forked", f"the first {seen.size} leaves are not those that the witness saw"))

    def accept(self, sealed: Sealed) -> Checkpoint:
        """Return a checkpoint whose root cannot be computed here; unsigned, it counts as an empty log's."""
        self.checkpoints += 1
        try:
            opened = open_note(sealed.note, self.keys)
            checkpoint = Checkpoint.parse(opened.text)
        except BadNote as error:
            self.findings.append(Finding("forged", f"the checkpoint: {error}"))
            return self._last
        if not any(s.key.name == self.origin == checkpoint.origin for s in opened.signatures):
            self.findings.append(Finding("forged", "the checkpoint is not signed by a trusted key"))
            return self._last
        for line in sealed.cosignatures:
            self._judge_cosignature(checkpoint, text=opened.text, line=line)
        self._last = checkpoint
        return checkpoint

    def wait(self, body: bytes, *, leaf: bytes | None = None, columns: str | None = None) -> None:
        """Take an entry that is in no checkpoint yet, with what a database repeats of it."""
        self._met.add(leaf_hash(body))
        try:
            content = json.loads(body)
            ts, is_outcome = content["ts"], content["kind"] == "outcome"
        except (ValueError, KeyError, TypeError):
            self.findings.append(Finding("malformed", "a waiting body is no entry"))
            return
        if leaf not in (None, leaf_hash(body)) or columns not in (None, columns_of(content)):
            self.findings.append(Finding("edited", "a waiting entry's hash or columns do not fit", entry=content["id"]))
        if is_outcome:
            self._open.pop(content["decision"], None)
        if ts < shifted(self.now, -LONGEST_WAIT):
            words = "the entry has waited long and is in no checkpoint: the sequencer stands, or was told to skip it"
            self.findings.append(Finding("unsequenced", words, entry=content["id"]))

    def received(self, receipts: Iterable[str]) -> None:
        """Hold the log against receipts that its users kept. All spans must have been joined."""
        for encoded in receipts:
            try:
                receipt = open_receipt(encoded, self.keys)
            except BadNote as error:
                self.findings.append(Finding("forged", str(error)))
                continue
            if receipt.origin == self.origin and receipt.leaf in self._met:
                continue
            if receipt.origin == self.origin and receipt.time > self.read_at:
                words = "the receipt is younger than what was read of the log"
                self.findings.append(Finding("unread-receipt", words, entry=receipt.entry_id))
                continue
            words = f"a receipt of {receipt.time} promises this entry, and the log does not hold it as it was"
            self.findings.append(Finding("removed", words, entry=receipt.entry_id))

    def conclude(self) -> int:
        """Judge what only the whole tells, and return the exit code."""
        old = shifted(self.now, -LONGEST_WAIT)
        for entry_id, (index, ts, _) in self._open.items():
            if ts < old:
                words = "a decision without an outcome: its process was killed, or the outcome was removed"
                self.findings.append(Finding("no-outcome", words, index, entry_id))
        if self.size > self._last.size:
            words = f"{self.size - self._last.size} leaves after the last checkpoint: inserted"
            self.findings.append(Finding("inserted", words, self._last.size))
        if not self.checkpoints:
            self.findings.append(Finding("no-checkpoint", "the log has no checkpoint"))
        if self._seen:
            self._judge_witnessed(self._seen)
        has_witness = any(key.algorithm == COSIGNATURE for key in self.keys)
        if has_witness and self._last.size > self.cosigned and self._last.time < old:
            words = f"the witness has cosigned {self.cosigned} of {self._last.size} leaves"
            self.findings.append(Finding("not-cosigned", words))
        return code_of(self.findings)


def code_of(findings: Sequence[Finding]) -> int:
    """Return the exit code that findings stand for."""
    if any(finding.is_tampering for finding in findings):
        return TAMPERED
    return INCOMPLETE if findings else SOUND
