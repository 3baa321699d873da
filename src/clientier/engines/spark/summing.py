"""What a worker does with all lines of some customers: it sums them with the very SQL that sums them locally.

Runs on the workers: nothing here knows Spark.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from clientier import frames
from clientier.config.models import Metrics
from clientier.customers import day_sums_sql, money_inside_sql, sums_sql
from clientier.engines.spark.packing import Batches, packed, tables_in
from clientier.engines.spark.tasks import database
from clientier.period import Period
from clientier.transactions.netting import order_days_sql, sums_of_rows

CUSTOMERS_AT_ONCE = 20_000  # and placed at once: all their texts take some 70 MB of a worker's memory
_TYPES = {
    "sums": ("binary", pa.binary()),  # customers.sums_sql of some customers, packed
    "days": ("binary", pa.binary()),  # and customers.day_sums_sql, position being the row in the sums
    "purchasers": ("array<bigint>", pa.list_(pa.int64())),  # the monetary of each, in millionths
    "others": ("array<bigint>", pa.list_(pa.int64())),  # and of those without a purchase inside the window
    "told": ("string", pa.string()),  # what ``_told`` says of all customers of a task, as JSON
}
SCHEMA = pa.schema({name: arrow for name, (_, arrow) in _TYPES.items()})
SPARK_SCHEMA = ", ".join(f"{name} {spark}" for name, (spark, _) in _TYPES.items())


@dataclass(frozen=True)
class Summing:
    """Sums the customers of one task. Pickled by Spark."""

    metrics: Metrics
    period: Period

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield rows of SCHEMA.

        Needs:  packed (rows.COUNTED), every line of each customer
        """
        with database() as (_, connection):
            if leave_order_days(connection, batches):
                leave_customers(connection, self.metrics, self.period)
                yield from customer_rows(connection)
                yield _row(told=json.dumps(self._told(connection)))

    def _told(self, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
        """Return the number of customers, the money of the window, and how many have each value of a metric."""
        ((money,),) = connection.execute(money_inside_sql(self.metrics, self.period)).fetchall()
        ((customers,),) = connection.execute("SELECT count(*) FROM customers").fetchall()
        recency = f"CAST(DATE '{self.period.as_of}' - last_order AS BIGINT)"
        return {
            "customers": customers,
            "money": str(money),
            "recency_days": _counts(connection, recency),
            "frequency": _counts(connection, "frequency"),
        }


def _counts(connection: duckdb.DuckDBPyConnection, value: str) -> list[tuple[int, int, int]]:
    """Return each value, how many purchasers have it, and how many others."""
    query = f"""
        SELECT {value} AS value, count(*) FILTER (frequency > 0), count(*) FILTER (frequency <= 0)
        FROM customers WHERE value IS NOT NULL GROUP BY value"""
    return connection.execute(query).fetchall()


def leave_order_days(connection: duckdb.DuckDBPyConnection, batches: Batches) -> bool:
    """Make the table ``order_days``; return whether there are any.

    Needs:  packed (rows.COUNTED)
    """
    connection.execute(_LINES)
    for table in tables_in(batches):
        connection.register("arrived", table)
        connection.execute("INSERT INTO counted BY NAME SELECT * FROM arrived")
    if not connection.execute("SELECT 1 FROM counted LIMIT 1").fetchall():
        return False
    connection.execute(f"CREATE TEMP TABLE order_days AS {order_days_sql(_ROWS)}")
    connection.execute("DROP TABLE counted")
    return True


def leave_customers(connection: duckdb.DuckDBPyConnection, metrics: Metrics, period: Period) -> None:
    """Make the tables ``customers``, numbered from 0, and ``customer_days``."""
    connection.execute(f"""
        CREATE TEMP TABLE customers AS
        SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS place, * FROM ({sums_sql(metrics, period)})""")
    connection.execute(f"""
        CREATE TEMP TABLE customer_days AS
        SELECT place, days.* EXCLUDE (customer) FROM ({day_sums_sql(metrics, period)}) AS days
        JOIN customers ON customer_id = customer""")


def customer_rows(connection: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
    """Yield rows of SCHEMA from the tables ``customers`` and ``customer_days``: some customers in each."""
    ((customers,),) = connection.execute("SELECT count(*) FROM customers").fetchall()
    for first in range(0, customers, CUSTOMERS_AT_ONCE):
        some = f"place >= {first} AND place < {first + CUSTOMERS_AT_ONCE}"
        sums = connection.sql(f"SELECT * FROM customers WHERE {some} ORDER BY place").to_arrow_table()
        days = connection.sql(f"""
            SELECT place - {first} AS position, * EXCLUDE (place) FROM customer_days WHERE {some}""")
        monetary, frequency = (
            frames.from_table(sums.select([name]))[name].to_numpy(dtype=np.int64)
            for name in ("monetary", "frequency")
        )
        yield _row(
            sums=packed(sums.drop_columns(["place"])), days=packed(days.to_arrow_table()),
            purchasers=np.sort(monetary[frequency > 0]), others=np.sort(monetary[frequency <= 0]),
        )  # fmt: skip


def _row(**cells: Any) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [pa.array([cells.get(field.name)], field.type) for field in SCHEMA], schema=SCHEMA
    )


_LINES = """
    CREATE TEMP TABLE counted (
        customer VARCHAR, "order" VARCHAR, day DATE, side TINYINT, lines BIGINT, amount DECIMAL(38,6),
        margin DECIMAL(38,6))"""
_ROWS = f"SELECT *, {sums_of_rows('side')} FROM counted"
