"""`ClientRequestToken`: SDKs repeat it when they try again, and then get the first answer.

The same records as for REST's `Idempotency-Key` (`traffic.idempotency`); the names of the two cannot meet.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from django.db import Error as DatabaseError

from common import context
from common.errors import PlatformError
from recognition.rekognition.call import Call
from traffic import idempotency

logger = logging.getLogger(__name__)


def once(call: Call, run: Callable[[Call], dict[str, Any]]) -> bytes:
    """Run an operation, once for each token, and return its answer as JSON.

    An answer is kept when something was done; an error did nothing, so that the same call may be tried again.

    Raises:
        IdempotencyKeyReused: the token belongs to a call with other parameters.
        IdempotencyKeyInUse: the first call has not been answered yet.
        PolicyRefused: the answer that is kept may not be given any more.
    """
    token = call.parameters.get("ClientRequestToken")
    if token is None:
        return _json(run(call))
    asked = {name: value for name, value in call.parameters.items() if name != "ClientRequestToken"}
    fingerprint = idempotency.fingerprint_of(
        call.actor, method="rekognition", path=call.operation, fields=[("", _json(asked))]
    )
    # A space: no Idempotency-Key has one.
    held = idempotency.claim(f"rekognition {call.operation} {token}", actor=call.actor, fingerprint=fingerprint)
    if isinstance(held, idempotency.Answer):
        idempotency.allow_again(held, actor=call.actor)
        return held.body
    try:
        answer = _json(run(call))
    except BaseException:
        idempotency.give_back(held)
        raise
    try:
        idempotency.keep(held, answer=idempotency.Answer(200, {}, answer, context.current_decision_id()))
    except (DatabaseError, PlatformError):
        # What was asked has been done and committed; its answer must not be hidden by this.
        logger.exception("the answer of request %s could not be kept; its token lapses", context.current_request_id())
    return answer


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, allow_nan=False).encode()
