"""`/`: people get the front page, AWS SDKs post their calls. And the answers of last resort, in the words of either."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from dashboard import pages
from dashboard.views import home
from recognition.rekognition import endpoint as rekognition
from recognition.rekognition.faults import Fault


@method_decorator(csrf_exempt, name="dispatch")  # a signature of the whole request is more than a token
class FrontDoor(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return home.front(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        return rekognition.endpoint(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for requests that Django itself refuses (handler400)."""
    if _is_call(request):
        return rekognition.refusal(Fault("ValidationException", "The request is not valid; the host may be unknown."))
    return pages.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for a bug (handler500)."""
    return rekognition.failure() if _is_call(request) else pages.server_error(request)


def _is_call(request: HttpRequest) -> bool:
    return request.method == "POST" and request.path == "/"
