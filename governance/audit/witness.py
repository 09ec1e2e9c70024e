"""The witness: a process of its own that remembers how long each log was, and cosigns only what extends it.

    python -m governance.audit.witness init  --folder DIR [--name NAME]     make a key; prints its public half
    python -m governance.audit.witness serve --folder DIR --log-keys FILE --port PORT [--user USER]
    python -m governance.audit.witness rewind --folder DIR --origin ORIGIN  forget a log that was knowingly restored

It speaks C2SP tlog-witness (`POST /add-checkpoint`), and two words more: `GET /checkpoint/<SHA-256 of the origin>`
tells what it last cosigned, `POST /add-key` takes a rotation that a known key of the log signed.

It needs neither Django nor the database: run it on another host, or at least as another user. On the same host it
protects against who can write the database, and not against who is root.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import ctypes
import hashlib
import json
import os
import pwd
import secrets
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from governance.audit.checking.notes import COSIGNATURE, BadNote, Checkpoint, Key, handed_over, open_note
from governance.audit.checking.tree import fold, is_consistent
from governance.audit.signing import Signer, new_signer

MAX_BODY_BYTES = 64 * 1024
MAX_PROOF = 63  # C2SP tlog-witness
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and text of an answer."""

    status: HTTPStatus
    text: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What was last cosigned of a log, and the log's keys that were learned from rotations."""

    origin: str
    size: int = 0
    root: str = base64.b64encode(fold([])).decode()
    note: str = ""
    keys: tuple[str, ...] = ()


class Witness:
    """The rules of cosigning over a folder of state; one request at a time."""

    def __init__(self, folder: Path, *, log_keys: list[Key]) -> None:
        self._folder = folder
        content = json.loads((folder / "witness.key").read_text())
        self._signer = Signer(content["name"], bytes.fromhex(content["private"]), COSIGNATURE)
        self._log_keys = log_keys
        self._lock = threading.Lock()

    def add_checkpoint(self, body: str) -> Answer:
        """Cosign a checkpoint that extends what was cosigned before; the state is on disk before the answer."""
        try:
            old, proof, note = _parsed(body)
            text = note.rpartition("\n\n")[0] + "\n"
            checkpoint = Checkpoint.parse(text)
        except ValueError as error:
            return Answer(HTTPStatus.BAD_REQUEST, str(error))
        with self._lock:
            keys = self._keys(checkpoint.origin)
            if not keys:
                return Answer(HTTPStatus.NOT_FOUND, "This log is not known here.")
            try:
                is_signed = bool(open_note(note, keys).signatures)
            except BadNote:
                is_signed = False
            if not is_signed:
                return Answer(HTTPStatus.FORBIDDEN, "No known key of the log signed this.")
            return self._advance(checkpoint, old=old, proof=proof, note=note, text=text)

    def _advance(self, checkpoint: Checkpoint, *, old: int, proof: list[bytes], note: str, text: str) -> Answer:
        seen = self._seen(checkpoint.origin)
        if old > checkpoint.size:
            return Answer(HTTPStatus.BAD_REQUEST, "The old size is larger than the new one.")
        if old != seen.size or (old == checkpoint.size and base64.b64decode(seen.root) != checkpoint.root):
            return Answer(HTTPStatus.CONFLICT, f"{seen.size}\n")
        before = (seen.size, base64.b64decode(seen.root))
        if not is_consistent(before, (checkpoint.size, checkpoint.root), proof):
            return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "The proof does not lead from what was seen to this.")
        line = self._signer.cosignature(text, time=int(time.time()))
        root = base64.b64encode(checkpoint.root).decode()
        self._keep(Seen(seen.origin, checkpoint.size, root, f"{note}{line}\n", seen.keys))
        return Answer(HTTPStatus.OK, f"{line}\n")

    def add_key(self, body: str) -> Answer:
        """Learn a log's new key from a rotation that one of its known keys signed."""
        try:
            origin = Key.parse(body.split("\n")[1]).name
        except (ValueError, IndexError):
            return Answer(HTTPStatus.BAD_REQUEST, "This is no rotation.")
        with self._lock:
            successor = handed_over(body, self._keys(origin))
            if successor is None:
                return Answer(HTTPStatus.FORBIDDEN, "No known key of the log signed this.")
            seen = self._seen(origin)
            if str(successor) not in seen.keys:
                self._keep(Seen(seen.origin, seen.size, seen.root, seen.note, (*seen.keys, str(successor))))
        return Answer(HTTPStatus.OK, "")

    def last(self, name: str) -> Answer:
        """Return the note last cosigned of the log whose origin has this SHA-256, in hexadecimal."""
        path = self._folder / f"{name}.json"
        if len(name) != 64 or not name.isalnum() or not path.is_file():
            return Answer(HTTPStatus.NOT_FOUND, "Nothing was cosigned of this log.")
        return Answer(HTTPStatus.OK, str(json.loads(path.read_text())["note"]))

    def _keys(self, origin: str) -> list[Key]:
        learned = [Key.parse(vkey) for vkey in self._seen(origin).keys]
        return [key for key in (*self._log_keys, *learned) if key.name == origin]

    def _seen(self, origin: str) -> Seen:
        path = _state_file(self._folder, origin)
        if not path.is_file():
            return Seen(origin)
        content = json.loads(path.read_text())
        return Seen(**{**content, "keys": tuple(content["keys"])})

    def _keep(self, seen: Seen) -> None:
        _write(_state_file(self._folder, seen.origin), json.dumps(asdict(seen)))


def _parsed(body: str) -> tuple[int, list[bytes], str]:
    head, separator, note = body.partition("\n\n")
    lines = head.split("\n")
    if not separator or not lines[0].startswith("old ") or not lines[0][4:].isdigit() or len(lines) > MAX_PROOF + 1:
        raise ValueError("A request is `old SIZE`, the proof, a blank line and the checkpoint.")
    try:
        return int(lines[0][4:]), [base64.b64decode(line, validate=True) for line in lines[1:]], note
    except binascii.Error as error:
        raise ValueError("A proof is lines of base64.") from error


def _state_file(folder: Path, origin: str) -> Path:
    return folder / f"{hashlib.sha256(origin.encode()).hexdigest()}.json"


def _write(path: Path, content: str) -> None:
    """Replace a file whole, and on the disk when this returns."""
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Handler(BaseHTTPRequestHandler):
    """HTTP in, the witness's rules, HTTP out."""

    witness: Witness
    timeout = 10  # a caller that sends nothing is let go
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path, _, name = self.path.strip("/").partition("/")
        self._answer(self.witness.last(name) if path == "checkpoint" else Answer(HTTPStatus.NOT_FOUND, ""))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._answer(Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too large, or of no stated length."))
            return
        try:
            body = self.rfile.read(int(length)).decode()
        except UnicodeDecodeError:
            self._answer(Answer(HTTPStatus.BAD_REQUEST, "This is no text."))
            return
        serve = {"/add-checkpoint": self.witness.add_checkpoint, "/add-key": self.witness.add_key}.get(self.path)
        self._answer(serve(body) if serve else Answer(HTTPStatus.NOT_FOUND, ""))

    def _answer(self, answer: Answer) -> None:
        content = answer.text.encode()
        self.send_response(answer.status)
        kind = "text/x.tlog.size" if answer.status == HTTPStatus.CONFLICT else "text/plain; charset=utf-8"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
        """Once a second somebody asks; only refusals are worth a line."""
        if len(args) > 1 and str(args[1]) not in ("200", "409"):
            super().log_message(format, *args)


def init(folder: Path, *, name: str) -> Key:
    """Make the witness's key where there is none; return its public half."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "witness.key"
    if not path.is_file():
        made = new_signer(name or f"witness.local/{secrets.token_hex(8)}", algorithm=COSIGNATURE)
        _write(path, json.dumps({"name": made.name, "private": made.private.hex()}))
    content = json.loads(path.read_text())
    return Signer(content["name"], bytes.fromhex(content["private"]), COSIGNATURE).key


def become(user: str, *, folder: Path) -> None:
    """Give the folder to a user, and become that user for good; ends with the parent even so (Linux)."""
    account = pwd.getpwnam(user)
    for path in (folder, *folder.iterdir()):
        os.chown(path, account.pw_uid, account.pw_gid)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    if sys.platform.startswith("linux"):  # the kernel forgets this wish with the change of the user
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="witness", description="Cosigns checkpoints of audit logs.")
    parser.add_argument("command", choices=["init", "serve", "rewind"])
    parser.add_argument("--folder", type=Path, required=True, help="key and state, 0700")
    parser.add_argument("--name", default="", help="init: the witness's name for ever")
    parser.add_argument("--log-keys", type=Path, help="serve: a file of the logs' public keys, one a line")
    parser.add_argument("--host", default="127.0.0.1", help="serve: address to listen on")
    parser.add_argument("--port", type=int, default=8090, help="serve: port to listen on")
    parser.add_argument("--user", default="", help="serve: the account to become, when started by root")
    parser.add_argument("--origin", default="", help="rewind: the log to forget")
    given = parser.parse_args()
    if given.command == "init":
        sys.stdout.write(f"{init(given.folder, name=given.name)}\n")
    elif given.command == "rewind":
        return _rewind(given.folder, origin=given.origin)
    else:
        _serve(given)
    return 0


def _rewind(folder: Path, *, origin: str) -> int:
    path = _state_file(folder, origin)
    if not path.is_file():
        sys.stderr.write(f"Nothing was cosigned of {origin}.\n")
        return 1
    path.rename(folder / f"rewound-{int(time.time())}")
    return 0


def _serve(given: argparse.Namespace) -> None:
    keys = [Key.parse(line) for line in given.log_keys.read_text().splitlines() if line.strip()]
    server = ThreadingHTTPServer((given.host, given.port), Handler)
    if given.user:
        become(given.user, folder=given.folder)
    Handler.witness = Witness(given.folder, log_keys=keys)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # the state is on disk before each answer
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
