"""The curves of a report, as SVG or PNG. matplotlib is loaded by the first plot, not by importing this."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Format = Literal["svg", "png"]

_LEAST_RATE: Final = 1e-7
_COLOURS: Final = ("#1f6f8b", "#b0413e", "#5b8c3a", "#8a5aa8", "#c47f17", "#4a4a4a")
_SIZE_INCHES: Final = (6.4, 4.0)

Report = Mapping[str, Any]


def names_for(report: Report) -> tuple[str, ...]:
    """Return the names of the plots that this report has numbers for."""
    return tuple(name for name, (is_there, _) in _PLOTS.items() if is_there(report))


def draw(name: str, *, report: Report, file_format: Format = "svg") -> bytes:
    """Draw one plot.

    Args:
        name: one of `names_for(report)`.
        report: as `recognition.evaluation.report` makes it.
        file_format: `svg` or `png`.

    Raises:
        KeyError: there is no such plot of this report.
    """
    is_there, paint = _PLOTS[name]
    if not is_there(report):
        raise KeyError(name)
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # No figure manager and no display: an own figure for each plot is safe between threads. A fixed salt and no date
    # make the same report the same bytes.
    with mpl.rc_context({"svg.hashsalt": "custos", "svg.fonttype": "path", "font.size": 10}):
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.grid(visible=True, which="major", alpha=0.3)
        paint(axes, report)
        with io.BytesIO() as file:
            metadata = {"Date": None} if file_format == "svg" else {"Software": None}
            figure.savefig(file, format=file_format, metadata=metadata, dpi=150)
            return file.getvalue()


def _det(axes: Axes, report: Report) -> None:
    points = report["det"]
    floor = _LEAST_RATE
    axes.loglog(
        [max(point["fmr"], floor) for point in points],
        [max(point["fnmr"], 1e-4) for point in points],
        color=_COLOURS[0],
        label="all people",
    )
    for at in report["thresholds"]:
        if at["fmr"]["events"] and at["fnmr"]["value"]:
            axes.plot(at["fmr"]["value"], at["fnmr"]["value"], "o", color=_COLOURS[1])
            axes.annotate(
                f"{at['similarity']:g} %",
                (at["fmr"]["value"], at["fnmr"]["value"]),
                xytext=(6, 6),
                textcoords="offset points",
            )
    axes.set(xlabel="false match rate", ylabel="false non-match rate", title="Detection error trade-off")


def _calibration(axes: Axes, report: Report) -> None:
    points = report["calibration"]
    axes.semilogy(
        [p["similarity"] for p in points], [p["fmr"] for p in points], color=_COLOURS[0], label="promised by the scale"
    )
    beyond = [p for p in points if p["extrapolated"]]
    if beyond:
        axes.axvspan(beyond[0]["similarity"], 100, alpha=0.12, color=_COLOURS[5], label="beyond the measured data")
    measured = [at for at in report["thresholds"] if at["fmr"]["trials"]]
    for at in measured:
        low, high = (max(at["fmr"][end], _LEAST_RATE) for end in ("low", "high"))
        value = max(at["fmr"]["value"] or 0.0, low)
        axes.errorbar(
            at["similarity"],
            value,
            yerr=[[value - low], [max(0.0, high - value)]],
            fmt="o",
            color=_COLOURS[1],
            capsize=3,
        )
    axes.plot([], [], "o", color=_COLOURS[1], label="measured here, with its 95 % interval")
    axes.set(xlabel="similarity in per cent", ylabel="false match rate", title="What the per cent scale promises")
    axes.legend(loc="lower left")


def _searches(axes: Axes, report: Report) -> None:
    for number, similarity in enumerate(sorted({row["similarity"] for row in report["searches"]})):
        rows = [row for row in report["searches"] if row["similarity"] == similarity]
        sizes = [row["gallery_size"] for row in rows]
        colour = _COLOURS[number % len(_COLOURS)]
        axes.plot(sizes, [row["fpir"]["value"] for row in rows], "o-", color=colour, label=f"{similarity:g} %")
        axes.fill_between(
            sizes, [row["fpir"]["low"] for row in rows], [row["fpir"]["high"] for row in rows], alpha=0.12, color=colour
        )
        axes.plot(sizes, [row["predicted_fpir"] for row in rows], ":", color=colour)
    axes.set_xscale("log")
    axes.set(
        xlabel="people in the gallery",
        ylabel="false positive identification rate",
        title="Searches for people who are not there (dotted: predicted from the FMR)",
    )
    axes.legend(title="threshold")


def _groups(axes: Axes, report: Report) -> None:
    groups = report["groups"]
    width = 0.8 / len(groups)
    thresholds = [at["similarity"] for at in report["thresholds"]]
    for number, group in enumerate(groups):
        places = [index + number * width for index in range(len(thresholds))]
        values = [rates["fmr"]["value"] or 0.0 for rates in group["rates"]]
        low = [max(0.0, value - rates["fmr"]["low"]) for value, rates in zip(values, group["rates"], strict=True)]
        high = [max(0.0, rates["fmr"]["high"] - value) for value, rates in zip(values, group["rates"], strict=True)]
        axes.bar(
            places,
            [max(value, _LEAST_RATE) for value in values],
            width=width,
            yerr=[low, high],
            capsize=2,
            color=_COLOURS[number % len(_COLOURS)],
            label=f"{group['name']} ({group['n_subjects']:,} people)",
        )
    axes.set_yscale("log")
    axes.set_xticks([index + 0.4 - width / 2 for index in range(len(thresholds))], [f"{t:g} %" for t in thresholds])
    axes.set(xlabel="threshold", ylabel="false match rate", title="False matches among people of one group")
    axes.legend()


def _experiment(axes: Axes, report: Report) -> None:
    rows = report["experiment"]["thresholds"]
    similarities = [row["similarity"] for row in rows]
    axes.plot(similarities, [100 * row["fpir"]["value"] for row in rows], "o-", color=_COLOURS[0], label="all probes")
    axes.fill_between(
        similarities,
        [100 * row["fpir"]["low"] for row in rows],
        [100 * row["fpir"]["high"] for row in rows],
        alpha=0.15,
        color=_COLOURS[0],
    )
    for number, group in enumerate(rows[0]["by_group"], start=1):
        values = [100 * (row["by_group"][number - 1]["value"] or 0.0) for row in rows]
        axes.plot(similarities, values, "--", color=_COLOURS[number % len(_COLOURS)], label=group["name"])
    axes.set(
        xlabel="similarity threshold in per cent",
        ylabel="probes with a false candidate, per cent",
        title=f"Nobody of them is among the {report['experiment']['gallery_size']:,} faces searched",
    )
    axes.legend()


_PLOTS: Final[dict[str, tuple[Callable[[Report], bool], Callable[[Any, Report], None]]]] = {
    "det": (lambda report: bool(report.get("det")), _det),
    "calibration": (lambda report: bool(report.get("calibration")), _calibration),
    "searches": (lambda report: bool(report.get("searches")), _searches),
    "groups": (lambda report: len(report.get("groups", ())) > 1, _groups),
    "experiment": (lambda report: bool(report.get("experiment")), _experiment),
}
