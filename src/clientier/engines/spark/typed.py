"""Typed columns, of Parquet files and of tables: which there are, and their rows as the workers take them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as spark_types
from pyspark.util import inheritable_thread_target

from clientier.engines.spark.session import settings
from clientier.engines.spark.sources import AT_ONCE, KEYS, TABLE_KEY, FoundFile, literal_path
from clientier.errors import DataError, Problem
from clientier.transactions.dates import SAMPLE_ROWS

# Spark reads times in nanoseconds as nothing but whole numbers, and only when asked to.
NANOS = {"spark.sql.legacy.parquet.nanosAsLong": "true"}
_TABLE_KEYS = (
    f"CAST({TABLE_KEY} AS BIGINT) AS key",
    "CAST(spark_partition_id() AS BIGINT) AS start",
    "FALSE AS last",
)
_NUMBERS = (spark_types.IntegralType, spark_types.DecimalType)


@dataclass(frozen=True)
class TypedSource:
    """A Parquet file or a table, and its columns as Spark sees them."""

    file: FoundFile
    columns: spark_types.StructType
    nanos: str | None = None  # the column of dates, where the file has times in nanoseconds

    @property
    def header(self) -> tuple[str, ...]:
        """The column names."""
        return tuple(self.columns.names)

    @property
    def is_table(self) -> bool:
        """Tell whether it is a table, not a file."""
        return self.file.key == TABLE_KEY

    def holds_instants(self, column: str) -> bool:
        """Tell whether a column holds times that are stored in UTC."""
        return isinstance(self.columns[column].dataType, spark_types.TimestampType)

    def date_samples(self, spark: SparkSession, column: str) -> list[str] | None:
        """Return texts from the head of the date column; None where its dates are typed."""
        kind = self.columns[column].dataType
        typed = not isinstance(kind, (spark_types.StringType, *_NUMBERS))
        if typed or self._in_nanos(column):
            return None
        first = _rows(spark, [self]).select(_name(column)).limit(SAMPLE_ROWS)
        return [str(row[0]) for row in first.collect() if row[0] is not None]

    def picked(self, columns: Sequence[str]) -> list[str]:
        """Return the select items of columns, as the workers take them."""
        return [
            f"{_from_nanos(_name(column))} AS {_name(column)}" if self._in_nanos(column) else _name(column)
            for column in columns
        ]

    def _in_nanos(self, column: str) -> bool:
        return column == self.nanos and isinstance(self.columns[column].dataType, spark_types.LongType)


def typed_rows(spark: SparkSession, alike: Sequence[TypedSource], columns: Sequence[str] | None) -> DataFrame:
    """Return the rows of sources with the same columns, for the workers.

    Needs:  columns, those wanted; None for all
    Gives:  key, start, last, the columns
    """
    keys = _TABLE_KEYS if alike[0].is_table else KEYS
    return _rows(spark, alike).selectExpr(*keys, *alike[0].picked(columns or alike[0].header))


def _rows(spark: SparkSession, alike: Sequence[TypedSource]) -> DataFrame:
    if alike[0].is_table:
        return spark.table(alike[0].file.path)
    return _parquet(spark, [one.file.path for one in alike])


def _parquet(spark: SparkSession, paths: Sequence[str]) -> DataFrame:
    reader = spark.read.format("parquet").option("recursiveFileLookup", "true")
    return reader.load([literal_path(path) for path in paths])


def _from_nanos(name: str) -> str:
    return f"CAST(timestamp_micros(({name} - pmod({name}, 1000)) div 1000) AS TIMESTAMP_NTZ)"


def _name(column: str) -> str:
    return "`" + column.replace("`", "``") + "`"


def typed_files(spark: SparkSession, files: Sequence[FoundFile], date: str) -> list[TypedSource]:
    """Return the Parquet files with their columns.

    Needs:  date, the column of dates
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        look = inheritable_thread_target(spark)(lambda file: _typed_file(spark, file))
        found = list(pool.map(look, files))
    with settings(spark, NANOS):
        return [
            source or TypedSource(file, _parquet(spark, [file.path]).schema, nanos=date)
            for file, source in zip(files, found, strict=True)
        ]


def _typed_file(spark: SparkSession, file: FoundFile) -> TypedSource | None:
    """Return the file with its columns; None where it has times in nanoseconds."""
    try:
        return TypedSource(file, _parquet(spark, [file.path]).schema)
    except AnalysisException as error:
        if error.getCondition() == "PARQUET_TYPE_ILLEGAL" and "NANOS" in str(error):
            return None
        raise


def table_of(spark: SparkSession, name: str) -> TypedSource:
    """Return a table that Spark knows by name.

    Raises:  DataError where there is none
    """
    try:
        return TypedSource(FoundFile(0, name, name, TABLE_KEY), spark.table(name).schema)
    except AnalysisException as error:
        condition = error.getCondition() or ""
        fact = "there is no such table" if "NOT_FOUND" in condition else str(error).splitlines()[0]
        raise DataError(Problem(name, fact, "write catalog.schema.table as Spark knows it")) from None
