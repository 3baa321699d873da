"""Reading on Spark: which files, how they are written, and one pass over their lines by the workers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

from clientier.config.models import Transactions
from clientier.customer_sets import read_ids
from clientier.engines import counting
from clientier.engines.rejecting import SCHEMA as REJECTS
from clientier.engines.settling import Currency, configured_format, majority_currency
from clientier.engines.spark import parts
from clientier.engines.spark.parts import TextParts
from clientier.engines.spark.sources import FoundFile, Heads, find_files, lines_of, look_at_heads
from clientier.transactions import dates, dialect
from clientier.transactions.dates import DateFormat
from clientier.transactions.lines import LineReader, Settled
from clientier.transactions.results import Input, Reading

ROWS_TYPE = (
    "row tinyint, kind bigint, customer string, `order` string, day date, lines bigint, amount decimal(38,6),"
    " margin decimal(38,6), digest string, file int, start bigint, line bigint, `column` string, reason string,"
    " text string"
)
_KEYS = (
    "xxhash64(_metadata.file_path) AS key",
    "_metadata.file_block_start AS start",
    "_metadata.file_block_start + _metadata.file_block_length >= _metadata.file_size AS last",
)


@dataclass(frozen=True)
class Found:
    """What is to be read."""

    files: list[FoundFile]
    heads: Heads


class SparkReading:
    """Files being read by Spark, and what is settled about them as the reading goes on.

    What is small, as lines by outcome and day, is brought into a database of the driver.
    """

    def __init__(
        self,
        spark: SparkSession,
        driver: duckdb.DuckDBPyConnection,
        config: Transactions,
        base: Path,
        scratch: Path,
    ) -> None:
        self._spark, self._driver, self._config, self._scratch = spark, driver, config, scratch
        self._excluded = read_ids(config.exclude, base)
        self._notes: list[str] = []
        self.reader = LineReader(config, Settled(dates.format_of(dates.ISO), exclude=bool(self._excluded)))
        self.currency: Currency | None = None
        self.rows: DataFrame | None = None  # parts.ROWS, persisted
        self._parts: list[dict[str, int]] = []

    def read(self, names: Sequence[str]) -> None:
        """Read: once, unless dates or currencies turn out otherwise than the heads say."""
        needed = tuple(dict.fromkeys(self.reader.texts.values()))
        files = find_files(self._spark, names)
        self._found = Found(files, look_at_heads(self._spark, files, self._config, needed, self._scratch))
        self._notes += self._found.heads.notes
        form, certain = self._first_format()
        time = dates.usual_time(self._date_samples())
        self._scan(replace(self.reader.settled, date_format=form, time=time))
        self.currency = majority_currency(self._driver, self._config.currency)
        if self.currency:
            self._notes += self.currency.notes
            if self.currency.disputed:
                self._scan(replace(self.reader.settled, currency=self.currency.code))

    def _first_format(self) -> tuple[DateFormat, bool]:
        """Return the format to begin with, and whether it is certain."""
        if self._config.date_format != "auto":
            return configured_format(self._driver, self._config), True
        samples = self._date_samples()
        if form := dates.settled_by_shape(samples):
            return form, False
        return dates.format_of(dates.ISO), True

    def _date_samples(self) -> list[str]:
        samples = []
        for shape in self._found.heads.texts.values():
            at = shape.layout.header.index(self._config.columns.date)
            samples += [row[at] for row in shape.layout.sample if len(row) > at]
        return samples

    # ---- scanning -------------------------------------------------------------------------------

    def _scan(self, settled: Settled) -> None:
        self.release()
        self.reader = LineReader(self._config, settled)
        heads = self._found.heads
        paths = [file.path for file in self._found.files if file.key in heads.texts]
        task = TextParts(self._config, settled, self._excluded, heads.texts)
        lines = lines_of(self._spark, paths).selectExpr(*_KEYS, "CAST(value AS BINARY) AS value")
        self.rows = lines.mapInArrow(lambda batches: task.read(batches), ROWS_TYPE).persist(
            StorageLevel.MEMORY_AND_DISK
        )
        tally = self.query(
            f"SELECT kind, day, sum(lines) AS lines FROM {{rows}} WHERE row = {parts.COUNTED} GROUP BY kind, day"
        ).toArrow()
        self._driver.register("found", tally)
        self._driver.execute(
            "CREATE OR REPLACE TEMP TABLE tally AS SELECT CAST(kind AS UBIGINT) AS kind, day, lines FROM found"
        )
        self._driver.unregister("found")
        found = self.query(f"SELECT file, start, text FROM {{rows}} WHERE row = {parts.PART}").collect()
        self._parts = [{"file": row[0], "start": row[1], **json.loads(row[2])} for row in found]

    def query(self, sql: str) -> DataFrame:
        """Run SQL over the ``{rows}`` that the workers gave."""
        return self._spark.sql(sql, rows=self.rows)

    def release(self) -> None:
        """Let go of the rows."""
        if self.rows is not None:
            self.rows.unpersist()

    # ---- results --------------------------------------------------------------------------------

    def leave_outcomes(self) -> int:
        """Make the table ``outcomes`` of the driver; return how many lines were read."""
        faults: dict[int, int] = {}
        for part in self._parts:
            faults[part["file"]] = faults.get(part["file"], 0) + part["at_fault"]
        return counting.leave_outcomes(self._driver, self.reader, faults)

    def reading(self) -> Reading:
        """Return what was read, without the rejected lines."""
        inputs = tuple(map(self._input, self._found.files))
        rounded = counting.rounded_lines(self._driver)
        return Reading(inputs, REJECTS.empty_table(), rounded, tuple(self._notes))

    def _input(self, file: FoundFile) -> Input:
        shape = self._found.heads.texts.get(file.key)
        known = {"format": "csv", "compression": "gzip" if file.path.endswith(".gz") else "none"}
        if shape:
            delimiter = shape.layout.delimiter
            known |= {"encoding": shape.encoding, "delimiter": dialect.NAMES.get(delimiter, delimiter)}
        known |= {"date_format": self.reader.settled.date_format.pattern}
        header = shape.layout.header if shape else ()
        return Input(file.name, Path(file.path), file.bytes, known, header)

    @property
    def rejects(self) -> DataFrame:
        """Every rejected line: file, line (physical), column, reason, text."""
        names = self._spark.createDataFrame(
            [(file.number, file.name) for file in self._found.files], "number int, name string"
        )
        before = self._spark.createDataFrame(self._lines_before(), "of int, at bigint, before bigint")
        return self._spark.sql(
            f"""SELECT name AS file, line + before AS line, "column", reason, text
                FROM {{rows}} JOIN {{names}} ON file = number JOIN {{before}} ON file = of AND start = at
                WHERE row = {parts.REJECT}""",
            rows=self.rows,
            names=names,
            before=before,
        )

    def _lines_before(self) -> list[tuple[int, int, int]]:
        """Return (file, start of a part, how many lines of the file lie before it)."""
        before: list[tuple[int, int, int]] = []
        file, lines = -1, 0
        for part in sorted(self._parts, key=lambda part: (part["file"], part["start"])):
            if part["file"] != file:
                file, lines = part["file"], 0
            before.append((file, part["start"], lines))
            lines += part["lines"]
        return before
