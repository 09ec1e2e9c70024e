"""Suppression: what is left out of a report can be worked out by no combination of what is in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from governance.suppression import SMALLEST_CELL, SMALLEST_REMAINDER, Cell, Equation, hidden_cells, solvable

TOTAL: Cell = ("operations", "search: allow")


def _sum_of(title: str, counts: dict[Cell, int]) -> Equation:
    return [cell for cell in counts if cell[0] == title], [TOTAL]


def _cells(title: str, *numbers: int) -> dict[Cell, int]:
    return {(title, f"{place}"): number for place, number in enumerate(numbers)}


def test_a_small_cell_is_not_the_difference_of_the_sum_and_its_neighbours() -> None:
    counts = {TOTAL: 32, **_cells("purpose", 20, 10, 2)}

    hidden = hidden_cells(counts, equations=[_sum_of("purpose", counts)])

    assert hidden == {("purpose", "2"), ("purpose", "1")}, "its smallest neighbour goes, too"


def test_two_small_cells_are_not_told_by_a_small_remainder() -> None:
    counts = {TOTAL: 22, **_cells("purpose", 20, 1, 1)}

    assert ("purpose", "0") in hidden_cells(counts, equations=[_sum_of("purpose", counts)])


def test_a_sum_that_is_told_twice_betrays_nothing_through_the_other_table() -> None:
    counts = {TOTAL: 3, **_cells("purpose", 3), **_cells("category", 3)}
    equations = [_sum_of("purpose", counts), _sum_of("category", counts)]

    assert hidden_cells(counts, equations=equations) == set(counts)


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    counts = {TOTAL: 30, **_cells("purpose", 20, 10), **_cells("category", 25, 5)}

    assert hidden_cells(counts, equations=[_sum_of("purpose", counts), _sum_of("category", counts)]) == set()


@given(
    purposes=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    parts=st.integers(1, 5),
    others=st.lists(st.integers(1, 30), max_size=4),
)
def test_no_hidden_cell_can_be_worked_out(purposes: list[int], parts: int, others: list[int]) -> None:
    total = sum(purposes)
    categories = [total // parts] * (parts - 1)
    categories = [count for count in [*categories, total - sum(categories)] if count]
    operations = _cells("operations", *others)
    counts = {TOTAL: total, **operations, **_cells("purpose", *purposes), **_cells("category", *categories)}
    ends: Cell = ("ends", "succeeded")
    counts[ends] = total + sum(others)
    equations: list[Equation] = [
        _sum_of("purpose", counts),
        _sum_of("category", counts),
        ([TOTAL, *operations], [ends]),
    ]

    hidden = hidden_cells(counts, equations=equations)

    assert {cell for cell, count in counts.items() if count < SMALLEST_CELL} <= hidden
    for left, right in equations:
        missing = hidden & {*left, *right}
        is_told = not solvable(hidden, equations=equations).isdisjoint(missing)
        is_all = len(missing) == len([*left, *right])
        assert not is_told or is_all, "unless nothing of the sum is given at all"
        if missing and not is_all and (missing <= set(left) or missing <= set(right)):
            assert sum(counts[cell] for cell in missing) >= SMALLEST_REMAINDER
