"""`S3Object` in a bucket that the tenant registered: a real service on the loopback, and some that misbehave."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from common.vocabulary import CustomerCategory, TenantRole
from config import env
from governance import services as governance
from governance.audit.models import AuditEntry
from recognition import buckets as reading
from recognition.engines.fake import face_picture
from recognition.models import Bucket, Collection
from recognition.services import buckets
from tests.people import make_member, sign_in
from tests.recognition.object_store import answering, endpoint
from tests.rekognition.conftest import GALLERY, Sdk
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, World

__all__ = ["endpoint"]

BUCKET = "pictures"
NAME = "albums/anna 1+2.jpg"


@pytest.fixture(autouse=True)
def offered(endpoint: str, settings: Settings) -> None:
    settings.CUSTOS_BUCKET_ENDPOINTS = (endpoint,)


@pytest.fixture(scope="module")
def store(endpoint: str) -> Iterator[Any]:
    """A bucket with a picture, through a client of its own."""
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **_pair("x", "x"))
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket=BUCKET, Key=f"mine/{NAME}", Body=face_picture(1, others=(2,)))
    client.put_object(Bucket=BUCKET, Key="of-somebody-else.jpg", Body=face_picture(3))
    yield client
    client.close()


def _pair(access_key_id: str, secret: str) -> dict[str, str]:
    return {"aws_access_key_id": access_key_id, "aws_secret_access_key": secret}


def _register(player: Player, endpoint: str, **changes: str) -> Bucket:
    stated = buckets.NewBucket(
        name="album-bucket",
        endpoint=endpoint,
        bucket=BUCKET,
        region="us-east-1",
        prefix="mine/",
        access_key_id="x",
        secret_access_key="x",
    )
    return buckets.register_bucket(player.actor, stated=replace(stated, **changes))


def _image(name: str = NAME, **further: str) -> dict[str, Any]:
    return {"S3Object": {"Bucket": "album-bucket", "Name": name, **further}}


def test_an_object_is_read_in_every_operation(
    sdk: Sdk, alice: Player, gallery: Collection, store: Any, endpoint: str
) -> None:
    _register(alice, endpoint)
    client, there = sdk(alice), {"CollectionId": GALLERY}

    assert len(client.detect_faces(Image=_image())["FaceDetails"]) == 2
    assert len(client.index_faces(**there, Image=_image())["FaceRecords"]) == 2
    assert len(client.compare_faces(SourceImage=_image(), TargetImage=_image())["FaceMatches"]) == 1
    assert len(client.search_faces_by_image(**there, Image=_image())["FaceMatches"]) == 1
    assert client.search_users_by_image(**there, Image=_image())["UserMatches"] == []


def test_the_reading_is_a_decision_of_its_own_about_the_bucket(
    sdk: Sdk, alice: Player, store: Any, endpoint: str
) -> None:
    bucket = _register(alice, endpoint)

    sdk(alice).detect_faces(Image=_image())

    with tenant_scope(alice.tenant.id):
        body = AuditEntry.objects.filter(kind="decision").order_by("-ins_id")[1].body
    entry = json.loads(bytes(body))
    assert (entry["action"], entry["resource"]) == ("read_result", {"type": "bucket", "id": str(bucket.id)})


def test_another_version_is_another_picture(sdk: Sdk, alice: Player, store: Any, endpoint: str) -> None:
    _register(alice, endpoint)
    first = store.put_object(Bucket=BUCKET, Key="mine/v.jpg", Body=face_picture(1))["VersionId"]
    store.put_object(Bucket=BUCKET, Key="mine/v.jpg", Body=face_picture(1, others=(2,)))
    client = sdk(alice)

    assert len(client.detect_faces(Image=_image("v.jpg"))["FaceDetails"]) == 2
    assert len(client.detect_faces(Image=_image("v.jpg", Version=first))["FaceDetails"]) == 1
    with pytest.raises(client.exceptions.InvalidS3ObjectException):
        client.detect_faces(Image=_image("v.jpg", Version="none-such"))


@pytest.mark.parametrize(
    "name",
    ["none-such.jpg", "../of-somebody-else.jpg", "of-somebody-else.jpg", "./a", "http://127.0.0.1/", "?versions", "#"],
)
def test_what_is_not_below_the_prefix_is_nowhere(sdk: Sdk, alice: Player, store: Any, endpoint: str, name: str) -> None:
    _register(alice, endpoint)
    client = sdk(alice)

    with pytest.raises(client.exceptions.InvalidS3ObjectException):
        client.detect_faces(Image=_image(name))


@pytest.mark.parametrize("changes", [{"bucket": "none-such"}, {"endpoint": "http://127.0.0.1:9"}])
def test_a_bucket_that_does_not_answer_is_an_object_that_is_nowhere(
    sdk: Sdk, alice: Player, store: Any, endpoint: str, settings: Settings, changes: dict[str, str]
) -> None:
    settings.CUSTOS_BUCKET_ENDPOINTS = (endpoint, "http://127.0.0.1:9")
    _register(alice, **{"endpoint": endpoint, **changes})
    client = sdk(alice)

    with pytest.raises(client.exceptions.InvalidS3ObjectException) as refused:
        client.detect_faces(Image=_image())

    assert "127.0.0.1" not in str(refused.value)


def test_a_member_of_the_request_that_is_missing_is_named(sdk: Sdk, alice: Player) -> None:
    client = sdk(alice)

    for s3_object in ({}, {"Bucket": "album-bucket"}, {"Name": NAME}):
        with pytest.raises(client.exceptions.InvalidParameterException, match="S3Object must have"):
            client.detect_faces(Image={"S3Object": s3_object})


def test_the_request_is_signed_with_the_tenants_own_log_in(
    sdk: Sdk, alice: Player, world: World, store: Any, endpoint: str
) -> None:
    iam = boto3.client("iam", endpoint_url=endpoint, region_name="us-east-1", **_pair("x", "x"))
    iam.create_user(UserName="reader")
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    iam.put_user_policy(UserName="reader", PolicyName="reads", PolicyDocument=policy)
    made = iam.create_access_key(UserName="reader")["AccessKey"]
    _register(alice, endpoint, access_key_id=made["AccessKeyId"], secret_access_key=made["SecretAccessKey"])
    _register(world.mallory, endpoint, access_key_id=made["AccessKeyId"], secret_access_key="another")
    mallory = sdk(world.mallory)

    _check_signatures(endpoint, after=0)
    try:
        assert len(sdk(alice).detect_faces(Image=_image())["FaceDetails"]) == 2
        with pytest.raises(mallory.exceptions.InvalidS3ObjectException):
            mallory.detect_faces(Image=_image())
    finally:
        _check_signatures(endpoint, after=10**9)


def _check_signatures(endpoint: str, *, after: int) -> None:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc)
    connection.request("POST", "/moto-api/reset-auth", body=str(after))
    assert connection.getresponse().status == 200
    connection.close()


def test_another_tenants_bucket_is_not_there(sdk: Sdk, world: World, store: Any, endpoint: str) -> None:
    bucket = _register(world.alice, endpoint)
    client = sdk(world.mallory)

    with pytest.raises(client.exceptions.InvalidS3ObjectException):
        client.detect_faces(Image=_image())
    assert world.mallory.client.delete(f"/v1/buckets/{bucket.id}").status_code == 404


def test_who_is_stopped_reads_nothing_and_the_service_is_not_asked(
    sdk: Sdk, make_player: PlayerFactory, impose: MoratoriumFactory, settings: Settings
) -> None:
    player = make_player(CustomerCategory.LAW_ENFORCEMENT)
    client = sdk(player)
    with answering(lambda handler: handler.send_error(404)) as (address, asked):
        settings.CUSTOS_BUCKET_ENDPOINTS = (address,)
        _register(player, address)
        impose(selector=governance.Selector(categories=[CustomerCategory.LAW_ENFORCEMENT]))

        with pytest.raises(client.exceptions.AccessDeniedException, match="MOR-001"):
            client.detect_faces(Image=_image())

    assert asked == []


def test_a_service_that_is_not_listed_any_more_is_not_asked(sdk: Sdk, alice: Player, settings: Settings) -> None:
    client = sdk(alice)
    with answering(lambda handler: handler.send_error(404)) as (address, asked):
        settings.CUSTOS_BUCKET_ENDPOINTS = (address,)
        _register(alice, address)
        settings.CUSTOS_BUCKET_ENDPOINTS = ()

        with pytest.raises(client.exceptions.InvalidS3ObjectException):
            client.detect_faces(Image=_image())

    assert asked == []


def test_a_redirect_is_not_followed(sdk: Sdk, alice: Player, settings: Settings) -> None:
    client = sdk(alice)

    def elsewhere(handler: Any) -> None:
        handler.send_response(307)
        handler.send_header("Location", "/elsewhere")
        handler.send_header("x-amz-bucket-region", "eu-west-1")
        handler.end_headers()

    with answering(elsewhere) as (address, asked):
        settings.CUSTOS_BUCKET_ENDPOINTS = (address,)
        _register(alice, address)
        with pytest.raises(client.exceptions.InvalidS3ObjectException):
            client.detect_faces(Image=_image())

    assert asked == [f"/{BUCKET}/mine/albums/anna%201%2B2.jpg"]


def test_what_is_too_long_is_refused_before_it_is_read(sdk: Sdk, alice: Player, settings: Settings) -> None:
    client = sdk(alice)
    sent: list[int] = []

    def announced(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(settings.CUSTOS_MAX_IMAGE_BYTES + 1))
        handler.end_headers()

    def endless(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        while len(sent) < 10_000:
            handler.wfile.write(b"\xff" * 65_536)
            sent.append(1)

    for answer in (announced, endless):
        with answering(_until_cut(answer)) as (address, _):
            settings.CUSTOS_BUCKET_ENDPOINTS = (address,)
            bucket = _register(alice, address)
            with pytest.raises(client.exceptions.ImageTooLargeException):
                client.detect_faces(Image=_image())
            buckets.remove_bucket(alice.actor, bucket_id=bucket.id)

    assert len(sent) < 1000


def test_what_comes_too_slowly_or_not_whole_is_nowhere(
    sdk: Sdk, alice: Player, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MOST_SECONDS", 0.2)
    client = sdk(alice)

    def slowly(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(1200):  # a minute, unless it is cut off
            handler.wfile.write(b"\xff")
            time.sleep(0.05)

    def in_part(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"\xff\xd8\xff")

    started = time.monotonic()
    for answer in (slowly, in_part):
        with answering(_until_cut(answer)) as (address, _):
            settings.CUSTOS_BUCKET_ENDPOINTS = (address,)
            bucket = _register(alice, address)
            with pytest.raises(client.exceptions.InvalidS3ObjectException):
                client.detect_faces(Image=_image())
            buckets.remove_bucket(alice.actor, bucket_id=bucket.id)
    assert time.monotonic() - started < 30


def _until_cut(answer: Any) -> Any:
    def write(handler: Any) -> None:
        try:
            answer(handler)
        except OSError:
            handler.close_connection = True

    return write


# --- registering ---


def _body(endpoint: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": "album-bucket",
        "endpoint": endpoint,
        "region": "us-east-1",
        "access_key_id": "x",
        "secret_access_key": "the secret of the bucket",
        **changes,
    }


def test_a_bucket_is_registered_listed_and_removed_and_its_secret_shown_to_nobody(alice: Player, endpoint: str) -> None:
    body = _body(endpoint, secret_access_key="the-secret-of-the-bucket")
    made = alice.client.post("/v1/buckets", body)
    listed = alice.client.get("/v1/buckets")

    assert (made.status_code, listed.json()["items"]) == (201, [made.json()])
    assert alice.client.post("/v1/buckets", body).json()["code"] == "bucket-exists"
    with tenant_scope(alice.tenant.id):
        kept = bytes(Bucket.objects.get().secret_access_key)
    log = alice.client.get("/v1/audit/export").content
    for seen in (made.content, listed.content, kept, log):
        assert b"the-secret-of-the-bucket" not in seen

    assert alice.client.delete(f"/v1/buckets/{made.json()['id']}").status_code == 204
    assert alice.client.get("/v1/buckets").json()["items"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "ab"},
        {"name": "a/b/c"},
        {"region": "eu_west"},
        {"secret_access_key": "with a space"},
        {"access_key_id": "line\nbreak"},
        {"endpoint": "https://169.254.169.254"},
        {"endpoint": "file:///etc/passwd"},
        {"bucket": "../../x"},
    ],
)
def test_what_the_operator_does_not_offer_or_is_malformed_is_not_registered(
    alice: Player, endpoint: str, changes: dict[str, str]
) -> None:
    body = {**_body(endpoint, secret_access_key="x"), **changes}

    assert alice.client.post("/v1/buckets", body).status_code == 400
    assert alice.client.get("/v1/buckets").json()["items"] == []


@pytest.mark.parametrize(
    ("role", "status"), [(TenantRole.ADMIN, 201), (TenantRole.DEVELOPER, 403), (TenantRole.VIEWER, 403)]
)
def test_managers_register_buckets(alice: Player, endpoint: str, role: TenantRole, status: int) -> None:
    client = sign_in(make_member(alice, role))

    body = _body(endpoint, secret_access_key="x")
    answer = client.post("/v1/buckets", body, content_type="application/json")

    assert answer.status_code == status


def test_without_a_service_on_the_list_there_are_no_buckets(alice: Player, endpoint: str, settings: Settings) -> None:
    settings.CUSTOS_BUCKET_ENDPOINTS = env.bucket_endpoints("none")

    answer = alice.client.post("/v1/buckets", _body(endpoint, secret_access_key="x"))

    assert answer.json()["code"] == "bucket-endpoint-not-offered"


def test_the_setting_lists_services_by_scheme_and_host() -> None:
    listed = (
        "https://s3.eu-west-1.example.test/, https://objects.example.test:9000,http://127.0.0.1:9000,http://[::1]:9"
    )

    assert env.bucket_endpoints(listed) == tuple(item.strip().rstrip("/") for item in listed.split(","))


@pytest.mark.parametrize(
    "url",
    ["http://objects.example.test", "http://10.0.0.1", "https://", "https://h/path", "https://u:p@h", "ftp://h", "h"],
)
def test_a_setting_that_lists_anything_else_stops_the_start(url: str) -> None:
    with pytest.raises(SystemExit):
        env.bucket_endpoints(url)
