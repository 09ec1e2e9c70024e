"""Enrolling the same picture again: what is stored of it already is found, so that nothing is stored twice."""

from __future__ import annotations

from collections.abc import Sequence

from recognition.engines.base import Box
from recognition.models import Collection, Face
from recognition.selectors import faces as selectors
from recognition.services.examination import Examined

# One detector finds a face of one picture in one place; runtimes differ in the last bits.
_SAME_PLACE = 0.001


def known_faces(examined: Examined, *, collection: Collection, external_id: str) -> list[Face | None]:
    """Return for each face to enrol the one that is stored of it, under this external id; in the open scope.

    A face that was deleted meanwhile is not stored any more, so it is None and may be enrolled anew.
    """
    same = selectors.list_in(collection).filter(
        external_id=external_id, image__collection_id=collection.id, image__digest=examined.picture.digest
    )
    rows = list(same.select_related("image", "person").order_by("id"))
    return [_at(detected.box, rows=rows) for detected, _ in examined.faces]


def _at(box: Box, *, rows: Sequence[Face]) -> Face | None:
    wanted = (box.left, box.top, box.width, box.height)
    for row in rows:
        stored = (row.box_left, row.box_top, row.box_width, row.box_height)
        if all(abs(a - b) < _SAME_PLACE for a, b in zip(wanted, stored, strict=True)):
            return row
    return None
