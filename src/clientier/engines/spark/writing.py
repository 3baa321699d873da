"""Writing by Spark: rows of text to folders by part, by its own committer, so that no attempt counts twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from clientier.engines.spark.session import settings

Worker = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]
_OPEN_FILES = 64  # parts that a task writes at the same time; a config has fewer


def mapped(frame: DataFrame, worker: Worker, schema: str, most_tasks: int) -> DataFrame:
    """Return what workers make of a frame; tasks of few rows are put together."""
    return frame.coalesce(max(1, most_tasks)).mapInArrow(worker, schema)


def write_text(rows: DataFrame, folder: str) -> None:
    """Write rows (part, text) as text files, each part in a folder ``part=N`` of its own.

    A file has the rows of its task in the order they came.

    Needs:  folder, a URL that driver and workers reach alike; it does not exist
    """
    # Spark sorts by part before it writes, which keeps no order within a part, unless all its files may be open.
    with settings(rows.sparkSession, {"spark.sql.maxConcurrentOutputFileWriters": str(_OPEN_FILES)}):
        writer = rows.write.partitionBy("part").option("lineSep", "\n").option("compression", "none")
        writer.option("maxRecordsPerFile", 0).text(folder)  # else a second file would have no header


def write_parquet(rows: DataFrame, folder: str) -> None:
    """Write rows with a column ``part`` as Parquet, each part in a folder ``part=N`` of its own."""
    with settings(rows.sparkSession, {"spark.sql.maxConcurrentOutputFileWriters": str(_OPEN_FILES)}):
        rows.write.partitionBy("part").parquet(folder)


def rows_by_file(session: SparkSession, folder: str) -> dict[tuple[int, str], int]:
    """Return how many rows each file of ``write_parquet`` holds, by part and name."""
    counted = session.read.parquet(folder).groupBy("part", "_metadata.file_name").count()
    return {(part, name): rows for part, name, rows in counted.collect()}


@contextmanager
def kept(frame: DataFrame) -> Iterator[DataFrame]:
    """Keep a frame on the workers' disks while several jobs read it."""
    stored = frame.persist(StorageLevel.DISK_ONLY)
    try:
        yield stored
    finally:
        stored.unpersist()


def read_text(session: SparkSession, folder: str) -> list[tuple[str, str]]:
    """Return the lines of few and small text files, each with the name of its file; none where nothing is there."""
    try:
        lines = session.read.text(folder).select("value", "_metadata.file_name").collect()
    except AnalysisException:  # the workers wrote to a disk of their own
        return []
    return [(value, name) for value, name in lines]
