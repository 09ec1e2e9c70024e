"""How large a form may be, by what it announces: refused before a byte of it is read."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from dashboard.pages import MACHINE_PATHS, problem_page
from recognition.api.limits import BATCH_BODY_BYTES
from recognition.errors import RequestBodyTooLarge


class FormLimit:
    """Refuse what no form of ours needs. Stands before the CSRF check, which reads the whole form.

    The routes of the REST API state limits of their own (`recognition.api.limits`). So does the endpoint of AWS SDKs at
    `/`, where there is no form.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        announced = request.META.get("CONTENT_LENGTH") or "0"
        is_form = request.path != "/" and not request.path.startswith(MACHINE_PATHS)
        if is_form and announced.isdecimal() and int(announced) > BATCH_BODY_BYTES:
            detail = f"The form has {int(announced):,} bytes; at most {BATCH_BODY_BYTES:,} are accepted."
            return problem_page(request, error=RequestBodyTooLarge(detail))
        return self.get_response(request)
