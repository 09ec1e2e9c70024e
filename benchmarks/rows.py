"""The rows that every benchmark writes to `var/bench/<name>.json`; `met` is computed, never typed."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = REPOSITORY / "var" / "bench"
EXIT_DATA_MISSING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a value (or, with `of_ratio`, its ratio to the baseline) must reach."""

    at_least: float | None = None
    at_most: float | None = None
    of_ratio: bool = False

    def is_met(self, *, value: float, ratio: float | None) -> bool | None:
        measured = ratio if self.of_ratio else value
        if measured is None:
            return None
        low = self.at_least is None or measured >= self.at_least
        high = self.at_most is None or measured <= self.at_most
        return low and high

    def __str__(self) -> str:
        subject = "ratio" if self.of_ratio else "value"
        parts = [f"{subject} ≥ {self.at_least:g}" if self.at_least is not None else ""]
        parts.append(f"{subject} ≤ {self.at_most:g}" if self.at_most is not None else "")
        return " and ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured figure.

    Attributes:
        baseline: what it is compared with, in the same run; `ratio` is value over baseline.
        p50, p95: quantiles of the single measurements, in `unit`.
    """

    name: str
    value: float
    unit: str
    n: int
    p50: float | None = None
    p95: float | None = None
    baseline: str | None = None
    ratio: float | None = None
    goal: Goal | None = None
    data_digest: str | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None when there is none."""
        return self.goal.is_met(value=self.value, ratio=self.ratio) if self.goal else None


@dataclass(slots=True)
class Samples:
    """Durations in milliseconds."""

    milliseconds: list[float] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        return float(np.quantile(self.milliseconds, share))

    def row(self, name: str, *, baseline: tuple[str, float] | None = None, goal: Goal | None = None) -> Row:
        """Return the row of the median, with its ratio to a baseline's median."""
        p50 = self.quantile(0.5)
        return Row(
            name=name,
            value=p50,
            unit="ms",
            n=len(self.milliseconds),
            p50=p50,
            p95=self.quantile(0.95),
            baseline=baseline[0] if baseline else None,
            ratio=p50 / baseline[1] if baseline else None,
            goal=goal,
        )


def write(name: str, rows: Sequence[Row]) -> int:
    """Print the rows as a table and write them as JSON; return the exit code (0: every goal met, 1: one was not)."""
    for row in rows:
        verdict = {True: "met", False: "NOT met", None: ""}[row.met]
        ratio = f"{row.ratio:.3f} of {row.baseline}" if row.ratio is not None else ""
        print(f"{row.name:<52} {row.value:>11.4g} {row.unit:<8} {ratio:<44} {row.goal or ''!s:<28} {verdict}")
    common = {
        "command": " ".join(["python", *sys.argv]),
        "commit": _commit(),
        "machine": f"{platform.machine()} {os.cpu_count()} cores, {_processor()}",
    }
    content = [{**asdict(row), "goal": str(row.goal) if row.goal else None, "met": row.met, **common} for row in rows]
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
    return 1 if any(row.met is False for row in rows) else 0


def data_missing(sentence: str) -> int:
    """Say plainly which data are missing; return the exit code for it."""
    print(sentence, file=sys.stderr)
    return EXIT_DATA_MISSING


def _commit() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=REPOSITORY, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
