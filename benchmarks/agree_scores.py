"""Say as JSON how far scores agree with clientier's, customer by customer.

python benchmarks/agree_scores.py KEEP CUSTOMERS_CSV EXPECTED     keep clientier's scores as Parquet
python benchmarks/agree_scores.py COMPARE SCORES_CSV EXPECTED     compare with what was kept
python benchmarks/agree_scores.py COMPARE0 SCORES_CSV EXPECTED    compare scores that begin at 0
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

METRICS = ("recency_days", "frequency", "monetary")
SCORES = ("recency_score", "frequency_score", "monetary_score")
# Without sniffing: quotes may come late, and a number that is missing is not text.
READ = "read_csv('{}', all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"')"


def main() -> None:
    """Keep, or compare and print."""
    does, scores, expected = sys.argv[1:]
    path = Path(scores)
    names = _typed(add=1 if does == "COMPARE0" else 0)
    read = f"SELECT {names} FROM " + READ.format(path / "*.csv" if path.is_dir() else path)
    with duckdb.connect() as connection:
        if does == "KEEP":
            connection.execute(f"COPY ({read}) TO '{expected}' (FORMAT parquet)")
            return
        connection.execute(f"CREATE TABLE theirs AS {read}")
        connection.execute(f"CREATE VIEW ours AS FROM '{expected}'")
        print(json.dumps(_compare(connection)))


def _typed(add: int) -> str:
    metrics = (
        "recency_days::INT AS recency_days, frequency::INT AS frequency, monetary::DECIMAL(18, 2) AS monetary"
    )
    return ", ".join(["customer_id", metrics, *(f"{score}::TINYINT + {add} AS {score}" for score in SCORES)])


def _compare(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count the customers of each, those whom only one has, and in how many of both each column differs."""
    differ = ", ".join(
        f"count(*) FILTER (ours.{name} IS DISTINCT FROM theirs.{name}) AS {name}"
        for name in (*METRICS, *SCORES)
    )
    both = connection.execute(
        f"SELECT count(*) AS both, {differ} FROM ours JOIN theirs USING (customer_id)"
    ).fetchdf()
    told = {name: int(both[name][0]) for name in both}
    for name in ("ours", "theirs"):
        told[name] = connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
    split = " + ".join(_split(*pair) for pair in zip(METRICS, SCORES, strict=True))
    return told | {"values_split": connection.execute(f"SELECT {split}").fetchall()[0][0]}


def _split(metric: str, score: str) -> str:
    """Count the values of a metric that have several scores: customers who are equal, and placed apart."""
    several = f"SELECT {metric} FROM theirs GROUP BY {metric} HAVING count(DISTINCT {score}) > 1"
    return f"(SELECT count(*) FROM ({several}))"


if __name__ == "__main__":
    main()
