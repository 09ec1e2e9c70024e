"""The embedded services of one home: PostgreSQL and Valkey, started together and stopped together."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from instance import database
from instance.account import Account, service_account
from instance.postgres import EmbeddedPostgres
from instance.secret_files import ensure_platform_secrets, ensure_secret
from instance.valkey import EmbeddedValkey

ROOTS_FOLDER = Path("/var/lib")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the services are.

    Attributes:
        database_url: host, port and name; runtime processes log in with their role's password file.
        admin_database_url: with the administrator's log-in; never handed to web or worker.
        broker_url: with its password.
        postgres_pid, valkey_pid: process ids of embedded services, None for external ones.
    """

    home: Path
    keys_dir: Path
    database_url: str
    admin_database_url: str
    broker_url: str
    postgres_pid: int | None = None
    valkey_pid: int | None = None

    def environment(self) -> dict[str, str]:
        """Return the variables that make a process of Custos use these services."""
        return {
            "CUSTOS_HOME": str(self.home),
            "CUSTOS_KEYS_DIR": str(self.keys_dir),
            "DATABASE_URL": self.database_url,
            "BROKER_URL": self.broker_url,
        }


@contextmanager
def embedded_services(
    home: Path,
    *,
    keys_dir: Path | None = None,
    ephemeral: bool = False,
    external_database: str | None = None,
    external_broker: str | None = None,
) -> Iterator[Endpoints]:
    """Start what is not external, prepare the database, and stop what was started at the end.

    Args:
        home: the instance's folder.
        keys_dir: default `home/keys`.
        ephemeral: no durability, and everything is deleted at the end; for tests and the demonstration.
        external_database: a DATABASE_URL with a log-in that may create roles.
        external_broker: a BROKER_URL.

    Raises:
        StartFailed: something cannot start; the message says what to do.
    """
    home.mkdir(parents=True, exist_ok=True)
    keys = keys_dir or home / "keys"
    ensure_platform_secrets(keys)
    logs = home / "logs"
    logs.mkdir(exist_ok=True)
    account = service_account()
    folder = service_folder(home, account=account)
    with ExitStack() as stack:
        if ephemeral:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        admin_url, broker_url = external_database, external_broker
        postgres_pid = valkey_pid = None
        if admin_url is None:
            postgres = EmbeddedPostgres(folder, keys, account, logs / "postgres.log", ephemeral)
            stack.callback(postgres.stop)
            postgres.start()
            admin_url, postgres_pid = postgres.admin_url, postgres.process.pid
        if broker_url is None:
            valkey = EmbeddedValkey(folder, keys, account, logs / "valkey.log", ephemeral)
            stack.callback(valkey.stop)
            valkey.start()
            broker_url, valkey_pid = valkey.url, valkey.process.pid
        database.prepare(admin_url, keys)
        runtime_url = database.without_credentials(admin_url)
        yield Endpoints(home, keys, runtime_url, admin_url, broker_url, postgres_pid, valkey_pid)


def service_folder(home: Path, *, account: Account) -> Path:
    """Return the folder of data and programs: in the home, or when we are root where the account can reach it."""
    if account.uid is None:
        folder = home / "services"
    else:
        # Named by an id that lives in the home: a home that is removed and made anew gets a folder of its own.
        name = ensure_secret(home / "instance-id", make=lambda: secrets.token_hex(6).encode()).decode()
        folder = ROOTS_FOLDER / f"custos-{name}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o711)
    folder.chmod(0o711 if account.uid is not None else 0o700)
    return folder
