"""Which counts of a report are left out, so that no small one can be told: neither read nor worked out from others.

Leaving a small cell out is not enough where its neighbours and their sum are given: what is missing is the difference.
So the sums that a reader can know are written down as equations, and further cells are left out until no hidden cell is
the solution of any combination of them (complementary suppression; Willenborg and de Waal, Elements of Statistical
Disclosure Control, 2001, chapter 4). A reader is not told which of the hidden cells are small.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import Final

SMALLEST_CELL: Final = 5
# Hidden cells of one sum that are all small could be told from a small remainder.
SMALLEST_REMAINDER: Final = 2 * SMALLEST_CELL

Cell = tuple[str, str]
# The counts of the first cells add up to those of the second.
Equation = tuple[Collection[Cell], Collection[Cell]]


def hidden_cells(counts: Mapping[Cell, int], *, equations: Sequence[Equation]) -> frozenset[Cell]:
    """Return the cells to be left out.

    Args:
        counts: of every cell; those that are zero may be missing.
        equations: the sums that a reader knows; of cells that are there.
    """
    hidden = {cell for cell, count in counts.items() if 0 < count < SMALLEST_CELL}
    while (betrayed := _betrayed(hidden, counts=counts, equations=equations)) is not None:
        hidden.add(betrayed)
    return frozenset(hidden)


def solvable(hidden: Collection[Cell], *, equations: Sequence[Equation]) -> set[Cell]:
    """Return the hidden cells that some combination of the equations determines, whatever the counts are."""
    order = sorted(hidden)
    rows = _reduced([[_sign(cell, equation) for cell in order] for equation in equations])
    found = set()
    for row in rows:
        places = [place for place, value in enumerate(row) if value]
        if len(places) == 1:
            found.add(order[places[0]])
    return found


def _betrayed(hidden: set[Cell], *, counts: Mapping[Cell, int], equations: Sequence[Equation]) -> Cell | None:
    """Return a further cell that has to be left out, the smallest that helps; None when nothing can be worked out."""
    told = solvable(hidden, equations=equations)
    for left, right in equations:
        missing = hidden.intersection([*left, *right])
        is_one_sided = missing.isdisjoint(left) or missing.isdisjoint(right)
        is_small = is_one_sided and sum(counts[cell] for cell in missing) < SMALLEST_REMAINDER
        if missing and (is_small or not told.isdisjoint(missing)):
            given = [cell for cell in (*left, *right) if cell not in hidden and counts.get(cell)]
            if given:
                return min(given, key=lambda cell: (counts[cell], cell))
    return None


def _sign(cell: Cell, equation: Equation) -> Fraction:
    left, right = equation
    return Fraction((cell in left) - (cell in right))


def _reduced(rows: list[list[Fraction]]) -> list[list[Fraction]]:
    """Return the reduced row echelon form: a unit vector of the row space is one of its rows."""
    done: list[list[Fraction]] = []
    for place in range(len(rows[0]) if rows else 0):
        pivot = next((row for row in rows if row[place]), None)
        if pivot is None:
            continue
        rows = [row for row in rows if row is not pivot]
        pivot = [value / pivot[place] for value in pivot]
        rows = [_without(row, pivot, place) for row in rows]
        done = [_without(row, pivot, place) for row in done] + [pivot]
    return done


def _without(row: list[Fraction], pivot: list[Fraction], place: int) -> list[Fraction]:
    return [value - row[place] * other for value, other in zip(row, pivot, strict=True)]
