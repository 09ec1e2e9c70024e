"""The fence: no result is written, and no answer given, under a policy that has ended.

Who finishes an operation takes a shared advisory lock and *then, in a second statement*, reads the epoch; who changes
the policy takes the exclusive lock and raises the epoch in the same transaction. In one combined statement the epoch
would come from a snapshot older than the lock (GOVERNANCE 1.2). READ COMMITTED only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.db import connections, transaction

# One key for the whole platform, in the two-integer space so that no other lock of ours can collide.
_FENCE: Final = (0x43555354, 1)  # "CUST"
# Two statements in one message: each has a snapshot of its own, so the second sees what was committed before the lock.
_CROSS: Final = (
    "SELECT pg_advisory_xact_lock_shared(%s, %s); SELECT epoch, clock_timestamp() FROM governance_policyepoch"
)


def cross() -> tuple[int, datetime]:
    """Take the shared lock in the open transaction on `default`; return the epoch and the database's clock under it."""
    with connections["default"].cursor() as cursor:
        cursor.execute(_CROSS, _FENCE)
        cursor.nextset()
        epoch, now = cursor.fetchone()
    return epoch, now


@contextmanager
def closed() -> Iterator[datetime]:
    """Change what is allowed: opens an officer's transaction, holds the fence exclusively, raises the epoch.

    Yields:
        The database's clock, read under the lock: every outcome later than it has seen the change.
    """
    with transaction.atomic(using="officer"), connections["officer"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _FENCE)
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
        yield now
        cursor.execute("UPDATE governance_policyepoch SET epoch = epoch + 1")
