"""What the Python of Spark's workers must have, looked at by a first small job, before anything is read."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from clientier.engines.spark.failing import error_of, text_of
from clientier.errors import ClientierError, ConfigError, EngineError, Problem

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

PATIENCE = "spark.clientier.workersTimeout"  # a setting: how many seconds to wait while there is no worker
_PATIENCE_SECONDS = 300.0
TAG = "clientier-workers"
MOST_TASKS = 32
_SAME = ("clientier", "duckdb", "pandas")  # of which the version decides results
_PYTHON_FIX = (
    "let PYSPARK_PYTHON name, on every machine, a Python like this one: --spark-conf spark.pyspark.python=..."
)


def patience_of(setting: str | None) -> float:
    """Return how many seconds to wait while there is no worker.

    Raises:  ConfigError where the setting is no number of seconds
    """
    try:
        return _PATIENCE_SECONDS if setting is None else float(setting.removesuffix("s"))
    except ValueError:
        raise ConfigError(Problem(PATIENCE, f"'{setting}' is no number of seconds", "write 300")) from None


def check_workers(spark: SparkSession) -> None:
    """Raise where a worker cannot do the work, or where none takes it up.

    Raises:  EngineError, which names the worker and what it has
    """
    wait_seconds = patience_of(spark.conf.get(PATIENCE, None))
    pool = ThreadPoolExecutor(1)
    try:
        found = _awaited(spark, pool.submit(_told, spark), wait_seconds)
    except ClientierError:
        raise
    except Exception as error:  # noqa: BLE001 - a worker that fails at its first job says why in many ways
        raise of_failure(error) from None
    finally:
        pool.shutdown(wait=False)  # a job that no worker takes up ends with the session
    wanted = {name: version(name) for name in _SAME}
    problems = dict.fromkeys(
        Problem(
            f"Spark worker {row['host']}", _said(name, row["versions"].get(name), wanted[name]), _fix(name)
        )
        for row in found
        for name in _SAME
        if row["versions"].get(name) != wanted[name]
    )
    if problems:
        raise EngineError(list(problems))


def _awaited(spark: SparkSession, told: Future[list[Any]], wait_seconds: float) -> list[Any]:
    try:
        return told.result(timeout=wait_seconds)
    except TooLate:
        spark.interruptTag(TAG)
        fact = f"no worker took up the work within {wait_seconds:g} seconds"
        fix = (
            f"check that workers run, and have the memory and cores asked for; to wait longer, set {PATIENCE}"
        )
        raise EngineError(Problem("Spark", fact, fix)) from None


def _told(spark: SparkSession) -> list[Any]:
    def tell(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        # Sent as it is: the worker may have no clientier to load it from.
        import importlib.metadata
        import socket

        import pyarrow

        def known(name: str) -> str | None:
            try:
                return importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                return None

        for _ in batches:
            pass
        versions = {name: known(name) for name in ("clientier", "duckdb", "pandas")}
        column = pyarrow.array([list(versions.items())], pyarrow.map_(pyarrow.string(), pyarrow.string()))
        yield pyarrow.RecordBatch.from_arrays(
            [pyarrow.array([socket.gethostname()]), column], names=["host", "versions"]
        )

    spark.addTag(TAG)
    try:
        tasks = min(MOST_TASKS, _parallel(spark))
        return (
            spark.range(0, tasks, 1, tasks)
            .mapInArrow(tell, "host string, versions map<string,string>")
            .collect()
        )
    finally:
        spark.removeTag(TAG)


def _parallel(spark: SparkSession) -> int:
    try:
        return spark.sparkContext.defaultParallelism
    except Exception:  # noqa: BLE001 - Spark Connect has no such thing
        return 1


def _said(name: str, there: str | None, here: str) -> str:
    return f"has {name} {there}, here is {here}" if there else f"has no {name}"


def _fix(name: str) -> str:
    return f"install {name} {version(name)} in the Python that the workers run"


def of_failure(error: Exception) -> ClientierError:
    """Return what it means that a worker could not even tell what it has."""
    said = text_of(error)
    host = re.search(r"\(([\w.:-]+) executor", said)
    place = f"Spark worker {host[1]}" if host else "Spark worker"
    if mismatch := re.search(r"different version: (.{1,20}?) than that in driver", said, re.DOTALL):
        there = ".".join(re.findall(r"\d+", mismatch[1])[:2])
        return EngineError(
            Problem(place, f"runs Python {there}, here is {platform.python_version()}", _PYTHON_FIX)
        )
    if missing := re.search(r'Cannot run program "([^"]+)"', said):
        return EngineError(Problem(place, f"has no {missing[1]}", _PYTHON_FIX))
    if re.search(r"PyArrow|pyarrow", said) and re.search(
        "must be installed|No module named|PACKAGE_NOT_INSTALLED", said
    ):
        fact, fix = (
            "has no pyarrow in its Python",
            "install clientier, which brings it, in the Python that the workers run",
        )
        return EngineError(Problem(place, fact, fix))
    return error_of(error)
