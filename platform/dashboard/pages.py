"""What every page shares: who asks, how errors are shown, and that nothing of an answer is kept by a browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, Final, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from common import context, problems
from common.context import Actor
from common.errors import InvalidRequest, NotFound, PlatformError, Unauthenticated
from governance.catalogue import CATALOGUE
from tenants.membership import actor_of

P = ParamSpec("P")
PersonView = Callable[Concatenate[HttpRequest, P], HttpResponse]
MemberView = Callable[Concatenate[HttpRequest, Actor, P], HttpResponse]

# Programs ask these; they get problem documents.
MACHINE_PATHS: Final = ("/v1/", "/health/")
# Pages below a section; those that are not here are sections themselves.
_SECTIONS: Final = {
    **dict.fromkeys(
        ("collection", "collection-delete", "collection-purpose-met", "enrol", "search", "face", "face-delete"),
        "collections",
    ),
    **dict.fromkeys(("persons", "person", "person-search", "person-enrol", "person-delete"), "collections"),
    **dict.fromkeys(("face-join", "person-face-remove", "engine", "engine-step"), "collections"),
    **dict.fromkeys(("job", "job-results", "job-cancel"), "jobs"),
    "evaluation": "evaluations",
    "decision": "decisions",
    "liveness": "detect",
    **dict.fromkeys(("purge", "purges", "complaint", "complaint-acknowledge", "disclosures"), "complaints"),
    "consents": "collections",
    **dict.fromkeys(("application", "application-appeal", "application-evidence-remove"), "applications"),
    **dict.fromkeys(
        ("case", "case-close", "case-disclosure", "case-erase", "authorisation-ratify", "authorisation-revoke"), "cases"
    ),
    **dict.fromkeys(("break-glass", "break-glass-confirm", "break-glass-close"), "cases"),
    **dict.fromkeys(("review", "review-judge"), "reviews"),
    **dict.fromkeys(("training", "training-revoke"), "members"),
    **dict.fromkeys(("member", "member-remove", "invitation-withdraw"), "members"),
    **dict.fromkeys(("organisation-delete", "organisation-keep"), "organisations"),
    **dict.fromkeys(("key-new", "key-rotate", "key-revoke", "buckets", "bucket-try", "bucket-remove"), "keys"),
}


def member_page(view: MemberView[P]) -> PersonView[P]:
    """Return a view for signed-in members: it gets the actor, and its errors become pages."""

    def as_member(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        return view(request, actor_of(request), *args, **kwargs)

    return person_page(cast("PersonView[P]", wraps(view)(as_member)))


def person_page(view: PersonView[P]) -> PersonView[P]:
    """Return a view for whoever is signed in, whose errors become pages.

    Whoever is not signed in is asked to, and comes back. Browsers keep nothing of the answer: it may be about people.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Unauthenticated:
            return redirect_to_login(request.get_full_path())
        except Exception as exception:
            error = problems.as_platform_error(exception)
            if error is None:
                raise
            return problem_page(request, error=error)

    return cast("PersonView[P]", never_cache(guarded))


def public_page(view: PersonView[P]) -> PersonView[P]:
    """Return a view for anybody, whose errors become pages."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except PlatformError as error:
            return problem_page(request, error=error)

    return cast("PersonView[P]", never_cache(guarded))


def problem_page(request: HttpRequest, *, error: PlatformError) -> HttpResponse:
    """Show an error: the same members as the problem document of the API, with the words of the rules that fired."""
    content = {
        "error": error,
        "rules": [{**rule, "title": _rule_title(rule["id"])} for rule in error.extra.get("rules", ())],
        "lacks_approval": any(rule["id"].startswith("VET-") for rule in error.extra.get("rules", ())),
        "decision_id": error.extra.get("decision_id"),
        "request_id": context.current_request_id(),
        "back": _came_from(request),
        # Who is signed in is asked of the database, which may be what is wrong.
        "is_bare": error.status >= HTTPStatus.INTERNAL_SERVER_ERROR,
    }
    response = show(request, "problem", content, status=error.status)
    if (retry_after := error.extra.get("retry_after")) is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def show(
    request: HttpRequest, name: str, content: dict[str, Any], *, partial: str | None = None, status: int = 200
) -> HttpResponse:
    """Render a page; to htmx only the part of it that changes.

    Args:
        request: the request, marked by django-htmx.
        name: of the page's template.
        content: the template's variables.
        partial: name of the part's template; None: the same as the page's.
        status: HTTP status.
    """
    is_partial = bool(getattr(request, "htmx", False))
    template = f"dashboard/partials/{partial or name}.html" if is_partial else f"dashboard/{name}.html"
    response = render(request, template, {"section": _section(request), **content}, status=status)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for URLs that no route serves (handler404): a problem document below /v1/, a page elsewhere."""
    if request.path.startswith(MACHINE_PATHS):
        return problems.not_found(request, exception)
    return problem_page(request, error=NotFound("There is no page at this address."))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for requests that Django itself refuses (handler400)."""
    if request.path.startswith(MACHINE_PATHS) or isinstance(exception, DisallowedHost):
        return problems.bad_request(request, exception)
    return problem_page(request, error=problems.as_platform_error(exception) or InvalidRequest())


def server_error(request: HttpRequest) -> HttpResponse | JsonResponse:
    """Answer for a bug (handler500): the request id is all that leaves; the log has the rest."""
    if request.path.startswith(MACHINE_PATHS):
        return problems.server_error(request)
    return problem_page(request, error=PlatformError())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer for a form that was sent without its token (CSRF_FAILURE_VIEW): most often it is only old."""
    return problem_page(request, error=FormExpired())


class FormExpired(PlatformError):
    """The form's token is missing or belongs to another session."""

    code = "form-expired"
    title = "The form has expired: load the page again and send it once more"
    status = 403


def _came_from(request: HttpRequest) -> str:
    """The page of ours that sent the request, for a form to be corrected; empty where that is unknown."""
    origin = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(origin, {request.get_host()}, require_https=request.is_secure())
    return origin if is_ours else ""


def _section(request: HttpRequest) -> str:
    """The part of the navigation that the page belongs to."""
    match = request.resolver_match
    name = (match.url_name or "") if match and match.app_name == "dashboard" else ""
    return _SECTIONS.get(name, name)


def _rule_title(rule_id: str) -> str:
    rule = CATALOGUE.get(rule_id)
    return rule.title if rule else ""
