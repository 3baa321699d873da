"""Time a month of a store against hand-written SQL over all 36 months: add the last month, then run.

    python benchmarks/months.py
    python benchmarks/months.py --lines 5_000_000 10_000_000 20_000_000 --rounds 3

The store holds 35 months and the run of the 35th before each round. docs/benchmarks.md says how to read
the figures. This process stays small and loads no engine (see main_job.py).
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from main_job import CLIENTIER, DATA, HERE, MB, Measured, measure, middle, print_row

CONFIG = HERE / "main_job.yaml"
PYTHON = sys.executable


@dataclass(frozen=True)
class Months:
    """36 files of a month each, and the store of the first 35."""

    lines: int

    @property
    def home(self) -> Path:
        """Where the files lie."""
        return DATA / f"months_{self.lines}"

    @property
    def files(self) -> list[Path]:
        """The files, oldest first."""
        return sorted(self.home.glob("*.csv"))

    @property
    def before(self) -> Path:
        """The store with 35 months, and the run of the last of them."""
        return DATA / f"store_{self.lines}.duckdb"

    @property
    def store(self) -> Path:
        """The store that a round works on."""
        return DATA / "store.duckdb"

    def make(self) -> None:
        """Make files and store, unless they are there."""
        subprocess.run([PYTHON, HERE / "lines.py", DATA, str(self.lines), "months"], check=True)
        if self.before.exists():
            return
        run = DATA / "out-before"
        measure([*_add(self.store), *map(str, self.files[:35])])
        print(f"the store of 35 months, without a run: {self.store.stat().st_size / MB:,.0f} MB")
        measure([*_run(self.store), str(run)])
        shutil.rmtree(run)
        self.store.rename(self.before)

    def steps(self) -> dict[str, list[str]]:
        """Return what is timed, by name; an output folder comes last where there is one."""
        every, sql = str(self.home / "*.csv"), [PYTHON, str(HERE / "sql.py"), str(HERE / "main_job.sql")]
        return {
            "SQL": [*sql, every, str(DATA / "out-SQL")],
            "SQL aggregate": [*sql, every, "--until=thresholds", str(DATA / "out-sums")],
            "store add": [*_add(self.store), str(self.files[35])],
            "aggregate": [PYTHON, str(HERE / "aggregate.py"), str(self.store), str(CONFIG)],
            "run --store": [*_run(self.store), str(DATA / "out-run")],
        }  # fmt: skip


def _add(store: Path) -> list[str]:
    return [str(CLIENTIER), "store", "add", "--store", str(store), "-c", str(CONFIG), "--quiet"]


def _run(store: Path) -> list[str]:
    return [str(CLIENTIER), "run", "--store", str(store), "-c", str(CONFIG), "--quiet", "-o"]


def main() -> None:
    """Measure every size in turn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, nargs="+", default=[10_000_000], help="of all months together")
    parser.add_argument("--rounds", type=int, default=3, help="how often each step runs")
    parser.add_argument("--adding-only", action="store_true", help="time only the adding of the last month")
    asked = parser.parse_args()
    for lines in asked.lines:
        months = Months(lines)
        months.make()
        wanted = {"store add"} if asked.adding_only else set(months.steps())
        rounds = [_round(months, wanted) for _ in range(asked.rounds)]
        _print(months, rounds)


def _round(months: Months, wanted: set[str]) -> dict[str, Measured]:
    shutil.copyfile(months.before, months.store)
    took = {}
    for name, command in months.steps().items():
        if name in wanted:
            for output in DATA.glob("out-*"):
                shutil.rmtree(output)
            took[name] = measure(command)
    return took


def _print(months: Months, rounds: Sequence[Mapping[str, Measured]]) -> None:
    size = sum(file.stat().st_size for file in months.files) / MB
    packed = sum(len(gzip.compress(file.read_bytes())) for file in months.files) / MB
    print(f"\n{months.lines:,} lines in 36 months, {size:,.0f} MB, gzipped {packed:,.0f} MB;", end=" ")
    print(f"store with one run of each of the last two months {months.store.stat().st_size / MB:,.0f} MB")
    print(f"{'':20}{'wall s':>10}{'CPU s':>10}{'peak MB':>10}")
    for name in rounds[0]:
        print_row(name, middle([one[name] for one in rounds]))
    if "SQL" not in rounds[0]:
        return
    sums, whole = (
        median(one["store add"].wall + one[ours].wall for one in rounds)
        / median(one[theirs].wall for one in rounds)
        for ours, theirs in (("aggregate", "SQL aggregate"), ("run --store", "SQL"))
    )
    print(
        f"adding and the aggregate / SQL's own aggregate: {sums:.2f}; adding and the run / SQL: {whole:.2f}"
    )


if __name__ == "__main__":
    main()
