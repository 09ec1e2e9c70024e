"""What the building of the demo world cannot ask the database for: secrets, kept until the log-ins are written.

A building that was killed goes on where it stopped, because each secret is on the disk before (a password) or right
after (a key, a face) it is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path


class Progress:
    """Texts by name in a private file (0600), written anew and put in place at once with each addition."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}

    def remember(self, name: str, make: Callable[[], str]) -> str:
        """Return what was remembered under the name, making and writing it first when nothing was."""
        if name not in self._known:
            self._known[name] = make()
            write_private(self._path, json.dumps(self._known))
        return self._known[name]

    def forget(self) -> None:
        """Remove the file: everything in it is in the log-ins now."""
        self._path.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600 from its first byte on, and put it in place at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".partial")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
