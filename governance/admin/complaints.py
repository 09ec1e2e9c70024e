"""The queue of complaints: whose matter they are, whose clocks have run out, and answers in the operator's place."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from common.vocabulary import StaffRole
from governance.accountability import complaints
from governance.accountability.models import Complaint
from governance.admin.pages import Link, ReadOnlyAdmin, require_role, role_of
from governance.audit import ledger
from governance.forms import ComplaintAnswerForm, TenantForm

_ROLES = (StaffRole.OFFICER, StaffRole.OVERSIGHT)


class OverdueFilter(admin.SimpleListFilter):
    """What oversight looks at first."""

    title = "clock"
    parameter_name = "clock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("overdue", "Overdue"), ("unassigned", "Nobody's matter yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "overdue":
            return queryset.filter(complaints.overdue(ledger.database_now(using="officer")))
        return queryset.filter(tenant=None) if self.value() == "unassigned" else queryset


@admin.register(Complaint)
class ComplaintAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "tenant", "state", "received_at", "acknowledge_by", "answer_by", "is_overdue")
    list_filter = (OverdueFilter, "kind")
    list_select_related = ("tenant",)
    ordering = ("answer_by",)

    @admin.display(boolean=True, description="overdue")
    def is_overdue(self, complaint: Complaint) -> bool:
        now = ledger.database_now(using="officer")
        is_late = complaint.acknowledged_at is None and complaint.acknowledge_by <= now
        return complaint.answered_at is None and (is_late or complaint.answer_by <= now)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        acts = {"assign": self.assign, "acknowledge": self.acknowledge, "answer": self.answer}
        own = [path(f"<uuid:complaint_id>/{name}/", view(page), name=_name(name)) for name, page in acts.items()]
        return [*own, *super().get_urls()]

    def acts(self, request: HttpRequest, obj: Any) -> Sequence[Link]:
        if obj.answered_at is not None or role_of(request) not in _ROLES:
            return ()
        offered = [("answer", "Answer")]
        if obj.acknowledged_at is None:
            offered.insert(0, ("acknowledge", "Acknowledge"))
        if obj.tenant_id is None:
            offered.insert(0, ("assign", "Say whose matter it is"))
        return tuple(Link(label, reverse(f"admin:{_name(name)}", args=[obj.pk])) for name, label in offered)

    def assign(self, request: HttpRequest, complaint_id: uuid.UUID) -> HttpResponse:
        """Hand it to the organisation whose matter it is."""

        def act(values: Any) -> None:
            complaints.assign(complaint_id, tenant=values["tenant"], by=_user(request))

        return self._act(
            request, complaint_id, form=TenantForm(request.POST or None), title="Whose matter is it?", act=act
        )

    def acknowledge(self, request: HttpRequest, complaint_id: uuid.UUID) -> HttpResponse:
        """Tell the person that it is looked into."""

        def act(values: Any) -> None:
            complaints.acknowledge_as_staff(complaint_id, by=_user(request))

        return self._act(request, complaint_id, form=forms.Form(request.POST or None), title="Acknowledge", act=act)

    def answer(self, request: HttpRequest, complaint_id: uuid.UUID) -> HttpResponse:
        """Answer in the operator's place."""

        def act(values: Any) -> None:
            outcome = complaints.Outcome(values["outcome"])
            complaints.answer_as_staff(complaint_id, outcome=outcome, text=values["answer"], by=_user(request))

        form = ComplaintAnswerForm(request.POST or None)
        return self._act(request, complaint_id, form=form, title="Answer", act=act)

    def _act(
        self,
        request: HttpRequest,
        complaint_id: uuid.UUID,
        *,
        form: forms.Form,
        title: str,
        act: Callable[[Any], None],
    ) -> HttpResponse:
        require_role(request, *_ROLES)
        complaint = self.get_or_404(request, complaint_id)

        def acted(values: Any) -> str:
            act(values)
            return reverse("admin:accountability_complaint_change", args=[complaint_id])

        return self.act_page(
            request,
            form=form,
            title=f"{title}: {complaint}",
            intro=complaint.text,
            button="Do it",
            act=acted,
            done="Done.",
        )


def _user(request: HttpRequest) -> Any:
    return request.user


def _name(act: str) -> str:
    return f"accountability_complaint_{act}"
