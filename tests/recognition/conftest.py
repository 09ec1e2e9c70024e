"""Fixtures of recognition: a collection to work in, and messages that are kept instead of sent."""

from __future__ import annotations

import base64
import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connections
from PIL import Image as PillowImage
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from governance.audit.models import AuditEntry
from recognition import dispatch
from recognition.engines.base import Template
from recognition.engines.fake import face_picture
from recognition.models import Collection, Face, Image, Job, JobItem
from recognition.services import collections, enrolment
from recognition.services.enrolment import Submission
from tests.conftest import admin_connection
from tests.worlds import Player

GALLERY = "gallery"
NOT_A_PICTURE = b"this is not a photograph"


@dataclass(slots=True)
class Outbox:
    """The messages that would have gone to the broker."""

    messages: list[tuple[str, tuple[Any, ...], uuid.UUID]] = field(default_factory=list)

    def of(self, task: str) -> list[tuple[Any, ...]]:
        return [arguments for name, arguments, _ in self.messages if name == task]


@pytest.fixture(autouse=True)
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """Keep what is sent to the broker; everything up to the broker is real."""
    kept = Outbox()

    def send_task(task: str, *, args: tuple[Any, ...], headers: dict[str, str], **_: Any) -> None:
        kept.messages.append((task, args, uuid.UUID(headers["custos_tenant"])))

    monkeypatch.setattr(dispatch.current_app, "send_task", send_task)
    return kept


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Settings) -> Path:
    """A home of its own, so that a test sees only its own staged files."""
    settings.CUSTOS_HOME = tmp_path
    return tmp_path


@pytest.fixture
def gallery(alice: Player) -> Collection:
    """Alice's empty collection."""
    return collections.create_collection(GALLERY, actor=alice.actor)


@pytest.fixture
def album(alice: Player) -> Collection:
    """Alice's empty collection, which keeps pictures."""
    return collections.create_collection(GALLERY, actor=alice.actor, store_images=True)


@pytest.fixture(scope="session")
def blank_picture() -> bytes:
    """A picture with nobody on it."""
    with io.BytesIO() as file:
        PillowImage.new("RGB", (64, 48), (90, 90, 90)).save(file, "PNG")
        return file.getvalue()


def enrol(player: Player, *identities: int, external_id: str = "") -> list[uuid.UUID]:
    """Enrol one face for each identity, a picture each; return their ids."""
    return [
        face_id
        for identity in identities
        for face_id in enrolment.enrol_image(
            face_picture(identity), collection_name=GALLERY, actor=player.actor, external_id=external_id
        ).face_ids
    ]


def submit(player: Player, images: Sequence[bytes], **options: Any) -> Job:
    """Submit a job over Alice's collection; its images have the external ids image-0, image-1, …"""
    submissions = [Submission(data, f"image-{number}") for number, data in enumerate(images)]
    return enrolment.submit_job(submissions, collection_name=GALLERY, actor=player.actor, **options)


def in_json(data: bytes) -> dict[str, str]:
    """Return an image as a JSON body holds it."""
    return {"bytes": base64.b64encode(data).decode()}


def decided(player: Player, response: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the decision that an answer rests on, as the log has it, and its outcome."""
    with tenant_scope(player.tenant.id):
        decision = AuditEntry.objects.get(id=response["Custos-Decision"])
        outcome = AuditEntry.objects.get(decision_id=decision.id, kind="outcome")
    return decision.content, outcome.content["outcome"]


def pictures(count: int, *, first: int = 100) -> list[bytes]:
    return [face_picture(first + number) for number in range(count)]


def work_off(job: Job, outbox: Outbox) -> None:
    """Do what a worker would with the job's messages."""
    for job_id, first in outbox.of(dispatch.RUN_ENROLMENT_BATCH):
        if job_id == str(job.id):
            enrolment.run_batch(job.id, first=first, tenant_id=job.tenant_id)


def reload(row: Any) -> Any:
    """Return the row as the database has it now."""
    with tenant_scope(row.tenant_id):
        return type(row).objects.get(id=row.id)


def let_days_pass(player: Player, days: float) -> None:
    """Make everything that a tenant's collections and jobs hold so many days older, as the database's clock has it."""
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        for table in ("recognition_image", "recognition_face", "recognition_job"):
            admin.execute(
                f"UPDATE {table} SET created_at = created_at - make_interval(secs => %s) WHERE tenant_id = %s",
                [days * 86_400, player.tenant.id],
            )


@dataclass(frozen=True, slots=True)
class Traces:
    """How many rows a tenant has of each kind."""

    collections: int
    templates: int
    faces: int
    images: int
    items: int


def traces_of(player: Player) -> Traces:
    with tenant_scope(player.tenant.id):
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM recognition_template")
            (templates,) = cursor.fetchone()
        counts = [model.objects.count() for model in (Collection, Face, Image, JobItem)]
    return Traces(counts[0], templates, *counts[1:])


def random_templates(count: int, *, seed: int, engine_version: str = "fake@1", dimensions: int = 128) -> list[Template]:
    """Return unit vectors that stand for as many different people."""
    vectors = np.random.default_rng(seed).standard_normal((count, dimensions)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [Template(vector, engine_version) for vector in vectors]
