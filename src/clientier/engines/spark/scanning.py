"""One pass of the workers over all lines, and what they found, which stays with them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession, functions

from clientier.engines.spark import rows
from clientier.engines.spark.packing import tables_in
from clientier.engines.spark.parts import TextShape, TextTask, TypedShape, TypedTask
from clientier.engines.spark.repeats import Repeats
from clientier.engines.spark.rows import Work
from clientier.engines.spark.session import settings
from clientier.engines.spark.sources import KEYS, FoundFile, lines_of
from clientier.engines.spark.tears import Tear
from clientier.engines.spark.typed import NANOS, TypedSource, typed_rows

KEPT = StorageLevel.MEMORY_AND_DISK
PACKED_AT_ONCE = 4


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
    """What the workers found in one pass: rows.SCHEMA, kept by them until ``release``.

    No frame here may be named in SQL: a view that Spark drops takes what is kept of its frame with it.
    """

    def __init__(self, spark: SparkSession, inputs: Inputs, work: Work) -> None:
        self._kept = frames = list(_frames(spark, inputs, work))
        self.found = reduce(DataFrame.unionAll, frames)
        self._told = self._rows(self.found, rows.PART, rows.TALLY)
        if work.digested and not work.dates_only:
            self._tell_repeats(spark, work)

    def _tell_repeats(self, spark: SparkSession, work: Work) -> None:
        compared = self.of(rows.COMPARED).select("bucket", "file", "start", "packed")
        together = compared.repartitionById(work.buckets, "bucket")
        repeats = together.mapInArrow(Repeats(work.buckets), rows.SPARK_SCHEMA).persist(KEPT)
        self._kept.append(repeats)
        with settings(spark, packed_at_once()):
            self._told = pa.concat_tables([self._told, self._rows(repeats, rows.TALLY)])
        self.found = self.found.unionAll(repeats)

    def _rows(self, frame: DataFrame, *wanted: int) -> pa.Table:
        return _of(frame, *wanted).select("row", "file", "start", "packed", "text").toArrow()

    def of(self, row: int) -> DataFrame:
        """Return the rows that are about one thing."""
        return _of(self.found, row)

    def tally(self) -> pa.Table:
        """Return how many lines there are of each kind and day, a row or more for each: kind, day, lines."""
        told = self._told.filter(pc.equal(self._told["row"], rows.TALLY))
        empty = pa.table(
            {
                "kind": pa.array([], pa.int64()),
                "day": pa.array([], pa.date32()),
                "lines": pa.array([], pa.int64()),
            }
        )
        return pa.concat_tables([empty, *tables_in(told.to_batches())])

    def dates(self, most: int) -> pa.Table:
        """Return the texts of dates, the most frequent: bare, lines."""
        texts = self.of(rows.DATE).groupBy("text").agg(functions.sum("lines").alias("lines"))
        frequent = texts.orderBy(functions.desc("lines"), "text").limit(most)
        return frequent.toArrow().rename_columns({"text": "bare"})

    def parts(self) -> list[dict[str, Any]]:
        """Return the facts of every part, those of a file in order: file, start, lines, at_fault, ..."""
        told = self._told.filter(pc.equal(self._told["row"], rows.PART)).sort_by(
            [("file", "ascending"), ("start", "ascending")]
        )
        return [
            {"file": part["file"], "start": part["start"], **json.loads(part["text"])}
            for part in told.select(["file", "start", "text"]).to_pylist()
        ]

    def release(self) -> None:
        """Let the workers forget."""
        for frame in self._kept:
            frame.unpersist()


def _of(frame: DataFrame, *wanted: int) -> DataFrame:
    return frame.where(functions.col("row").isin(*wanted))


def packed_at_once() -> dict[str, str]:
    """Return the settings under which few packed tables, each of some MB, come to a worker at once."""
    return {"spark.sql.execution.arrow.maxRecordsPerBatch": str(PACKED_AT_ONCE)}


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
