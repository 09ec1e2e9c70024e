"""TCP ports on the loopback interface: free ones, and the ones an instance had last time."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

LOOPBACK = "127.0.0.1"


def is_free(port: int, *, address: str = LOOPBACK) -> bool:
    """Whether nothing listens on the port."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def last_port(file: Path, *, name: str) -> int | None:
    """Return the port that `name` had last time; None when it never had one."""
    return known_ports(file).get(name)


def known_ports(file: Path) -> dict[str, int]:
    """Return the ports that a file remembers."""
    known: dict[str, int] = json.loads(file.read_text()) if file.is_file() else {}
    return known


def remembered_port(file: Path, *, name: str, wait_seconds: float = 0.0) -> int:
    """Return the port that `name` had last time if it is (or soon becomes) free, else a free one; and remember it."""
    known = known_ports(file)
    port = known.get(name)
    deadline = time.monotonic() + wait_seconds
    while port is not None and not is_free(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    if port is None or not is_free(port):
        port = free_port()
        file.write_text(json.dumps({**known, name: port}))
    return port
