"""Read-only pages over governance: what is approved, stopped, exempted and in force.

Vetting and imposing go through `governance.services`; their screens come with the vetting work queue.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from governance.audit.models import AuditEntry
from governance.models import Approval, Exemption, Moratorium, PolicyVersion, Suspension


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


@admin.register(Moratorium)
class MoratoriumAdmin(ReadOnlyAdmin):
    list_display = ("id", "categories", "operations", "effective_from", "effective_until", "lifted_at")
    list_filter = ("lifted_at",)


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


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("ins_id", "ts", "kind", "tenant_id", "decision_id")
    list_filter = ("kind",)
    fields = ("id", "ins_id", "ts", "kind", "tenant_id", "decision_id", "request_id", "content")
    readonly_fields = ("content",)
