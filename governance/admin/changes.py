"""The queue of changes that two people sign."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.vocabulary import StaffRole
from governance import four_eyes
from governance.admin.pages import Link, ReadOnlyAdmin, role_of
from governance.audit import ledger
from governance.errors import ChangeKindUnknown
from governance.forms import ReasonForm, StatementForm
from governance.models import ChangeRequest

_LIST = "admin:governance_changerequest_changelist"


class OpenFilter(admin.SimpleListFilter):
    """The queue itself: what still waits for a second signature."""

    title = "waiting"
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "For a second signature")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "yes":
            return queryset
        return queryset.filter(state=ChangeRequest.State.PENDING, expires_at__gt=ledger.database_now(using="officer"))


@admin.register(ChangeRequest)
class ChangeRequestAdmin(ReadOnlyAdmin):
    list_display = ("label", "state", "proposer", "proposed_at", "expires_at", "decider")
    list_filter = (OpenFilter, "state", "kind")
    ordering = ("-proposed_at",)
    list_select_related = ("proposer", "decider")
    fields = (
        "label", "state", "asked", "digest", "proposer", "reason", "proposer_interest", "proposed_at", "expires_at",
        "decider", "decided_at", "decision_reason", "decider_interest", "result_id",
    )  # fmt: skip
    readonly_fields = ("label", "asked")

    @admin.display(description="change")
    def label(self, change: ChangeRequest) -> str:
        try:
            return four_eyes.kind_of(change.kind).label
        except ChangeKindUnknown:
            return change.kind

    @admin.display(description="what exactly")
    def asked(self, change: ChangeRequest) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(change.payload, indent=2, sort_keys=True, ensure_ascii=False))

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site
        acts = [("approve", self.approve), ("reject", self.reject), ("withdraw", self.withdraw)]
        own = [
            path(f"<uuid:change_id>/{name}/", site.admin_view(view), name=f"governance_changerequest_{name}")
            for name, view in acts
        ]
        return [*own, *super().get_urls()]

    def acts(self, request: HttpRequest, obj: Any) -> Sequence[Link]:
        if not four_eyes.is_pending(obj, now=ledger.database_now(using="officer")):
            return ()
        if role_of(request) not in _roles(obj):
            return ()
        if obj.proposer_id == request.user.pk:
            return (Link("Take it back", _url("withdraw", obj.pk)),)
        return (Link("Approve and execute", _url("approve", obj.pk)), Link("Reject", _url("reject", obj.pk)))

    def approve(self, request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
        """Sign as the second person: this executes the change."""
        change = self.get_or_404(request, change_id)
        form = StatementForm(request.POST or None)

        def act(values: Any) -> str:
            four_eyes.approve(change_id, approver=request.user, statement=form.statement)  # type: ignore[arg-type]
            return _url("change", change_id)

        return self.act_page(
            request,
            form=form,
            title=f"Approve: {self.label(change)}",
            intro="Your signature executes exactly what is shown here, at once.",
            button="Sign and execute",
            act=act,
            done="Signed and executed.",
            beside=self.asked(change),
            why=change.reason,
            who=change.proposer,
        )

    def reject(self, request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
        """Turn it down."""
        change = self.get_or_404(request, change_id)

        def act(values: Any) -> str:
            four_eyes.reject(change_id, decider=request.user, reason=values["reason"])  # type: ignore[arg-type]
            return reverse(_LIST)

        return self.act_page(
            request,
            form=ReasonForm(request.POST or None),
            title=f"Reject: {self.label(change)}",
            button="Reject",
            act=act,
            done="Rejected; nothing was changed.",
            beside=self.asked(change),
        )

    def withdraw(self, request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
        """Take one's own proposal back."""
        change = self.get_or_404(request, change_id)

        def act(values: Any) -> str:
            four_eyes.withdraw(change_id, proposer=request.user, reason=values["reason"])  # type: ignore[arg-type]
            return reverse(_LIST)

        return self.act_page(
            request,
            form=ReasonForm(request.POST or None),
            title=f"Take back: {self.label(change)}",
            button="Take it back",
            act=act,
            done="Taken back.",
            beside=self.asked(change),
        )


def change_page(change: ChangeRequest) -> str:
    """Return the address of a change request's page."""
    return _url("change", change.pk)


def _url(name: str, change_id: uuid.UUID) -> str:
    return reverse(f"admin:governance_changerequest_{name}", args=[change_id])


def _roles(change: ChangeRequest) -> frozenset[StaffRole]:
    try:
        return four_eyes.kind_of(change.kind).roles
    except ChangeKindUnknown:
        return frozenset()
