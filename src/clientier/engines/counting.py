"""The one pass over all lines, on DuckDB: sums by customer, order and day, and counts by file and outcome."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from clientier.transactions import sql
from clientier.transactions.lines import (
    BAD_DATE,
    FIRST_REJECTED,
    GIVEN_BACK,
    NETTED,
    PURCHASE,
    USABLE,
    LineReader,
)

_HELPERS = ("side", "file", "outcome", "currency", "rounded", "of_file")


def count(connection: duckdb.DuckDBPyConnection, lines: str) -> None:
    """Read all lines once into the table ``counted``: order days, and beside them (of_file) the outcomes."""
    columns = ("customer", '"order"', "day", "side", "margin")
    usable = ", ".join(f"CASE WHEN outcome = {USABLE} THEN {column} END AS {column}" for column in columns)
    amount = f"CASE WHEN outcome = {USABLE} THEN CASE WHEN side = {GIVEN_BACK} THEN abs(amount) ELSE amount END END"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE counted AS
        SELECT customer, "order", day,
               CASE WHEN side = {NETTED} THEN CAST(amount > 0 AS BIGINT)
                    WHEN side IN ({PURCHASE}, {GIVEN_BACK}) THEN lines ELSE 0 END AS purchases,
               CASE WHEN amount > 0 THEN amount ELSE 0 END AS gross,
               CASE WHEN side = {GIVEN_BACK} THEN amount WHEN amount < 0 THEN -amount ELSE 0 END AS refunds,
               margin, lines, side, file, outcome, currency, rounded, of_file
        FROM (SELECT customer, "order", day, side, file, outcome, currency,
                     sum(amount) AS amount, sum(margin) AS margin, count(*) AS lines,
                     sum(CAST(rounded AS UTINYINT)) AS rounded, GROUPING(file) = 0 AS of_file
              FROM (SELECT file, outcome, currency, rounded, {usable}, {amount} AS amount FROM ({lines}))
              GROUP BY GROUPING SETS ((customer, "order", day, side), (file, outcome, day, currency)))""")


def most_dates_are_bad(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether at least half of the lines have no readable date."""
    query = f"""SELECT coalesce(sum(lines), 0), coalesce(sum(lines) FILTER (outcome = {BAD_DATE}), 0)
        FROM counted WHERE of_file"""
    ((lines, bad),) = connection.execute(query).fetchall()
    return bool(0 < lines <= 2 * bad)


def lines_by_file(connection: duckdb.DuckDBPyConnection) -> dict[int, tuple[int, int]]:
    """Return, by file number, the lines split into fields, and those of them with an unreadable cell."""
    query = f"""SELECT file, sum(lines), coalesce(sum(lines) FILTER (outcome >= {FIRST_REJECTED}), 0)
        FROM counted WHERE of_file GROUP BY file"""
    return {file: (int(lines), int(bad)) for file, lines, bad in connection.execute(query).fetchall()}


def rounded_lines(connection: duckdb.DuckDBPyConnection) -> int:
    """Return how many lines had an amount or cost that was rounded."""
    query = "SELECT coalesce(sum(rounded), 0) FROM counted WHERE of_file"
    return int(connection.execute(query).fetchall()[0][0])


def leave_outcomes(
    connection: duckdb.DuckDBPyConnection, reader: LineReader, lines_at_fault: Mapping[int, int]
) -> int:
    """Make the table ``outcomes``; return how many lines were read.

    Adds:  outcomes (file, outcome, day, lines), the day of usable lines only
    """
    names = " ".join(f"WHEN {code} THEN {sql.literal(name)}" for code, name in reader.outcomes.items())
    faults = [
        f"UNION ALL SELECT {number}, 'rejected', NULL, {lines}"
        for number, lines in lines_at_fault.items()
        if lines
    ]
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE outcomes AS
        SELECT file, outcome, day, CAST(sum(lines) AS BIGINT) AS lines
        FROM (SELECT file, CASE outcome {names} ELSE 'rejected' END AS outcome, day, lines FROM counted WHERE of_file
              {" ".join(faults)})
        GROUP BY ALL""")
    return int(connection.execute("SELECT coalesce(sum(lines), 0) FROM outcomes").fetchall()[0][0])


def leave_order_days(connection: duckdb.DuckDBPyConnection) -> None:
    """Turn ``counted`` into ``order_days``: one row per customer, order and day.

    Lines that count by themselves stand in rows of their own up to here; where there are any, the rows
    of an order day are added up, which is one purchase however many lines it has.
    """
    connection.execute("DROP TABLE IF EXISTS order_days")
    connection.execute("DELETE FROM counted WHERE of_file OR customer IS NULL")
    if connection.execute(f"SELECT 1 FROM counted WHERE side <> {NETTED} LIMIT 1").fetchall():
        connection.execute("""
            CREATE TEMP TABLE order_days AS
            SELECT customer, "order", day,
                   CAST(CASE WHEN "order" IS NULL THEN sum(purchases) ELSE max(least(purchases, 1)) END AS BIGINT)
                       AS purchases,
                   sum(gross) AS gross, sum(refunds) AS refunds, sum(margin) AS margin,
                   CAST(sum(lines) AS BIGINT) AS lines
            FROM counted GROUP BY customer, "order", day""")
        connection.execute("DROP TABLE counted")
        return
    for column in _HELPERS:
        connection.execute(f"ALTER TABLE counted DROP COLUMN {column}")
    connection.execute("ALTER TABLE counted RENAME TO order_days")
