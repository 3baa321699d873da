"""The transactions of a store as a run wants them: the tables that reading files would have left.

The store is attached to the engine's connection under the name ``store``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path

import duckdb

from clientier.config.models import Transactions
from clientier.errors import DataError, Problem
from clientier.transactions.limit import refuse_beyond_limit
from clientier.transactions.netting import ORDER_DAY_PURCHASES
from clientier.transactions.results import Input, Reading

_SUMS = "purchases, gross, refunds, margin, lines"


def read_store(
    connection: duckdb.DuckDBPyConnection, config: Transactions, excluded: Collection[str]
) -> Reading:
    """Give a run what ``read_transactions`` would give it over all files of the store.

    Adds:    order_days (a view, customers by number) and outcomes, as ``read_transactions`` does
    Raises:  DataError where the store is empty; RejectLimitError
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE excluded_numbers AS "
        "SELECT customer FROM store.customers WHERE customer_id IN (SELECT unnest($ids::VARCHAR[]))",
        {"ids": sorted(excluded)},
    )
    connection.execute(f"CREATE OR REPLACE TEMP VIEW order_days AS {order_days_sql(connection)}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE outcomes AS {_outcomes_sql()}")
    ((lines,),) = connection.execute("SELECT coalesce(sum(lines), 0) FROM outcomes").fetchall()
    reading = _reading(connection)
    if not reading.inputs:
        raise DataError(Problem("--store", "the store holds no file", "add some: clientier store add FILES"))
    refuse_beyond_limit(reading, int(lines), config)
    return reading


def order_days_sql(
    connection: duckdb.DuckDBPyConnection, files: Sequence[int] | None = None, through: date | None = None
) -> str:
    """Return the query of the order days that count: of all files, or of some, up to a day.

    What several files say of one order day is netted together, as a run over the files would.
    """
    counts = ["NOT repeats", *_kept_lines(connection)]
    if files is not None:
        counts.append(f"file IN ({', '.join(map(str, files)) or 'NULL'})")
    if through is not None:
        counts.append(f"day <= DATE '{through}'")
    where = " AND ".join(counts)
    single = f'SELECT customer, "order", day, {_SUMS} FROM store.order_days WHERE NOT shared AND {where}'
    if not connection.execute("SELECT 1 FROM store.order_days WHERE shared LIMIT 1").fetchall():
        return single
    return f"{single} UNION ALL {_netted_together(where)}"


def _kept_lines(connection: duckdb.DuckDBPyConnection) -> list[str]:
    excluded = connection.execute("SELECT 1 FROM excluded_numbers LIMIT 1").fetchall()
    return ["customer NOT IN (SELECT customer FROM excluded_numbers)"] if excluded else []


def _netted_together(where: str) -> str:
    """Order days whose lines come from several files."""
    return f"""
        SELECT customer, "order", day, {ORDER_DAY_PURCHASES}, gross, refunds, margin, lines
        FROM (SELECT customer, "order", day, purchases, margin, lines,
                     alone_gross + CASE WHEN net > 0 THEN net ELSE 0 END AS gross,
                     alone_refunds + CASE WHEN net < 0 THEN -net ELSE 0 END AS refunds
              FROM (SELECT customer, "order", day, CAST(sum(purchases) AS BIGINT) AS purchases,
                           sum(gross - alone_gross - refunds + alone_refunds) AS net,
                           sum(alone_gross) AS alone_gross, sum(alone_refunds) AS alone_refunds,
                           sum(margin) AS margin, CAST(sum(lines) AS BIGINT) AS lines
                    FROM store.order_days WHERE shared AND {where} GROUP BY customer, "order", day))"""


def _outcomes_sql() -> str:
    """All lines by outcome: usable ones of excluded customers, and repeats, move to outcomes of their own.

    Files are counted from 0 here, as those of a reading are.
    """
    moved = """
        SELECT file, day, CAST(sum(lines) AS BIGINT) AS lines,
               CASE WHEN repeats THEN 'overlap' ELSE 'dropped:exclude' END AS outcome
        FROM store.order_days
        WHERE repeats OR customer IN (SELECT customer FROM excluded_numbers) GROUP BY ALL"""
    return f"""
        WITH moved AS ({moved}),
             places AS (SELECT file, CAST(row_number() OVER (ORDER BY file) - 1 AS INTEGER) AS place FROM store.files)
        SELECT place AS file, outcome, day, CAST(sum(lines) AS BIGINT) AS lines
        FROM (SELECT file, outcome, day, lines FROM store.outcomes
              UNION ALL SELECT file, 'usable', day, -lines FROM moved
              UNION ALL SELECT file, outcome, NULL, lines FROM moved)
        JOIN places USING (file)
        GROUP BY ALL HAVING sum(lines) <> 0"""


def _reading(connection: duckdb.DuckDBPyConnection) -> Reading:
    query = "SELECT file, name, bytes, dialect, rounded_lines FROM store.files ORDER BY file"
    files = connection.execute(query).fetchall()
    inputs = tuple(
        Input(name, Path(name), size, json.loads(dialect), ()) for _, name, size, dialect, _ in files
    )
    rejects = connection.sql("""
        SELECT f.name AS file, r.line, r."column", r.reason, r.text
        FROM store.rejects r JOIN store.files f USING (file) ORDER BY r.file, r.line""").to_arrow_table()
    return Reading(inputs, rejects, sum(rounded for *_, rounded in files), ())


def digests(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the sha256 of every file in the store, in the order in which they were added."""
    return [
        sha256 for (sha256,) in connection.execute("SELECT sha256 FROM store.files ORDER BY file").fetchall()
    ]
