"""Request middleware: request ids and the headers of the decision."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from common import context
from common.ids import new_id

_ACCEPTABLE_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")


class RequestContext:
    """Give each request an id, and say in the answer which decision it rests on, with its receipt."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-Id", "")
        request_id = offered if _ACCEPTABLE_REQUEST_ID.fullmatch(offered) else str(new_id())
        context.bind_request_id(request_id)
        context.bind_decision_id(None)
        context.bind_receipt("")
        response = self.get_response(request)
        response.headers["X-Request-Id"] = request_id
        decision_id = context.current_decision_id()
        if decision_id is not None:
            response.headers["Custos-Decision"] = str(decision_id)
            response.headers["Custos-Receipt"] = context.current_receipt()
        return response
