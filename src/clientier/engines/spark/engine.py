"""The engine on Spark. See ``Engine`` for what the verbs promise; customers stay where they are, as a frame."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from clientier.columns import MONEY_SCALE
from clientier.config.models import Metrics, Transactions
from clientier.customers import day_sums_sql, money_inside_sql, sums_sql
from clientier.engines import Progress
from clientier.engines.duckdb import DuckDBEngine
from clientier.engines.spark.failing import spark_errors
from clientier.engines.spark.reading import Here, SparkReading
from clientier.engines.spark.refining import Piece, Refining, Slice, pieces_sql
from clientier.engines.spark.rows import COUNTED
from clientier.engines.spark.scanning import KEPT, OUTCOME
from clientier.engines.spark.session import ignore_pandas_3
from clientier.period import Period
from clientier.scores import Countable, Histogram
from clientier.transactions.limit import refuse_beyond_limit
from clientier.transactions.netting import order_days_sql, sums_of_rows
from clientier.transactions.results import Reading
from clientier.transactions.rules import USABLE

QUOTIENT = "{} div {}"
_USABLE_ROWS = f"""
    SELECT customer, "order", day, side, lines, amount, margin, {sums_of_rows("side")}
    FROM (SELECT *, kind % 4 AS side FROM {{found}} WHERE row = {COUNTED} AND {OUTCOME} = {USABLE}) AS usable"""
_DAY = "struct(day, orders, purchased, gross, refunds, CAST(margin AS DECIMAL(18,6)) AS margin)"
_DAYS = f"sort_array(collect_list({_DAY})) AS days"


class SparkEngine:
    """A session of Spark, beside a database in this process for what is small: lines by file, outcome and day."""

    def __init__(self, spark: SparkSession, scratch: Path, table: str | None = None) -> None:
        ignore_pandas_3()
        self._spark, self._scratch, self._table = spark, scratch, table
        self._job: SparkReading | None = None
        self._driver = DuckDBEngine(scratch)
        self._frames: list[DataFrame] = []  # persisted
        self._money: dict[bool, Refining] = {}  # by whether purchasers alone are counted

    def close(self) -> None:
        """Let go of everything that is kept on the workers."""
        for frame in self._frames:
            frame.unpersist()
        if self._job is not None:
            self._job.release()
        self._driver.close()

    def read(
        self, files: Sequence[str], transactions: Transactions, base: Path, progress: Progress | None
    ) -> Reading:
        """Read transaction files to order days; every line ends in one outcome."""
        if progress:
            progress("reading", None)
        self._job = job = SparkReading(
            self._spark, Here(self._driver.connection, self._scratch), transactions, base
        )
        with spark_errors():
            if self._table is None:
                job.find_files(files)
            else:
                job.find_table(self._table)
            job.read()
            _refuse_beyond_limit(job, transactions)
            self._order_days = self._kept(job.query(order_days_sql(_USABLE_ROWS)))
        return job.reading()

    def _kept(self, frame: DataFrame) -> DataFrame:
        kept = frame.persist(KEPT)
        self._frames.append(kept)
        return kept

    @property
    def order_days_frame(self) -> DataFrame:
        """The usable lines: one row per customer, order and day, as netting.order_days_sql gives them."""
        return self._order_days

    @property
    def customers_frame(self) -> DataFrame:
        """The columns of customers.sums_sql, and ``days``: what they bought on each day of the window."""
        return self._customers

    @property
    def rejects_frame(self) -> DataFrame:
        """Every rejected line: file, line (physical), column, reason, text."""
        if self._job is None:
            raise RuntimeError("nothing is read yet")
        return self._job.rejects()

    def days(self) -> list[tuple[date, int]]:
        """Return each day that has usable lines, newest first, and how many."""
        return self._driver.days()

    def outcomes(self, period: Period) -> list[tuple[int, str, int]]:
        """Return (file, outcome, lines), usable lines told apart by where they lie in the period."""
        return self._driver.outcomes(period)

    def money_inside(self, metrics: Metrics, period: Period) -> Decimal:
        """Return the money of the order days inside the window, summed without regard to customers."""
        query = money_inside_sql(metrics, period, "{order_days}")
        with spark_errors():
            ((total,),) = self._spark.sql(query, order_days=self._order_days).collect()
        return Decimal(total)

    def aggregate(
        self, metrics: Metrics, period: Period, keep_days: bool = False, progress: Progress | None = None
    ) -> int:
        """Sum the order days by customer; return how many customers there are.

        Raises:  DataError where the money of one customer is too much for 64 bits
        """
        self._as_of = period.as_of
        self._money.clear()
        sums = sums_sql(metrics, period, "{order_days}", QUOTIENT)
        by_day = day_sums_sql(metrics, period, "{order_days}")
        query = f"""
            SELECT sums.*, days FROM ({sums}) AS sums
            LEFT JOIN (SELECT customer, {_DAYS} FROM ({by_day}) AS by_day GROUP BY customer) AS bought
                ON bought.customer = sums.customer_id"""
        with spark_errors():
            self._customers = self._kept(self._spark.sql(query, order_days=self._order_days))
            return self._customers.count()

    def histogram(self, metric: str, purchasers_only: bool) -> Countable:
        """Count the customers at each value of recency_days, frequency or monetary: of money only where it matters."""
        if metric == "monetary":
            if purchasers_only not in self._money:  # what one question made fine serves the next
                self._money[purchasers_only] = Refining(lambda slices: self._pieces(slices, purchasers_only))
            return self._money[purchasers_only]
        value = f"datediff(DATE '{self._as_of}', last_order)" if metric == "recency_days" else metric
        query = f"SELECT CAST({value} AS BIGINT) AS value, count(*) AS customers FROM {_of(purchasers_only)}"
        with spark_errors():
            found = self._of_customers(f"{query} GROUP BY value ORDER BY value").toArrow()
        return Histogram(found["value"].to_numpy(), found["customers"].to_numpy())

    def _pieces(self, slices: Sequence[Slice], purchasers_only: bool) -> list[Piece]:
        value = f"CAST(monetary * {MONEY_SCALE} AS BIGINT)"
        with spark_errors():
            found = self._of_customers(pieces_sql(value, slices, _of(purchasers_only))).collect()
        return [Piece(least, most, customers, int(total)) for least, most, customers, total in found]

    def _of_customers(self, sql: str) -> DataFrame:
        return self._spark.sql(sql, customers=self._customers)


def _of(purchasers_only: bool) -> str:
    return "{customers}" + (" WHERE frequency > 0" if purchasers_only else "")


def _refuse_beyond_limit(job: SparkReading, config: Transactions) -> None:
    """Raise where too many lines are rejected; of those, the first come here, and only then.

    Raises:  DataError, RejectLimitError
    """
    lines, rejected = job.leave_outcomes(), job.rejected()
    over = rejected > config.max_reject_rate * lines
    refuse_beyond_limit(job.reading(job.first_rejects() if over else None), lines, config, rejected)
