"""`POST /` with `X-Amz-Target`: the signature, the parameters, the operation, and an answer in JSON 1.1.

Nothing is read of a request, and nothing told, before its signature has matched.
"""

from __future__ import annotations

import json
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

from common import context, problems
from common.errors import PlatformError
from recognition.rekognition import model, repeats, shapes, signature
from recognition.rekognition.arguments import number_of_images
from recognition.rekognition.call import Call
from recognition.rekognition.faults import INTERNAL, Fault, fault_of
from recognition.rekognition.operations import OPERATIONS
from traffic import allowances, metering

CONTENT_TYPE: Final = "application/x-amz-json-1.1"
_TARGET_PREFIX: Final = "RekognitionService."
# Two pictures of 5 MiB in base64, and the JSON around them.
MOST_BODY_BYTES: Final = 15 * 1024 * 1024


def endpoint(request: HttpRequest) -> HttpResponse:
    """Answer a call of an SDK."""
    name = request.headers.get("X-Amz-Target", "").removeprefix(_TARGET_PREFIX)
    try:
        return _response(_carry_out(request, name=name))
    except Fault as fault:
        return refusal(fault)
    except Exception as exception:
        error = problems.as_platform_error(exception)
        if error is None:
            raise
        response = refusal(fault_of(error, operation=name, known=model.errors_of(name)))
        metering.note_status(response, error.status)
        return response


def refusal(fault: Fault) -> HttpResponse:
    """Return the answer of a fault; older SDKs read its code from the body, newer ones from the header."""
    response = _response(json.dumps({"__type": fault.code, "message": fault.message}).encode(), status=fault.status)
    response.headers["x-amzn-ErrorType"] = fault.code
    return response


def failure() -> HttpResponse:
    """Return the answer to a call that met a bug: the request id is all that leaves; the log has the rest."""
    return refusal(Fault(INTERNAL, PlatformError.title, status=500))


def _response(body: bytes, *, status: int = 200) -> HttpResponse:
    headers = {"x-amzn-RequestId": context.current_request_id(), "Cache-Control": "no-store"}
    return HttpResponse(body, status=status, content_type=CONTENT_TYPE, headers=headers)


def _carry_out(request: HttpRequest, *, name: str) -> bytes:
    _check_size(request)
    signer = signature.signer_of(request.headers, path=request.get_full_path(), body=lambda: request.body)
    actor = signer.actor
    request.user = actor  # type: ignore[assignment]  # as REST's authentication does
    operation = model.operation(name) if request.headers["X-Amz-Target"].startswith(_TARGET_PREFIX) else None
    if operation is not None:
        metering.note_operation(request, f"rekognition.{name}")
    allowances.admit(actor)
    if operation is None:
        raise Fault("UnknownOperationException", "There is no such operation.")
    run = OPERATIONS.get(name)
    if run is None:
        raise Fault("AccessDeniedException", f"{name} is not offered here.")
    parameters = shapes.decode(operation.input_shape, _json_of(request))
    call = Call(name, actor, signer.region, parameters)
    if sent := number_of_images(call):
        metering.note_images(request, actor=actor, count=sent)
    return repeats.once(call, run)


def _check_size(request: HttpRequest) -> None:
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if not announced.isdecimal() or int(announced) > MOST_BODY_BYTES:
        message = f"At most {MOST_BODY_BYTES:,} bytes are accepted."
        raise Fault("RequestEntityTooLargeException", message, status=413)


def _json_of(request: HttpRequest) -> Any:
    if request.content_type != CONTENT_TYPE:
        raise Fault("SerializationException", f"The Content-Type must be {CONTENT_TYPE}.")
    try:
        return json.loads(request.body or b"{}", parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Fault("SerializationException", "The body is no JSON object.") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"JSON has no {constant}")
