"""Letters about a broken glass: to who may confirm it within a quarter of an hour, and to who has to review it."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from common.vocabulary import StaffRole
from governance.casework.authority import CASE_WORKERS
from governance.casework.models import BreakGlassGrant
from tenants.models import Membership, User

logger = logging.getLogger(__name__)


def write_about(grant: BreakGlassGrant) -> None:
    """Tell the organisation's other case workers and the oversight; a mail server that is away stops nobody.

    The letter says neither why nor in which case: mail is read on the way.
    """
    workers = Membership.objects.using("officer").filter(
        tenant_id=grant.tenant_id, role__in=CASE_WORKERS, user__is_active=True
    )
    others = workers.exclude(user_id=grant.opened_by_id).values_list("user__email", flat=True)
    oversight = User.objects.using("officer").filter(staff_role=StaffRole.OVERSIGHT, is_active=True)
    _send(others, subject="Custos: an emergency waits for your confirmation", grant=grant)
    _send(
        oversight.values_list("email", flat=True),
        subject="Custos: an emergency is to be reviewed within 24 hours",
        grant=grant,
        is_review=True,
    )


def _send(addresses: Iterable[str], *, subject: str, grant: BreakGlassGrant, is_review: bool = False) -> None:
    body = render_to_string("casework/emergency.txt", {"grant": grant, "is_review": is_review})
    try:
        for address in sorted({address for address in addresses if address}):
            EmailMessage(subject, body, to=[address]).send()
    except OSError:
        # No address and no name in the log; pages and queue say the same.
        logger.warning("a letter about break-glass %s could not be sent", grant.id)
