"""Finding the faces in a picture. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass

from common.context import Actor, tenant_scope
from common.vocabulary import Operation
from governance import gate
from recognition.engines.base import MAX_FACES
from recognition.services import engines
from recognition.services.examination import open_image
from recognition.services.results import FaceView
from recognition.services.turns import turn


@dataclass(frozen=True, slots=True)
class Detection:
    """Size of the upright image in pixels, and its faces, largest first."""

    width: int
    height: int
    faces: tuple[FaceView, ...]


def detect_faces(data: bytes, *, actor: Actor) -> Detection:
    """Return every face of a picture, up to 100.

    Raises:
        PolicyRefused: the policy does not allow it.
        ImageUnreadable, ImageTooLarge, ImageFormatUnsupported: see `recognition.images`.
    """
    engine = engines.default_engine()
    request = gate.AccessRequest(
        actor=actor,
        operation=Operation.DETECT,
        resource=gate.ResourceRef("image", None, actor.tenant_id),
        engine_version=engine.version,
        max_faces=MAX_FACES,
    )
    with gate.authorised(request) as admission:
        with turn():
            image = open_image(data)
            faces = engine.detect(image, permit=admission.permit, max_faces=MAX_FACES)
        with tenant_scope(actor.tenant_id):
            admission.complete(n_faces=len(faces))
    return Detection(image.width, image.height, tuple(map(FaceView, faces)))
