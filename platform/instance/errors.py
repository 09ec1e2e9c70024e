"""What can keep an instance from starting, with what to do about it."""

from __future__ import annotations


class StartFailed(Exception):
    """The instance cannot start. The message says why and what to do; `exit_code` goes to the shell."""

    exit_code = 1


class PortTaken(StartFailed):
    exit_code = 3


class HomeInUse(StartFailed):
    exit_code = 4
