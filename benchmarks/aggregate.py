"""Add a month to a store and sum by customer; print the seconds that took, without loading the program.

python benchmarks/aggregate.py STORE CONFIG FILE
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from clientier.aggregating import aggregate
from clientier.job import open_job
from clientier.options import RunOptions
from clientier.store.adding import add_to_store


def main() -> None:
    """Add, then aggregate as a run does before it places anybody; nothing is published."""
    store, config, file = map(Path, sys.argv[1:])
    started = time.perf_counter()
    add_to_store(RunOptions((str(file),), config, store=store))
    added = time.perf_counter()
    with open_job(RunOptions((), config, store=store, trial=True)) as job:
        aggregate(job, keep_days=True)
        print(f"{added - started:.3f} {time.perf_counter() - started:.3f}")


if __name__ == "__main__":
    main()
