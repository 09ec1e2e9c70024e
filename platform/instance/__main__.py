"""`python -m instance run | demo | prepare | guard | backup FILE | restore FILE | manage … | services -- COMMAND`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from config import env
from instance import backup, managing, supervisor
from instance.errors import StartFailed


def main() -> int:
    """Parse the command line and run it."""
    parser = argparse.ArgumentParser(prog="python -m instance", description="One running instance of Custos.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start everything, print the URL and the log-ins, stay up until Ctrl-C")
    commands.add_parser("demo", help="play the demonstration in an instance of its own, and remove it")
    commands.add_parser("prepare", help="create secrets, database roles and the extension for DATABASE_URL")
    commands.add_parser("guard", help="after the migrations: stop changes to the audit tables by their owner")
    for name, sentence in (
        ("backup", "write the whole database into a file, also while the instance runs"),
        ("restore", "put a backup in the place of the database of a stopped instance"),
    ):
        commands.add_parser(name, help=sentence).add_argument("file", type=Path, metavar="FILE")
    managed = commands.add_parser("manage", help="run a management command on the instance of this home")
    managed.add_argument("argv", nargs=argparse.REMAINDER, metavar="COMMAND", help="for example: audit verify")
    services = commands.add_parser("services", help="run a command on ephemeral, migrated services")
    services.add_argument("argv", nargs="+", metavar="COMMAND", help="after --, for example: -- pytest tests/audit")
    arguments = parser.parse_args()
    environment = env.read()
    try:
        match arguments.command:
            case "run":
                return supervisor.run(environment)
            case "demo":
                return supervisor.demo(environment)
            case "prepare":
                return supervisor.prepare(environment)
            case "backup":
                return backup.back_up(environment, arguments.file)
            case "restore":
                return backup.put_back(environment, arguments.file)
            case "manage":
                return managing.manage(environment, arguments.argv)
            case "guard":
                return supervisor.guard(environment)
            case _:
                return supervisor.with_services(environment, arguments.argv)
    except StartFailed as error:
        return supervisor.main_failed(error)


if __name__ == "__main__":
    sys.exit(main())
