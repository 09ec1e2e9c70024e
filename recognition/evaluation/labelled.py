"""Templates of which it is known who is on them: what every evaluation starts from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Subjects = npt.NDArray[np.int64]

# Figures of fewer people are figures of those people: a group of one would be a search for its one member by name.
LEAST_PEOPLE: Final = 10
_UNIT_TOLERANCE: Final = 1e-2


class EvaluationDataInvalid(ValueError):
    """The data cannot be evaluated: the message says why, and names no subject."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Templates with their subjects.

    Attributes:
        vectors: float32 (n, d), rows of unit length.
        subjects: int64 (n,): who is on each; 0…s-1, every number used.
        groups: for each subject (s,) the name of its group, or the empty string where it is not known.
    """

    vectors: Vectors
    subjects: Subjects
    groups: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.vectors) != len(self.subjects):
            raise EvaluationDataInvalid("Every template needs a subject.")
        if len(np.unique(self.subjects)) != len(self.groups):
            raise EvaluationDataInvalid("Subjects must be numbered without gaps, each with a group.")
        if len(self.vectors) and np.abs(np.linalg.norm(self.vectors, axis=1) - 1.0).max() > _UNIT_TOLERANCE:
            raise EvaluationDataInvalid("Templates must have unit length.")

    @property
    def n_subjects(self) -> int:
        """How many different people there are."""
        return len(self.groups)

    def group_names(self) -> tuple[str, ...]:
        """Return the names of the groups of at least ten people, sorted; smaller ones are not told of."""
        sizes = Counter(name for name in self.groups if name)
        return tuple(sorted(name for name, size in sizes.items() if size >= LEAST_PEOPLE))

    def of_group(self, name: str) -> Labelled:
        """Return what belongs to one group."""
        return self.of_subjects(np.array([group == name for group in self.groups]))

    def of_subjects(self, chosen: npt.NDArray[np.bool_]) -> Labelled:
        """Return the templates of some subjects, numbered anew.

        Args:
            chosen: bool (s,).
        """
        rows = chosen[self.subjects]
        numbers = np.cumsum(chosen) - 1
        groups = tuple(group for group, is_chosen in zip(self.groups, chosen, strict=True) if is_chosen)
        return Labelled(self.vectors[rows], numbers[self.subjects[rows]].astype(np.int64), groups)


def require_crowd(data: Labelled) -> None:
    """Refuse data of so few people that its figures would speak of single ones.

    Raises:
        EvaluationDataInvalid: fewer than ten people.
    """
    if data.n_subjects < LEAST_PEOPLE:
        raise EvaluationDataInvalid(f"An evaluation needs faces of at least {LEAST_PEOPLE} people on each side.")
