"""What anybody may do without signing in: complain about the use of their face, and read what is published."""

from __future__ import annotations

import hashlib
import uuid
from typing import Final

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.pages import public_page, show
from dashboard.rights_forms import PublicComplaintForm
from governance.accountability import complaints, publishing
from governance.errors import ReportNotFound, TooManyComplaints

_MOST_AN_HOUR: Final = 5
_HOUR: Final = 3600
_FORMS: Final = {"csv": (publishing.as_csv, "text/csv"), "json": (publishing.as_json, "application/json")}


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def complain(request: HttpRequest) -> HttpResponse:
    """Take a complaint or a request for correction, erasure or access from anybody."""
    form = PublicComplaintForm(request.POST or None)
    if form.is_valid():
        _count(request)
        return show(request, "complained", {"complaint": complaints.file_publicly(form.new)})
    return show(request, "complain", {"form": form}, status=422 if form.errors else 200)


@require_safe
@public_page
def transparency(request: HttpRequest) -> HttpResponse:
    """The reports that are published."""
    return show(request, "transparency", {"reports": publishing.list_reports()})


@require_safe
@public_page
def report(request: HttpRequest, report_id: uuid.UUID) -> HttpResponse:
    """One report, as a page."""
    return show(request, "transparency_report", {"report": publishing.get_report(report_id)})


@require_safe
@public_page
def report_file(request: HttpRequest, report_id: uuid.UUID, file_format: str) -> HttpResponse:
    """One report, as a file."""
    found = publishing.get_report(report_id)
    if file_format not in _FORMS:
        raise ReportNotFound
    write, kind = _FORMS[file_format]
    name = f"transparency-{found.since:%Y-%m-%d}.{file_format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(write(found), content_type=kind, headers=headers)


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
