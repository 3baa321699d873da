"""The engine on Spark. See ``Engine`` for what the verbs promise; customers stay where they are, as a frame."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import MAX_PREC, Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.sql import DataFrame, SparkSession

from clientier.config.models import Metrics, Transactions
from clientier.engines import Progress
from clientier.engines.duckdb import DuckDBEngine
from clientier.engines.spark.failing import spark_errors
from clientier.engines.spark.reading import Here, SparkReading
from clientier.engines.spark.refining import PIECES, Piece, Refining, Slice, pieces_sql
from clientier.engines.spark.scanning import KEPT, packed_at_once
from clientier.engines.spark.session import ignore_pandas_3, settings
from clientier.engines.spark.summing import SPARK_SCHEMA, Summing
from clientier.engines.spark.unreadable import Unreadable
from clientier.period import Period
from clientier.scores import Countable, Histogram
from clientier.transactions.limit import refuse_beyond_limit
from clientier.transactions.results import Reading


@dataclass(frozen=True)
class Sums:
    """The customers of one window, summed: summing.SCHEMA, and what the tasks told of them."""

    frame: DataFrame
    told: Sequence[Mapping[str, Any]]


class SparkEngine:
    """A session of Spark, beside a database in this process for what is small: lines by file, outcome and day."""

    def __init__(self, spark: SparkSession, scratch: Path, table: str | None = None) -> None:
        ignore_pandas_3()
        self._spark, self._scratch, self._table = spark, scratch, table
        self._job: SparkReading | None = None
        self._driver = DuckDBEngine(scratch)
        self._asked: tuple[Metrics, Period] | None = None
        self._sums: Sums | None = None
        self._money: dict[bool, Countable] = {}  # by whether purchasers alone are counted

    def close(self) -> None:
        """Let go of everything that is kept on the workers."""
        self._forget_sums()
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
        return job.reading()

    @property
    def lines_frame(self) -> DataFrame:
        """The usable lines, packed: see rows.COUNTED."""
        return self._read_job.lines

    @property
    def customers_frame(self) -> DataFrame:
        """The customers, packed: see summing.SCHEMA."""
        return self._summed.frame.where("sums IS NOT NULL").select("sums", "days")

    @property
    def rejects_frame(self) -> DataFrame:
        """Every rejected line, packed, for ``unreadable``."""
        return self._read_job.rejects

    @property
    def unreadable(self) -> Unreadable:
        """What gives rejected lines their places."""
        return self._read_job.unreadable

    @property
    def _read_job(self) -> SparkReading:
        if self._job is None:
            raise RuntimeError("nothing is read yet")
        return self._job

    @property
    def _summed(self) -> Sums:
        if self._sums is None:
            raise RuntimeError("nothing is summed yet")
        return self._sums

    def days(self) -> list[tuple[date, int]]:
        """Return each day that has usable lines, newest first, and how many."""
        return self._driver.days()

    def outcomes(self, period: Period) -> list[tuple[int, str, int]]:
        """Return (file, outcome, lines), usable lines told apart by where they lie in the period."""
        return self._driver.outcomes(period)

    def money_inside(self, metrics: Metrics, period: Period) -> Decimal:
        """Return the money of the order days inside the window, summed without regard to customers."""
        self._sum(metrics, period)
        with localcontext(prec=MAX_PREC):
            return sum((Decimal(one["money"]) for one in self._summed.told), Decimal(0))

    def aggregate(
        self, metrics: Metrics, period: Period, keep_days: bool = False, progress: Progress | None = None
    ) -> int:
        """Sum the order days by customer; return how many customers there are.

        Raises:  DataError where the money of one customer is too much for 64 bits
        """
        self._sum(metrics, period)
        return sum(one["customers"] for one in self._summed.told)

    def _sum(self, metrics: Metrics, period: Period) -> None:
        """Sum by customer, unless that is done: all lines of a customer come to one task, and none come twice."""
        if self._asked == (metrics, period):
            return
        self._forget_sums()
        job = self._read_job
        together = job.lines.repartitionById(job.buckets, "bucket").select("packed")
        frame = together.mapInArrow(Summing(metrics, period), SPARK_SCHEMA).persist(KEPT)
        with spark_errors(), settings(self._spark, packed_at_once()):
            told = frame.where("told IS NOT NULL").select("told").collect()
        self._sums = Sums(frame, [json.loads(row["told"]) for row in told])
        self._asked = metrics, period

    def _forget_sums(self) -> None:
        self._money.clear()
        if self._sums is not None:
            self._sums.frame.unpersist()
        self._sums, self._asked = None, None

    def histogram(self, metric: str, purchasers_only: bool) -> Countable:
        """Count the customers at each value of recency_days, frequency or monetary: of money only where it matters."""
        if metric == "monetary":
            if purchasers_only not in self._money:  # what one question made fine serves the next
                self._money[purchasers_only] = self._monetary(purchasers_only)
            return self._money[purchasers_only]
        counted = Counter[int]()
        for one in self._summed.told:
            for value, purchasers, others in one[metric]:
                counted[value] += purchasers if purchasers_only else purchasers + others
        values = sorted(value for value, customers in counted.items() if customers)
        return Histogram(np.array(values, np.int64), np.array([counted[value] for value in values], np.int64))

    def _monetary(self, purchasers_only: bool) -> Countable:
        values = "purchasers" if purchasers_only else "concat(purchasers, others)"
        frame = self._summed.frame.where("sums IS NOT NULL").selectExpr(f"explode({values}) AS value")
        if (
            sum(one["customers"] for one in self._summed.told) > PIECES
        ):  # so many values refining takes at once too
            return Refining(lambda slices: self._pieces(slices, frame))
        with spark_errors():
            return Histogram.of(frame.toArrow()["value"].to_numpy())

    def _pieces(self, slices: Sequence[Slice], values: DataFrame) -> list[Piece]:
        with spark_errors():
            found = self._spark.sql(pieces_sql("value", slices, "{values}"), values=values).collect()
        return [Piece(least, most, customers, int(total)) for least, most, customers, total in found]


def _refuse_beyond_limit(job: SparkReading, config: Transactions) -> None:
    """Raise where too many lines are rejected; of those, the first come here, and only then.

    Raises:  DataError, RejectLimitError
    """
    lines, rejected = job.leave_outcomes(), job.rejected()
    over = rejected > config.max_reject_rate * lines
    refuse_beyond_limit(job.reading(job.first_rejects() if over else None), lines, config, rejected)
