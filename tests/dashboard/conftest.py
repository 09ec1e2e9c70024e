"""Fixtures of the pages: signed-in members, and what a page shows."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from common.vocabulary import TenantRole
from recognition.engines.fake import face_picture
from recognition.models import Collection
from recognition.services import collections
from tests import people
from tests.recognition.conftest import blank_picture, outbox
from tests.worlds import Player

__all__ = ["blank_picture", "outbox"]

GALLERY = "gallery"

SignIn = Callable[..., Client]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Settings) -> Path:
    """A home of its own, so that a test sees only its own staged files."""
    settings.CUSTOS_HOME = tmp_path
    return tmp_path


@pytest.fixture
def sign_in() -> SignIn:
    """Sign a new member of the player's tenant in, through the page."""

    def client_of(player: Player, role: TenantRole = TenantRole.OWNER) -> Client:
        return people.sign_in(people.make_member(player, role))

    return client_of


@pytest.fixture
def member(alice: Player, sign_in: SignIn) -> Client:
    """A browser in which an owner of Alice's tenant is signed in."""
    return sign_in(alice)


@pytest.fixture
def gallery(alice: Player) -> Collection:
    """Alice's empty collection."""
    return collections.create_collection(GALLERY, actor=alice.actor)


def upload(data: bytes | None = None, *, name: str = "picture.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, face_picture() if data is None else data, content_type="image/png")


def text_of(response: HttpResponse) -> str:
    """Return what a reader sees of a page, in one line."""
    body = re.sub(r"<(script|style|head)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())
