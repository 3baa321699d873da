"""Read a store and sum it by customer, as a run does before it places them: a process of its own to be timed.

python benchmarks/aggregate.py STORE CONFIG
"""

from __future__ import annotations

import sys
from pathlib import Path

from clientier.job import aggregate, open_job
from clientier.options import RunOptions


def main() -> None:
    """Sum by customer; nothing is written."""
    store, config = map(Path, sys.argv[1:])
    with open_job(RunOptions((), config, store=store, trial=True)) as job:
        print(f"{aggregate(job).customers:,} customers")


if __name__ == "__main__":
    main()
