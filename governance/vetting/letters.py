"""Letters to an organisation's owners and admins about its application. The route of the application says the same."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from governance.vetting.models import VettingApplication
from tenants.models import Membership
from tenants.roles import MANAGERS

logger = logging.getLogger(__name__)

_SUBJECTS: Final[Mapping[str, str]] = {
    "approved": "Your organisation is approved",
    "refused": "Your application is refused",
    "more_information": "Your application needs more information",
    "expiring": "Your approval ends soon",
    "expired": "Your approval has ended",
}


def write_to(application: VettingApplication, *, about: str) -> None:
    """Tell the people who manage the tenant; a mail server that is away must not undo what was decided."""
    members = Membership.objects.using("officer").filter(
        tenant_id=application.tenant_id, role__in=MANAGERS, user__is_active=True
    )
    addresses = sorted({address for address in members.values_list("user__email", flat=True) if address})
    if not addresses:
        return
    words = {"application": application, "about": about}
    body = render_to_string("vetting/letter.txt", words)
    try:
        for address in addresses:
            EmailMessage(f"Custos: {_SUBJECTS[about]}", body, to=[address]).send()
    except OSError:
        # No address and no name in the log; the route of the application says the same.
        logger.warning("a letter about application %s could not be sent", application.id)
