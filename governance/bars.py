"""Geometry of the bars of a small chart, in the units of its drawing: no style, no script, the colour of the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from governance.audit.explorer import Volume

WIDTH: Final = 640
HEIGHT: Final = 120
GAP: Final = 2
ROW_WIDTH: Final = 300


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: place, size, how strongly it is drawn, and what it says."""

    x: float
    y: float
    width: float
    height: float
    opacity: float
    words: str


def bars(volumes: Sequence[Volume]) -> list[Bar]:
    """Return stacked bars, one stack an hour: decisions below, outcomes, events on top."""
    most = max((volume.total for volume in volumes), default=0) or 1
    step = WIDTH / max(len(volumes), 1)
    drawn = []
    for place, volume in enumerate(volumes):
        below = 0
        for name, count, opacity in (
            ("decisions", volume.decisions, 0.9),
            ("outcomes", volume.outcomes, 0.55),
            ("events", volume.events, 0.3),
        ):
            below += count
            if count:
                top = HEIGHT * (1 - below / most)
                words = f"{volume.hour:%Y-%m-%d %H:00}: {count} {name}"
                drawn.append(Bar(place * step, top, step - GAP, HEIGHT * count / most, opacity, words))
    return drawn


@dataclass(frozen=True, slots=True)
class Row:
    """Two counts of one label, and the widths of their bars."""

    label: str
    denied: int
    allowed: int
    denied_width: float
    allowed_width: float


def rows(denied: Mapping[str, int], allowed: Mapping[str, int], *, names: Mapping[str, str]) -> list[Row]:
    """Return a row for each label of either, the most changed first; `names` are words for labels that have some."""
    most = max([*denied.values(), *allowed.values(), 1])
    labels = sorted({*denied, *allowed}, key=lambda label: (-denied.get(label, 0) - allowed.get(label, 0), label))
    counts = ((names.get(label, label), denied.get(label, 0), allowed.get(label, 0)) for label in labels)
    return [Row(label, no, yes, ROW_WIDTH * no / most, ROW_WIDTH * yes / most) for label, no, yes in counts]
