"""The platform's own staff: seen by all of them, made and helped back in by two oversight members."""

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
from governance.admin.changes import change_page
from governance.admin.pages import Link, ReadOnlyAdmin, require_role, role_of
from governance.forms import StaffForm, StatementForm
from tenants.models import User

_RESET = "governance_staff_reset"


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
        reset = self.admin_site.admin_view(self.reset)
        return [path("<uuid:user_id>/reset/", reset, name=_RESET), *super().get_urls()]

    def acts(self, request: HttpRequest, obj: Any) -> Sequence[Link]:
        if role_of(request) != StaffRole.OVERSIGHT or obj.pk == request.user.pk or not obj.is_active:
            return ()
        return (Link("Reset the second factor", reverse(f"admin:{_RESET}", args=[obj.pk])),)

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
            button="Ask for the second signature",
            act=act,
            done="Asked for. Another oversight member has to sign.",
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
            button="Ask for the second signature",
            act=act,
            done="Asked for. Another oversight member has to sign.",
        )


def _propose(slug: str, payload: dict[str, Any], *, request: HttpRequest, form: StatementForm) -> str:
    user: Any = request.user
    return change_page(four_eyes.propose(slug, payload, proposer=user, statement=form.statement))
