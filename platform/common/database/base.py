"""The backend that `DATABASES` names.

A thread keeps its connection from request to request, and Django asks at the first use in each whether it still works.
Its own way to ask is a statement: a round trip for every request.
"""

from __future__ import annotations

import select

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Say whether the connection is open and between transactions, without asking the server.

        Nothing is sent to an idle connection: one that can be read from has been closed by the server.
        """
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()  # not select(), which knows no descriptor beyond 1023
        poll.register(self.connection.fileno(), select.POLLIN)
        return self.connection.info.transaction_status == TransactionStatus.IDLE and not poll.poll(0)
