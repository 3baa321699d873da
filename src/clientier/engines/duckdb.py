"""The engine inside the process: DuckDB, which spills to disk beyond its memory limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pandas as pd
import pyarrow as pa

from clientier import frames
from clientier.config.models import Metrics, Transactions
from clientier.customers import day_sums_sql, money_inside_sql, sums_sql
from clientier.cutpoints import Counted
from clientier.engines import BATCH_ROWS, Progress, counting
from clientier.engines.checking import Checked, check_transactions
from clientier.engines.connecting import another, connect
from clientier.engines.reading import Reading, read_transactions
from clientier.engines.watching import watched
from clientier.errors import DataError, EngineError, Problem
from clientier.period import Period
from clientier.scores import Histogram


class Elsewhere(Protocol):
    """Lines that lie elsewhere, and are summed there: what reading leaves here is ``outcomes`` alone."""

    def money_inside(
        self, connection: duckdb.DuckDBPyConnection, metrics: Metrics, period: Period
    ) -> Decimal:
        """Return the money of the lines inside the window."""

    def sums(
        self, connection: duckdb.DuckDBPyConnection, metrics: Metrics, period: Period
    ) -> tuple[str, str]:
        """Let the sums travel here; return queries that give what customers.sums_sql and day_sums_sql do."""


class DuckDBEngine:
    """One connection to an in-memory database. See ``Engine`` for what the verbs promise."""

    def __init__(self, scratch: Path, memory_limit: str | None = None) -> None:
        self._scratch = scratch
        self._connection = connect(scratch, memory_limit)
        self._numbers: str | None = None
        self._recalled: list[str] = []
        self._elsewhere: Elsewhere | None = None

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection, for a store to be attached to."""
        return self._connection

    def number_customers(self, relation: str) -> None:
        """Take the customers of order days as numbers, for which a relation has ids (customer, customer_id)."""
        self._numbers = relation

    def sum_elsewhere(self, elsewhere: Elsewhere) -> None:
        """Take the sums of customers from where the lines lie."""
        self._elsewhere = elsewhere

    def keep(self, name: str, table: pa.Table) -> None:
        """Keep a table under a name that relations may use."""
        self._connection.register("kept", table)
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM kept")
        self._connection.unregister("kept")

    def recall(self, relation: str) -> None:
        """Let every customer carry what a relation (customer, and any columns) knows of them."""
        self._recalled.append(relation)

    def close(self) -> None:
        """Give back memory and spilled files."""
        self._connection.close()

    def read(
        self, files: Sequence[str], transactions: Transactions, base: Path, progress: Progress | None
    ) -> Reading:
        """Read transaction files to order days; every line ends in one outcome."""
        with engine_errors():
            return read_transactions(self._connection, files, transactions, base, self._scratch, progress)

    def read_from(self, read: Callable[[duckdb.DuckDBPyConnection], Reading]) -> Reading:
        """Take the order days and outcomes that something else, a store, puts into the connection."""
        with engine_errors():
            return read(self._connection)

    def check(
        self, files: Sequence[str], transactions: Transactions, base: Path, progress: Progress | None
    ) -> Checked:
        """Report what the files hold; too many rejected lines do not stop it."""
        with engine_errors():
            return check_transactions(self._connection, files, transactions, base, self._scratch, progress)

    def days(self) -> list[tuple[date, int]]:
        """Return each day that has usable lines, newest first, and how many."""
        query = "SELECT day, sum(lines) FROM outcomes WHERE outcome = 'usable' GROUP BY day ORDER BY day DESC"
        return [(day, int(lines)) for day, lines in self._rows(query)]

    def outcomes(self, period: Period) -> list[tuple[int, str, int]]:
        """Return (file, outcome, lines), usable lines told apart by where they lie in the period."""
        query = f"""
            SELECT file, CASE WHEN outcome <> 'usable' THEN outcome
                              WHEN day > DATE '{period.as_of}' THEN 'after_as_of'
                              WHEN day <= DATE '{period.after}' THEN 'before_window'
                              ELSE 'in_window' END AS placed, sum(lines)
            FROM outcomes GROUP BY file, placed ORDER BY file, placed"""
        return [(file, outcome, int(lines)) for file, outcome, lines in self._rows(query)]

    def money_inside(self, metrics: Metrics, period: Period) -> Decimal:
        """Return the money of the order days inside the window, summed without regard to customers."""
        if self._elsewhere is not None:
            with engine_errors():
                return self._elsewhere.money_inside(self._connection, metrics, period)
        ((total,),) = self._rows(money_inside_sql(metrics, period))
        return Decimal(total)

    def aggregate(
        self, metrics: Metrics, period: Period, keep_days: bool = False, progress: Progress | None = None
    ) -> int:
        """Sum the order days by customer; return how many customers there are.

        Raises:  DataError where the money of one customer is too much for 64 bits
        """
        self._as_of = period.as_of
        try:
            with engine_errors(), watched(self._connection, progress, "aggregating"):
                sums, day_sums = self._sums(metrics, period)
                query = self._with_what_is_known(sums)
                self._connection.execute(f"CREATE OR REPLACE TEMP TABLE customers AS {query}")
                if keep_days:
                    self._keep_days(day_sums)
        except duckdb.ConversionException:
            fact = "the amounts of one customer add up to 10^12 or more"
            raise DataError(Problem("amount", fact, "divide the amounts, for example by 1,000")) from None
        with engine_errors():
            if self._numbers is None:  # else it is a view of the store
                self._forget_what_was_summed()
            # The allocator of each thread keeps what was freed, 400 MB here, until its thread ends.
            self._connection.execute("SET threads = 1; RESET threads")
        ((customers,),) = self._rows("SELECT count(*) FROM customers")
        return int(customers)

    def _sums(self, metrics: Metrics, period: Period) -> tuple[str, str]:
        """Return the queries of customers, and of what they bought by day."""
        if self._elsewhere is not None:
            return self._elsewhere.sums(self._connection, metrics, period)
        return sums_sql(metrics, period), day_sums_sql(metrics, period)

    def _forget_what_was_summed(self) -> None:
        if self._elsewhere is None:
            counting.forget_order_days(self._connection)
        else:
            self._connection.execute("DROP TABLE fetched")

    def _keep_days(self, day_sums: str) -> None:
        """Keep what each customer bought on each day of the window, for ``day_sums``."""
        customer = "customer_id" if self._numbers is None else "customer_number"
        # No temporary table: the cursors of other threads have to see it.
        self._connection.execute(f"""
            CREATE OR REPLACE TABLE customer_days AS
            SELECT place, days.* EXCLUDE (customer) FROM ({day_sums}) AS days
            JOIN customers ON customers.{customer} = days.customer ORDER BY place""")

    def day_sums(self, first: int, last: int) -> pd.DataFrame:
        """Return the columns of customers.day_sums_sql for a range of places, which stand for customers.

        Safe to call in several threads at once.
        """
        with engine_errors(), another(self._connection) as cursor:
            query = f"SELECT * FROM customer_days WHERE place BETWEEN {first} AND {last}"
            return frames.from_table(cursor.sql(query).to_arrow_table())

    def sums_of(self, customers: pa.Array, metrics: Metrics, period: Period, order_days: str) -> pd.DataFrame:
        """Return the sums of some customers over order days that may be others than those of the run.

        Needs:  customers as order days name them; order_days, a query
        Gives:  the columns of customers.sums_sql
        """
        with engine_errors():
            self._connection.register("chosen", pa.table({"customer": customers}))
            theirs = f"(SELECT * FROM ({order_days}) WHERE customer IN (SELECT customer FROM chosen))"
            named, joins = self._named()
            query = f"SELECT {named} FROM ({sums_sql(metrics, period, theirs)}) AS sums{joins}"
            return self._frame(query)

    def fit_under(self, metrics: Metrics, period: Period, order_days: str) -> Counted:
        """Return what counts customers by value under other metrics, or in another window."""
        with engine_errors():
            query = sums_sql(metrics, period, f"({order_days})")
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE customers_otherwise AS {query}")
        return _Histograms(self, "customers_otherwise", period.as_of)

    def gone(self, said: str) -> pd.DataFrame:
        """Return what a relation (customer, and any columns) says of those who are not among the customers."""
        mine = "customer_id" if self._numbers is None else "customer_number"
        named, joins = "said.customer AS customer_id, said.* EXCLUDE (customer)", ""
        if self._numbers is not None:
            named = "numbers.customer_id, said.* EXCLUDE (customer)"
            joins = f" JOIN {self._numbers} AS numbers USING (customer)"
        with engine_errors():
            absent = f"(SELECT * FROM ({said}) ANTI JOIN customers ON customers.{mine} = customer)"
            return self._frame(f"SELECT {named} FROM {absent} AS said{joins} ORDER BY customer_id")

    def _named(self) -> tuple[str, str]:
        """Return what to select of sums, customers by their ids, and the join that takes."""
        if self._numbers is None:
            return "sums.*", ""
        named = "numbers.customer_id, sums.customer_id AS customer_number, sums.* EXCLUDE (customer_id)"
        return named, f" JOIN {self._numbers} AS numbers ON numbers.customer = sums.customer_id"

    def _with_what_is_known(self, sums: str) -> str:
        """Return the query of the sums beside what is recalled of the customers, all by their ids."""
        named, names = self._named()
        customer = "customer_id" if self._numbers is None else "customer_number"
        placed = _placed(f"SELECT {named} FROM ({sums}) AS sums{names}")  # sorted while the rows are narrow
        known, joins = "", ""
        for at, relation in enumerate(self._recalled):
            known += f", known_{at}.* EXCLUDE (customer)"
            joins += f" LEFT JOIN ({relation}) AS known_{at} ON known_{at}.customer = placed.{customer}"
        return f"SELECT placed.*{known} FROM ({placed}) AS placed{joins}"

    def histogram(self, metric: str, purchasers_only: bool) -> Histogram:
        """Count the customers at each value of recency_days, frequency or monetary."""
        return self.counted("customers", metric, purchasers_only, self._as_of)

    def counted(self, table: str, metric: str, purchasers_only: bool, as_of: date) -> Histogram:
        """Count the customers of a table at each value of a metric."""
        value = f"CAST(DATE '{as_of}' - last_order AS BIGINT)" if metric == "recency_days" else metric
        where = "WHERE frequency > 0" if purchasers_only else ""
        counted_sql = f"SELECT {value} AS value, count(*) AS customers FROM {table} {where} GROUP BY value"
        with engine_errors():
            found = self._frame(f"{counted_sql} ORDER BY value")
        return Histogram(*(found[name].to_numpy(dtype="int64") for name in ("value", "customers")))

    def customers(self) -> Iterator[pd.DataFrame]:
        """Yield customers in batches, by monetary descending, then by the bytes of customer_id."""
        with engine_errors():
            ordered = self._connection.sql("SELECT * FROM customers ORDER BY place")
            for batch in ordered.to_arrow_reader(BATCH_ROWS):
                yield frames.from_arrow(batch)

    def _frame(self, query: str) -> pd.DataFrame:
        return frames.from_table(self._connection.sql(query).to_arrow_table())

    def _rows(self, query: str) -> list[Any]:
        with engine_errors():
            return self._connection.execute(query).fetchall()


@dataclass(frozen=True)
class _Histograms:
    """Customers of another table than the run's, counted by value."""

    engine: DuckDBEngine
    table: str
    as_of: date

    def histogram(self, metric: str, purchasers_only: bool) -> Histogram:
        """Count the customers at each value of recency_days, frequency or monetary."""
        return self.engine.counted(self.table, metric, purchasers_only, self.as_of)


def _placed(query: str) -> str:
    """Return the query with a number for every customer, from 0 in the order of every list."""
    order = "ORDER BY monetary DESC, customer_id"
    return f"SELECT CAST(row_number() OVER ({order}) - 1 AS INTEGER) AS place, * FROM ({query})"


@contextmanager
def engine_errors() -> Iterator[None]:
    """Turn what the engine says of memory and disk into errors with a fix."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        fix = "raise --memory-limit, or free space in the temporary folder"
        raise EngineError(Problem("engine", _first_line(error), fix)) from None
    except duckdb.IOException as error:
        fix = "free space in the temporary folder (TMPDIR names it), or check that the files can be read"
        raise EngineError(Problem("engine", _first_line(error), fix)) from None
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
