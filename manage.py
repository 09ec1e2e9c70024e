#!/usr/bin/env python
"""Django's command line, with `platform/` on the path so that a bare clone runs."""

import sys
from pathlib import Path


def main() -> None:
    sys.path.insert(1, str(Path(__file__).resolve().parent / "platform"))
    from django.core.management import execute_from_command_line

    from config.boot import choose_settings

    choose_settings()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
