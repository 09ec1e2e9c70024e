"""What is asked of the gate: who wants to do what with which resource, and what the operation knows about it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from common.context import Actor
from common.vocabulary import Operation

DEFAULT_THRESHOLD: Final = 80.0  # per cent; Rekognition's default for SearchFaces and CompareFaces


@dataclass(frozen=True, slots=True)
class ResourceRef:
    """What the request is about, as governance sees it: a kind and an id."""

    kind: str
    id: uuid.UUID | None
    tenant_id: uuid.UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """A question to the gate.

    Attributes:
        result_of: for READ_RESULT, the operation that made the result: reading is judged like making.
        threshold: similarity in per cent; None lets the gate choose the lowest that is allowed, at least the usual one.
        usual_threshold: what the operation uses where nothing asks for more.
        least_threshold: what the resource itself asks for at least, where the gate chooses.
        false_match_rate: the engine's calibration, from a similarity in per cent to the FMR of one comparison.
        gallery_size: references in the gallery, for the record and for size-aware floors.
        gallery_growth: references that an enrolment adds at least.
        engine_version: version of the engine that will be used; None when the operation uses none.
        attributes: names of the attributes of faces that are asked for.
        n_searches: searches that it makes, where they are counted: as many as a job has pictures when it is accepted,
            and none for its batches.
        probe: what is searched for, as `probe_of_picture` and its like name it; None: many, or nothing.
        subject: the tenant's own name of the person to be enrolled; empty: not named. Never recorded.
        collection_id: the collection whose content it is, where the resource is another thing: its suspension counts.
        meets: the obligations that who asks will carry out (rules with the effect `oblige`); others refuse.
        only_looks: an ADMINISTER that shows what there is and changes nothing, which every role of a member may.
        of_origin: the usage is not what the actor states but what the thing was made for; the binding of the key to
            purposes, end users and jurisdictions says nothing about that.
    """

    actor: Actor
    operation: Operation
    resource: ResourceRef
    result_of: Operation | None = None
    threshold: float | None = None
    usual_threshold: float = DEFAULT_THRESHOLD
    least_threshold: float | None = None
    false_match_rate: Callable[[float], float] | None = None
    gallery_size: int | None = None
    gallery_growth: int = 0
    engine_version: str | None = None
    max_faces: int | None = None
    attributes: tuple[str, ...] = ()
    n_searches: int = 1
    probe: str | None = None
    subject: str = ""
    collection_id: uuid.UUID | None = None
    only_looks: bool = False
    meets: tuple[str, ...] = ()
    of_origin: bool = False

    @property
    def gallery_id(self) -> uuid.UUID | None:
        """The collection concerned, whether it is the resource or stands beside it."""
        return self.collection_id or (self.resource.id if self.resource.kind == "collection" else None)


def probe_of_picture(sha256: str) -> str:
    """Name a probe by the digest of its picture."""
    return f"picture:{sha256}"


def probe_of_person(person_id: uuid.UUID) -> str:
    """Name a probe, or a candidate, by the person that it is."""
    return f"person:{person_id}"


def probe_of_face(face_id: uuid.UUID) -> str:
    """Name a probe, or a candidate, by the enrolled face that it is."""
    return f"face:{face_id}"
