"""Reading on Spark: what is settled over all files together, and the passes of the workers that this takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from clientier.config.models import Transactions
from clientier.customer_sets import read_ids
from clientier.engines import counting
from clientier.engines.rejecting import SCHEMA as REJECTS
from clientier.engines.settling import Currency, configured_format, majority_currency, most_fitting
from clientier.engines.spark import rows
from clientier.engines.spark.parts import TextShape
from clientier.engines.spark.rows import Work
from clientier.engines.spark.scanning import Inputs, Pass
from clientier.engines.spark.sources import (
    TABLE_KEY,
    FoundFile,
    find_files,
    read_heads,
    refuse_missing,
    shapes_of,
)
from clientier.engines.spark.tears import tears
from clientier.engines.spark.typed import TypedSource, table_of, typed_files
from clientier.engines.spark.unreadable import SPARK_SCHEMA as UNREADABLE
from clientier.engines.spark.unreadable import Beginning, Unreadable
from clientier.errors import DataError, Problem
from clientier.transactions import dates, dialect
from clientier.transactions.dates import DateFormat
from clientier.transactions.encoding import GUESSES, LAST_RESORT, READ_AS_LATIN_1, are_few
from clientier.transactions.lines import LineReader, Settled
from clientier.transactions.results import Input, Reading

MOST_DATES = 1_000_000  # different texts of dates, of which the format is told
FIRST_REJECTS = 10
# A bucket is what one task sums: small ones let every worker have some, up to so many of them; then they grow.
_SMALL_BUCKET, _SMALL_BUCKETS, _LARGE_BUCKET = 8 * 2**20, 256, 128 * 2**20  # bytes of plain text
_PACKED = 5  # how much more text a packed file stands for


@dataclass(frozen=True)
class Here:
    """What this process has for the work: a database for what is small, and a private folder."""

    database: duckdb.DuckDBPyConnection
    scratch: Path


class SparkReading:
    """Files, or a table, being read by Spark, and what is settled about them as the reading goes on."""

    def __init__(self, spark: SparkSession, here: Here, config: Transactions, base: Path) -> None:
        self._spark, self._here, self._config = spark, here, config
        self._excluded = read_ids(config.exclude, base)
        self._notes: list[str] = []
        self.reader = LineReader(config, Settled(dates.format_of(dates.ISO), exclude=bool(self._excluded)))
        self.currency: Currency | None = None
        self._pass: Pass | None = None
        self._samples: list[str] | None = None
        self.buckets = 1  # that lines are dealt to

    # ---- finding --------------------------------------------------------------------------------

    def find_table(self, name: str) -> None:
        """Take a table that Spark knows by name."""
        source = table_of(self._spark, name)
        self._take([source.file], {}, [source])

    def find_files(self, names: Sequence[str]) -> None:
        """Take the files that are meant by names."""
        files = find_files(self._spark, names)
        heads = read_heads(self._spark, files)
        others = [file for file in files if file.number not in heads]
        self._take(files, heads, typed_files(self._spark, others, self._config.columns.date))

    def _take(self, files: list[FoundFile], heads: dict[int, bytes], typed: list[TypedSource]) -> None:
        self._heads = heads
        self._inputs = Inputs(files, {}, typed, {})
        self.buckets = self._bucket_count()
        self._settle_encoding(None)
        headers = {shape.name: shape.layout.header for shape in self._inputs.shapes.values()}
        refuse_missing(headers | {source.file.name: source.header for source in typed}, self._config)
        self._refuse_nothing()
        date = self._config.columns.date
        self._notes += [
            f"{source.file.name}: times of {date} are stored in UTC and count on the UTC day"
            for source in typed
            if source.holds_instants(date)
        ]

    def _bucket_count(self) -> int:
        files = self._inputs.files
        if any(file.key == TABLE_KEY for file in files):  # nobody knows how large
            return int(self._spark.conf.get("spark.sql.shuffle.partitions") or _SMALL_BUCKETS)
        typed = {source.file for source in self._inputs.typed}
        size = sum(file.bytes * (_PACKED if file in typed or file.is_packed else 1) for file in files)
        return max(1, min(_SMALL_BUCKETS, -(-size // _SMALL_BUCKET)), -(-size // _LARGE_BUCKET))

    def _settle_encoding(self, pinned: str | None) -> None:
        shapes = shapes_of(self._inputs.files, self._heads, self._config, self._here.scratch, pinned)
        self._inputs = replace(self._inputs, shapes=shapes)

    def _refuse_nothing(self) -> None:
        known = {source.file.number for source in self._inputs.typed}
        known |= {shape.number for shape in self._inputs.shapes.values()}
        empty = [file for file in self._inputs.files if file.number not in known]
        if not known:
            raise DataError([Problem(file.name, "is empty", "check the export") for file in empty])
        self._notes += [f"{file.name} is empty" for file in empty]

    # ---- reading --------------------------------------------------------------------------------

    def read(self) -> None:
        """Let the workers read: once, unless letters, dates or currencies turn out otherwise than the heads say."""
        form, certain = self._first_format()
        time = dates.usual_time(self._date_samples())
        self._scan(replace(self.reader.settled, date_format=form, time=time))
        if self._is_encoding_wrong(self._parts):
            self._scan(self.reader.settled)
        if self._is_torn():
            self._scan(self.reader.settled)
        if not certain and counting.most_dates_are_bad(self._here.database):
            self._scan_with(self._counted_format())
        self.currency = majority_currency(self._here.database, self._config.currency)
        if self.currency:
            self._notes += self.currency.notes
            if self.currency.disputed:
                self._scan(replace(self.reader.settled, currency=self.currency.code))

    def _first_format(self) -> tuple[DateFormat, bool]:
        """Return the format to begin with, and whether it is certain."""
        if self._config.date_format != "auto":
            return configured_format(self._here.database, self._config), True
        samples = self._date_samples()
        if not samples:  # dates are typed
            return dates.format_of(dates.ISO), True
        if form := dates.settled_by_shape(samples):
            return form, False
        return self._counted_format() or dates.format_of(dates.ISO), True

    def _date_samples(self) -> list[str]:
        if self._samples is None:
            date, found = self._config.columns.date, []
            for shape in self._inputs.shapes.values():
                at = shape.layout.header.index(date)
                found += [row[at] for row in shape.layout.sample if len(row) > at]
            for source in self._inputs.typed:
                found += source.date_samples(self._spark, date) or []
            self._samples = found
        return self._samples

    def _counted_format(self) -> DateFormat | None:
        """Return the usual format that reads most dates of all files; None if none reads any."""
        if self._is_encoding_wrong(
            self._count_dates()
        ):  # then lines were unreadable, and their dates did not count
            self._count_dates()
        return most_fitting(self._here.database)

    def _count_dates(self) -> list[dict[str, Any]]:
        """Make the table ``date_texts``; return the facts of every part, which are no more than this tells."""
        found = Pass(self._spark, self._inputs, replace(self._work, dates_only=True))
        try:
            self._keep("date_texts", found.dates(MOST_DATES))
            return found.parts()
        finally:
            found.release()

    def _scan_with(self, form: DateFormat | None) -> None:
        if form and form != self.reader.settled.date_format:
            self._scan(replace(self.reader.settled, date_format=form))

    def _scan(self, settled: Settled) -> None:
        self.release()
        self.reader = LineReader(self._config, settled)
        self._pass = Pass(self._spark, self._inputs, self._work)
        self._keep(
            "tally",
            self._pass.tally(),
            "kind, day, CAST(sum(lines) AS BIGINT) AS lines",
            "GROUP BY kind, day",
        )
        self._parts = self._pass.parts()

    @property
    def _work(self) -> Work:
        return Work(self._config, self.reader.settled, self._excluded, self.buckets)

    def _keep(self, name: str, table: pa.Table, columns: str = "*", rest: str = "") -> None:
        """Keep a small table in the database of this process."""
        self._here.database.register("arrived", table)
        self._here.database.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {columns} FROM arrived {rest}"
        )
        self._here.database.unregister("arrived")

    # ---- what only the whole shows --------------------------------------------------------------

    def _is_encoding_wrong(self, parts: Sequence[dict[str, Any]]) -> bool:
        """Tell whether all lines together show another encoding than the heads; then take that."""
        if not (shown := [part for part in parts if "undecodable" in part]):
            return False
        beyond = sum(part["beyond_ascii"] for part in shown)
        bad = {guess: sum(part["undecodable"][guess] for part in shown) for guess in GUESSES}
        few = (guess for guess in GUESSES if are_few(bad[guess], beyond, self._config.max_reject_rate))
        right = next(few, LAST_RESORT)
        if right == LAST_RESORT and READ_AS_LATIN_1 not in self._notes:
            self._notes.append(READ_AS_LATIN_1)
        was = {shape.encoding for shape in self._inputs.shapes.values() if shape.guessed}
        self._settle_encoding(right)
        return was != {right}

    def _is_torn(self) -> bool:
        """Tell whether records run from one part of a file into the next; then let their lines be moved."""
        shapes = self._inputs.shapes
        keys = {shape.number: key for key, shape in shapes.items()}
        layouts = {shape.number: shape.layout for shape in shapes.values()}
        found = tears(self._parts, layouts, self._here.scratch)
        moves = {(keys[number], start): tear for (number, start), tear in found.items()}
        self._inputs = replace(self._inputs, tears=moves)
        return bool(moves)

    # ---- results --------------------------------------------------------------------------------

    def leave_outcomes(self) -> int:
        """Make the table ``outcomes`` of the database of this process; return how many lines were read."""
        faults: Counter[int] = Counter()
        for part in self._parts:
            faults[part["file"]] += part["at_fault"]
        return counting.leave_outcomes(self._here.database, self.reader, faults)

    def rejected(self) -> int:
        """Return how many lines are rejected, once the outcomes are there."""
        query = "SELECT coalesce(sum(lines), 0) FROM outcomes WHERE outcome = 'rejected'"
        return int(self._here.database.execute(query).fetchall()[0][0])

    def reading(self, rejects: pa.Table | None = None) -> Reading:
        """Return what was read; of the rejected lines, those given."""
        rounded = counting.rounded_lines(self._here.database)
        known = REJECTS.empty_table() if rejects is None else rejects
        return Reading(tuple(map(self._input, self._inputs.files)), known, rounded, tuple(self._notes))

    def _input(self, file: FoundFile) -> Input:
        shape = self._inputs.shapes.get(file.key)
        typed = next((one for one in self._inputs.typed if one.file == file), None)
        known = {"format": "csv", "compression": file.compression}
        if typed:
            known["format"] = "table" if typed.is_table else "parquet"
        if shape:
            delimiter = shape.layout.delimiter
            known |= {
                "encoding": self._encoding_of(shape),
                "delimiter": dialect.NAMES.get(delimiter, delimiter),
            }
        known |= {"date_format": self.reader.settled.date_format.pattern}
        header = shape.layout.header if shape else typed.header if typed else ()
        return Input(file.name, Path(file.path), file.bytes, known, header)

    def _encoding_of(self, shape: TextShape) -> str:
        beyond = any(part["file"] == shape.number and "undecodable" in part for part in self._parts)
        return shape.encoding if beyond or not shape.guessed else "utf-8"

    @property
    def lines(self) -> DataFrame:
        """The lines that count: bucket, packed (see rows.COUNTED)."""
        return self._found.of(rows.COUNTED).select("bucket", "packed")

    @property
    def _found(self) -> Pass:
        if self._pass is None:
            raise RuntimeError("nothing is read yet")
        return self._pass

    @property
    def rejects(self) -> DataFrame:
        """Every rejected line, for ``unreadable``."""
        return self._found.of(rows.REJECT).select("file", "start", "packed")

    @property
    def unreadable(self) -> Unreadable:
        """What gives rejected lines their places."""
        files = {file.number: file for file in self._inputs.files}
        beginnings = {}
        now, lines = -1, 0
        for part in self._parts:
            if part["file"] != now:
                now, lines = part["file"], 0
            known = None if files[now].key == TABLE_KEY else lines
            beginnings[now, part["start"]] = Beginning(files[now].name, known)
            lines += part["lines"]
        return Unreadable(beginnings)

    def first_rejects(self) -> pa.Table:
        """Return the first rejected lines, by file and line."""
        found = self.rejects.mapInArrow(self.unreadable, UNREADABLE).orderBy("number", "line").drop("number")
        return found.limit(FIRST_REJECTS).toArrow().cast(REJECTS)

    def release(self) -> None:
        """Let the workers forget."""
        if self._pass is not None:
            self._pass.release()
