"""The embedded services of one home: PostgreSQL and Valkey, started together and stopped together."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from instance import database
from instance.account import Account, service_account
from instance.postgres import EmbeddedPostgres
from instance.secret_files import ensure_platform_secrets, ensure_secret, private_folder
from instance.valkey import EmbeddedValkey

ROOTS_FOLDER = Path("/var/lib")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the services are.

    Attributes:
        database_url: host, port and name; runtime processes log in with their role's password file.
        admin_database_url: with the administrator's log-in; never handed to web or worker.
        broker_url: with its password.
        embedded: the services that we run; none for external ones.
    """

    home: Path
    keys_dir: Path
    database_url: str
    admin_database_url: str
    broker_url: str
    embedded: tuple[EmbeddedPostgres | EmbeddedValkey, ...] = ()

    @property
    def postgres_pid(self) -> int | None:
        """Process id of the embedded PostgreSQL."""
        return next((service.process.pid for service in self.embedded if isinstance(service, EmbeddedPostgres)), None)

    @property
    def valkey_pid(self) -> int | None:
        """Process id of the embedded Valkey."""
        return next((service.process.pid for service in self.embedded if isinstance(service, EmbeddedValkey)), None)

    def revive(self, say: Callable[[str], None]) -> None:
        """Start an embedded service again that has ended.

        Raises:
            StartFailed: it does not start any more.
        """
        for service in self.embedded:
            if not service.is_running():
                say(f"{type(service).__name__.removeprefix('Embedded')} ended; starting it again (see {service.log})")
                service.start()

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
    logs = private_folder(home / "logs")
    account = service_account()
    folder = service_folder(home, account=account)
    with ExitStack() as stack:
        if ephemeral:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        admin_url, broker_url = external_database, external_broker
        embedded: list[EmbeddedPostgres | EmbeddedValkey] = []
        if admin_url is None:
            postgres = EmbeddedPostgres(folder, keys, account, logs / "postgres.log", ephemeral)
            stack.callback(postgres.stop)
            postgres.start()
            admin_url = postgres.admin_url
            embedded.append(postgres)
        if broker_url is None:
            valkey = EmbeddedValkey(folder, keys, account, logs / "valkey.log", ephemeral)
            stack.callback(valkey.stop)
            valkey.start()
            broker_url = valkey.url
            embedded.append(valkey)
        database.prepare(admin_url, keys)
        runtime_url = database.without_credentials(admin_url)
        yield Endpoints(home, keys, runtime_url, admin_url, broker_url, tuple(embedded))


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
