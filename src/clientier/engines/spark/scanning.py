"""One pass of the workers over all lines, and what they found, which stays with them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

from clientier.engines.spark import rows
from clientier.engines.spark.parts import TextShape, TextTask, TypedShape, TypedTask
from clientier.engines.spark.rows import Work
from clientier.engines.spark.session import settings
from clientier.engines.spark.sources import KEYS, FoundFile, lines_of
from clientier.engines.spark.tears import Tear
from clientier.engines.spark.typed import NANOS, TypedSource, typed_rows
from clientier.transactions.rules import DUPLICATE, FIRST_REJECTED

KEPT = StorageLevel.MEMORY_AND_DISK
OUTCOME = "(kind % 4294967296 div 2048)"  # see counting


@dataclass(frozen=True)
class Inputs:
    """What is to be read, and how it is written."""

    files: Sequence[FoundFile]  # all, in order
    shapes: Mapping[int, TextShape]  # by key
    typed: Sequence[TypedSource]
    tears: Mapping[tuple[int, int], Tear]

    def texts(self, split: bool) -> list[FoundFile]:
        """Return the text files that Spark may split, or those it must not."""
        shapes = self.shapes
        return [file for file in self.files if file.key in shapes and (shapes[file.key].width == 1) == split]


class Pass:
    """What the workers found in one pass: rows.SCHEMA, kept by them until ``release``."""

    def __init__(self, spark: SparkSession, inputs: Inputs, work: Work) -> None:
        self._spark = spark
        frames = list(_frames(spark, inputs, work))
        found = frames[0]
        for frame in frames[1:]:
            found = found.unionAll(frame)
        self._kept = frames
        if work.digested and not work.dates_only:
            found = spark.sql(_REPEATS, found=found).persist(KEPT)
            self._kept.append(found)
        self.found = found

    def query(self, sql: str, **frames: DataFrame) -> DataFrame:
        """Run SQL over the rows, there called ``{found}``."""
        named: Any = {"found": self.found, **frames}
        return self._spark.sql(sql, **named)

    def tally(self) -> pa.Table:
        """Return how many lines there are of each kind and day: kind, day, lines."""
        return self.query(f"""SELECT kind, day, sum(lines) AS lines FROM {{found}} WHERE row = {rows.COUNTED}
            GROUP BY kind, day""").toArrow()

    def dates(self, most: int) -> pa.Table:
        """Return the texts of dates, the most frequent: bare, lines."""
        return self.query(f"""SELECT text AS bare, sum(lines) AS lines FROM {{found}} WHERE row = {rows.DATE}
            GROUP BY text ORDER BY lines DESC, bare LIMIT {most}""").toArrow()

    def parts(self) -> list[dict[str, Any]]:
        """Return the facts of every part, those of a file in order: file, start, lines, at_fault, ..."""
        query = f"SELECT file, start, text FROM {{found}} WHERE row = {rows.PART} ORDER BY file, start"
        return [
            {"file": file, "start": start, **json.loads(text)}
            for file, start, text in self.query(query).collect()
        ]

    def release(self) -> None:
        """Let the workers forget."""
        for frame in self._kept:
            frame.unpersist()


def _frames(spark: SparkSession, inputs: Inputs, work: Work) -> list[DataFrame]:
    """Return what the workers find, persisted; for files that Spark must not split, or not read as it likes, read."""
    text, frames = TextTask(work, inputs.shapes, inputs.tears), []
    if split := inputs.texts(split=True):
        frames.append(_mapped(_lines(spark, split), text))
    if whole := inputs.texts(split=False):
        with settings(spark, _unsplit(whole)):
            frames.append(_mapped(_lines(spark, whole), text))
            frames[-1].count()
    task = TypedTask(work, {one.file.key: TypedShape(one.file.number, one.file.name) for one in inputs.typed})
    columns = None if work.digested else work.columns
    for alike in _by_columns(inputs.typed, columns):
        with settings(spark, NANOS if alike[0].nanos else {}):
            frames.append(_mapped(typed_rows(spark, alike, columns), task))
            if alike[0].nanos:
                frames[-1].count()
    return frames


def _lines(spark: SparkSession, files: Sequence[FoundFile]) -> DataFrame:
    return lines_of(spark, [file.path for file in files]).selectExpr(*KEYS, "CAST(value AS BINARY) AS value")


def _mapped(lines: DataFrame, task: TextTask | TypedTask) -> DataFrame:
    return lines.mapInArrow(lambda batches: task.read(batches), rows.SPARK_SCHEMA).persist(KEPT)


def _unsplit(files: Sequence[FoundFile]) -> dict[str, str]:
    """Return the settings under which Spark gives every file to a task of its own."""
    most = str(max(1, *(file.bytes for file in files)))
    return {"spark.sql.files.maxPartitionBytes": most, "spark.sql.files.openCostInBytes": most}


def _by_columns(sources: Sequence[TypedSource], columns: Sequence[str] | None) -> list[list[TypedSource]]:
    alike: dict[object, list[TypedSource]] = defaultdict(list)
    for source in sources:
        wanted = [source.columns[column] for column in columns or source.header]
        alike[source.nanos, tuple((one.name, one.dataType.json()) for one in wanted)].append(source)
    return list(alike.values())


# Repeats within a part are told by its task already. All but the first of those that are left are repeats too.
_REPEATED = "(compared AND nth > 1)"
_REPEATS = f"""
    SELECT row, CASE WHEN {_REPEATED} THEN kind + 2048 * ({DUPLICATE} - {OUTCOME}) ELSE kind END AS kind,
           CASE WHEN NOT {_REPEATED} THEN customer END AS customer,
           CASE WHEN NOT {_REPEATED} THEN "order" END AS "order",
           CASE WHEN NOT {_REPEATED} THEN day END AS day, lines, amount, margin, file, start, line, "column", reason, text
    FROM (SELECT *, row_number() OVER (PARTITION BY compared, digest ORDER BY file, start) AS nth
          FROM (SELECT *, coalesce(row = {rows.COUNTED} AND {OUTCOME} < {FIRST_REJECTED}
                                   AND {OUTCOME} <> {DUPLICATE}, FALSE) AS compared
                FROM {{found}}) AS told) AS numbered"""
