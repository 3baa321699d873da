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
from clientier.options import SparkOptions
from clientier.period import period_until
from clientier.transactions.results import Reading
from reads import Read, config_of, plain

CONF = (
    "spark.sql.shuffle.partitions=2",
    "spark.driver.host=127.0.0.1",
    "spark.driver.bindAddress=127.0.0.1",
    "spark.sql.warehouse.dir=/nonexistent",
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


def _gathered(engine: SparkEngine, reading: Reading) -> Read:
    rejects = engine.rejects_frame.toArrow().sort_by([("file", "ascending"), ("line", "ascending")])
    frame = engine.order_days_frame.orderBy("customer", "order", "day")
    rows = frame.select("customer", "order", "day", "purchases", "gross", "refunds", "margin").collect()
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
