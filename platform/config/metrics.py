"""`/metrics`: how many requests, how fast, and what waits, in the text format of Prometheus (0.0.4).

Numbers of this process since its start, and of nobody in particular: no tenant, key or person is in them. Where several
web processes answer, each tells its own (label `process`). Off until the operator makes a token (`metrics_token` in the
keys folder), which a scraper sends as a bearer token.
"""

from __future__ import annotations

import hmac
import os
import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from governance.audit import staleness
from recognition.services import jobs
from traffic import metering
from traffic.middleware import operation_of_route

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PARTS: Final = ("sequencer", "witness")


class Measurements:
    """Counters of this process; safe to use from its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_progress = 0
        self._answered: Counter[tuple[str, str]] = Counter()
        self._at_most: Counter[tuple[str, int]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def began(self) -> None:
        with self._lock:
            self._in_progress += 1

    def ended(self, *, operation: str, status: int, seconds: float) -> None:
        """Count an answer; `operation` is a name of the API's, or what else it was."""
        with self._lock:
            self._in_progress -= 1
            self._answered[operation, f"{status // 100}xx"] += 1
            self._at_most[operation, bisect_left(_BOUNDS, seconds)] += 1
            self._seconds[operation] += seconds

    def lines(self) -> Iterator[str]:
        """Yield the lines that a scraper reads."""
        with self._lock:
            answered, at_most, seconds = dict(self._answered), Counter(self._at_most), dict(self._seconds)
            in_progress = self._in_progress
        yield from _head("custos_requests_in_progress", "gauge", "Requests that are being answered.")
        yield _line("custos_requests_in_progress", in_progress)
        yield from _head("custos_requests_total", "counter", "Answered requests.")
        for (operation, status), count in sorted(answered.items()):
            yield _line("custos_requests_total", count, operation=operation, status=status)
        yield from _head("custos_request_seconds", "histogram", "How long answers took.")
        for operation, total in sorted(seconds.items()):
            count = 0
            for number, bound in enumerate((*map(str, _BOUNDS), "+Inf")):
                count += at_most[operation, number]
                yield _line("custos_request_seconds_bucket", count, operation=operation, le=bound)
            yield _line("custos_request_seconds_sum", round(total, 6), operation=operation)
            yield _line("custos_request_seconds_count", count, operation=operation)


MEASUREMENTS: Final = Measurements()


class Measured:
    """Middleware: measures every request from the first to the last of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        MEASUREMENTS.began()
        began, status = time.monotonic(), 500
        try:
            response = self.get_response(request)
            status = metering.status_of(response)
            return response
        finally:
            operation = metering.operation_of(request) or operation_of_route(request) or "page"
            MEASUREMENTS.ended(operation=operation, status=status, seconds=time.monotonic() - began)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer a scraper that has the token; for everybody else there is nothing here."""
    token = settings.CUSTOS_METRICS_TOKEN
    offered = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(offered.encode(), token.encode()):
        raise Http404
    return HttpResponse("\n".join([*MEASUREMENTS.lines(), *_waiting(), ""]), content_type=CONTENT_TYPE)


def _waiting() -> Iterator[str]:
    """Yield what the database says of the whole instance."""
    yield from _head("custos_open_jobs", "gauge", "Jobs that are not done.")
    yield _line("custos_open_jobs", jobs.number_of_open_jobs())
    behind = staleness.stale_parts()
    yield from _head(
        "custos_audit_log_behind", "gauge", "1 while this part of the audit log's proof is late (AUD-002)."
    )
    for part in _PARTS:
        yield _line("custos_audit_log_behind", int(part in behind), part=part)


def _head(name: str, kind: str, sentence: str) -> Iterator[str]:
    yield f"# HELP {name} {sentence}"
    yield f"# TYPE {name} {kind}"


def _line(name: str, value: float, **labels: str) -> str:
    stated = {**labels, "process": str(os.getpid())}
    pairs = ",".join(f'{label}="{text}"' for label, text in stated.items())
    return f"{name}{{{pairs}}} {value}"
