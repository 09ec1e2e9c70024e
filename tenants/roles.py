"""What each role of a tenant's members may do, as the gate's rules see it. Plain data; approvals narrow it further."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from common.vocabulary import Operation, TenantRole

_LOOKING: Final = frozenset({Operation.READ_RESULT, Operation.READ_OWN_DECISIONS})
_WORKING: Final = _LOOKING | {
    Operation.DETECT,
    Operation.ANALYSE_ATTRIBUTES,
    Operation.COMPARE,
    Operation.ENROL,
    Operation.SEARCH,
    Operation.TRACK,
    Operation.CLUSTER,
    Operation.DELETE,
}

OPERATIONS: Final[Mapping[TenantRole, frozenset[Operation]]] = {
    TenantRole.OWNER: frozenset(Operation),
    TenantRole.ADMIN: frozenset(Operation),
    TenantRole.DEVELOPER: _WORKING | {Operation.ADMINISTER, Operation.EVALUATE},
    TenantRole.CASE_WORKER: _WORKING | {Operation.WATCHLIST_REALTIME},
    TenantRole.REVIEWER: _LOOKING,
    TenantRole.VIEWER: _LOOKING,
}

# Who looks after keys and members.
MANAGERS: Final = (TenantRole.OWNER, TenantRole.ADMIN)
