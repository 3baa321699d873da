"""The one pass over all lines, on DuckDB: sums by customer, order and day, and counts by file and outcome.

One GROUP BY does both. What tells lines apart beside customer, order and day is packed into one
number, the *kind*: 0 for a usable line that is netted with its order, as nearly all lines are.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from clientier.transactions import currencies, sql
from clientier.transactions.lines import (
    BAD_DATE,
    FIRST_REJECTED,
    GIVEN_BACK,
    NETTED,
    PURCHASE,
    USABLE,
    LineReader,
)

# kind = side + 4 * rounded + 8 * currency (its number in CODES, 0 for none) + 2048 * outcome
_SIDE, _ROUNDED, _CURRENCY, _OUTCOME = "(kind % 4)", "(kind // 4 % 2)", "(kind // 8 % 256)", "(kind // 2048)"
_CODES = (*currencies.CODES, currencies.SEVERAL)
_HELPERS = ("kind", "file", "amount")


def count(connection: duckdb.DuckDBPyConnection, reader: LineReader, scan: str) -> None:
    """Read all lines of a scan once into the table ``counted``.

    Adds:  counted (customer, "order", day, kind, file, lines, amount, purchases, gross, refunds, margin);
           customer, order and day of usable lines only
    """
    usable = ", ".join(
        f"CASE WHEN outcome = {USABLE} THEN {column} END AS {column}"
        for column in ("customer", '"order"', "day")
    )
    amount = f"CASE WHEN outcome = {USABLE} THEN CASE WHEN side = {GIVEN_BACK} THEN abs(amount) ELSE amount END END"
    margin = f"sum(CASE WHEN outcome = {USABLE} THEN margin END)" if reader.config.columns.cost else "0"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE counted AS
        SELECT customer, "order", day, kind, file, lines, amount,
               CASE WHEN {_SIDE} = {NETTED} THEN CAST(amount > 0 AS BIGINT)
                    WHEN {_SIDE} IN ({PURCHASE}, {GIVEN_BACK}) THEN lines ELSE 0 END AS purchases,
               CASE WHEN amount > 0 THEN amount ELSE 0 END AS gross,
               CASE WHEN {_SIDE} = {GIVEN_BACK} THEN amount WHEN amount < 0 THEN -amount ELSE 0 END AS refunds,
               CAST(margin AS DECIMAL(38,6)) AS margin
        FROM (SELECT customer, "order", day, kind, file, sum(amount) AS amount, {margin} AS margin, count(*) AS lines
              FROM (SELECT file, outcome, {_kind()} AS kind, {usable}, {amount} AS amount, margin
                    FROM ({reader.lines(scan)}))
              GROUP BY customer, "order", day, kind, file)""")


def _kind() -> str:
    codes = ", ".join(map(sql.literal, _CODES))
    currency = f"CASE WHEN currency IS NULL THEN 0 ELSE coalesce(list_position([{codes}], currency), 0) END"
    return f"CAST(side + CASE WHEN rounded THEN 4 ELSE 0 END + 8 * {currency} + 2048 * outcome AS UINTEGER)"


def lines_by_currency(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return how many lines show each currency."""
    query = f"SELECT {_CURRENCY}, sum(lines) FROM counted WHERE {_CURRENCY} > 0 GROUP BY ALL"
    return {_CODES[number - 1]: int(lines) for number, lines in connection.execute(query).fetchall()}


def most_dates_are_bad(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether at least half of the lines have no readable date."""
    query = f"SELECT coalesce(sum(lines), 0), coalesce(sum(lines) FILTER ({_OUTCOME} = {BAD_DATE}), 0) FROM counted"
    ((lines, bad),) = connection.execute(query).fetchall()
    return bool(0 < lines <= 2 * bad)


def lines_by_file(connection: duckdb.DuckDBPyConnection) -> dict[int, tuple[int, int]]:
    """Return, by file number, the lines split into fields, and those of them with an unreadable cell."""
    query = f"""SELECT file, sum(lines), coalesce(sum(lines) FILTER ({_OUTCOME} >= {FIRST_REJECTED}), 0)
        FROM counted GROUP BY file"""
    return {file: (int(lines), int(bad)) for file, lines, bad in connection.execute(query).fetchall()}


def rounded_lines(connection: duckdb.DuckDBPyConnection) -> int:
    """Return how many lines had an amount or cost that was rounded."""
    query = f"SELECT coalesce(sum(lines), 0) FROM counted WHERE {_ROUNDED} = 1"
    return int(connection.execute(query).fetchall()[0][0])


def leave_outcomes(
    connection: duckdb.DuckDBPyConnection, reader: LineReader, lines_at_fault: Mapping[int, int]
) -> int:
    """Make the table ``outcomes``; return how many lines were read.

    Adds:  outcomes (file, outcome, day, lines), the day of usable lines only
    """
    names = " ".join(f"WHEN {code} THEN {sql.literal(name)}" for code, name in reader.outcomes.items())
    faults = [
        f"UNION ALL SELECT {file}, 'rejected', NULL, {lines}"
        for file, lines in lines_at_fault.items()
        if lines
    ]
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE outcomes AS
        SELECT file, outcome, day, CAST(sum(lines) AS BIGINT) AS lines
        FROM (SELECT file, CASE outcome {names} ELSE 'rejected' END AS outcome, day, lines
              FROM (SELECT file, {_OUTCOME} AS outcome, day, sum(lines) AS lines FROM counted GROUP BY ALL)
              {" ".join(faults)})
        GROUP BY ALL""")
    return int(connection.execute("SELECT coalesce(sum(lines), 0) FROM outcomes").fetchall()[0][0])


def leave_order_days(connection: duckdb.DuckDBPyConnection) -> None:
    """Turn ``counted`` into ``order_days``: one row per customer, order and day.

    Where lines come from several files or are of several kinds, an order day may stand in several rows
    up to here, and its netted lines in more than one of them: then the rows are added up first.
    """
    connection.execute("DROP TABLE IF EXISTS order_days")
    connection.execute(f"DELETE FROM counted WHERE {_OUTCOME} <> {USABLE}")
    split = "SELECT count(*) FILTER (kind <> 0) > 0 OR min(file) <> max(file) FROM counted"
    if connection.execute(split).fetchall()[0][0]:
        connection.execute(f"CREATE TEMP TABLE order_days AS {_added_up()}")
        connection.execute("DROP TABLE counted")
        return
    for column in _HELPERS:
        connection.execute(f"ALTER TABLE counted DROP COLUMN {column}")
    connection.execute("ALTER TABLE counted RENAME TO order_days")


def _added_up() -> str:
    """Order days from rows of several files and kinds; one with an order id is one purchase at most."""
    netted, alone = f"{_SIDE} = {NETTED}", f"{_SIDE} <> {NETTED}"
    return f"""
        SELECT customer, "order", day,
               CASE WHEN "order" IS NULL THEN purchases ELSE CAST(gross > 0 AS BIGINT) END AS purchases,
               gross, refunds, margin, lines
        FROM (SELECT customer, "order", day, purchases, margin, lines,
                     gross + CASE WHEN net > 0 THEN net ELSE 0 END AS gross,
                     refunds + CASE WHEN net < 0 THEN -net ELSE 0 END AS refunds
              FROM (SELECT customer, "order", day, CAST(sum(purchases) AS BIGINT) AS purchases,
                           sum(CASE WHEN {netted} THEN amount ELSE 0 END) AS net,
                           sum(CASE WHEN {alone} THEN gross ELSE 0 END) AS gross,
                           sum(CASE WHEN {alone} THEN refunds ELSE 0 END) AS refunds,
                           sum(margin) AS margin, CAST(sum(lines) AS BIGINT) AS lines
                    FROM counted GROUP BY customer, "order", day))"""
