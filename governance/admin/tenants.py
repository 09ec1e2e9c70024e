"""What officers and the oversight ask for about one organisation, each to be signed by a second person."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from common.vocabulary import StaffRole
from governance import four_eyes
from governance.admin.changes import change_page
from governance.admin.pages import Link, ReadOnlyAdmin, require_role, role_of
from governance.forms import StatementForm
from governance.proposal_forms import AllowanceForm, SubjectReviewForm, WatchlistForm

# Kind of change → who asks for it, its form, and the words of its link.
_ASKED: Final[dict[str, tuple[StaffRole, type[StatementForm], str]]] = {
    "set_allowance": (StaffRole.OFFICER, AllowanceForm, "Set what it may use"),
    "grant_watchlist": (StaffRole.OFFICER, WatchlistForm, "Let a collection be watched for"),
    "review_subject": (StaffRole.OVERSIGHT, SubjectReviewForm, "Allow further searches of one person"),
}


def urls(page: ReadOnlyAdmin) -> list[URLPattern]:
    """Return the addresses of the forms, below the organisation."""

    def ask(request: HttpRequest, tenant_id: uuid.UUID, slug: str) -> HttpResponse:
        return _ask(page, request, tenant_id=tenant_id, slug=slug)

    view = page.admin_site.admin_view(ask)
    return [path(f"<uuid:tenant_id>/{slug}/", view, {"slug": slug}, name=f"tenants_tenant_{slug}") for slug in _ASKED]


def links(request: HttpRequest, tenant_id: uuid.UUID) -> list[Link]:
    """Return the links to what this person may ask for."""
    return [
        Link(words, reverse(f"admin:tenants_tenant_{slug}", args=[tenant_id]))
        for slug, (role, _, words) in _ASKED.items()
        if role_of(request) == role
    ]


def _ask(page: ReadOnlyAdmin, request: HttpRequest, *, tenant_id: uuid.UUID, slug: str) -> HttpResponse:
    role, form_class, words = _ASKED[slug]
    require_role(request, role)
    tenant = page.get_or_404(request, tenant_id)
    form = form_class(request.POST or None)

    def act(values: Any) -> str:
        user: Any = request.user
        payload = {"tenant": str(tenant_id), **form.payload}
        return change_page(four_eyes.propose(slug, payload, proposer=user, statement=form.statement))

    return page.act_page(
        request,
        form=form,
        title=f"{words}: {tenant}",
        button="Ask for the second signature",
        act=act,
        done="Asked for. Another person has to sign it.",
    )
