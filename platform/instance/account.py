"""Who the embedded services run as. PostgreSQL refuses root, and so does Custos for the broker."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Preferred first; `nobody` exists everywhere. The data folder is 0700, so sharing the account shares no data by itself.
CANDIDATES = ("custos", "postgres", "nobody")
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Account:
    """The operating-system account of the services; `uid` None means the one that started us."""

    uid: int | None
    gid: int | None

    @property
    def popen_arguments(self) -> dict[str, Any]:
        """Arguments of `subprocess.Popen` that make the child run as this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a path to the account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def service_account() -> Account:
    """Return the account to run services as: ourselves, or an unprivileged one when we are root."""
    if os.geteuid() != 0:
        return Account(None, None)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise SystemExit(f"Run Custos as an ordinary user, or create one of the accounts {', '.join(CANDIDATES)}.")


def die_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """Return a `preexec_fn` that has the kernel send a signal when the supervisor dies, even by kill -9 (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)

    return ask_kernel
