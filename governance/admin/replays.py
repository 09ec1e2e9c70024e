"""Replays: what decisions would have been under candidate rules, with progress, a plot and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from common.vocabulary import StaffRole
from governance import four_eyes, replays
from governance.admin.changes import change_page
from governance.admin.pages import Link, ReadOnlyAdmin, require_role, role_of
from governance.bars import rows
from governance.models import PolicyReplay
from governance.proposal_forms import PublicationForm, ReplayForm
from tenants.models import Tenant

_PAGE = "admin:governance_policyreplay_change"
_PUBLISH = "governance_policyreplay_publish"
_CANCEL = "governance_policyreplay_cancel"
_SECONDS_BETWEEN_LOOKS = "3"


@admin.register(PolicyReplay)
class PolicyReplayAdmin(ReadOnlyAdmin):
    list_display = ("title", "days", "status", "requested_by", "requested_at", "finished_at")
    list_filter = ("status",)
    list_select_related = ("requested_by",)
    ordering = ("-requested_at",)
    fields = ("title", "days", "digest", "requested_by", "requested_at", "status", "problem", "finished_at")
    change_form_template = "admin/governance/replay.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether the form is offered; `request_replay` decides."""
        return role_of(request) == StaffRole.OVERSIGHT

    def get_urls(self) -> list[URLPattern]:
        publish = self.admin_site.admin_view(self.publish)
        cancel = self.admin_site.admin_view(self.cancel)
        return [
            path("<uuid:replay_id>/publish/", publish, name=_PUBLISH),
            path("<uuid:replay_id>/cancel/", cancel, name=_CANCEL),
            *super().get_urls(),
        ]

    def acts(self, request: HttpRequest, obj: Any) -> Sequence[Link]:
        if role_of(request) != StaffRole.OVERSIGHT:
            return ()
        if obj.finished_at is None:
            return (Link("Cancel", reverse(f"admin:{_CANCEL}", args=[obj.pk])),)
        if obj.status != PolicyReplay.Status.SUCCEEDED:
            return ()
        return (Link("Propose these rules", reverse(f"admin:{_PUBLISH}", args=[obj.pk])),)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for a replay."""
        require_role(request, StaffRole.OVERSIGHT)
        form = ReplayForm(request.POST or None)

        def act(values: Any) -> str:
            user: Any = request.user
            replay = replays.request_replay(
                title=values["title"], rules=form.rules, days=values["days"], requested_by=user
            )
            return reverse(_PAGE, args=[replay.pk])

        return self.act_page(
            request,
            form=form,
            title="Replay decisions",
            intro="What would the decisions of the last days have been under other rules? Asking changes nothing.",
            button="Replay",
            act=act,
            done="Asked for. This page shows how far it is.",
        )

    def cancel(self, request: HttpRequest, replay_id: Any) -> HttpResponse:
        """Stop it; one member of the oversight is enough, since a replay decides nothing."""
        require_role(request, StaffRole.OVERSIGHT)
        replay = self.get_or_404(request, replay_id)

        def act(values: Any) -> str:
            user: Any = request.user
            replays.cancel_replay(replay.pk, cancelled_by=user)
            return reverse(_PAGE, args=[replay.pk])

        return self.act_page(
            request,
            form=Form(request.POST or None),
            title=f"Cancel: {replay}",
            intro="It ends without a result. The same can be asked for again.",
            button="Cancel the replay",
            act=act,
            done="Cancelled.",
        )

    def publish(self, request: HttpRequest, replay_id: Any) -> HttpResponse:
        """Ask for the replayed rules to be put in force: a second member of the oversight signs."""
        require_role(request, StaffRole.OVERSIGHT)
        replay = self.get_or_404(request, replay_id)
        form = PublicationForm(request.POST or None)

        def act(values: Any) -> str:
            user: Any = request.user
            begins = values["effective_from"]
            payload = {
                "body": {"version": 1, "rules": replay.rules},
                "effective_from": begins.isoformat() if begins else None,
            }
            return change_page(four_eyes.propose("publish_policy", payload, proposer=user, statement=form.statement))

        return self.act_page(
            request,
            form=form,
            title=f"Propose: {replay}",
            button="Ask for the second signature",
            act=act,
            done="Asked for. Another person has to sign it.",
        )

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        context |= _shown(obj)
        response = super().render_change_form(request, context, add, change, form_url, obj)
        if obj.finished_at is None:
            response["Refresh"] = _SECONDS_BETWEEN_LOOKS
        return response


def _shown(replay: PolicyReplay) -> dict[str, Any]:
    """Return the result as tables: of each, its title, and rows with the counts and their bars."""
    if replay.result is None:
        return {"replay": replay}
    denied, allowed = replay.result["newly_denied"], replay.result["newly_allowed"]
    slugs = Tenant.objects.using("officer").filter(id__in={*denied["by_organisation"], *allowed["by_organisation"]})
    names = {str(tenant_id): slug for tenant_id, slug in slugs.values_list("id", "slug")}
    tables = [
        (title, rows(denied[member], allowed[member], names=names))
        for title, member in (("Rule", "by_rule"), ("Organisation", "by_organisation"), ("Purpose", "by_purpose"))
    ]
    return {"replay": replay, "tables": tables}
