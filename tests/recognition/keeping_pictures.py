"""What tests of kept pictures share: enrolling one, and what is on the disk and in the database of it."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

from django.db import connections

from common.context import tenant_scope
from recognition.models import StoredFile
from recognition.services import enrolment, keeping
from tests.recognition.conftest import GALLERY
from tests.worlds import Player


def enrol_picture(player: Player, data: bytes, *, collection: str = GALLERY) -> uuid.UUID:
    return enrolment.enrol_image(data, collection_name=collection, actor=player.actor).image_id


def files_of(home: Path) -> set[Path]:
    folder = home / "images"
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def path_of(player: Player, data: bytes) -> Path:
    digest = hashlib.sha256(data).hexdigest()
    return Path(str(player.tenant.id)) / digest[:2] / digest


def rows_of(player: Player) -> list[StoredFile]:
    with tenant_scope(player.tenant.id):
        return list(StoredFile.objects.all())


def age_files(seconds: float = keeping.GRACE_SECONDS + 1) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT tenant_id, id FROM custos_unused_files(-1, 1000)")
        for tenant_id, file_id in cursor.fetchall():
            with tenant_scope(tenant_id):
                cursor.execute(
                    "UPDATE recognition_storedfile SET unused_since = unused_since - make_interval(secs => %s)"
                    " WHERE id = %s",
                    [seconds, file_id],
                )
