"""The queue of broken glasses: the oversight reviews each within a day."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from common.vocabulary import StaffRole
from governance import four_eyes
from governance.accountability import emergencies
from governance.accountability.emergencies import Finding
from governance.admin.changes import change_page
from governance.admin.pages import Link, ReadOnlyAdmin, require_role, role_of
from governance.audit import ledger
from governance.casework.models import BreakGlassGrant
from governance.proposal_forms import EmergencyReviewForm, SettlingForm

_PAGE = "admin:casework_breakglassgrant"


class ReviewFilter(admin.SimpleListFilter):
    """The queue itself: what nobody has reviewed."""

    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("due", "Due"), ("overdue", "Overdue: the organisation is suspended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        due = queryset.filter(reviewed_at=None)
        match self.value():
            case "due":
                return due
            case "overdue":
                return due.filter(review_by__lte=ledger.database_now(using="officer"))
        return queryset


@admin.register(BreakGlassGrant)
class BreakGlassGrantAdmin(ReadOnlyAdmin):
    list_display = ("tenant", "opened_at", "operations", "end_user", "confirmed_at", "review_by", "finding")
    list_filter = (ReviewFilter, "finding")
    list_select_related = ("tenant",)
    ordering = ("-opened_at",)
    fields = (
        "tenant", "case_id", "reason", "operations", "end_user", "jurisdiction", "opened_by_id", "opened_at",
        "confirm_by", "confirmed_by_id", "confirmed_at", "lapsed_at", "expires_at", "closed_at", "review_by",
        "suspended_at", "finding", "review_reason", "reviewer", "reviewer_2", "reviewed_at",
    )  # fmt: skip
    readonly_fields = ("case_id",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:grant_id>/review/", view(self.review), name="casework_breakglassgrant_review"),
            path("<uuid:grant_id>/settle/", view(self.settle), name="casework_breakglassgrant_settle"),
        ]
        return [*own, *super().get_urls()]

    def acts(self, request: HttpRequest, obj: Any) -> Sequence[Link]:
        if role_of(request) != StaffRole.OVERSIGHT or obj.reviewed_at is not None:
            return ()
        if obj.review_by <= ledger.database_now(using="officer"):
            return (Link("Settle it with a second person", reverse(f"{_PAGE}_settle", args=[obj.pk])),)
        return (Link("Review", reverse(f"{_PAGE}_review", args=[obj.pk])),)

    def review(self, request: HttpRequest, grant_id: uuid.UUID) -> HttpResponse:
        """Say, in time, whether it was an emergency."""
        require_role(request, StaffRole.OVERSIGHT)
        grant = self.get_or_404(request, grant_id)

        def act(values: Any) -> str:
            user: Any = request.user
            finding = Finding(values["finding"])
            emergencies.review(grant_id, reviewer=user, finding=finding, reason=values["reason"])
            return reverse(f"{_PAGE}_change", args=[grant_id])

        return self.act_page(
            request,
            form=EmergencyReviewForm(request.POST or None),
            title=f"Review {grant}",
            intro="Was it an emergency, and was what was done needed? If not, the organisation is suspended now.",
            button="Record the finding",
            act=act,
            done="Recorded.",
            why=grant.reason,
        )

    def settle(self, request: HttpRequest, grant_id: uuid.UUID) -> HttpResponse:
        """Ask for the review of what is overdue: a second person signs; justified, the organisation resumes."""
        require_role(request, StaffRole.OVERSIGHT)
        grant = self.get_or_404(request, grant_id)
        form = SettlingForm(request.POST or None)

        def act(values: Any) -> str:
            user: Any = request.user
            payload = {"grant": str(grant_id), "finding": values["finding"], "reason": values["reason"]}
            change = four_eyes.propose("settle_break_glass", payload, proposer=user, statement=form.statement)
            return change_page(change)

        return self.act_page(
            request,
            form=form,
            title=f"Settle {grant}",
            intro="Nobody reviewed it in time, so the organisation is suspended. Two of you settle it.",
            button="Ask for the second signature",
            act=act,
            done="Asked for. Another person has to sign it.",
            why=grant.reason,
        )
