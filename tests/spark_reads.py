"""Reading on Spark in a test: the same gathered results as ``reads`` has of a local reading."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from clientier.engines.spark.engine import SparkEngine
from clientier.engines.spark.session import spark_session
from clientier.engines.spark.summing import leave_order_days
from clientier.engines.spark.tasks import database
from clientier.engines.spark.unreadable import SPARK_SCHEMA as UNREADABLE
from clientier.options import SparkOptions
from clientier.period import period_until
from clientier.transactions.results import Reading
from reads import Read, config_of, plain
from spark_cluster import FRUGAL_JAVA

CONF = (
    "spark.sql.shuffle.partitions=2",
    "spark.driver.host=127.0.0.1",
    "spark.driver.bindAddress=127.0.0.1",
    "spark.sql.warehouse.dir=/nonexistent",
    f"spark.driver.extraJavaOptions={FRUGAL_JAVA}",
)


@contextmanager
def local_spark(*conf: str) -> Iterator[SparkSession]:
    """Start Spark within this machine, with two tasks at once."""
    options = SparkOptions("", master="local[2]", conf=(*CONF, *conf))
    with spark_session(options) as spark:
        yield spark


def read_on_spark(
    spark: SparkSession, names: list[str], base: Path, table: str | None = None, **keys: Any
) -> Read:
    """Read files, or a table, on Spark."""
    with tempfile.TemporaryDirectory() as scratch:
        engine = SparkEngine(spark, Path(scratch), table)
        try:
            reading = engine.read(names, config_of(**keys), base, None)
            return _gathered(engine, reading)
        finally:
            engine.close()


def order_days(engine: SparkEngine) -> list[tuple[Any, ...]]:
    """Return the order days that the workers would make of the lines they keep, in order."""
    query = """SELECT customer, "order", day, purchases, gross, refunds, margin FROM order_days
        ORDER BY customer, "order" NULLS FIRST, day"""
    with database() as (_, connection):
        any_there = leave_order_days(connection, engine.lines_frame.toArrow().to_batches())
        return connection.execute(query).fetchall() if any_there else []


def _gathered(engine: SparkEngine, reading: Reading) -> Read:
    frame = engine.rejects_frame.mapInArrow(engine.unreadable, UNREADABLE).drop("number")
    rejects = frame.toArrow().sort_by([("file", "ascending"), ("line", "ascending")])
    rows = order_days(engine)
    days = engine.days()
    ever = period_until(max([*dict(days), date.min]), "all", min([*dict(days), date.max]))
    by_file: dict[int, Counter[str]] = {}
    for file, outcome, lines in engine.outcomes(ever):
        by_file.setdefault(file, Counter())["usable" if outcome == "in_window" else outcome] += lines
    return Read(
        Reading(reading.inputs, rejects, reading.rounded_lines, reading.notes),
        [(row[0], row[1], row[2].isoformat(), row[3], plain(row[4]), plain(row[5])) for row in rows],
        [plain(row[6]) for row in rows],
        sum(by_file.values(), Counter()),
        by_file,
        dict(days),
    )
