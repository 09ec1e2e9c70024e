"""The labelled faces of a collection, as evaluations take them: one external id is one person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from common.permits import Permit
from recognition.evaluation.labelled import Labelled
from recognition.models import Collection
from recognition.selectors import collections as collection_selectors
from recognition.selectors import faces as face_selectors
from recognition.services.references import gallery

# 18 million comparisons, over all and within groups: 8 s of one core, far from the limits of a task. Beyond, people are
# drawn.
MOST_TEMPLATES: Final = 6_000


@dataclass(frozen=True, slots=True)
class LabelledFaces:
    """Templates with their subjects.

    Attributes:
        data: what is evaluated.
        names: all external ids of the collection; never part of a report.
        unlabelled: faces without an external id, which are left out.
        drawn_from: labelled faces before people were drawn; as many as in `data` when all of them were taken.
    """

    data: Labelled
    names: frozenset[str]
    unlabelled: int
    drawn_from: int

    def counts(self) -> dict[str, int]:
        """Return what a report says about its data."""
        return {
            "templates": len(self.data.vectors),
            "subjects": self.data.n_subjects,
            "unlabelled": self.unlabelled,
            "drawn_from": self.drawn_from,
        }


def labelled_faces(collection: Collection, *, groups: Mapping[str, str], seed: int, permit: Permit) -> LabelledFaces:
    """Read the templates of all faces with an external id; of more than 6,000, those of people drawn at random.

    Raises:
        CollectionNotFound, GalleryBusy: see `GalleryIndex`.
    """
    ids, vectors = gallery.all_vectors(collection_selectors.gallery_of(collection), permit=permit)
    names = dict(face_selectors.list_in(collection).exclude(external_id="").values_list("id", "external_id"))
    rows = [row for row, face_id in enumerate(ids) if face_id in names]
    people = sorted({names[ids[row]] for row in rows})
    number_of = {person: number for number, person in enumerate(people)}
    subjects = np.array([number_of[names[ids[row]]] for row in rows], np.int64)
    data = Labelled(vectors[rows], subjects, tuple(groups.get(person, "") for person in people))
    return LabelledFaces(
        data.of_subjects(_draw(data, seed=seed)),
        frozenset(people),
        unlabelled=len(ids) - len(rows),
        drawn_from=len(rows),
    )


def _draw(data: Labelled, *, seed: int) -> npt.NDArray[np.bool_]:
    """Return which subjects to take, bool (s,): all, or so many that their templates stay within the limit."""
    sizes = np.bincount(data.subjects, minlength=data.n_subjects)
    order = np.random.default_rng(seed).permutation(data.n_subjects)
    taken = np.zeros(data.n_subjects, bool)
    taken[order[np.cumsum(sizes[order]) <= MOST_TEMPLATES]] = True
    return taken
