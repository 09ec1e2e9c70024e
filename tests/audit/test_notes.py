"""Signed notes: those of C2SP's own example, ours, and none that was touched."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.audit import signing
from governance.audit.checking.notes import COSIGNATURE, BadNote, Checkpoint, Key, handed_over, open_note, open_receipt

# The example of golang.org/x/mod/sumdb/note, from which C2SP signed-note stems.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
EXAMPLE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
TIME = datetime(2026, 11, 24, 21, 0, 0, 123456, UTC)
LOG = signing.new_signer("log.example/one")
TEXT = signing.checkpoint_text("log.example/one", size=7, root=bytes(range(32)), time=TIME)


def test_it_opens_the_note_of_the_standards_example() -> None:
    opened = open_note(EXAMPLE, [Key.parse(PETER)])

    assert opened.text.startswith("If you think")
    assert [signature.key.name for signature in opened.signatures] == ["PeterNeumann"]
    assert str(Key.parse(PETER)) == PETER


def test_a_checkpoint_says_origin_size_root_and_time() -> None:
    note = LOG.note(TEXT)

    checkpoint = Checkpoint.parse(open_note(note, [LOG.key]).text)

    assert note.split("\n")[:3] == ["log.example/one", "7", base64.b64encode(bytes(range(32))).decode()]
    assert checkpoint == Checkpoint("log.example/one", 7, bytes(range(32)), "2026-11-24T21:00:00.123456+00:00")


def test_a_cosignature_says_when() -> None:
    witness = signing.new_signer("w.example", algorithm=COSIGNATURE)
    note = f"{LOG.note(TEXT)}{witness.cosignature(TEXT, time=1_790_000_000)}\n"

    opened = open_note(note, [LOG.key, witness.key])

    assert [(s.key.name, s.time) for s in opened.signatures] == [
        ("log.example/one", None),
        ("w.example", 1_790_000_000),
    ]
    with pytest.raises(BadNote):
        open_note(note.replace("\n7\n", "\n8\n"), [witness.key])
    with pytest.raises(ValueError, match="no witness"):
        LOG.cosignature(TEXT, time=1)


@given(st.integers(0, len(LOG.note(TEXT).encode()) - 1), st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(place: int, bit: int) -> None:
    raw = bytearray(LOG.note(TEXT).encode())
    raw[place] ^= 1 << bit

    try:
        opened = open_note(raw.decode(), [LOG.key])
    except (BadNote, UnicodeDecodeError):
        return
    assert opened.signatures == ()


@pytest.mark.parametrize(
    "vkey", ["", "name", "a+b", "a+00000000+AAAA", PETER.replace("c74f20a3", "c74f20a4"), PETER[:-4], PETER + "!"]
)
def test_a_malformed_key_is_refused(vkey: str) -> None:
    with pytest.raises(BadNote):
        Key.parse(vkey)


@pytest.mark.parametrize(
    "text", ["", "o\n", "o\n7\n", "o\n-7\nAAAA\n", "o\nseven\nAAAA\n", "o\n7\n!!\n", "o\n07\n" + "A" * 43 + "=\n"]
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        Checkpoint.parse(text)


def test_a_receipt_is_taken_from_the_logs_receipt_key_alone() -> None:
    right, wrong = signing.new_signer("log.example/one/receipts"), LOG

    def give(signer: signing.Signer) -> str:
        return signing.receipt(signer, origin="log.example/one", entry_id="e", leaf=bytes(32), time=TIME)

    assert open_receipt(give(right), [right.key]).entry_id == "e"
    with pytest.raises(BadNote, match="no signature"):
        open_receipt(give(wrong), [wrong.key, right.key])
    with pytest.raises(BadNote, match="no receipt"):
        open_receipt(base64.b64encode(LOG.note(TEXT).encode()).decode(), [right.key])
    with pytest.raises(BadNote):
        open_receipt("not base64", [right.key])


def test_a_key_is_handed_over_by_a_known_key_of_the_same_name_alone() -> None:
    new = signing.new_signer("log.example/one")
    note = signing.handover(LOG, successor=new.key)

    assert handed_over(note, [LOG.key]) == new.key
    assert handed_over(note, []) is None
    assert handed_over(signing.handover(LOG, successor=signing.new_signer("another").key), [LOG.key]) is None
    assert handed_over(LOG.note(TEXT), [LOG.key]) is None
    assert handed_over("", [LOG.key]) is None
