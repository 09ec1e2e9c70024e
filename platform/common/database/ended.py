"""Has the server closed a connection? Asked without a message to it, which would be a round trip each time."""

from __future__ import annotations

import select
from typing import Any

import psycopg


def has_ended(connection: psycopg.Connection[Any]) -> bool:
    """Say whether an idle connection can be read from: nothing is ever sent to it, so that then it has been closed."""
    poll = select.poll()  # not select(), which knows no descriptor beyond 1023
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
