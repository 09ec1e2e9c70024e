"""The view that honours `Idempotency-Key` where its route says so (`documented(idempotent=True)`)."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator
from functools import partial
from typing import Any, Final, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import Error as DatabaseError
from django.http import HttpResponse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import context
from common.documentation import LONGEST_IDEMPOTENCY_KEY
from common.errors import PlatformError
from tenants.api.requests import actor_of
from traffic import idempotency
from traffic.errors import IdempotencyKeyInvalid
from traffic.idempotency import Answer, Claim

logger = logging.getLogger(__name__)

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_FORM: Final = re.compile(rf"[!-~]{{1,{LONGEST_IDEMPOTENCY_KEY}}}")
_KEPT_HEADERS: Final = ("Content-Type", "Location", "ETag")
# Nothing was done, and asking again may go better.
_NOT_KEPT: Final = frozenset({status.HTTP_403_FORBIDDEN, status.HTTP_429_TOO_MANY_REQUESTS})


class _Replayed(Exception):
    """Carries a kept answer past the handler."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class IdempotentView(APIView):
    """A view whose marked handlers run once for each key."""

    _claim: Claim | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, check and throttle; then claim the key, when there is one.

        Raises:
            IdempotencyKeyInvalid, IdempotencyKeyReused, IdempotencyKeyInUse: see `traffic.errors`.
        """
        super().initial(request, *args, **kwargs)
        key: str | None = request.headers.get(HEADER)
        if key is None or not getattr(getattr(self, (request.method or "").lower(), None), "idempotent", False):
            return
        if not _FORM.fullmatch(key):
            raise IdempotencyKeyInvalid
        actor = actor_of(request)
        fingerprint = idempotency.fingerprint_of(
            actor, method=request.method or "", path=request.get_full_path(), fields=_fields(request)
        )
        found = idempotency.claim(key, actor=actor, fingerprint=fingerprint)
        if isinstance(found, Answer):
            idempotency.allow_again(found, actor=actor)
            raise _Replayed(found)
        self._claim = found

    def handle_exception(self, exc: Exception) -> Response:
        """Give a kept answer again, byte for byte; leave every other error to the platform's handler."""
        if isinstance(exc, _Replayed):
            kept = exc.answer
            again = HttpResponse(kept.body, status=kept.status, headers={**kept.headers, REPLAYED: "true"})
            return cast(Response, again)  # DRF passes Django's own responses on as they are
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Keep the answer, once its bytes are known."""
        answered = super().finalize_response(request, response, *args, **kwargs)
        if self._claim is not None:
            answered.add_post_render_callback(partial(_settle, self._claim))
        return answered


def _settle(claim: Claim, response: HttpResponse) -> None:
    """Keep the answer or free the key. The operation has been committed: an error here must not hide its answer."""
    try:
        if response.status_code in _NOT_KEPT or response.status_code >= status.HTTP_500_INTERNAL_SERVER_ERROR:
            idempotency.give_back(claim)
            return
        headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
        answer = Answer(response.status_code, headers, response.content, context.current_decision_id())
        idempotency.keep(claim, answer=answer)
    except (DatabaseError, PlatformError):
        logger.exception("the answer of request %s could not be kept; its key lapses", context.current_request_id())


def _fields(request: Request) -> Iterator[tuple[str, bytes]]:
    """Return the body's fields in an order of their own. Multipart boundaries, which differ each time, are left out."""
    data = request.data
    if hasattr(data, "lists"):
        for name, values in sorted(data.lists()):
            for value in values:
                yield name, _digest_of(value) if isinstance(value, UploadedFile) else str(value).encode()
    elif data:
        yield "", json.dumps(data, sort_keys=True, separators=(",", ":")).encode()


def _digest_of(file: UploadedFile[bytes]) -> bytes:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return b"file" + digest.digest()
