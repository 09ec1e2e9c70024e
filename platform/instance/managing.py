"""A management command on the instance that runs in a home: `make manage C="audit verify"`.

Web and worker are told by the supervisor where the services are; a command that somebody types has to find them.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from config.env import Environment
from instance.account import service_account
from instance.children import python
from instance.ports import LOOPBACK, last_port
from instance.postgres import DATABASE
from instance.services import service_folder
from instance.valkey import EmbeddedValkey

REPOSITORY = Path(__file__).resolve().parents[2]


def manage(environment: Environment, command: list[str]) -> int:
    """Run a management command with the addresses of the running instance, and return its exit code.

    Where nothing was ever started in this home, the command runs without services: some need none.
    """
    variables = {
        **addresses(environment),
        "CUSTOS_HOME": str(environment.home),
        "CUSTOS_KEYS_DIR": str(environment.keys_dir),
        "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}",
    }
    return subprocess.call(python("manage.py", *command), cwd=REPOSITORY, env={**os.environ, **variables})


def addresses(environment: Environment) -> dict[str, str]:
    """Return the variables that name the embedded services last started in this home; what is external names itself."""
    if not (environment.home / "instance-id").is_file() and not (environment.home / "services").is_dir():
        return {}
    account = service_account()
    folder = service_folder(environment.home, account=account)
    found = {}
    if environment.database_url is None and (port := last_port(folder / "ports.json", name="postgres")):
        found["DATABASE_URL"] = f"postgresql://{LOOPBACK}:{port}/{DATABASE}"
    if environment.broker_url is None and (port := last_port(folder / "ports.json", name="valkey")):
        log = environment.home / "logs" / "valkey.log"
        found["BROKER_URL"] = EmbeddedValkey(folder, environment.keys_dir, account, log, port=port).url
    if environment.witness_url is None and (port := last_port(environment.home / "ports.json", name="witness")):
        found["CUSTOS_WITNESS_URL"] = f"http://{LOOPBACK}:{port}"
    return found
