"""What officers see: tenants, categories, approvals, moratoria, suspensions, policies, decisions and the log.

Pages read as `custos_officer` and change nothing. The one act that one person may do, imposing a moratorium, has a form
that calls `governance.services`; what takes two people comes with the vetting work queue.
"""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.errors import PlatformError
from common.vocabulary import StaffRole
from governance import selectors, services
from governance.audit import explorer
from governance.audit import selectors as log
from governance.audit.models import AuditEntry, Decision, EntryKind
from governance.bars import bars
from governance.forms import MoratoriumForm
from governance.models import Approval, Exemption, Moratorium, PolicyVersion, Suspension
from tenants.models import Tenant

admin.site.site_title = "Custos"
admin.site.site_header = "Custos administration"
admin.site.index_title = "Governance"


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Seen by every member of staff through the officer's role, changed by none."""

    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).using("officer")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        user = request.user
        return bool(user.is_active and getattr(user, "is_staff", False))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Tenant)
class TenantAdmin(ReadOnlyAdmin):
    list_display = ("slug", "name", "category", "created_at")
    list_filter = ("category",)
    search_fields = ("slug", "name")
    change_list_template = "admin/governance/tenants.html"

    def get_urls(self) -> list[URLPattern]:
        shown = self.admin_site.admin_view(self.categories)
        return [path("categories/", shown, name="tenants_tenant_categories"), *super().get_urls()]

    def categories(self, request: HttpRequest) -> HttpResponse:
        """Show every category: how many tenants it has, and which moratoria in force name it."""
        content = {
            **self.admin_site.each_context(request),
            "title": "Categories",
            "opts": self.opts,
            "categories": selectors.list_categories(),
        }
        return TemplateResponse(request, "admin/governance/categories.html", content)


@admin.register(Moratorium)
class MoratoriumAdmin(ReadOnlyAdmin):
    list_display = ("id", "categories", "operations", "effective_from", "effective_until", "lifted_at")
    list_filter = ("lifted_at",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether the form is offered; `impose_moratorium` decides."""
        return getattr(request.user, "staff_role", "") == StaffRole.OVERSIGHT

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Impose a moratorium through its service."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = MoratoriumForm(request.POST or None)
        if form.is_valid() and (imposed := self._impose(request, form)) is not None:
            messages.success(request, "The moratorium is imposed. What it stops is stopped from now on.")
            return redirect("admin:governance_moratorium_change", imposed.pk)
        content = {
            **self.admin_site.each_context(request),
            "title": "Impose a moratorium",
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/governance/impose.html", content)

    def _impose(self, request: HttpRequest, form: MoratoriumForm) -> Moratorium | None:
        values = form.cleaned_data
        try:
            return services.impose_moratorium(
                selector=form.selector,
                reason=values["reason"],
                legal_source=values["legal_source"],
                effective_from=values["effective_from"],
                effective_until=values["effective_until"],
                imposed_by=request.user,  # type: ignore[arg-type]  # staff are `tenants.User`
            )
        except PlatformError as error:
            form.add_error(None, error.detail)
            return None


@admin.register(Exemption)
class ExemptionAdmin(ReadOnlyAdmin):
    list_display = ("tenant", "purposes", "end_users", "expires_at", "revoked_at")


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    list_display = ("tenant", "purposes", "operations", "expires_at", "revoked_at")


@admin.register(Suspension)
class SuspensionAdmin(ReadOnlyAdmin):
    list_display = ("tenant", "target", "imposed_at", "lifted_at")


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


class TreeFilter(admin.SimpleListFilter):
    title = "place in the tree"
    parameter_name = "tree"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waiting", "Waits for the sequencer")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return log.waiting_among(queryset) if self.value() == "waiting" else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("ins_id", "ts", "kind", "action", "tenant_id", "pair")
    list_filter = ("kind", "ts", TreeFilter)
    search_fields = ("id",)  # shows the box; `get_search_results` knows what may be asked
    search_help_text = "An id (of an entry, a decision, a tenant), or the name of a request"
    show_full_result_count = False
    list_per_page = 50
    fields = ("id", "ins_id", "ts", "kind", "tenant_id", "request_id", "pair", "proof", "recorded")
    readonly_fields = ("pair", "proof", "recorded")
    change_list_template = "admin/governance/log.html"

    def get_urls(self) -> list[URLPattern]:
        shown = self.admin_site.admin_view(self.state)
        return [path("state/", shown, name="audit_auditentry_state"), *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (explorer.find(queryset, term) if term else queryset), False

    def action(self, entry: AuditEntry) -> str:
        return str(entry.content.get("action", "")).replace("_", " ")

    def pair(self, entry: AuditEntry) -> SafeString | str:
        """The outcome of a decision, the decision of an outcome."""
        other = explorer.counterpart(entry)
        if other is None:
            return "no outcome yet" if entry.kind == EntryKind.DECISION else "–"
        content = other.content
        says = content["outcome"]["status"] if other.kind == EntryKind.OUTCOME else content["action"]
        link = reverse("admin:audit_auditentry_change", args=[other.pk])
        return format_html('<a href="{}">{} {}</a>', link, other.kind, says)

    def proof(self, entry: AuditEntry) -> str:
        """Computed anew each time the entry is shown."""
        return explorer.proof_status(entry).words

    def recorded(self, entry: AuditEntry) -> SafeString:
        """The entry as it is in the log."""
        return format_html("<pre>{}</pre>", json.dumps(entry.content, indent=2, sort_keys=True))

    def state(self, request: HttpRequest) -> HttpResponse:
        """Show how far sequencer and witness are, and how much is written."""
        volumes = explorer.hourly_volume()
        content = {
            **self.admin_site.each_context(request),
            "title": "State of the audit log",
            "opts": self.opts,
            "state": explorer.log_state(),
            "volumes": volumes,
            "bars": bars(volumes),
        }
        return TemplateResponse(request, "admin/governance/log_state.html", content)
