"""The vetting officers' queue: what an organisation states, its evidence beside it, and what two officers decide."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from common.errors import NotFound, PlatformError
from common.vocabulary import StaffRole
from governance.admin.changes import change_page
from governance.admin.pages import Link, ReadOnlyAdmin, require_role, role_of
from governance.forms import AssignmentForm, ExpiryForm, QuestionForm, RefusalForm
from governance.vetting import assigning, deciding, evidence, selectors
from governance.vetting.content import differences
from governance.vetting.models import VettingApplication

_SECOND = "Sign, and ask for the second signature"
State = VettingApplication.State


@admin.register(VettingApplication)
class VettingApplicationAdmin(ReadOnlyAdmin):
    list_display = ("legal_name", "tenant", "state", "submitted_at", "decided_at", "officers")
    list_filter = ("state",)
    list_select_related = ("tenant",)
    ordering = ("submitted_at",)
    fields = (
        "tenant",
        "state",
        "submitted_at",
        "decided_at",
        "officers",
        "approval_id",
        "summary",
        "appeal",
        "message",
    )
    readonly_fields = ("officers", "summary")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Officers see what is assigned to them; oversight and auditors see everything that was submitted."""
        user: Any = request.user
        return selectors.visible_to(user).select_related("tenant")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        acts = {
            "begin": self.begin, "question": self.question, "approve": self.approve, "refuse": self.refuse,
            "assign": self.assign,
        }  # fmt: skip
        own = [path(f"<uuid:application_id>/{name}/", view(page), name=_name(name)) for name, page in acts.items()]
        document = path(
            "<uuid:application_id>/evidence/<uuid:evidence_id>/", view(self.document), name=_name("evidence")
        )
        return [*own, document, *super().get_urls()]

    def acts(self, request: HttpRequest, obj: Any) -> Sequence[Link]:
        if role_of(request) == StaffRole.OVERSIGHT:
            return (Link("Assign officers", _url("assign", obj.pk)),)
        if role_of(request) != StaffRole.OFFICER:
            return ()
        if obj.state in (State.SUBMITTED, State.APPEALED):
            return (Link("Begin the review", _url("begin", obj.pk)),)
        if obj.state != State.IN_REVIEW:
            return ()
        offered = (("approve", "Approve"), ("refuse", "Refuse"), ("question", "Ask for more information"))
        return tuple(Link(label, _url(name, obj.pk)) for name, label in offered)

    def officers(self, application: VettingApplication) -> str:
        return ", ".join(user.username for user in assigning.reviewers_of(application)) or "nobody"

    @admin.display(description="statements and evidence")
    def summary(self, application: VettingApplication) -> SafeString:
        before = selectors.last_approved(application)
        content = {
            "application": application,
            "statements": [(name.replace("_", " "), _lines(value)) for name, value in application.content().items()],
            "documents": selectors.evidence_of(application, using="officer"),
            "before": before,
            "differences": [(d.name, _lines(d.before), _lines(d.after)) for d in differences(before, application)],
            "reviews": selectors.reviews_of(application),
        }
        return SafeString(render_to_string("admin/governance/application.html", content))

    def begin(self, request: HttpRequest, application_id: uuid.UUID) -> HttpResponse:
        """Take it up."""

        def act(values: Any) -> str:
            deciding.begin_review(application_id, officer=_user(request))
            return _url("change", application_id)

        return self._act(
            request,
            application_id,
            form=forms.Form(request.POST or None),
            title="Begin the review",
            button="Begin",
            act=act,
            done="You review it now. The organisation cannot change it.",
        )

    def question(self, request: HttpRequest, application_id: uuid.UUID) -> HttpResponse:
        """Ask the organisation for more."""

        def act(values: Any) -> str:
            deciding.ask_for_more(application_id, officer=_user(request), message=values["message"])
            return _url("change", application_id)

        return self._act(
            request,
            application_id,
            form=QuestionForm(request.POST or None),
            title="Ask for more information",
            button="Send it back with this question",
            act=act,
            done="It is back with the organisation.",
        )

    def approve(self, request: HttpRequest, application_id: uuid.UUID) -> HttpResponse:
        """Sign an approval as the first officer."""
        form = ExpiryForm(request.POST or None)

        def act(values: Any) -> str:
            change = deciding.propose_approval(
                application_id,
                officer=_user(request),
                statement=form.statement,
                expires_at=values["expires_at"],
                gallery_cap=values["gallery_cap"],
                daily_searches=values["daily_searches"],
            )
            return change_page(change)

        return self._act(
            request, application_id, form=form, title="Approve", button=_SECOND, act=act, done="Signed by you."
        )

    def refuse(self, request: HttpRequest, application_id: uuid.UUID) -> HttpResponse:
        """Sign a refusal as the first officer."""
        form = RefusalForm(request.POST or None)

        def act(values: Any) -> str:
            change = deciding.propose_refusal(
                application_id, officer=_user(request), statement=form.statement, message=values["message"]
            )
            return change_page(change)

        return self._act(
            request, application_id, form=form, title="Refuse", button=_SECOND, act=act, done="Signed by you."
        )

    def assign(self, request: HttpRequest, application_id: uuid.UUID) -> HttpResponse:
        """Let an officer review it, or take it from one."""
        require_role(request, StaffRole.OVERSIGHT)
        application = self.get_or_404(request, application_id)

        def act(values: Any) -> str:
            change = assigning.assign if values["act"] == "assign" else assigning.unassign
            change(application, officer=values["officer"], by=_user(request))
            return _url("change", application_id)

        return self.act_page(
            request,
            form=AssignmentForm(request.POST or None),
            title=f"Officers of {application}",
            intro=f"It is assigned to {self.officers(application)}.",
            button="Save",
            act=act,
            done="Saved.",
        )

    def document(self, request: HttpRequest, application_id: uuid.UUID, evidence_id: uuid.UUID) -> HttpResponse:
        """Hand out a document, as a download: nothing of it runs in a page of ours."""
        try:
            found = evidence.read_evidence(_user(request), application_id=application_id, evidence_id=evidence_id)
        except NotFound as error:
            return HttpResponse(error.detail, status=404, content_type="text/plain")
        except PlatformError as error:
            raise PermissionDenied(error.detail) from error
        suffix = found.media_type.rpartition("/")[2]
        response = HttpResponse(found.data, content_type=found.media_type)
        response["Content-Disposition"] = f'attachment; filename="evidence-{evidence_id}.{suffix}"'
        response["Cache-Control"] = "no-store"
        return response

    def _act(self, request: HttpRequest, application_id: uuid.UUID, *, title: str, **page: Any) -> HttpResponse:
        require_role(request, StaffRole.OFFICER)
        application = self.get_or_404(request, application_id)
        return self.act_page(
            request, title=f"{title}: {application.legal_name}", beside=self.summary(application), **page
        )


def _lines(value: Any) -> list[str]:
    """A statement, line by line: a list has one for each of its members, an officer theirs."""
    if not isinstance(value, list):
        return str(value or "").splitlines()
    return [
        f"{entry['name']} ({entry['training']}, {entry['trained_on']})" if isinstance(entry, dict) else str(entry)
        for entry in value
    ]


def _user(request: HttpRequest) -> Any:
    return request.user


def _name(name: str) -> str:
    return f"vetting_vettingapplication_{name}"


def _url(name: str, application_id: uuid.UUID) -> str:
    return reverse(f"admin:{_name(name)}", args=[application_id])
