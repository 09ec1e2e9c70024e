"""The embedded witness: its folder, its account, its process. A witness on another host is `CUSTOS_WITNESS_URL`."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from instance.account import service_account
from instance.children import Child, python
from instance.errors import StartFailed
from instance.ports import LOOPBACK, remembered_port
from instance.secret_files import private_folder
from instance.services import service_folder

# Not the account of the database, which could otherwise rewrite what the witness remembers.
ACCOUNTS = ("custos-witness", "daemon")
MODULE = "governance.audit.witness"


@dataclass(frozen=True, slots=True)
class EmbeddedWitness:
    """Where the witness is, and its public key."""

    folder: Path
    port: int
    vkey: str

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def child(self, home: Path, *, keys_dir: Path, variables: dict[str, str], repository: Path) -> Child:
        """Return the process; started by root it becomes an account of its own before it answers anybody."""
        command = python("-m", MODULE, "serve", "--folder", str(self.folder), "--port", str(self.port))
        command += ["--log-keys", str(keys_dir / "audit" / "trusted.keys")]
        if os.geteuid() == 0:
            command += ["--user", _account()]
        return Child("witness", command, variables, repository, home / "logs" / "witness.log", home / "witness.pid")


def prepare_witness(home: Path, *, variables: dict[str, str], repository: Path) -> EmbeddedWitness:
    """Make the witness's folder and key, where they are missing.

    Raises:
        StartFailed: they cannot be made.
    """
    folder = private_folder(service_folder(home, account=service_account()) / "witness")
    done = subprocess.run(
        python("-m", MODULE, "init", "--folder", str(folder)),
        cwd=repository,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise StartFailed(f"The witness cannot be prepared:\n{done.stderr}")
    return EmbeddedWitness(folder, remembered_port(home / "ports.json", name="witness"), done.stdout.strip())


def _account() -> str:
    for name in ACCOUNTS:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise StartFailed(f"Create one of the accounts {', '.join(ACCOUNTS)} for the witness, or set CUSTOS_WITNESS_URL.")
