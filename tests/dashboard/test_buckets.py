"""Buckets on the pages: registered, tried and removed by managers; the log-in is never shown."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from common.vocabulary import TenantRole
from recognition.engines.fake import face_picture
from tests.dashboard.conftest import SignIn, text_of
from tests.recognition.object_store import answering
from tests.worlds import Player, World

SECRET = "of-nobodys-business"
SERVICE = "https://objects.example.test"  # as the settings of tests list it


def _form(**changes: str) -> dict[str, str]:
    return {
        "name": "family-photos",
        "endpoint": SERVICE,
        "region": "eu-west-1",
        "object_prefix": "albums/",
        "access_key_id": "AKIAREADER",
        "secret_access_key": SECRET,
        **changes,
    }


def _registered(member: Client, **changes: str) -> str:
    """Register a bucket; return the address of the page that tries it."""
    response = member.post("/buckets", _form(**changes))
    assert response.status_code == 302, text_of(response)
    return str(response["Location"])


def test_a_bucket_is_registered_tried_and_removed(member: Client, settings: Settings) -> None:
    answers = [b"no picture", face_picture(1)]

    def answer(handler: object) -> None:
        data = answers[-1]
        handler.send_response(200)  # type: ignore[attr-defined]
        handler.send_header("Content-Length", str(len(data)))  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]
        handler.wfile.write(data)  # type: ignore[attr-defined]

    with answering(answer) as (endpoint, asked):
        settings.CUSTOS_BUCKET_ENDPOINTS = (endpoint,)
        trial = _registered(member, endpoint=endpoint)
        read = member.post(trial, {"name": "anna 1.jpg"})
        answers.pop()
        unusable = member.post(trial, {"name": "notes.txt"})

    assert "It can be read: a picture of" in text_of(read)
    assert asked == ["/family-photos/albums/anna%201.jpg", "/family-photos/albums/notes.txt"]
    assert (unusable.status_code, "It can be read" in text_of(unusable)) == (422, False)
    listed = member.get("/buckets").content.decode()
    assert "AKIAREADER" in listed and SECRET not in listed
    silent = member.post(trial, {"name": "anna 1.jpg"})
    assert (silent.status_code, "cannot be read" in text_of(silent)) == (422, True)
    removal = trial.replace("/try", "/remove")
    assert "its objects are not touched" in text_of(member.get(removal))
    assert "The bucket is forgotten" in text_of(member.post(removal, {"sure": "1"}, follow=True))
    assert member.get(trial).status_code == 404


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "a"}, "Use 3 or more letters"),
        ({"bucket": "../other"}, "Use 3 or more letters"),
        ({"region": "EU WEST"}, "Use a–z, digits and - only."),
        ({"endpoint": "http://169.254.169.254"}, "is not one of the available choices"),
        ({"secret_access_key": "two words"}, "without spaces"),
    ],
)
def test_what_cannot_be_registered_says_why_beside_the_field(
    member: Client, changes: dict[str, str], words: str
) -> None:
    response = member.post("/buckets", _form(**changes))

    assert response.status_code == 422
    assert words in text_of(response)
    assert SECRET not in response.content.decode()


def test_a_name_is_taken_once(member: Client) -> None:
    _registered(member)

    response = member.post("/buckets", _form())

    assert response.status_code == 422
    assert "registered under this name already" in text_of(response)


def test_where_the_operator_lists_no_service_the_page_says_so(member: Client, settings: Settings) -> None:
    settings.CUSTOS_BUCKET_ENDPOINTS = ()

    page = member.get("/buckets")

    assert "lists no service" in text_of(page)
    assert re.search(r"<form[^>]+/buckets", page.content.decode()) is None


def test_only_managers_have_buckets_and_another_tenants_do_not_exist(
    alice: Player, world: World, member: Client, sign_in: SignIn
) -> None:
    trial = _registered(member)
    removal = trial.replace("/try", "/remove")
    developer, stranger = sign_in(alice, TenantRole.DEVELOPER), sign_in(world.mallory)

    for address in ("/buckets", trial, removal):
        assert developer.get(address).status_code == 403, address
    assert developer.post(trial, {"name": "x.jpg"}).status_code == developer.post(removal).status_code == 403
    assert stranger.post(trial, {"name": "x.jpg"}).status_code == stranger.post(removal).status_code == 404
    assert "family-photos" not in text_of(stranger.get("/buckets"))
