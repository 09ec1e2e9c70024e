"""The moratorium console, suspensions, exemptions and approvals: stopping takes one person, resuming two."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from common.vocabulary import StaffRole
from governance import four_eyes, services
from governance.admin.changes import change_page
from governance.admin.pages import Link, ReadOnlyAdmin, require_role, role_of
from governance.forms import ExemptionForm, ExtensionForm, MoratoriumForm, ReasonForm, StatementForm, StopEverythingForm
from governance.models import Approval, Exemption, Moratorium, Suspension

_SECOND = "Ask for the second signature"
_ASKED = "Asked for. Another person has to sign it."


@admin.register(Moratorium)
class MoratoriumAdmin(ReadOnlyAdmin):
    list_display = ("id", "categories", "operations", "effective_from", "effective_until", "lifted_at")
    list_filter = ("lifted_at",)
    change_list_template = "admin/governance/moratoria.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether the form is offered; `impose_moratorium` decides."""
        return role_of(request) == StaffRole.OVERSIGHT

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("stop-everything/", view(self.stop_everything), name="governance_stop_everything"),
            path("<uuid:moratorium_id>/extend/", view(self.extend), name="governance_moratorium_extend"),
            path("<uuid:moratorium_id>/lift/", view(self.lift), name="governance_moratorium_lift"),
            path("<uuid:moratorium_id>/exempt/", view(self.exempt), name="governance_moratorium_exempt"),
        ]
        return [*own, *super().get_urls()]

    def acts(self, request: HttpRequest, obj: Any) -> Sequence[Link]:
        if obj.lifted_at is not None:
            return ()
        if role_of(request) == StaffRole.OVERSIGHT:
            offered = [("Ask for lifting", "lift")]
            if obj.effective_until is not None:
                offered.insert(0, ("Extend", "extend"))
            return tuple(
                Link(label, reverse(f"admin:governance_moratorium_{act}", args=[obj.pk])) for label, act in offered
            )
        if role_of(request) == StaffRole.OFFICER:
            return (Link("Exempt an organisation", reverse("admin:governance_moratorium_exempt", args=[obj.pk])),)
        return ()

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Impose a moratorium through its service; before that, show whom it would cut off."""
        require_role(request, StaffRole.OVERSIGHT)
        form = MoratoriumForm(request.POST or None)
        if "_preview" in request.POST and form.is_valid():
            preview = services.preview_moratorium(form.selector)
            return self.show_form(
                request,
                form=form,
                title="Impose a moratorium",
                template="admin/governance/impose.html",
                preview=preview,
            )

        def act(values: Any) -> str:
            imposed = services.impose_moratorium(
                selector=form.selector,
                reason=values["reason"],
                legal_source=values["legal_source"],
                effective_from=values["effective_from"],
                effective_until=values["effective_until"],
                imposed_by=request.user,  # type: ignore[arg-type]  # staff are `tenants.User`
            )
            return _moratorium_page(imposed)

        return self.act_page(
            request,
            form=form,
            title="Impose a moratorium",
            button="Impose the moratorium",
            act=act,
            done="The moratorium is imposed. What it stops is stopped from its beginning on.",
            template="admin/governance/impose.html",
        )

    def stop_everything(self, request: HttpRequest) -> HttpResponse:
        """The global switch: a moratorium over every use of every tenant, from this moment on."""
        require_role(request, StaffRole.OVERSIGHT)

        def act(values: Any) -> str:
            imposed = services.impose_moratorium(
                selector=services.Selector(),
                reason=values["reason"],
                legal_source=values["legal_source"],
                imposed_by=request.user,  # type: ignore[arg-type]  # staff are `tenants.User`
            )
            return _moratorium_page(imposed)

        return self.act_page(
            request,
            form=StopEverythingForm(request.POST or None),
            title="Stop everything",
            intro="Every use by every tenant stops. Rights stay: deleting, and reading one's own decisions.",
            button="Stop everything now",
            act=act,
            done="Everything is stopped.",
            preview=services.preview_moratorium(services.Selector()),
        )

    def extend(self, request: HttpRequest, moratorium_id: uuid.UUID) -> HttpResponse:
        """Let it end later, at once."""
        require_role(request, StaffRole.OVERSIGHT)
        moratorium = self.get_or_404(request, moratorium_id)

        def act(values: Any) -> str:
            user: Any = request.user
            until = values["effective_until"]
            return _moratorium_page(
                services.extend_moratorium(moratorium.pk, until=until, reason=values["reason"], by=user)
            )

        return self.act_page(
            request,
            form=ExtensionForm(request.POST or None),
            title=f"Extend {moratorium}",
            intro=f"It ends on {moratorium.effective_until:%Y-%m-%d at %H:%M} (UTC)."
            if moratorium.effective_until
            else "",
            button="Extend now",
            act=act,
            done="It ends later from this moment on.",
            why=moratorium.reason,
        )

    def lift(self, request: HttpRequest, moratorium_id: uuid.UUID) -> HttpResponse:
        """Ask for a moratorium to be lifted."""
        require_role(request, StaffRole.OVERSIGHT)
        moratorium = self.get_or_404(request, moratorium_id)
        form = StatementForm(request.POST or None)

        def act(values: Any) -> str:
            return _propose("lift_moratorium", {"moratorium": str(moratorium.pk)}, request=request, form=form)

        return self.act_page(
            request, form=form, title=f"Lift {moratorium}", button=_SECOND, act=act, done=_ASKED, why=moratorium.reason
        )

    def exempt(self, request: HttpRequest, moratorium_id: uuid.UUID) -> HttpResponse:
        """Ask for an exemption of one tenant."""
        require_role(request, StaffRole.OFFICER)
        moratorium = self.get_or_404(request, moratorium_id)
        form = ExemptionForm(request.POST or None)

        def act(values: Any) -> str:
            payload = {
                "moratorium": str(moratorium.pk),
                "tenant": str(values["tenant"].pk),
                "expires_at": values["expires_at"].isoformat(),
                **{name: sorted(values[name]) for name in ("purposes", "operations", "end_users")},
            }
            return _propose("grant_exemption", payload, request=request, form=form)

        return self.act_page(
            request, form=form, title=f"Exempt from {moratorium}", button=_SECOND, act=act, done=_ASKED
        )


@admin.register(Exemption)
class ExemptionAdmin(ReadOnlyAdmin):
    list_display = ("tenant", "purposes", "end_users", "expires_at", "revoked_at")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.revoke)
        return [path("<uuid:exemption_id>/revoke/", view, name="governance_exemption_revoke"), *super().get_urls()]

    def acts(self, request: HttpRequest, obj: Any) -> Sequence[Link]:
        if obj.revoked_at is not None or role_of(request) not in (StaffRole.OFFICER, StaffRole.OVERSIGHT):
            return ()
        return (Link("Revoke", reverse("admin:governance_exemption_revoke", args=[obj.pk])),)

    def revoke(self, request: HttpRequest, exemption_id: uuid.UUID) -> HttpResponse:
        """Take an exemption back, at once."""
        require_role(request, StaffRole.OFFICER, StaffRole.OVERSIGHT)
        exemption = self.get_or_404(request, exemption_id)

        def act(values: Any) -> str:
            user: Any = request.user
            services.revoke_exemption(exemption.pk, by=user, reason=values["reason"])
            return reverse("admin:governance_exemption_change", args=[exemption.pk])

        return self.act_page(
            request,
            form=ReasonForm(request.POST or None),
            title=f"Revoke {exemption}",
            intro="The moratorium holds for the tenant again from this moment on.",
            button="Revoke",
            act=act,
            done="Revoked.",
        )


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    list_display = ("tenant", "purposes", "operations", "expires_at", "revoked_at")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.revoke)
        return [path("<uuid:approval_id>/revoke/", view, name="governance_approval_revoke"), *super().get_urls()]

    def acts(self, request: HttpRequest, obj: Any) -> Sequence[Link]:
        if obj.revoked_at is not None or role_of(request) != StaffRole.OFFICER:
            return ()
        return (Link("Revoke", reverse("admin:governance_approval_revoke", args=[obj.pk])),)

    def revoke(self, request: HttpRequest, approval_id: uuid.UUID) -> HttpResponse:
        """Take an approval back, at once."""
        require_role(request, StaffRole.OFFICER)
        approval = self.get_or_404(request, approval_id)

        def act(values: Any) -> str:
            user: Any = request.user
            services.revoke_approval(approval, officer=user, reason=values["reason"])
            return reverse("admin:governance_approval_change", args=[approval.pk])

        return self.act_page(
            request,
            form=ReasonForm(request.POST or None),
            title=f"Revoke {approval}",
            intro="From this moment on the tenant may do nothing but exercise its rights.",
            button="Revoke",
            act=act,
            done="Revoked.",
        )


@admin.register(Suspension)
class SuspensionAdmin(ReadOnlyAdmin):
    list_display = ("tenant", "target", "imposed_at", "lifted_at")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.lift)
        return [path("<uuid:suspension_id>/lift/", view, name="governance_suspension_lift"), *super().get_urls()]

    def acts(self, request: HttpRequest, obj: Any) -> Sequence[Link]:
        if obj.lifted_at is not None or role_of(request) != StaffRole.OVERSIGHT:
            return ()
        return (Link("Ask for lifting", reverse("admin:governance_suspension_lift", args=[obj.pk])),)

    def lift(self, request: HttpRequest, suspension_id: uuid.UUID) -> HttpResponse:
        """Ask for a suspension to be lifted."""
        require_role(request, StaffRole.OVERSIGHT)
        suspension = self.get_or_404(request, suspension_id)
        form = StatementForm(request.POST or None)

        def act(values: Any) -> str:
            return _propose("lift_suspension", {"suspension": str(suspension.pk)}, request=request, form=form)

        return self.act_page(
            request, form=form, title=f"Lift {suspension}", button=_SECOND, act=act, done=_ASKED, why=suspension.reason
        )


def _moratorium_page(moratorium: Moratorium) -> str:
    return reverse("admin:governance_moratorium_change", args=[moratorium.pk])


def _propose(slug: str, payload: dict[str, Any], *, request: HttpRequest, form: StatementForm) -> str:
    user: Any = request.user
    return change_page(four_eyes.propose(slug, payload, proposer=user, statement=form.statement))
