"""Time clientier and its peers on the same files: wall, CPU and memory, and whether their scores agree.

    pip install -e '.[benchmark]'
    python benchmarks/peers.py              # 1, 3, 10, 30 and 100 million lines; goes on where it was interrupted
    python benchmarks/peers.py --render     # writes docs/benchmarks.md and its chart anew from what was measured

Each runs in a process of its own, in turn; every round begins with another. What was measured lies in
benchmarks/results/peers.json, a run at a time. This process loads no engine: see measuring.py.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from contestants import DATA, HERE, Contestant, contestants, make_environments
from measuring import Measured, end_with_children, memory, print_row, size_of, try_to_measure, warm
from results import FIGURES, Results

SIZES = (1_000_000, 3_000_000, 10_000_000, 30_000_000, 100_000_000)
RESULTS = HERE / "results" / "peers.json"
MOST_ROUNDS_UP_TO = 10_000_000  # lines; above it a round takes minutes, and scatters less
OUT = DATA / "out-peer"


def main() -> None:
    """Measure what is missing, then write the documentation."""
    asked = _arguments()
    end_with_children()
    if asked.afresh:
        asked.results.unlink(missing_ok=True)
    if not asked.render:
        results = Results.read(asked.results)
        taking_part = [one for one in contestants() if one.name in (asked.only or one.name)]
        make_environments([one.name for one in taking_part])
        for lines in asked.lines:
            rounds = asked.rounds if lines <= MOST_ROUNDS_UP_TO else 1
            _measure_size(lines, rounds, taking_part, results)
    subprocess.run([sys.executable, HERE / "rendering.py", asked.results, asked.docs], check=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, nargs="+", default=SIZES, help="sizes, one after the other")
    parser.add_argument("--rounds", type=int, default=3, help="how often each runs; above 10 million once")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="such as 'polars by hand'")
    parser.add_argument("--afresh", action="store_true", help="forget what was measured before")
    parser.add_argument("--render", action="store_true", help="measure nothing")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument(
        "--docs", type=Path, default=HERE.parent / "docs", help="where benchmarks.md and the chart lie"
    )
    return parser.parse_args()


def _measure_size(lines: int, rounds: int, all_of_them: Sequence[Contestant], results: Results) -> None:
    """Let every contestant run who has not yet, each round begun by another."""
    missing = [
        (number, one)
        for number in range(rounds)
        for one in (*all_of_them[number:], *all_of_them[:number])
        if not results.has(lines, number, one.name)
    ]
    if not missing:
        return
    print(f"\n{lines:,} lines\n{'':20}{'wall s':>10}{'CPU s':>10}{'peak MB':>10}{'written MB':>12}")
    subprocess.run([sys.executable, HERE / "lines.py", DATA, str(lines)], check=True)
    source = DATA / f"lines_{lines}.csv"
    for number, one in missing:
        if reason := _too_large(lines, one, results):
            results.add_skipped(lines, number, one, reason)
            print(f"{one.name:20} skipped: {reason}", flush=True)
        else:
            _measure_run(lines, number, one, source, results)


def _too_large(lines: int, one: Contestant, results: Results) -> str | None:
    """Say why it would not fit into memory: by what it took at the sizes before, and what is free now."""
    if one.bounded or (estimate := results.peak_expected(one.name, lines)) is None:
        return None
    free = memory("MemAvailable")
    if estimate < 0.9 * free:
        return None
    return (
        f"about {estimate / 1000:,.0f} GB of memory by what fewer lines took; {free / 1000:,.0f} GB are free"
    )


def _measure_run(lines: int, number: int, one: Contestant, source: Path, results: Results) -> None:
    """Run one of them once, keep what it took, and let nothing it wrote stay."""
    expected = DATA / f"expected_{lines}.parquet"
    if one.name != "clientier" and not expected.exists():
        _keep_expected(lines, source, expected)
    took = _run(one, source)
    if isinstance(took, int):
        _give_up_unless_memory(took, one)
        results.add_skipped(lines, number, one, "it took all the memory there was, and was ended")
        print(f"{one.name:20} ended: out of memory", flush=True)
    else:
        agreement = None
        if one.name == "clientier":
            _agree("KEEP", OUT / one.scores, expected)
        else:
            does = "COMPARE0" if one.begins_at_0 else "COMPARE"
            agreement = json.loads(_agree(does, OUT / one.scores, expected))
        results.add(lines, number, one, took, agreement)
        print_row(one.name, took, "" if agreement is None else f"   {_worded(agreement)}")
    shutil.rmtree(OUT, ignore_errors=True)
    shutil.rmtree(DATA / "spark", ignore_errors=True)


def _run(one: Contestant, source: Path) -> Measured | int:
    """Begin with the lines in memory, nothing left to write from before, and no output there."""
    shutil.rmtree(OUT, ignore_errors=True)
    warm(source)
    os.sync()
    took = try_to_measure(one.command(source, OUT), one.environment, DATA / "peer.log")
    return took if isinstance(took, int) else replace(took, written=size_of(OUT))


def _give_up_unless_memory(code: int, one: Contestant) -> None:
    if code != -9:
        sys.stderr.write((DATA / "peer.log").read_text(encoding="utf-8", errors="replace")[-4000:])
        sys.exit(f"{one.name}: exit code {code}; what was measured before is kept")


def _keep_expected(lines: int, source: Path, expected: Path) -> None:
    """Run clientier without measuring: it was measured before an interruption, and its scores are gone."""
    print(f"clientier's scores of {lines:,} lines are made first", flush=True)
    if isinstance(code := _run(contestants()[0], source), int):
        sys.exit(f"clientier: exit code {code}")
    _agree("KEEP", OUT / "customers.csv", expected)


def _agree(does: str, scores: Path, expected: Path) -> str:
    command = [sys.executable, HERE / "agree_scores.py", does, scores, expected]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _worded(agreement: dict[str, int]) -> str:
    same = agreement["ours"] == agreement["theirs"] == agreement["both"]
    return "the same scores" if same and not any(agreement[name] for name in FIGURES) else "differs"


if __name__ == "__main__":
    main()
