"""Saying more of a face than where it is: a use of its own, with a decision of its own (`analyse_attributes`).

    with attributes.authorised(("all",), actor=actor, engine=engine, resource=…) as analysis:
        said = analysis.of(image, faces)          # one for each face, None where nothing was asked
        with tenant_scope(actor.tenant_id):
            analysis.complete(n_faces=len(faces))

Where nothing was asked, no decision is taken. Attributes are answered and never stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from common.context import Actor
from common.vocabulary import FaceAttribute, Operation
from governance import gate
from recognition.engines.attributes import ONLY_WHEN_NAMED, Attributes
from recognition.engines.base import DetectedFace, FaceEngine
from recognition.engines.errors import require_offered
from recognition.images import UprightImage

DEFAULT: Final = "default"
ALL: Final = "all"
NAMES: Final = (DEFAULT, ALL, *(attribute.value for attribute in FaceAttribute))


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was asked, and the permission for it; None: nothing was asked."""

    engine: FaceEngine
    wanted: frozenset[FaceAttribute]
    admission: gate.Admission | None

    def of(self, image: UprightImage, faces: Sequence[DetectedFace]) -> tuple[Attributes | None, ...]:
        """Return what was asked of each face.

        Raises:
            WeightsMissing, WeightsAltered, RuntimeUnusable: a model that it takes cannot be loaded.
        """
        if self.admission is None:
            return (None,) * len(faces)
        return self.engine.analyse(image, faces, wanted=self.wanted, permit=self.admission.permit)

    def complete(self, *, n_faces: int) -> None:
        """Write the outcome in the open transaction; before the outcome of the use that it belongs to."""
        if self.admission is not None:
            self.admission.complete(n_faces=n_faces)


@contextmanager
def authorised(
    names: Sequence[str], *, actor: Actor, engine: FaceEngine, resource: gate.ResourceRef
) -> Iterator[Analysis]:
    """Ask the gate for what these names mean, and run the block under its decision.

    Args:
        names: some of `NAMES`.
        actor: who asks.
        engine: whose models would say it.
        resource: what it is asked about.

    Raises:
        AttributesNotOffered: the engine does not say one of them.
        PolicyRefused: the policy does not allow it.
    """
    wanted = _meant(names, engine=engine)
    if not wanted:
        yield Analysis(engine, wanted, None)
        return
    request = gate.AccessRequest(
        actor=actor,
        operation=Operation.ANALYSE_ATTRIBUTES,
        resource=resource,
        engine_version=engine.attributes_version,
        attributes=tuple(sorted(wanted)),
    )
    with gate.authorised(request) as admission:
        yield Analysis(engine, wanted, admission)


def _meant(names: Sequence[str], *, engine: FaceEngine) -> frozenset[FaceAttribute]:
    wanted = frozenset(FaceAttribute(name) for name in names if name not in (DEFAULT, ALL))
    require_offered(wanted, offered=engine.attributes)
    return wanted | (engine.attributes - ONLY_WHEN_NAMED) if ALL in names else wanted
