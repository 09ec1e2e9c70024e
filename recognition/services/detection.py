"""Finding the faces in a picture. Nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.context import Actor, tenant_scope
from common.vocabulary import Operation
from governance import gate
from recognition.engines.base import MAX_FACES
from recognition.services import attributes, engines
from recognition.services.examination import open_image
from recognition.services.results import FaceView
from recognition.services.turns import turn


@dataclass(frozen=True, slots=True)
class Detection:
    """Size of the upright image in pixels, and its faces, largest first."""

    width: int
    height: int
    faces: tuple[FaceView, ...]


def detect_faces(data: bytes, *, actor: Actor, asked: Sequence[str] = ()) -> Detection:
    """Return every face of a picture, up to 100.

    Args:
        data: encoded picture; it is not kept.
        actor: who asks.
        asked: attributes to say of each face, some of `attributes.NAMES`; a use of its own before the gate.

    Raises:
        AttributesNotOffered: the engine does not say one of them.
        PolicyRefused: the policy does not allow it.
        ImageUnreadable, ImageTooLarge, ImageFormatUnsupported: see `recognition.images`.
    """
    engine = engines.default_engine()
    resource = gate.ResourceRef("image", None, actor.tenant_id)
    request = gate.AccessRequest(
        actor=actor,
        operation=Operation.DETECT,
        resource=resource,
        engine_version=engine.version,
        max_faces=MAX_FACES,
    )
    with (
        attributes.authorised(asked, actor=actor, engine=engine, resource=resource) as analysis,
        gate.authorised(request) as admission,
    ):
        with turn():
            image = open_image(data)
            faces = engine.detect(image, permit=admission.permit, max_faces=MAX_FACES)
            said = analysis.of(image, faces)
        with tenant_scope(actor.tenant_id):
            analysis.complete(n_faces=len(faces))
            admission.complete(n_faces=len(faces))
    views = (FaceView(face, attributes=each) for face, each in zip(faces, said, strict=True))
    return Detection(image.width, image.height, tuple(views))
