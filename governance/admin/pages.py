"""What every page of the administration shares: it shows, and each act has a form that calls a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from common.errors import PlatformError
from common.vocabulary import StaffRole


@dataclass(frozen=True, slots=True)
class Link:
    """A button of a page."""

    label: str
    url: str


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

    change_form_template = "admin/governance/change_form.html"

    def acts(self, request: HttpRequest, obj: Any) -> Sequence[Link]:
        """Return what this person may do with it; each link leads to a form."""
        return ()

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        context["acts"] = self.acts(request, obj) if obj is not None else ()
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_or_404(self, request: HttpRequest, object_id: object) -> Any:
        """Return a row that this person may see."""
        found = self.get_queryset(request).filter(pk=object_id).first()
        if found is None:
            raise Http404
        return found

    def act_page(
        self,
        request: HttpRequest,
        *,
        form: forms.Form,
        title: str,
        button: str,
        act: Callable[[Mapping[str, Any]], str],
        done: str,
        intro: str = "",
        template: str = "admin/governance/act.html",
        **content: Any,
    ) -> HttpResponse:
        """Show a form; sent and valid, call `act` with its values and go where that says."""
        if request.method == "POST" and form.is_valid():
            try:
                target = act(form.cleaned_data)
            except PlatformError as error:
                form.add_error(None, error.detail)
            else:
                messages.success(request, done)
                return redirect(target)
        return self.show_form(request, form=form, title=title, template=template, intro=intro, button=button, **content)

    def show_form(
        self, request: HttpRequest, *, form: forms.Form, title: str, template: str, **content: Any
    ) -> HttpResponse:
        """Show a form on a page of the administration."""
        content |= {**self.admin_site.each_context(request), "title": title, "opts": self.opts, "form": form}
        return TemplateResponse(request, template, content)


def role_of(request: HttpRequest) -> str:
    """Return the staff role of who asks."""
    return str(getattr(request.user, "staff_role", ""))


def require_role(request: HttpRequest, *roles: StaffRole) -> None:
    """Refuse the form to who could not use it anyway; the service decides."""
    if role_of(request) not in roles:
        raise PermissionDenied
