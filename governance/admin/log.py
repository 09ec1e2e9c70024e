"""The audit log as members of staff explore it: entries with their counterparts and proofs, its state, its report."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.errors import PlatformError
from governance import transparency
from governance.admin.pages import ReadOnlyAdmin
from governance.audit import explorer
from governance.audit import selectors as log
from governance.audit.models import AuditEntry, EntryKind
from governance.bars import bars
from governance.forms import PeriodForm


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
        return [
            path("state/", self.admin_site.admin_view(self.state), name="audit_auditentry_state"),
            path("transparency/", self.admin_site.admin_view(self.transparency), name="audit_transparency"),
            *super().get_urls(),
        ]

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

    def transparency(self, request: HttpRequest) -> HttpResponse:
        """Count a period: on the page, or as a file. Names no organisation, so every member of staff may."""
        form = PeriodForm(request.GET or None)
        page: dict[str, Any] = {
            "form": form,
            "title": "Transparency report",
            "template": "admin/governance/transparency.html",
        }
        if not form.is_valid():
            return self.show_form(request, **page)
        values = form.cleaned_data
        try:
            since, until = transparency.period_of(values["first"], values["last"])
            report = transparency.make_report(since=since, until=until)
        except PlatformError as error:
            form.add_error(None, error.detail)
            return self.show_form(request, **page)
        match values["form"]:
            case "csv":
                return _file(report.as_csv(), "text/csv", "transparency.csv")
            case "json":
                return _file(report.as_json(), "application/json", "transparency.json")
        return self.show_form(request, **page, report=report)


def _file(text: str, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
