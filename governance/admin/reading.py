"""What members of staff look at: tenants, categories, policy versions and decisions."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.vocabulary import StaffRole
from governance import selectors, services
from governance.admin import tenants
from governance.admin.pages import Link, ReadOnlyAdmin, require_role, role_of
from governance.audit import selectors as log
from governance.audit.models import Decision
from governance.forms import SuspensionForm
from governance.models import PolicyVersion, Suspension
from tenants.models import Tenant


@admin.register(Tenant)
class TenantAdmin(ReadOnlyAdmin):
    list_display = ("slug", "name", "category", "created_at")
    list_filter = ("category",)
    search_fields = ("slug", "name")
    change_list_template = "admin/governance/tenants.html"

    def get_urls(self) -> list[URLPattern]:
        shown = self.admin_site.admin_view(self.categories)
        suspend = self.admin_site.admin_view(self.suspend)
        return [
            path("categories/", shown, name="tenants_tenant_categories"),
            path("<uuid:tenant_id>/suspend/", suspend, name="tenants_tenant_suspend"),
            *tenants.urls(self),
            *super().get_urls(),
        ]

    def acts(self, request: HttpRequest, obj: Any) -> Sequence[Link]:
        asked = tenants.links(request, obj.pk)
        if role_of(request) != StaffRole.OVERSIGHT:
            return asked
        return (Link("Suspend", reverse("admin:tenants_tenant_suspend", args=[obj.pk])), *asked)

    def suspend(self, request: HttpRequest, tenant_id: uuid.UUID) -> HttpResponse:
        """Stop an organisation, or one of its users, keys or collections, at once."""
        require_role(request, StaffRole.OVERSIGHT)
        tenant = self.get_or_404(request, tenant_id)

        def act(values: Any) -> str:
            user: Any = request.user
            suspension = services.suspend(
                tenant.pk,
                target=Suspension.Target(values["target"]),
                target_id=values["target_id"] or tenant.pk,
                reason=values["reason"],
                imposed_by=user,
            )
            return reverse("admin:governance_suspension_change", args=[suspension.pk])

        return self.act_page(
            request,
            form=SuspensionForm(request.POST or None),
            title=f"Suspend {tenant}",
            intro="It holds from this moment on; two oversight members lift it. Rights stay.",
            button="Suspend now",
            act=act,
            done="Suspended.",
        )

    def categories(self, request: HttpRequest) -> HttpResponse:
        """Show every category: how many tenants it has, and which moratoria in force name it."""
        content = {
            **self.admin_site.each_context(request),
            "title": "Categories",
            "opts": self.opts,
            "categories": selectors.list_categories(),
        }
        return TemplateResponse(request, "admin/governance/categories.html", content)


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnlyAdmin):
    list_display = ("version", "effective_from", "author", "approver", "digest")


class RefusalFilter(admin.SimpleListFilter):
    title = "answer"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("refused", "Refused")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(log.is_refusal()) if self.value() == "refused" else queryset


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ("ts", "tenant_id", "operation", "answer", "rules")
    list_filter = (RefusalFilter,)
    # The log has no end: counting it would take longer than showing it.
    show_full_result_count = False
    fields = ("id", "ts", "tenant_id", "operation", "answer", "rules", "request_id", "recorded")
    readonly_fields = ("operation", "answer", "rules", "recorded")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return log.decisions_among(super().get_queryset(request))

    def operation(self, entry: Decision) -> str:
        return str(entry.content["action"]).replace("_", " ")

    def answer(self, entry: Decision) -> str:
        return "refused" if entry.content["decision"]["effect"] == "deny" else "allowed"

    def rules(self, entry: Decision) -> str:
        return ", ".join(rule["id"] for rule in entry.content["decision"]["rules"])

    def recorded(self, entry: Decision) -> SafeString:
        """The entry as it is in the log."""
        return format_html("<pre>{}</pre>", json.dumps(entry.content, indent=2, sort_keys=True))
