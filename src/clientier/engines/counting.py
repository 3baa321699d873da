"""The one pass over all lines, on DuckDB: sums by customer, order and day, and counts by file and outcome.

One GROUP BY does both. What tells lines apart beside customer, order and day is packed into one
number, the *kind*: 0 for a usable line that is netted with its order, as nearly all lines are.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from clientier.transactions import currencies, sql
from clientier.transactions.lines import LineReader
from clientier.transactions.netting import (
    ORDER_DAY_PURCHASES,
    amount_of_line,
    netted_sql,
    order_days_sql,
    sums_of_rows,
)
from clientier.transactions.rules import BAD_DATE, FIRST_REJECTED, NETTED, USABLE

# kind = side + 4 * rounded + 8 * currency (its number in CODES, 0 for none) + 2048 * outcome + 2^32 * file
SIDE, _ROUNDED, _CURRENCY = "(kind % 4)", "(kind // 4 % 2)", "(kind // 8 % 256)"
OUTCOME, _FILE = "(kind % 4294967296 // 2048)", "CAST(kind // 4294967296 AS INTEGER)"
_CODES = (*currencies.CODES, currencies.SEVERAL)
_ORDER_DAY = 'customer, "order", day'
_ROWS = f"SELECT *, {_FILE} AS file, {SIDE} AS side FROM counted WHERE {OUTCOME} = {USABLE}"


def count(
    connection: duckdb.DuckDBPyConnection, reader: LineReader, scan: str, digested: bool = False
) -> None:
    """Read all lines of a scan once.

    Needs:  digested, to keep lines of different digests apart, and the digests
    Adds:  counted (customer, "order", day, kind, lines, amount, margin, purchases, gross, refunds), the first
           three of usable lines only, a view: what follows from the amount takes no memory;
           tally (kind, day, lines), its lines added up
    """
    config = reader.config
    if_usable = f"CASE WHEN outcome = {USABLE} THEN"
    order = (
        f"CASE WHEN outcome = {USABLE} AND NOT orderless THEN order_text END"
        if config.columns.order
        else "NULL"
    )
    usable = f'{if_usable} customer_text END AS customer, CAST({order} AS VARCHAR) AS "order", {if_usable} day END AS day'
    status = config.refunds.status
    amount = amount_of_line() if status else "amount"
    summed, margin = "", "CAST(0 AS DECIMAL(38,6))"
    if config.columns.cost:
        summed, margin = f", sum({if_usable} margin END) AS margin_sum", "CAST(margin_sum AS DECIMAL(38,6))"
    keys, digest = f"{_ORDER_DAY}, kind", ", CAST(fields AS VARCHAR) AS digest"
    keys, digest = (f"{keys}, digest", digest) if digested else (keys, "")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE counted_rows AS
        SELECT {keys}, sum(amount) AS amount{summed}, count(*) AS lines
        FROM (SELECT outcome, {_kind()} AS kind, {usable}, {if_usable} {amount} END AS amount, margin{digest}
              FROM ({reader.lines(scan)}))
        GROUP BY {keys}""")
    connection.execute(f"""
        CREATE OR REPLACE TEMP VIEW counted AS
        SELECT {keys}, lines, amount, {margin} AS margin, {sums_of_rows(SIDE)} FROM counted_rows""")
    tally = "SELECT kind, day, CAST(sum(lines) AS BIGINT) AS lines FROM counted GROUP BY kind, day"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE tally AS {tally}")


def _kind() -> str:
    codes = ", ".join(map(sql.literal, _CODES))
    currency = f"CASE WHEN currency IS NULL THEN 0 ELSE coalesce(list_position([{codes}], currency), 0) END"
    small = f"side + CASE WHEN rounded THEN 4 ELSE 0 END + 8 * {currency} + 2048 * outcome"
    return f"CAST({small} AS UBIGINT) + 4294967296 * CAST(file AS UBIGINT)"


def lines_by_currency(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return how many lines show each currency."""
    query = f"SELECT {_CURRENCY}, sum(lines) FROM tally WHERE {_CURRENCY} > 0 GROUP BY ALL"
    return {_CODES[number - 1]: int(lines) for number, lines in connection.execute(query).fetchall()}


def most_dates_are_bad(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether at least half of the lines have no readable date."""
    query = (
        f"SELECT coalesce(sum(lines), 0), coalesce(sum(lines) FILTER ({OUTCOME} = {BAD_DATE}), 0) FROM tally"
    )
    ((lines, bad),) = connection.execute(query).fetchall()
    return bool(0 < lines <= 2 * bad)


def lines_by_file(connection: duckdb.DuckDBPyConnection) -> dict[int, tuple[int, int]]:
    """Return, by file number, the lines split into fields, and those of them with an unreadable cell."""
    query = f"""SELECT {_FILE}, sum(lines), coalesce(sum(lines) FILTER ({OUTCOME} >= {FIRST_REJECTED}), 0)
        FROM tally GROUP BY ALL"""
    return {file: (int(lines), int(bad)) for file, lines, bad in connection.execute(query).fetchall()}


def rounded_lines(connection: duckdb.DuckDBPyConnection) -> int:
    """Return how many lines had an amount or cost that was rounded."""
    return sum(rounded_lines_by_file(connection).values())


def rounded_lines_by_file(connection: duckdb.DuckDBPyConnection) -> dict[int, int]:
    """Return, by file number, how many lines had an amount or cost that was rounded."""
    query = f"SELECT {_FILE}, sum(lines) FROM tally WHERE {_ROUNDED} = 1 GROUP BY ALL"
    return {file: int(lines) for file, lines in connection.execute(query).fetchall()}


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
        FROM (SELECT {_FILE} AS file, CASE {OUTCOME} {names} ELSE 'rejected' END AS outcome, day, lines FROM tally
              {" ".join(faults)})
        GROUP BY ALL""")
    return int(connection.execute("SELECT coalesce(sum(lines), 0) FROM outcomes").fetchall()[0][0])


def leave_order_days(connection: duckdb.DuckDBPyConnection) -> None:
    """Turn ``counted`` into ``order_days``: one row per customer, order and day.

    Where lines come from several files or are of several kinds, an order day may stand in several rows
    up to here, and its netted lines in more than one of them: then the rows are added up first.
    """
    _drop_order_days(connection)
    if connection.execute(f"SELECT 1 FROM tally WHERE {OUTCOME} <> {USABLE} LIMIT 1").fetchall():
        connection.execute(f"DELETE FROM counted_rows WHERE {OUTCOME} <> {USABLE}")
    kinds = f"SELECT DISTINCT kind FROM tally WHERE {OUTCOME} = {USABLE}"
    if len(connection.execute(kinds).fetchall()) > 1 or _is_any_alone(connection):
        connection.execute(f"CREATE TEMP TABLE order_days AS {order_days_sql(_ROWS)}")
        connection.execute("DROP VIEW counted; DROP TABLE counted_rows")
    else:
        connection.execute(f"""
            CREATE TEMP VIEW order_days AS
            SELECT {_ORDER_DAY}, lines, margin, {sums_of_rows(str(NETTED))} FROM counted""")
    connection.execute("DROP TABLE tally")


def forget_order_days(connection: duckdb.DuckDBPyConnection) -> None:
    """Give back the memory of order days."""
    _drop_order_days(connection)
    connection.execute("DROP VIEW IF EXISTS counted; DROP TABLE IF EXISTS counted_rows")


def _drop_order_days(connection: duckdb.DuckDBPyConnection) -> None:
    view = connection.execute("SELECT 1 FROM duckdb_views() WHERE view_name = 'order_days'").fetchall()
    connection.execute(f"DROP {'VIEW' if view else 'TABLE'} IF EXISTS order_days")


def _is_any_alone(connection: duckdb.DuckDBPyConnection) -> bool:
    query = f"SELECT 1 FROM tally WHERE {OUTCOME} = {USABLE} AND {SIDE} <> {NETTED} LIMIT 1"
    return bool(connection.execute(query).fetchall())


def order_days_by_file(connection: duckdb.DuckDBPyConnection) -> str:
    """Return the query, over ``counted``, of what each file says of an order day.

    Gives:  file, customer, "order", day, purchases, gross, refunds, margin, lines; alone_gross and
            alone_refunds, the part of gross and refunds that is of lines which are not netted
    """
    kinds = f"SELECT DISTINCT kind FROM tally WHERE {OUTCOME} = {USABLE}"
    query = f"SELECT count(*) = count(DISTINCT {_FILE}) FROM ({kinds})"
    ((one_kind_a_file,),) = connection.execute(query).fetchall()
    if one_kind_a_file and not _is_any_alone(connection):  # then each row is a file's order day already
        return f"""
            SELECT {_FILE} AS file, customer, "order", day, purchases, gross, refunds, 0 AS alone_gross,
                   0 AS alone_refunds, margin, lines
            FROM counted WHERE {OUTCOME} = {USABLE}"""
    return f"""
        SELECT file, customer, "order", day, {ORDER_DAY_PURCHASES}, gross, refunds, alone_gross, alone_refunds,
               margin, lines
        FROM ({netted_sql(_ROWS, 'file, customer, "order", day')})"""
