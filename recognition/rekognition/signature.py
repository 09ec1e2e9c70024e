"""AWS Signature Version 4, the server's side: who sent this request, and over which headers and bytes they signed.

The signature is computed with botocore's own signer, over what was received. Nothing of a request is looked at or
answered before it has matched.

Source: AWS General Reference, "Signature Version 4 signing process".
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from common.context import Actor, ActorKind
from recognition.rekognition.faults import Fault
from tenants import selectors
from tenants.usage import usage_of

SERVICE: Final = "rekognition"
# AWS's own tolerance for most services. A request can be repeated within it: TLS and request tokens are against that.
SKEW_SECONDS: Final = 5 * 60

_AUTHORIZATION: Final = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<key>[A-Za-z0-9]{1,128})/(?P<day>[0-9]{8})/(?P<region>[a-z0-9-]{1,32})/"
    rf"{SERVICE}/aws4_request, *SignedHeaders=(?P<headers>[a-z0-9;_.-]{{1,4000}}),"
    r" *Signature=(?P<signature>[0-9a-f]{64})"
)
_DATE: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z")
# What decides on the meaning of a request.
_MUST_BE_SIGNED: Final = ("host", "x-amz-date", "x-amz-target")
_GOVERNANCE: Final = {
    "x-custos-purpose": "Custos-Purpose",
    "x-custos-on-behalf-of": "Custos-On-Behalf-Of",
    "x-custos-jurisdiction": "Custos-Jurisdiction",
    "x-custos-case": "Custos-Case",
}


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a request.

    Attributes:
        region: what the client calls the region; it is part of the names of resources, and nothing else.
    """

    actor: Actor
    region: str


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the Authorization header says."""

    access_key_id: str
    day: str
    region: str
    signed: tuple[str, ...]
    signature: str


def signer_of(headers: Mapping[str, str], *, path: str, body: Callable[[], bytes]) -> Signer:
    """Return who signed a POST request.

    Args:
        headers: as received; names in any case.
        path: with the query string, as received.
        body: reads the body, as received; only called for a live key.

    Raises:
        Fault: the signature is missing, malformed, expired or wrong; the key is unknown, expired or revoked; or a
            governance header is not signed.
        GovernanceHeaderInvalid: one is not short printable ASCII.
        SealBroken, PlatformKeyMissing: the key's secret cannot be opened.
    """
    received = {name.lower(): value for name, value in headers.items()}
    claim = _claim_of(received)
    date = _checked_date(received["x-amz-date"], day=claim.day)
    found = selectors.find_signing_key(claim.access_key_id)
    if found is None or not found[0].is_live or "x-amz-security-token" in received:
        # One answer for unknown, expired and revoked. Custos gives out no session tokens.
        raise Fault("UnrecognizedClientException", "The security token included in the request is invalid.")
    key, secret = found
    expected = _signature(claim, secret=secret, received=received, path=path, body=body(), date=date)
    if not hmac.compare_digest(expected, claim.signature):
        raise Fault(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your secret access"
            " key and signing method, and that a proxy before the server keeps the Host header as it was sent.",
        )
    usage = usage_of(_governance_headers(received, signed=claim.signed), defaults=key)
    return Signer(Actor(ActorKind.API_KEY, key.id, key.tenant_id, usage), claim.region)


def _claim_of(received: Mapping[str, str]) -> _Claim:
    header = received.get("authorization", "")
    if not header:
        raise Fault("MissingAuthenticationTokenException", "Request is missing Authentication Token")
    match = _AUTHORIZATION.fullmatch(header)
    if match is None:
        raise Fault(
            "IncompleteSignatureException", f"Authorization must be an AWS Signature Version 4 for {SERVICE!r}."
        )
    signed = tuple(match["headers"].split(";"))
    missing = [name for name in _MUST_BE_SIGNED if name not in signed]
    absent = [name for name in signed if name not in received]
    if missing or absent or list(signed) != sorted(set(signed)):
        raise Fault(
            "IncompleteSignatureException",
            f"SignedHeaders must be sorted, sent, and name {', '.join(_MUST_BE_SIGNED)}.",
        )
    return _Claim(match["key"], match["day"], match["region"], signed, match["signature"])


def _checked_date(text: str, *, day: str) -> str:
    if not _DATE.fullmatch(text) or not text.startswith(day):
        raise Fault(
            "IncompleteSignatureException", "X-Amz-Date must be like 20260302T091500Z, on the credential's day."
        )
    try:
        sent = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Fault("IncompleteSignatureException", "X-Amz-Date is no date.") from None
    if abs(sent.timestamp() - time.time()) > SKEW_SECONDS:
        raise Fault(
            "InvalidSignatureException",
            f"Signature expired: {text} is more than {SKEW_SECONDS // 60} min. from the server's clock.",
        )
    return text


def _signature(claim: _Claim, *, secret: str, received: Mapping[str, str], path: str, body: bytes, date: str) -> str:
    stated = received.get("x-amz-content-sha256")
    if stated is not None and stated != hashlib.sha256(body).hexdigest():  # also UNSIGNED-PAYLOAD, and streams
        raise Fault("InvalidSignatureException", "X-Amz-Content-SHA256 is not the SHA-256 of the body.")
    signer = SigV4Auth(Credentials(claim.access_key_id, secret), SERVICE, claim.region)
    # botocore always includes the body in what is signed when the scheme is http. The host is that of the header.
    request = AWSRequest(
        method="POST", url=f"http://host{path}", headers={name: received[name] for name in claim.signed}, data=body
    )
    request.context["timestamp"] = date
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signature: str = signer.signature(text, request)
    return signature


def _governance_headers(received: Mapping[str, str], *, signed: tuple[str, ...]) -> dict[str, str]:
    """Return the governance headers under their names; one that is unknown or not signed is no slip to pass over."""
    stated = [name for name in received if name.startswith(("x-custos-", "custos-"))]
    for name in stated:
        if name not in _GOVERNANCE or name not in signed:
            raise Fault(
                "IncompleteSignatureException",
                f"{name}: governance headers are {', '.join(_GOVERNANCE)}, and count only when they are signed.",
            )
    return {_GOVERNANCE[name]: received[name] for name in stated}
