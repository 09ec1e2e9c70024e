"""The platform's own staff: seen by all of them, made and helped back in by two oversight members, shut out by one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from common.vocabulary import StaffRole
from governance import four_eyes, services
from governance.admin.changes import change_page
from governance.admin.pages import Link, ReadOnlyAdmin, require_role, role_of
from governance.forms import ReasonForm, StaffForm, StatementForm
from tenants.models import User

_RESET = "governance_staff_reset"
_SHUT_OUT = "governance_staff_deactivate"
_LET_IN = "governance_staff_reinstate"
_SECOND = "Ask for the second signature"
_ASKED = "Asked for. Another oversight member has to sign."


@admin.register(User)
class StaffAdmin(ReadOnlyAdmin):
    list_display = ("username", "staff_role", "is_active", "last_login")
    list_filter = ("staff_role", "is_active")
    fields = ("username", "email", "staff_role", "is_active", "last_login", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Members of tenants are no business of this page."""
        return super().get_queryset(request).exclude(staff_role="")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether the form is offered; two oversight members sign."""
        return role_of(request) == StaffRole.OVERSIGHT

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        acts = [("reset", self.reset, _RESET), ("deactivate", self.deactivate, _SHUT_OUT)]
        acts.append(("reinstate", self.reinstate, _LET_IN))
        own = [path(f"<uuid:user_id>/{act}/", view(page), name=name) for act, page, name in acts]
        return [*own, *super().get_urls()]

    def acts(self, request: HttpRequest, obj: Any) -> Sequence[Link]:
        if role_of(request) != StaffRole.OVERSIGHT or obj.pk == request.user.pk:
            return ()
        offered = [("Let in again", _LET_IN)]
        if obj.is_active:
            offered = [("Shut out", _SHUT_OUT), ("Reset the second factor", _RESET)]
        return tuple(Link(label, reverse(f"admin:{name}", args=[obj.pk])) for label, name in offered)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for a new member of staff."""
        require_role(request, StaffRole.OVERSIGHT)
        form = StaffForm(request.POST or None)

        def act(values: Any) -> str:
            payload = {name: values[name] for name in ("username", "email", "role")}
            return _propose("create_staff", payload, request=request, form=form)

        return self.act_page(
            request,
            form=form,
            title="Create a member of staff",
            intro="The person gets no password from anybody: a new one is asked for by the address, at the sign-in.",
            button=_SECOND,
            act=act,
            done=_ASKED,
        )

    def reset(self, request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
        """Ask for a member of staff's second factor to be taken away."""
        require_role(request, StaffRole.OVERSIGHT)
        person = self.get_or_404(request, user_id)
        form = StatementForm(request.POST or None)

        def act(values: Any) -> str:
            return _propose("reset_second_factor", {"user": str(person.pk)}, request=request, form=form)

        return self.act_page(
            request,
            form=form,
            title=f"Reset the second factor of {person.username}",
            intro="Make sure that it is the person who asks. A new one is set up at the next sign-in.",
            button=_SECOND,
            act=act,
            done=_ASKED,
        )

    def deactivate(self, request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
        """Shut a member of staff out, at once."""
        require_role(request, StaffRole.OVERSIGHT)
        person = self.get_or_404(request, user_id)

        def act(values: Any) -> str:
            user: Any = request.user
            services.deactivate_staff(person.pk, by=user, reason=values["reason"])
            return reverse("admin:tenants_user_change", args=[person.pk])

        return self.act_page(
            request,
            form=ReasonForm(request.POST or None),
            title=f"Shut out {person.username}",
            intro="Sessions end at once, and nothing that the person asked for can be signed. Two let them in again.",
            button="Shut out now",
            act=act,
            done="Shut out.",
        )

    def reinstate(self, request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
        """Ask for a member of staff to be let in again."""
        require_role(request, StaffRole.OVERSIGHT)
        person = self.get_or_404(request, user_id)
        form = StatementForm(request.POST or None)

        def act(values: Any) -> str:
            return _propose("reinstate_staff", {"user": str(person.pk)}, request=request, form=form)

        return self.act_page(
            request,
            form=form,
            title=f"Let {person.username} in again",
            intro="With a new password, asked for by mail, and a second factor set up at the first sign-in.",
            button=_SECOND,
            act=act,
            done=_ASKED,
        )


def _propose(slug: str, payload: dict[str, Any], *, request: HttpRequest, form: StatementForm) -> str:
    user: Any = request.user
    return change_page(four_eyes.propose(slug, payload, proposer=user, statement=form.statement))
