"""Write the tables of docs/benchmarks.md and its chart from the measurements alone.

python benchmarks/rendering.py RESULTS_JSON DOCS_FOLDER
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from chart import draw, points_of, slope
from results import FIGURES, Results

PEERS = "<!-- peers: written by benchmarks/peers.py -->", "<!-- peers end -->"
WORKERS = "<!-- workers: written by benchmarks/peers.py --render -->", "<!-- workers end -->"
CHART = "benchmarks.svg"
FROM = 10_000_000  # lines; from there the seconds that starting takes hardly count


def main() -> None:
    """Put the tables between the marks; nothing else of the page is touched."""
    results, docs = Results.read(Path(sys.argv[1])), Path(sys.argv[2])
    page = docs / "benchmarks.md"
    text = page.read_text(encoding="utf-8")
    text = _between(PEERS, text, tables(results))
    workers = results.path.with_name("spark_workers.json")
    if workers.exists():
        text = _between(WORKERS, text, speed_up(json.loads(workers.read_text(encoding="utf-8"))))
    page.write_text(text, encoding="utf-8")
    draw(results, docs / CHART)


def _between(marks: tuple[str, str], text: str, section: str) -> str:
    begin, end = marks
    return re.sub(
        f"{re.escape(begin)}.*{re.escape(end)}", lambda _: f"{begin}\n\n{section}\n\n{end}", text, flags=re.S
    )


def speed_up(told: dict[str, Any]) -> str:
    """Return what two workers took against one, round by round."""
    rows = [
        [str(number), f"{took['workers_1']:.1f}", f"{took['workers_2']:.1f}"]
        for number, took in enumerate(told["wall_seconds"], start=1)
    ]
    table = _table([f"{_million(told['lines'])}, round", "one worker, wall s", "two, wall s"], rows, left=1)
    return f"{table}\n\nTwo are {told['speed_up']:.2f} times as fast as one (the median of the ratios of a round)."


def tables(results: Results) -> str:
    """Return everything between the marks."""
    machine = results.machine
    parts = [
        f"{machine['cores']} cores, {machine['memory_gb']} GB of memory, {machine['system']}, Python {machine['python']}. "
        f"Medians; {_rounds(results)}.",
        _versions(results),
        f"![Wall seconds against lines, one line for each program]({CHART})",
        "Wall seconds (k: seconds grow as lines^k):\n\n" + _walls(results),
        "clientier's whole job / the other, wall (the median of the ratios of a round):\n\n"
        + _ratios(results),
        "CPU seconds:\n\n" + _figures(results, "cpu", lambda seconds: f"{seconds:,.1f}"),
        "Peak MB of the largest process:\n\n" + _figures(results, "peak", lambda peak: f"{peak:,.0f}"),
        _skipped(results),
        "Customers whose figures are not clientier's, at the largest size that each did:\n\n"
        + _agreement(results),
    ]
    return "\n\n".join(part for part in parts if part)


def _rounds(results: Results) -> str:
    numbers = {
        lines: max(run["round"] for run in results.runs if run["lines"] == lines) + 1
        for lines in results.sizes()
    }
    return "rounds: " + ", ".join(f"{number} at {_million(lines)}" for lines, number in numbers.items())


def _versions(results: Results) -> str:
    """Name every version met, so that a page of two environments says so."""
    told = (f"{name} ({', '.join(sorted(met))})" for name in results.names() if (met := _met(results, name)))
    return "Versions: " + "; ".join(told) + "."


def _met(results: Results, name: str) -> set[str]:
    runs = [run for run in results.runs if run["name"] == name]
    return {f"{package} {version}" for run in runs for package, version in run["versions"].items()}


def _walls(results: Results) -> str:
    rows = _rows(results, "wall", lambda seconds: f"{seconds:,.1f}")
    ends = ["k", f"k from {_million(FROM)}"]
    slopes = (
        (_k(points), _k([point for point in points if point[0] >= FROM])) for points in _points(results)
    )
    return _table(
        [*_heads(results), *ends], [[*row, *k] for row, k in zip(rows, slopes, strict=True)], left=2
    )


def _points(results: Results) -> Iterator[list[tuple[int, float]]]:
    return (points_of(results, name) for name in results.names())


def _k(points: list[tuple[int, float]]) -> str:
    fitted = slope(points)
    return "" if fitted is None else f"{fitted:.2f}"


def _ratios(results: Results) -> str:
    rows = [
        [*_named(results, name), *(_ratio(results, name, lines) for lines in results.sizes())]
        for name in results.names()
        if name != "clientier"
    ]
    return _table(_heads(results), rows, left=2)


def _ratio(results: Results, name: str, lines: int) -> str:
    ours = {run["round"]: run["wall"] for run in results.of("clientier", lines)}
    ratios = [ours[run["round"]] / run["wall"] for run in results.of(name, lines) if run["round"] in ours]
    return f"{median(ratios):.2f}" if ratios else ""


def _figures(results: Results, figure: str, word: Callable[[float], str]) -> str:
    return _table(_heads(results), _rows(results, figure, word), left=2)


def _rows(results: Results, figure: str, word: Callable[[float], str]) -> list[list[str]]:
    return [
        [
            *_named(results, name),
            *(
                "" if (value := results.middle(name, lines, figure)) is None else word(value)
                for lines in results.sizes()
            ),
        ]
        for name in results.names()
    ]


def _heads(results: Results) -> list[str]:
    return ["", "does", *(_million(lines) for lines in results.sizes())]


def _named(results: Results, name: str) -> list[str]:
    does = next(run["does"] for run in results.runs if run["name"] == name)
    return [name.removesuffix(", all"), does]


def _skipped(results: Results) -> str:
    """Say each reason once, whatever the rounds."""
    told = {
        f"- {run['name']} at {_million(run['lines'])}: {run['skipped']}."
        for run in results.runs
        if "skipped" in run
    }
    return "Left out:\n\n" + "\n".join(sorted(told)) if told else ""


def _agreement(results: Results) -> str:
    heads = ["", "at", "customers", "in both", *(name.replace("_", " ") for name in FIGURES), "values split"]
    rows = []
    for name in results.names():
        runs = [run for lines in results.sizes() for run in results.of(name, lines) if "agreement" in run]
        if runs:
            told = runs[-1]["agreement"]
            counts = [
                told["theirs"],
                told["both"],
                *(told[figure] for figure in FIGURES),
                told["values_split"],
            ]
            rows.append([name, _million(runs[-1]["lines"]), *(f"{count:,}" for count in counts)])
    return _table(heads, rows, left=1)


def _table(heads: list[str], rows: list[list[str]], left: int) -> str:
    under = ["---"] * left + ["---:"] * (len(heads) - left)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, under, *rows))


def _million(lines: int) -> str:
    return f"{lines / 1_000_000:g} M"


if __name__ == "__main__":
    main()
