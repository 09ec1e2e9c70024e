"""The rights of the people whose faces are used: where each is exercised, and the certificates of what was purged."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common.context import Actor
from common.pagination import rows_of
from dashboard.pages import member_page, show
from governance.accountability import certificates


@require_safe
@member_page
def purges(request: HttpRequest, actor: Actor) -> HttpResponse:
    found = certificates.list_certificates(actor=actor, paginate=lambda rows: rows_of(rows, request, newest_first=True))
    return show(request, "purges", {"purges": found})


@require_safe
@member_page
def purge(request: HttpRequest, actor: Actor, certificate_id: uuid.UUID) -> HttpResponse:
    """One certificate, with where the log proves it."""
    return show(request, "purge", {"proven": certificates.get_certificate(certificate_id, actor=actor)})
