"""The chart of peers.py: wall seconds against lines, both in powers of ten, and the slope of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from results import Results

# Okabe and Ito's colours: told apart by those who see no red or no green. A mark of its own besides.
STYLES = {
    "clientier": ("#000000", "o"),
    "DuckDB by hand, all": ("#0072B2", "s"),
    "DuckDB by hand": ("#56B4E9", "s"),
    "openretailscience": ("#D55E00", "D"),
    "polars by hand": ("#009E73", "^"),
    "pandas by hand": ("#CC79A7", "v"),
    "PySpark by hand": ("#E69F00", "P"),
}
OTHER = ("#555555", "x")
CLOSEST = 0.042  # of the chart's height, between two labels
Points = list[tuple[int, float]]


def slope(points: Sequence[tuple[int, float]]) -> float | None:
    """Return k of seconds = c * lines^k, by least squares on logarithms; it takes two sizes."""
    if len(points) < 2:
        return None
    logs = [(math.log(lines), math.log(seconds)) for lines, seconds in points]
    x, y = (sum(values) / len(logs) for values in zip(*logs, strict=True))
    return sum((a - x) * (b - y) for a, b in logs) / sum((a - x) ** 2 for a, _ in logs)


def points_of(results: Results, name: str) -> Points:
    """Return lines and median wall seconds, smallest first, of the sizes that it did."""
    middles = [(lines, results.middle(name, lines, "wall")) for lines in results.sizes()]
    return [(lines, seconds) for lines, seconds in middles if seconds is not None]


def draw(results: Results, path: Path) -> None:
    """Write the chart: the same measurements give the same bytes."""
    settings = {"svg.hashsalt": "clientier", "svg.fonttype": "path", "font.size": 10}
    with mpl.rc_context(settings):
        figure = Figure(figsize=(9.5, 5.6), facecolor="white")
        axes = figure.add_axes((0.07, 0.1, 0.6, 0.8))
        lines_of = {name: points for name in results.names() if (points := points_of(results, name))}
        for name, points in lines_of.items():
            _plot(axes, name, points, whole=_is_whole(results, name))
        _word_axes(axes, results)
        _label(axes, lines_of, results)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=110)


def _is_whole(results: Results, name: str) -> bool:
    return any(run["name"] == name and run["does"] == "whole job" for run in results.runs)


def _plot(axes: Axes, name: str, points: Points, *, whole: bool) -> None:
    colour, mark = STYLES.get(name, OTHER)
    axes.plot(
        [lines for lines, _ in points],
        [seconds for _, seconds in points],
        color=colour,
        marker=mark,
        markersize=5.5,
        linewidth=2.2 if whole else 1.4,
        linestyle="-" if whole else (0, (4, 2)),
    )


def _word_axes(axes: Axes, results: Results) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    sizes = results.sizes()
    axes.set_xticks(sizes, [f"{lines / 1_000_000:g} M" for lines in sizes])
    axes.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    axes.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda seconds, _: f"{seconds:g} s"))
    axes.yaxis.set_minor_formatter(mpl.ticker.NullFormatter())
    axes.grid(which="major", color="#dddddd", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("lines of a CSV file")
    axes.set_title(
        "Wall seconds: whole job (solid), scores alone (dashed)\nk: seconds grow as lines$^k$, over all sizes",
        loc="left",
        fontsize=10.5,
    )


def _label(axes: Axes, lines_of: dict[str, Points], results: Results) -> None:
    """Write each name in a column at the right, at the height of its last point or as near as there is room."""
    axes.figure.canvas.draw()  # settles the limits that heights are measured by
    to_axes = axes.transScale + axes.transLimits
    most = max(points[-1][0] for points in lines_of.values())
    ends = {name: to_axes.transform(end)[1] for name, (*_, end) in lines_of.items() if end[0] == most}
    heights = _spread(ends)
    for name, points in lines_of.items():
        fitted = slope(points)
        words = _named(name, whole=_is_whole(results, name)) + (f"  k = {fitted:.2f}" if fitted else "")
        if name in heights:
            _write_beside(axes, words, points[-1], heights[name], STYLES.get(name, OTHER)[0])
        else:  # it gave up before the right edge
            axes.annotate(words, points[-1], (-6, 8), textcoords="offset points", ha="right", color="#111111")


def _write_beside(axes: Axes, words: str, end: tuple[int, float], height: float, colour: str) -> None:
    axes.annotate(
        words,
        xy=end,
        xytext=(1.06, height),
        textcoords="axes fraction",
        va="center",
        color="#111111",
        annotation_clip=False,
        arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.9, "shrinkA": 2, "shrinkB": 4},
    )


def _named(name: str, *, whole: bool) -> str:
    return f"{name.removesuffix(', all')}, {'whole job' if whole else 'scores'}"


def _spread(heights: dict[str, float]) -> dict[str, float]:
    """Move labels up until none touches another, then down together by half of what that took."""
    placed: dict[str, float] = {}
    least = -math.inf
    for name, height in sorted(heights.items(), key=lambda item: item[1]):
        placed[name] = least = max(height, least + CLOSEST)
    moved = max((placed[name] - heights[name] for name in placed), default=0.0)
    return {name: height - moved / 2 for name, height in placed.items()}
