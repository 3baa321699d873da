"""The Spark session: started or borrowed, set as the queries need it, and given back as it was."""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from clientier.engines import BATCH_ROWS
from clientier.errors import ConfigError, EngineError, Problem
from clientier.options import SparkOptions

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OLDEST = (4, 1)
# Text in double quotes are names, as in every SQL but Spark's own; no overflow passes; no zone is converted.
SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH_ROWS),
    "spark.sql.execution.arrow.useLargeVarTypes": "false",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.parquet.binaryAsString": "true",
}


@contextmanager
def spark_session(options: SparkOptions, existing: SparkSession | None = None) -> Iterator[SparkSession]:
    """Give a session to run on: the one there is, set back at the end; or one of our own, stopped at the end.

    Raises:  ConfigError; EngineError where Spark does not start, or a worker cannot do the work
    """
    conf = _pairs(options.conf)
    try:
        from clientier.engines.spark.starting import started
        from clientier.engines.spark.workers import check_workers
    except ImportError:
        fix = 'install it: pip install "clientier[spark]"'
        raise EngineError(Problem("Spark", "pyspark is missing", fix)) from None
    ignore_pandas_3()
    if existing is not None:
        _refuse_old(existing)
        with settings(existing, SETTINGS):
            check_workers(existing)
            yield existing
        return
    with _interrupts_as_before():
        spark = started(options.master, conf)
        try:
            _refuse_old(spark)
            with settings(spark, SETTINGS):
                check_workers(spark)
                yield spark
        finally:
            spark.stop()


def _refuse_old(spark: SparkSession) -> None:
    if tuple(map(int, spark.version.split(".")[:2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise EngineError(Problem("Spark", f"is {spark.version}", f"use Spark {oldest} or later"))


@contextmanager
def _interrupts_as_before() -> Iterator[None]:
    """Put back what an interrupt does: a session of Spark changes it, and does not put it back itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def ignore_pandas_3() -> None:
    """Silence what pyspark says of a pandas it was not made for: our batches are Arrow, they never meet it."""
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)


def _pairs(conf: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in conf:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            fact = f"'{text}' is not a setting"
            raise ConfigError(
                Problem("--spark-conf", fact, "write key=value, such as spark.executor.memory=4g")
            )
        pairs[key.strip()] = value.strip()
    return pairs


@contextmanager
def settings(spark: SparkSession, wanted: dict[str, str]) -> Iterator[None]:
    """Set these keys while the work goes on, and put back what was there."""
    before = {key: spark.conf.get(key, None) for key in wanted}
    for key, value in wanted.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key, was in before.items():
            if was is None:
                spark.conf.unset(key)
            else:
                spark.conf.set(key, was)
