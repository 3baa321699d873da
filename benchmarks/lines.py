"""The benchmark's transactions: made by hashing, so that every machine gets the same lines.

python benchmarks/lines.py FOLDER LINES [months|shuffled]
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

IDS_PER_LINE = 0.0723  # of which nearly 99 in 100 order: 714 k customers in 10 M lines
BYTES_PER_LINE = (36, 40)  # what a whole file holds

MAKE = """
COPY (
    WITH orders AS (
        -- a square-root-like skew: the first customers order several times as often as the last
        SELECT o,
               (pow(hash(o, 1) / pow(2, 64), 1.6) * $ids)::BIGINT AS customer,
               DATE '2024-01-01' + (hash(o, 2) % $days)::INTEGER AS day
        FROM range($orders) AS r(o)
    ),
    lines AS (
        SELECT o, customer, day, unnest(range((hash(o, 3) % 4 + 1)::BIGINT)) AS k,
               -- one customer in 250 sends most orders back; of all others one line in 60
               hash(customer, 4) % 250 = 0 AND hash(o, 5) % 100 < 60 AS sent_back
        FROM orders
    )
    SELECT 'C' || lpad(customer::VARCHAR, 7, '0') AS customer_id,
           'O' || lpad(o::VARCHAR, 9, '0') AS order_id,
           day AS order_date,
           (CASE WHEN sent_back OR hash(o, k, 6) % 60 = 0 THEN -1 ELSE 1 END
               * (100 + hash(o, k, 7) % 19900)::BIGINT / 100)::DECIMAL(10, 2) AS amount
    FROM lines
    LIMIT $lines
) TO '{path}' (HEADER)
"""


def month_files(folder: Path, lines: int) -> list[Path]:
    """Return 36 files of a month each, 2024 to 2026, that hold about so many lines together."""
    home = folder / f"months_{lines}"
    if not home.is_dir():
        part = folder / f"months_{lines}.part"
        part.mkdir(parents=True, exist_ok=True)
        whole = part / "whole.csv"
        _make(whole, lines, days=1096)
        _split(whole, part)
        whole.unlink()
        part.rename(home)
    return sorted(home.glob("*.csv"))


def _split(whole: Path, home: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = true")
        connection.execute(f"CREATE TABLE lines AS SELECT * FROM read_csv('{whole}', all_varchar = true)")
        for month in range(36):
            name = f"{2024 + month // 12}-{month % 12 + 1:02}"
            query = f"SELECT * FROM lines WHERE starts_with(order_date, '{name}')"
            connection.execute(f"COPY ({query}) TO '{home / name}.csv' (HEADER)")


def lines_file(folder: Path, lines: int) -> Path:
    """Return the file of that many lines in this folder, made now unless it is there whole.

    The same DuckDB makes the same file; its ``hash`` may change between releases.
    """
    path = folder / f"lines_{lines}.csv"
    if path.exists() and _is_whole(path, lines):
        return path

    folder.mkdir(parents=True, exist_ok=True)
    _make(path, lines)
    return path


def shuffled_file(folder: Path, lines: int) -> Path:
    """Return the same lines in an order that says nothing: by a hash of all of a line, the same each time."""
    path = folder / f"shuffled_{lines}.csv"
    source = lines_file(folder, lines)
    if path.exists() and path.stat().st_size == source.stat().st_size:
        return path

    part = path.with_suffix(".part")
    read = f"SELECT * FROM read_csv('{source}', all_varchar = true, header = true)"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY ({read} ORDER BY hash(customer_id, order_id, order_date, amount)) TO '{part}' (HEADER)"
        )
    part.rename(path)
    return path


def _make(path: Path, lines: int, days: int = 1000) -> None:
    """Write the lines under another name first: a file that is there is whole."""
    part = path.with_suffix(".part")
    counts = {
        "ids": int(lines * IDS_PER_LINE),
        "orders": int(lines * 0.41) + 100,
        "lines": lines,
        "days": days,
    }
    with duckdb.connect() as connection:
        connection.execute(MAKE.format(path=part), counts)
    part.rename(path)


def _is_whole(path: Path, lines: int) -> bool:
    least, most = BYTES_PER_LINE
    return least * lines <= path.stat().st_size <= most * lines + 100


if __name__ == "__main__":
    folder, count, *kind = sys.argv[1:]
    make = {"months": month_files, "shuffled": shuffled_file}[kind[0]] if kind else lines_file
    make(Path(folder), int(count))
