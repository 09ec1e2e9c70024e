"""A bad picture over HTTP: the right status and code, the failure in the log, nothing stored."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from common.context import tenant_scope
from governance.audit import selectors as log
from recognition.api.limits import BATCH_BODY_BYTES, JSON_BATCH_BODY_BYTES, BatchView
from recognition.engines.fake import face_picture
from recognition.models import Collection
from tests.recognition.conftest import GALLERY, Traces, reload, traces_of
from tests.recognition.drawings import bad_pictures, encoded, four_colours, sixteen_bit_png
from tests.worlds import Player

UNREADABLE = (422, "image-unreadable")
UNSUPPORTED = (415, "image-format-unsupported")
TOO_LARGE = (413, "image-too-large")
NO_FACE = (422, "no-face-found")

BAD: dict[str, tuple[int, str]] = {
    "empty": UNREADABLE,
    "text": UNSUPPORTED,
    "html": UNSUPPORTED,
    "svg": UNSUPPORTED,
    "bmp": UNSUPPORTED,
    "gif": UNSUPPORTED,
    "animated gif": UNSUPPORTED,
    "tiff": UNSUPPORTED,
    "riff that is no webp": UNSUPPORTED,
    "truncated png": UNREADABLE,
    "truncated jpeg": UNREADABLE,
    "truncated webp": UNREADABLE,
    "jpeg without its end": UNREADABLE,
    "png of nothing but a header": UNREADABLE,
    "jpeg of nothing but a header": UNREADABLE,
    "webp of nothing but a header": UNREADABLE,
    "png that ends within its first row": UNREADABLE,
    "png without pixels": UNREADABLE,
    "web page behind a jpeg's first bytes": UNREADABLE,
    "bomb of pixels": TOO_LARGE,
    "bomb of pixels that exist": TOO_LARGE,
    "bomb in a comment": UNREADABLE,
    "bomb in a colour profile": UNREADABLE,
    "30,000 wide and 3,000 high": TOO_LARGE,
    "20 MB": TOO_LARGE,
}
# Refused while the request is read, before there is anything to ask the gate for.
BEFORE_THE_GATE = {"20 MB"}

Send = Callable[[Player, str, bytes], HttpResponse]


def _as_json(player: Player, url: str, data: bytes) -> HttpResponse:
    return player.client.post(url, {"image": {"bytes": base64.b64encode(data).decode()}}, format="json")


def _as_upload(player: Player, url: str, data: bytes) -> HttpResponse:
    return player.client.post(url, {"image": _file(data)}, format="multipart")


def _file(data: bytes) -> SimpleUploadedFile:
    """A file whose name and type say that it is a fine picture; nobody may believe them."""
    return SimpleUploadedFile("portrait.jpg", data, "image/jpeg")


DETECT = "/v1/detect"
ENROL = f"/v1/collections/{GALLERY}/faces"
SEARCH = f"/v1/collections/{GALLERY}/search"
ROUTES = (DETECT, ENROL, SEARCH)


@pytest.fixture(scope="module")
def bad() -> dict[str, bytes]:
    return bad_pictures()


def test_every_kind_of_bad_picture_is_in_the_table(bad: dict[str, bytes]) -> None:
    assert set(BAD) == set(bad)


@pytest.mark.parametrize("name", BAD)
def test_it_is_refused_and_nothing_is_stored(
    alice: Player, gallery: Collection, home: Path, bad: dict[str, bytes], name: str
) -> None:
    status, code = BAD[name]
    for url in ROUTES:
        for send in (_as_upload, _as_json):
            response = send(alice, url, bad[name])

            problem = response.json()
            expected = _expected(name, send=send)
            assert (response.status_code, problem["code"]) == expected, (url, send.__name__, problem)
            assert response["Content-Type"] == "application/problem+json"
            assert problem["detail"] not in ("", problem["title"]) or code == "image-unreadable"
            _assert_that_the_log_says_so(alice, response, code=code, name=name)

    assert traces_of(alice) == Traces(collections=1, templates=0, faces=0, images=0, items=0)
    assert reload(gallery).face_count == 0
    assert [path for path in home.rglob("*") if path.is_file()] == []
    assert status in (413, 415, 422)


def _expected(name: str, *, send: Send) -> tuple[int, str]:
    """In base64, 20 MB are more than a body may have that holds one image."""
    if name == "20 MB" and send is _as_json:
        return 413, "request-body-too-large"
    return BAD[name]


def _assert_that_the_log_says_so(player: Player, response: HttpResponse, *, code: str, name: str) -> None:
    decision_id = response.headers.get("Custos-Decision")
    if decision_id is None:
        assert name in BEFORE_THE_GATE
        return
    with tenant_scope(player.tenant.id):
        outcome = log.get_outcome(player.tenant.id, decision_id=decision_id)
    assert outcome is not None
    assert outcome.content["outcome"] == {"status": "failed", "code": code}


@pytest.mark.parametrize("send", [_as_upload, _as_json])
@pytest.mark.parametrize("url", [ENROL, SEARCH])
def test_a_picture_of_nobody_is_refused_where_a_face_is_needed(
    alice: Player, gallery: Collection, blank_picture: bytes, url: str, send: Send
) -> None:
    response = send(alice, url, blank_picture)

    assert (response.status_code, response.json()["code"]) == NO_FACE
    assert traces_of(alice).images == 0


@pytest.mark.parametrize(
    "data",
    [
        encoded(four_colours(), "PNG"),
        encoded(four_colours()[:1, :1], "PNG"),
        sixteen_bit_png(four_colours().astype("uint16")),
    ],
    ids=["plain", "1x1", "16-bit"],
)
def test_a_picture_of_nobody_is_an_empty_answer_where_faces_are_asked_for(alice: Player, data: bytes) -> None:
    response = _as_upload(alice, DETECT, data)

    assert response.status_code == 200
    assert response.json()["faces"] == []


def test_a_body_of_too_many_bytes_is_refused_by_what_it_announces(alice: Player, gallery: Collection) -> None:
    """The bytes are never read, so they need not be there."""
    for url in (DETECT, ENROL, SEARCH, "/v1/compare", f"{ENROL}:batch", f"{ENROL}:delete", "/v1/collections"):
        response = alice.client.generic("POST", url, b"{}", content_type="application/json", CONTENT_LENGTH=str(10**9))
        assert (response.status_code, response.json()["code"]) == (413, "request-body-too-large"), url


@pytest.mark.parametrize("url", [f"{ENROL}:batch", f"/v1/collections/{GALLERY}/search:batch"])
def test_a_batch_in_json_is_held_in_memory_and_so_may_be_no_larger_than_this(
    alice: Player, gallery: Collection, url: str
) -> None:
    def announce(size: int, content_type: str) -> tuple[int, str]:
        response = alice.client.generic("POST", url, b"{}", content_type=content_type, CONTENT_LENGTH=str(size))
        return response.status_code, response.json()["code"]

    too_large = (413, "request-body-too-large")
    assert announce(JSON_BATCH_BODY_BYTES + 1, "application/json") == too_large
    assert announce(2, "application/json") == (400, "validation-failed")


@pytest.mark.parametrize(("form", "most"), [("json", JSON_BATCH_BODY_BYTES), ("multipart", BATCH_BODY_BYTES)])
def test_an_upload_may_be_larger_than_json(form: str, most: int) -> None:
    view = BatchView()
    view.request = Request(APIRequestFactory().post("/", {}, format=form))

    assert view.most_body_bytes == most


# what is sent in place of an image → status and code
WRONG_FORMS: dict[str, tuple[Any, int, str]] = {
    "text instead of an object": ("aGVsbG8=", 400, "validation-failed"),
    "no bytes": ({}, 400, "validation-failed"),
    "bytes and more": ({"bytes": "aGVsbG8=", "url": "https://example.org/a.jpg"}, 400, "validation-failed"),
    "bytes that are a number": ({"bytes": 5}, 400, "validation-failed"),
    "no base64": ({"bytes": "not base64!"}, 400, "validation-failed"),
    "base64 of another alphabet": ({"bytes": "_-8="}, 400, "validation-failed"),
    "not ascii": ({"bytes": "é"}, 400, "validation-failed"),
    "a stored image": ({"image_id": "0190d7a2-0000-7000-8000-000000000000"}, 404, "image-not-found"),
    "nothing": (None, 400, "validation-failed"),
}


@pytest.mark.parametrize("name", WRONG_FORMS)
def test_what_is_no_image_in_form_is_refused(alice: Player, gallery: Collection, name: str) -> None:
    image, status, code = WRONG_FORMS[name]

    for url in ROUTES:
        response = alice.client.post(url, {"image": image}, format="json")
        assert (response.status_code, response.json()["code"]) == (status, code), url
    batch = alice.client.post(f"{ENROL}:batch", {"images": [image]}, format="json")

    assert batch.status_code == status
    assert traces_of(alice).items == 0


def test_it_says_what_an_image_looks_like(alice: Player) -> None:
    response = alice.client.post(DETECT, {"image": "aGVsbG8="}, format="json")

    assert response.json()["errors"] == [
        {
            "pointer": "/image",
            "code": "form",
            "detail": 'An image is {"bytes": "<base64>"}, or {"image_id": "<id>"} for one that is kept.',
        }
    ]


def test_text_in_a_multipart_field_is_no_image(alice: Player) -> None:
    response = alice.client.post(DETECT, {"image": "a portrait"}, format="multipart")

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/image"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe"])
def test_a_body_that_is_no_json_object_is_refused(alice: Player, body: bytes) -> None:
    response = alice.client.generic("POST", DETECT, body, content_type="application/json")

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_another_content_type_is_refused(alice: Player) -> None:
    response = alice.client.generic("POST", DETECT, face_picture(1), content_type="image/png")

    assert (response.status_code, response.json()["code"]) == (415, "unsupported-media")


@pytest.mark.parametrize("url", ROUTES)
def test_a_field_that_is_not_known_is_refused(alice: Player, gallery: Collection, url: str) -> None:
    """A misspelt option must not silently become its default."""
    image = {"bytes": base64.b64encode(face_picture(1)).decode()}

    response = alice.client.post(url, {"image": image, "threshold_": 99}, format="json")

    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"pointer": "/threshold_", "code": "unknown", "detail": "This field is not known here."}
    ]
    assert traces_of(alice).images == 0


@pytest.mark.parametrize("name", ["\\ud800", "x\\udfff/y"])
def test_a_field_whose_name_is_no_text_is_refused_like_any_other(alice: Player, name: str) -> None:
    """Half a surrogate pair can be written in JSON, but not in UTF-8, and so not in the answer as it is."""
    body = f'{{"name": "album", "{name}": 1}}'.encode()

    response = alice.client.generic("POST", "/v1/collections", body, content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (400, "validation-failed")
    assert response.json()["errors"] == [
        {"pointer": f"/{name}", "code": "unknown", "detail": "This field is not known here."}
    ]


@pytest.mark.parametrize("value", ["\\ud800", "a \\udc00 b"])
def test_a_value_that_is_no_text_is_refused(alice: Player, value: str) -> None:
    for body in (
        f'{{"name": "{value}"}}',
        f'{{"name": "x", "description": "{value}"}}',
        f'{{"name": {{"{value}": 1}}}}',
    ):
        response = alice.client.generic("POST", "/v1/collections", body.encode(), content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (400, "validation-failed"), body
