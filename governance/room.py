"""How much may be in force at once: what a decision is judged on must fit into its audit entry.

Every moratorium that may cover a use, and every exemption the tenant holds from one, is recorded with the decision. An
entry that grew over the ledger's limit could not be written, and nothing at all would be answered.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db.models import Q

from common.canonical import canonical_json
from governance.errors import TooManyInForce
from governance.models import Exemption, Moratorium

# Octets of the facts. An entry holds 65,536; approval, key and reasons take less than the rest.
MORATORIA_ROOM: Final = 32_768
EXEMPTIONS_ROOM: Final = 8_192

# Id, instants and punctuation of a record.
_FRAME_OCTETS: Final = 160


def require_room_for_moratoria(now: datetime) -> None:
    """Go on only while all moratoria that have not ended fit, the one just saved too; in the officer's transaction.

    Raises:
        TooManyInForce: they do not.
    """
    unended = Q(effective_until=None) | Q(effective_until__gt=now)
    live = Moratorium.objects.using("officer").filter(unended, lifted_at=None)
    used = _octets(live.values("categories", "end_users", "purposes", "operations", "jurisdictions"))
    if used > MORATORIA_ROOM:
        raise TooManyInForce("No further moratorium fits: lift some, or replace several by one that covers more.")


def require_room_for_exemptions(tenant_id: uuid.UUID, *, now: datetime) -> None:
    """Go on only while all exemptions of a tenant that have not ended fit, as `require_room_for_moratoria`.

    Raises:
        TooManyInForce: they do not.
    """
    live = Exemption.objects.using("officer").filter(tenant_id=tenant_id, revoked_at=None, expires_at__gt=now)
    if _octets(live.values("purposes", "operations", "end_users")) > EXEMPTIONS_ROOM:
        raise TooManyInForce("No further exemption of this tenant fits.")


def _octets(rows: Iterable[object]) -> int:
    return sum(len(canonical_json(row)) + _FRAME_OCTETS for row in rows)
