"""Time the main job against hand-written SQL: 10 million lines in, tiers and action lists out.

    python benchmarks/main_job.py
    python benchmarks/main_job.py --shuffled
    python benchmarks/main_job.py --lines 10_000_000 100_000_000 --rounds 1 --memory-limit 4GB

Both write the same files from the same lines by the same rules, in turn, each in a process of its own.
docs/benchmarks.md says how to read the figures. This process stays small and loads no engine: a child's
peak memory counts what its parent held when it was started.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from measuring import MB, Measured, measure, middle, print_row, size_of, warm

HERE = Path(__file__).parent
DATA = HERE / "data"
CLIENTIER = Path(sys.executable).with_name("clientier")
GROWTH = 1.1  # times the lines: more than that many times the wall time is too much


@dataclass(frozen=True)
class Contest:
    """What both have to do."""

    lines: int
    rounds: int
    memory_limit: str | None
    shuffled: bool = False

    @property
    def source(self) -> Path:
        """The lines, as ``lines.py`` names them."""
        return DATA / f"{'shuffled' if self.shuffled else 'lines'}_{self.lines}.csv"

    def make(self) -> None:
        """Make the lines, unless they are there."""
        subprocess.run(
            [
                sys.executable,
                HERE / "lines.py",
                DATA,
                str(self.lines),
                *(["shuffled"] if self.shuffled else []),
            ],
            check=True,
        )

    def commands(self) -> dict[str, list[str]]:
        """Return what is run by name; the folder to write comes last."""
        python, limit = sys.executable, self.memory_limit
        sql = [python, str(HERE / "sql.py"), str(HERE / "main_job.sql"), str(self.source)]
        run = [str(CLIENTIER), "run", str(self.source), "-c", str(HERE / "main_job.yaml"), "--quiet"]
        return {
            "SQL": [*sql, *([f"--memory-limit={limit}"] if limit else [])],
            "clientier": [*run, *(["--memory-limit", limit] if limit else []), "-o"],
        }


def main() -> None:
    """Measure every size in turn, then the commands that only answer."""
    asked = _arguments()
    medians: list[tuple[int, dict[str, Measured]]] = []
    for lines in asked.lines:
        contest = Contest(lines, asked.rounds, asked.memory_limit, asked.shuffled)
        contest.make()
        medians.append((lines, _contest(contest, keep=asked.keep)))
    for (fewer, before), (more, after) in pairwise(medians):
        _print_growth(fewer, before, more, after)
    _print_answers()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--lines", type=int, nargs="+", default=[10_000_000], help="sizes, one after the other"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each runs")
    parser.add_argument("--memory-limit", help="for DuckDB in both, such as 2GB")
    parser.add_argument("--shuffled", action="store_true", help="the same lines in no order")
    parser.add_argument(
        "--keep", action="store_true", help="leave the last output folders in benchmarks/data"
    )
    return parser.parse_args()


def _contest(contest: Contest, *, keep: bool) -> dict[str, Measured]:
    """Run both in turn, print what they took and whether they agree; return the medians."""
    warm(contest.source)
    outputs = {name: DATA / f"out-{name}" for name in contest.commands()}
    rounds = [
        {name: _measure_run(command, outputs[name]) for name, command in contest.commands().items()}
        for _ in range(contest.rounds)
    ]
    _print_rounds(contest, rounds)
    subprocess.run([sys.executable, HERE / "agreement.py", outputs["SQL"], outputs["clientier"]], check=True)
    _print_account(contest.lines, outputs["clientier"])
    if not keep:
        for output in outputs.values():
            shutil.rmtree(output)
    return {name: middle([one[name] for one in rounds]) for name in outputs}


def _measure_run(command: Sequence[str], output: Path) -> Measured:
    shutil.rmtree(output, ignore_errors=True)
    took = measure([*command, str(output)])
    return Measured(took.wall, took.cpu, took.peak, size_of(output))


def _print_account(lines: int, output: Path) -> None:
    """Say what became of every line, and whether the account adds up."""
    rows = json.loads((output / "summary.json").read_text(encoding="utf-8"))["rows"]
    used, excluded = sum(rows["used"].values()), sum(rows["excluded"].values())
    right = rows["read"] == lines == used + excluded + rows["rejected"]
    print(
        f"lines read {rows['read']:,} = used {used:,} + excluded {excluded:,} + rejected {rows['rejected']:,}"
        + ("" if right else f"   wrong: {lines:,} were given")
    )


def _print_rounds(contest: Contest, rounds: Sequence[dict[str, Measured]]) -> None:
    size = contest.source.stat().st_size / MB
    order = ", shuffled" if contest.shuffled else ""
    print(
        f"\n{contest.lines:,} lines{order}, {size:,.0f} MB; {contest.rounds} rounds, medians (peak: the highest)"
    )
    print(f"{'':20}{'wall s':>10}{'CPU s':>10}{'peak MB':>10}{'written MB':>12}   wall s, each round")
    for name in rounds[0]:
        runs = [one[name] for one in rounds]
        print_row(name, middle(runs), "   " + "  ".join(f"{run.wall:.2f}" for run in runs))
    wall, cpu, peak = (
        median(getattr(one["clientier"], figure) / getattr(one["SQL"], figure) for one in rounds)
        for figure in ("wall", "cpu", "peak")
    )
    print(f"{'clientier / SQL':20}{wall:10.2f}{cpu:10.2f}{peak:10.2f}   (medians of the ratios of a round)\n")


def _print_growth(fewer: int, before: dict[str, Measured], more: int, after: dict[str, Measured]) -> None:
    print(
        f"\nfrom {fewer:,} to {more:,} lines, {more / fewer:.1f} times as many (aim: {GROWTH * more / fewer:.1f}):"
    )
    for name in before:
        wall, peak = after[name].wall / before[name].wall, after[name].peak / before[name].peak
        print(f"{name:20}{wall:.2f} times the wall time, {peak:.2f} times the peak memory")


def _print_answers(times: int = 7) -> None:
    """Time the commands that only answer: what a person waits for before anything happens."""
    print(f"\n{'':20}{'wall s':>10}{'CPU s':>10}{'peak MB':>10}   medians of {times}")
    for option in ("--help", "--version"):
        print_row(f"clientier {option}", middle([measure([str(CLIENTIER), option]) for _ in range(times)]))


if __name__ == "__main__":
    main()
