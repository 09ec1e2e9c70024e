"""The backend that `DATABASES` names.

A thread of the web server keeps its connection from request to request (`config.wsgi`), and Django asks at the first
use in each whether it still works. Its own way to ask is a statement: a round trip for every request.
"""

from __future__ import annotations

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

from common.database.ended import has_ended


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Say whether the connection is open and between transactions, without asking the server."""
        link = self.connection
        if link is None or link.closed or link.info.transaction_status != TransactionStatus.IDLE:
            return False
        return not has_ended(link)
