"""What was read, put into the tables of the store. All of it belongs into one transaction."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa

from clientier.engines import counting
from clientier.errors import DataError, Problem
from clientier.store import settled
from clientier.store.schema import MONEY
from clientier.transactions.results import Reading

_MONEY_COLUMNS = ("gross", "refunds", "alone_gross", "alone_refunds", "margin")


def keep_files(
    connection: duckdb.DuckDBPyConnection, reading: Reading, digests: Sequence[str], first: int
) -> None:
    """Record the files that were read, by numbers from ``first`` on."""
    rounded = counting.rounded_lines_by_file(connection)
    rows = [
        (first + at, read.name, read.bytes, sha256, json.dumps(dict(read.dialect)), rounded.get(at, 0))
        for at, (read, sha256) in enumerate(zip(reading.inputs, digests, strict=True))
    ]
    connection.executemany("INSERT INTO store.files VALUES (?, ?, ?, ?, ?, ?)", rows)
    settled.set_last_number(connection, "file", first + len(rows) - 1)


def keep_customers(connection: duckdb.DuckDBPyConnection) -> int:
    """Give numbers to the customers who are new; return how many."""
    first = settled.next_number(connection, "customer")
    connection.execute(f"""
        INSERT INTO store.customers
        SELECT CAST(row_number() OVER (ORDER BY customer_id) + {first - 1} AS INTEGER), customer_id
        FROM (SELECT DISTINCT customer AS customer_id FROM temp.counted WHERE customer IS NOT NULL)
             ANTI JOIN store.customers USING (customer_id) ORDER BY customer_id""")
    query = f"SELECT count(*) FROM store.customers WHERE customer >= {first}"
    ((new,),) = connection.execute(query).fetchall()
    settled.set_last_number(connection, "customer", first + int(new) - 1)
    return int(new)


def keep_order_days(connection: duckdb.DuckDBPyConnection, first: int) -> None:
    """Keep what each file says of order days, sorted by customer: so they take the least room.

    Raises:  DataError where the money of one order is too much for 64 bits
    """
    amounts = ", ".join(f"CAST({column} AS {MONEY})" for column in _MONEY_COLUMNS)
    query = f"""
        INSERT INTO store.order_days
        SELECT file + {first}, c.customer, "order", day, purchases, {amounts}, lines, FALSE, FALSE
        FROM ({counting.order_days_by_file(connection)}) AS o
             JOIN store.customers AS c ON c.customer_id = o.customer
        ORDER BY file, c.customer, day, "order" """
    try:
        with _kept_in_order(connection):
            connection.execute(query)
    except duckdb.ConversionException:
        fact = "the amounts of one order add up to 10^12 or more"
        raise DataError(Problem("amount", fact, "divide the amounts, for example by 1,000")) from None


@contextlib.contextmanager
def _kept_in_order(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Insert rows in the order in which they come: else the store is two thirds larger, and slower to sum."""
    connection.execute("SET preserve_insertion_order = true")
    try:
        yield
    finally:
        with contextlib.suppress(duckdb.Error):  # a transaction that failed takes no more statements
            connection.execute("SET preserve_insertion_order = false")


def keep_outcomes(connection: duckdb.DuckDBPyConnection, first: int) -> None:
    """Keep what became of every line, by file and day."""
    connection.execute(f"""
        INSERT INTO store.outcomes
        SELECT file + {first}, outcome, day, lines FROM temp.outcomes ORDER BY ALL""")


def keep_digests(connection: duckdb.DuckDBPyConnection, first: int) -> None:
    """Keep the digests of all lines that could be split into fields."""
    connection.execute(f"""
        INSERT INTO store.line_digests
        SELECT file + {first}, digest, lines FROM temp.line_digests ORDER BY ALL""")


def keep_rejects(connection: duckdb.DuckDBPyConnection, reading: Reading, first: int) -> None:
    """Keep every rejected line."""
    if not reading.rejects.num_rows:
        return
    numbers = {read.name: first + at for at, read in enumerate(reading.inputs)}
    files = [numbers[name] for name in reading.rejects.column("file").to_pylist()]
    connection.register("rejected_lines", reading.rejects.set_column(0, "file", pa.array(files, pa.int32())))
    connection.execute("INSERT INTO store.rejects SELECT * FROM rejected_lines")
    connection.unregister("rejected_lines")


def forget_what_was_read(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop all temporary tables: some have the names of the store's own."""
    query = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'temp'"
    with contextlib.suppress(duckdb.Error):  # after a failure that the engine cannot go on from
        for (name,) in connection.execute(query).fetchall():
            connection.execute(f'DROP TABLE temp."{name}"')
