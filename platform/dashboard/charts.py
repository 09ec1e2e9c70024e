"""Numbers as pictures: stacked bars in an inline SVG, without a script. The same numbers stand in a table beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 600
HEIGHT: Final = 160
_GAP: Final = 0.2  # of the room of a bar


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of a day's bar; `kind` names its pattern of colour and stroke in the style sheet."""

    kind: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars in a box of `WIDTH` by `HEIGHT`; `top` is the number that the full height stands for."""

    bars: tuple[Bar, ...]
    top: int
    width: int = WIDTH
    height: int = HEIGHT


def stacked_bars(columns: Sequence[Sequence[tuple[str, int]]]) -> Chart:
    """Stack the parts of each column, from the bottom up; parts of nothing are not drawn."""
    top = max((sum(number for _, number in column) for column in columns), default=0)
    room = WIDTH / max(len(columns), 1)
    bars = []
    for position, column in enumerate(columns):
        base = float(HEIGHT)
        for kind, number in column:
            if number:
                height = HEIGHT * number / top
                base -= height
                left = round((position + _GAP / 2) * room, 2)
                bars.append(Bar(kind, left, round(base, 2), round(room * (1 - _GAP), 2), round(height, 2)))
    return Chart(tuple(bars), top)
