"""Retention schedules, which two officers set and end; legal holds, which one person imposes and two lift; purges."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from common.vocabulary import StaffRole
from governance import four_eyes
from governance.accountability import holds
from governance.accountability.models import LegalHold, PurgeCertificate, RetentionSchedule
from governance.admin.changes import change_page
from governance.admin.pages import Link, ReadOnlyAdmin, require_role, role_of
from governance.forms import HoldForm, ScheduleForm, StatementForm

_SECOND = "Ask for the second signature"
_ASKED = "Asked for. Another person has to sign it."


@admin.register(RetentionSchedule)
class RetentionScheduleAdmin(ReadOnlyAdmin):
    list_display = ("keep_days", "purpose", "jurisdiction", "created_at", "ended_at")
    list_filter = ("ended_at",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether the form is offered; two officers sign."""
        return role_of(request) == StaffRole.OFFICER

    def get_urls(self) -> list[URLPattern]:
        end = self.admin_site.admin_view(self.end)
        return [path("<uuid:schedule_id>/end/", end, name="accountability_schedule_end"), *super().get_urls()]

    def acts(self, request: HttpRequest, obj: Any) -> Sequence[Link]:
        if obj.ended_at is not None or role_of(request) != StaffRole.OFFICER:
            return ()
        return (Link("Ask for its end", reverse("admin:accountability_schedule_end", args=[obj.pk])),)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for a schedule."""
        require_role(request, StaffRole.OFFICER)
        form = ScheduleForm(request.POST or None)

        def act(values: Any) -> str:
            stated = {name: values[name] for name in ("purpose", "jurisdiction", "keep_days", "legal_source")}
            return _propose("set_schedule", stated, request=request, form=form)

        return self.act_page(
            request,
            form=form,
            title="Set a retention schedule",
            intro="It concerns every collection with contents of this purpose and place, at once when it is signed.",
            button=_SECOND,
            act=act,
            done=_ASKED,
        )

    def end(self, request: HttpRequest, schedule_id: uuid.UUID) -> HttpResponse:
        """Ask for its end."""
        require_role(request, StaffRole.OFFICER)
        schedule = self.get_or_404(request, schedule_id)
        form = StatementForm(request.POST or None)

        def act(values: Any) -> str:
            return _propose("end_schedule", {"schedule": str(schedule.pk)}, request=request, form=form)

        return self.act_page(request, form=form, title=f"End: {schedule}", button=_SECOND, act=act, done=_ASKED)


@admin.register(LegalHold)
class LegalHoldAdmin(ReadOnlyAdmin):
    list_display = ("tenant", "collection_id", "case_id", "imposed_at", "lifted_at", "settled_at")
    list_filter = ("lifted_at",)
    list_select_related = ("tenant",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether the form is offered; `holds.impose` decides."""
        return role_of(request) in (StaffRole.OFFICER, StaffRole.OVERSIGHT)

    def get_urls(self) -> list[URLPattern]:
        lift = self.admin_site.admin_view(self.lift)
        return [path("<uuid:hold_id>/lift/", lift, name="accountability_hold_lift"), *super().get_urls()]

    def acts(self, request: HttpRequest, obj: Any) -> Sequence[Link]:
        if obj.lifted_at is not None or role_of(request) != StaffRole.OVERSIGHT:
            return ()
        return (Link("Ask for lifting", reverse("admin:accountability_hold_lift", args=[obj.pk])),)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Impose a hold."""
        require_role(request, StaffRole.OFFICER, StaffRole.OVERSIGHT)

        def act(values: Any) -> str:
            user: Any = request.user
            is_case = values["target"] == "case"
            hold = holds.impose(
                values["tenant"].pk,
                collection_id=None if is_case else values["target_id"],
                case_id=values["target_id"] if is_case else None,
                reason=values["reason"],
                legal_source=values["legal_source"],
                by=user,
            )
            return reverse("admin:accountability_legalhold_change", args=[hold.pk])

        return self.act_page(
            request,
            form=HoldForm(request.POST or None),
            title="Impose a legal hold",
            intro="It is kept, against retention and requests for erasure. A collection is not used meanwhile.",
            button="Impose the hold",
            act=act,
            done="The hold is imposed.",
        )

    def lift(self, request: HttpRequest, hold_id: uuid.UUID) -> HttpResponse:
        """Ask for a hold to be lifted."""
        require_role(request, StaffRole.OVERSIGHT)
        hold = self.get_or_404(request, hold_id)
        form = StatementForm(request.POST or None)

        def act(values: Any) -> str:
            return _propose("lift_hold", {"hold": str(hold.pk)}, request=request, form=form)

        return self.act_page(
            request, form=form, title=f"Lift {hold}", button=_SECOND, act=act, done=_ASKED, why=hold.reason
        )


@admin.register(PurgeCertificate)
class PurgeCertificateAdmin(ReadOnlyAdmin):
    list_display = ("id", "tenant", "purged_at", "digest")
    list_select_related = ("tenant",)


def _propose(slug: str, payload: dict[str, Any], *, request: HttpRequest, form: StatementForm) -> str:
    user: Any = request.user
    return change_page(four_eyes.propose(slug, payload, proposer=user, statement=form.statement))
