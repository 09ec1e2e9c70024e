"""Publishing transparency reports for everybody."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from common.vocabulary import StaffRole
from governance.accountability import publishing
from governance.accountability.models import PublishedReport
from governance.admin.pages import ReadOnlyAdmin, require_role, role_of
from governance.forms import PublishedPeriodForm


@admin.register(PublishedReport)
class PublishedReportAdmin(ReadOnlyAdmin):
    list_display = ("id", "since", "until", "published_at", "published_by")
    list_select_related = ("published_by",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether the form is offered; `publishing.publish` decides."""
        return role_of(request) == StaffRole.OVERSIGHT

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Publish a period."""
        require_role(request, StaffRole.OVERSIGHT)

        def act(values: Any) -> str:
            user: Any = request.user
            published = publishing.publish(first=values["first"], last=values["last"], by=user)
            return reverse("admin:accountability_publishedreport_change", args=[published.pk])

        return self.act_page(
            request,
            form=PublishedPeriodForm(request.POST or None),
            title="Publish a transparency report",
            intro="Anybody can read it at /transparency from then on. Its days are in no further report.",
            button="Publish it",
            act=act,
            done="Published.",
        )
