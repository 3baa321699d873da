"""Run a file of SQL in a folder of its own, as a process of its own: what the benchmark compares with.

python benchmarks/sql.py SQL LINES [--memory-limit=2GB] [--until=HEADING] OUT

With --until it stops before the first comment that has this heading, and prints the seconds that took.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import duckdb


def main() -> None:
    """Run the file; its relative paths lie in the output folder."""
    sql, lines, *given, out = sys.argv[1:]
    options = dict(option.removeprefix("--").split("=") for option in given)
    statements = Path(sql).read_text(encoding="utf-8")
    if heading := options.get("until"):
        statements = statements[: statements.index(f"-- ---- {heading}")]
    source = Path(lines).absolute()
    for folder in ("tiers", "actions"):
        (Path(out) / folder).mkdir(parents=True)
    os.chdir(out)
    with duckdb.connect() as connection:
        if limit := options.get("memory-limit"):
            connection.execute(f"SET memory_limit = '{limit}'")
        connection.execute(f"SET VARIABLE lines = '{source}'")
        started = time.perf_counter()
        connection.execute(statements)
        if heading:
            print(f"{time.perf_counter() - started:.3f}")


if __name__ == "__main__":
    main()
