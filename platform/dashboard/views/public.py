"""What somebody who is not signed in may do: complain about the use of their face."""

from __future__ import annotations

import hashlib
from typing import Final

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from dashboard.pages import public_page, show
from dashboard.rights_forms import PublicComplaintForm
from governance.accountability import complaints
from governance.errors import TooManyComplaints

_MOST_AN_HOUR: Final = 5
_HOUR: Final = 3600


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def complain(request: HttpRequest) -> HttpResponse:
    """Take a complaint or a request for correction, erasure or access from anybody."""
    form = PublicComplaintForm(request.POST or None)
    if form.is_valid():
        _count(request)
        return show(request, "complained", {"complaint": complaints.file_publicly(form.new)})
    return show(request, "complain", {"form": form}, status=422 if form.errors else 200)


def _count(request: HttpRequest) -> None:
    """Go on only for so many an hour from one address, of which a digest is kept for that hour.

    Raises:
        TooManyComplaints.
    """
    address = hashlib.sha256(str(get_adapter().get_client_ip(request)).encode()).hexdigest()
    key = f"complaints-{address}"
    cache.add(key, 0, timeout=_HOUR)
    if cache.incr(key) > _MOST_AN_HOUR:
        raise TooManyComplaints(retry_after=_HOUR)
