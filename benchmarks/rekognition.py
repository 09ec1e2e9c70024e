"""What Amazon's protocol and signature cost over the same operation by REST, through the web server.

    make bench-rekognition

One client on a connection that is kept open; REST and Rekognition in turn, so that a busy machine slows them alike. The
client signs before the clock starts. Both send their picture in base64, as JSON.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tqdm import tqdm

from benchmarks.instance import BenchTenant, bench_instance
from benchmarks.rows import Goal, Row, Samples, write
from benchmarks.web import picture_of_one_person, web_server

REPEATS = 200
WARM_UP = 20
MOST_MS = 3.0  # over REST
COLLECTION = "bench"


@dataclass(slots=True)
class Client:
    """A connection that is kept open; each request is made ready before it is timed."""

    connection: http.client.HTTPConnection
    tenant: BenchTenant

    def rest(self, method: str, path: str, content: Any) -> float:
        """Send a request with the bearer key; return its milliseconds."""
        body = b"" if content is None else json.dumps(content).encode()
        headers = {"Authorization": f"Bearer {self.tenant.token}", "Content-Type": "application/json"}
        return self._timed(method, path, body, headers)

    def sdk(self, operation: str, content: Any) -> float:
        """Send a signed call; return its milliseconds."""
        body = json.dumps(content).encode()
        date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "Host": f"{self.connection.host}:{self.connection.port}",
            "X-Amz-Date": date,
            "X-Amz-Target": f"RekognitionService.{operation}",
        }
        request = AWSRequest(method="POST", url=f"http://{headers['Host']}/", headers=headers, data=body)
        request.context["timestamp"] = date
        signer = SigV4Auth(Credentials(*self.tenant.pair), "rekognition", "us-east-1")
        signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
        names = signer.signed_headers(signer.headers_to_sign(request))
        authorization = (
            f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, Signature={signature}"
        )
        return self._timed("POST", "/", body, {**headers, "Authorization": authorization})

    def _timed(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> float:
        began = time.perf_counter()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        ended = time.perf_counter()
        if answer.status != 200:
            raise SystemExit(f"{method} {path} answered {answer.status}: {content[:300]!r}")
        return (ended - began) * 1000


def main() -> int:
    """Measure and write the rows."""
    with bench_instance() as tenant:
        from recognition.services import collections

        collections.create_collection(COLLECTION, actor=tenant.actor)
        with web_server() as address:
            connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=120)
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            rows = _measure(Client(connection, tenant))
    return write("rekognition", rows)


def _measure(client: Client) -> list[Row]:
    picture = {"bytes": base64.b64encode(picture_of_one_person()).decode()}
    collection = f"/v1/collections/{COLLECTION}"
    pairs = {
        "read a collection": (
            lambda: client.rest("GET", collection, None),
            lambda: client.sdk("DescribeCollection", {"CollectionId": COLLECTION}),
        ),
        "detect": (
            lambda: client.rest("POST", "/v1/detect", {"image": picture}),
            lambda: client.sdk("DetectFaces", {"Image": {"Bytes": picture["bytes"]}}),
        ),
        "search by image": (
            lambda: client.rest("POST", f"{collection}/search", {"image": picture}),
            lambda: client.sdk(
                "SearchFacesByImage", {"CollectionId": COLLECTION, "Image": {"Bytes": picture["bytes"]}}
            ),
        ),
    }
    rows: list[Row] = []
    for name, (rest, sdk) in pairs.items():
        by_rest, by_sdk, added = Samples(), Samples(), Samples()
        for turn in tqdm(range(WARM_UP + REPEATS), disable=None, desc=name, unit="pair"):
            # Who goes first changes, for who comes second may find something warm.
            first, second = (rest, sdk) if turn % 2 else (sdk, rest)
            times = {first: first(), second: second()}
            if turn >= WARM_UP:
                by_rest.milliseconds.append(times[rest])
                by_sdk.milliseconds.append(times[sdk])
                added.milliseconds.append(times[sdk] - times[rest])
        rows.append(by_rest.row(f"{name}, REST"))
        rows.append(by_sdk.row(f"{name}, Rekognition", baseline=("REST", by_rest.quantile(0.5))))
        rows.append(added.row(f"{name}, what the protocol adds to a pair", goal=Goal(at_most=MOST_MS)))
    return rows


if __name__ == "__main__":
    sys.exit(main())
