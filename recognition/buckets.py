"""Reading an object of an S3-compatible service: one signed GET, within limits of size and time.

No redirect is followed, no proxy used, and nothing is listed or written. What may be read, and whose it is, is decided
elsewhere (`services.buckets`).
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from urllib.parse import quote, urlencode

import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, HTTPClientError
from botocore.httpsession import URLLib3Session

from recognition.errors import BucketObjectUnreadable
from recognition.images import ImageTooLarge

logger = logging.getLogger(__name__)

_CONNECT_SECONDS: Final = 3
_READ_SECONDS: Final = 5
# For the whole of it: a service that sends a byte now and then must not hold a request up.
_MOST_SECONDS: Final = 15
_PIECE_BYTES: Final = 64 * 1024
_UNREADABLE: Final = "It is missing, it may not be read, or the service does not answer."


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket of a service, and the log-in for it. `endpoint` is scheme and host."""

    endpoint: str
    bucket: str
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)


def fetch(place: Place, *, key: str, version: str = "", most_bytes: int) -> bytes:
    """Return the bytes of an object.

    Args:
        place: where it is.
        key: its name in the bucket.
        version: of a bucket that keeps several; empty: the present one.
        most_bytes: checked against what is announced before anything is read, and while reading.

    Raises:
        BucketObjectUnreadable: there is none, the log-in may not read it, or the service does not answer in time.
        ImageTooLarge: it is longer.
    """
    if {".", ".."} & set(key.split("/")):
        # A service, or a proxy before it, may take these for steps and leave the prefix.
        raise BucketObjectUnreadable("Names of objects have no steps of a path.")
    deadline = time.monotonic() + _MOST_SECONDS
    with _answering(), _answer_of(_request(place, key=key, version=version)) as answer:
        if answer.status != 200:
            raise BucketObjectUnreadable(_UNREADABLE)
        announced = answer.headers.get("Content-Length", "0")
        if announced.isdecimal() and int(announced) > most_bytes:
            raise _too_large(most_bytes)
        data = _body(answer, most_bytes=most_bytes, deadline=deadline)
    if announced.isdecimal() and len(data) < int(announced):
        raise BucketObjectUnreadable(_UNREADABLE)
    return data


def _request(place: Place, *, key: str, version: str) -> AWSRequest:
    """Return the signed request; the bucket is in the path, which every such service understands."""
    url = f"{place.endpoint}/{place.bucket}/{quote(key, safe='/~')}"
    query = f"?{urlencode({'versionId': version})}" if version else ""
    request = AWSRequest(method="GET", url=url + query)
    S3SigV4Auth(Credentials(place.access_key_id, place.secret_access_key), "s3", place.region).add_auth(request)
    return request


@contextmanager
def _answer_of(request: AWSRequest) -> Iterator[urllib3.BaseHTTPResponse]:
    prepared = request.prepare()
    prepared.stream_output = True
    raw: Any = _session().send(prepared).raw
    try:
        yield raw
    finally:
        # Not given back to the pool: what is left of a body would have to be read for that.
        raw.close()


def _body(answer: urllib3.BaseHTTPResponse, *, most_bytes: int, deadline: float) -> bytes:
    pieces, length = [], 0
    while piece := answer.read1(_PIECE_BYTES):
        pieces.append(piece)
        length += len(piece)
        if length > most_bytes:
            raise _too_large(most_bytes)
        if time.monotonic() > deadline:
            raise BucketObjectUnreadable(_UNREADABLE)
    return b"".join(pieces)


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, HTTPClientError, urllib3.exceptions.HTTPError, OSError) as error:
        # The message names hosts and addresses: for the operator, not for the caller.
        logger.warning("a bucket does not answer: %s", error)
        raise BucketObjectUnreadable(_UNREADABLE) from error


def _too_large(most_bytes: int) -> ImageTooLarge:
    return ImageTooLarge(f"The object has more than the {most_bytes:,} bytes that are accepted.")


@cache
def _session() -> URLLib3Session:
    """Return the connections of this process; certificates are those that the machine trusts."""
    trusted = ssl.get_default_verify_paths().cafile or True
    return URLLib3Session(verify=trusted, timeout=(_CONNECT_SECONDS, _READ_SECONDS))
