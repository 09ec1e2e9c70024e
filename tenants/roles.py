"""What each role of a tenant's members may do, as the gate's rules see it. Plain data; approvals narrow it further."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from common.vocabulary import PERSONAL, Operation, TenantRole

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
    TenantRole.OWNER: frozenset(Operation) - PERSONAL,
    TenantRole.ADMIN: frozenset(Operation) - PERSONAL,
    TenantRole.DEVELOPER: _WORKING | {Operation.ADMINISTER, Operation.EVALUATE},
    TenantRole.CASE_WORKER: _WORKING | {Operation.WATCHLIST_REALTIME, Operation.REVIEW},
    TenantRole.REVIEWER: _LOOKING | {Operation.REVIEW},
    TenantRole.VIEWER: _LOOKING,
}

# Who looks after keys and members.
MANAGERS: Final = (TenantRole.OWNER, TenantRole.ADMIN)
