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

from main_job import CLIENTIER, DATA, HERE
from measuring import MB, Measured, measure, middle, print_row

CONFIG = HERE / "main_job.yaml"
PYTHON = sys.executable
_SQL = (PYTHON, str(HERE / "sql.py"), str(HERE / "main_job.sql"))


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
        self.store.unlink(missing_ok=True)
        measure([*_add(self.store), *map(str, self.files[:35])])
        print(f"the store of 35 months, without a run: {self.store.stat().st_size / MB:,.0f} MB")
        measure([*_run(self.store), str(run)])
        shutil.rmtree(run)
        self.store.rename(self.before)

    def steps(self) -> dict[str, list[str]]:
        """Return the processes that are timed, by name; an output folder comes last where there is one."""
        return {
            "SQL": [*_SQL, self._every, str(DATA / "out-SQL")],
            "store add": [*_add(self.store), str(self.files[35])],
            "run --store": [*_run(self.store), str(DATA / "out-run")],
        }

    def sums(self) -> tuple[float, float, float]:
        """Return the seconds of SQL's own aggregate; of adding a month; of both adding and our aggregate."""
        (theirs,) = _told([*_SQL, self._every, "--until=thresholds", str(DATA / "out-sums")])
        shutil.copyfile(self.before, self.store)
        added, ours = _told(
            [PYTHON, str(HERE / "aggregate.py"), str(self.store), str(CONFIG), str(self.files[35])]
        )
        return theirs, added, ours

    @property
    def _every(self) -> str:
        return str(self.home / "*.csv")


def _told(command: Sequence[str]) -> list[float]:
    """Return the seconds that a script prints of itself."""
    for output in DATA.glob("out-*"):
        shutil.rmtree(output)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(seconds) for seconds in done.stdout.split()]


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
        sums = [months.sums() for _ in range(asked.rounds)]
        rounds = [] if asked.adding_only else [_round(months) for _ in range(asked.rounds)]
        _print(months, sums, rounds)


def _round(months: Months) -> dict[str, Measured]:
    shutil.copyfile(months.before, months.store)
    took = {}
    for name, command in months.steps().items():
        for output in DATA.glob("out-*"):
            shutil.rmtree(output)
        took[name] = measure(command)
    return took


def _print(
    months: Months, sums: Sequence[tuple[float, ...]], rounds: Sequence[Mapping[str, Measured]]
) -> None:
    size = sum(file.stat().st_size for file in months.files) / MB
    packed = sum(len(gzip.compress(file.read_bytes())) for file in months.files) / MB
    print(f"\n{months.lines:,} lines in 36 months, {size:,.0f} MB, gzipped {packed:,.0f} MB;", end=" ")
    print(f"the store {months.store.stat().st_size / MB:,.0f} MB, with what its runs said")
    theirs, added, ours = (median(seconds) for seconds in zip(*sums, strict=True))
    print(
        f"inside the processes, seconds: SQL's aggregate {theirs:.2f}; adding {added:.2f}, and aggregate {ours:.2f};"
    )
    print(f"adding and the aggregate / SQL's own aggregate: {median(o / t for t, _, o in sums):.2f}")
    if not rounds:
        return
    print(f"{'':20}{'wall s':>10}{'CPU s':>10}{'peak MB':>10}")
    for name in rounds[0]:
        print_row(name, middle([one[name] for one in rounds]))
    for figure in ("wall", "cpu"):
        took = [{name: getattr(one[name], figure) for name in one} for one in rounds]
        ratio = median((one["store add"] + one["run --store"]) / one["SQL"] for one in took)
        print(f"adding and the run / SQL, {figure}: {ratio:.2f} (median of the ratios of a round)")


if __name__ == "__main__":
    main()
