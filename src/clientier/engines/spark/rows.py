"""What the task of a worker gives for one part of a file: lines counted, lines rejected, facts of the part.

Runs on the workers: nothing here knows Spark.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from clientier.config.models import Transactions
from clientier.engines import BATCH_ROWS, counting, rejecting
from clientier.engines.counting import OUTCOME, SIDE
from clientier.engines.scans import Scan
from clientier.engines.settling import date_texts_sql
from clientier.engines.spark.packing import AT_ONCE, dealt, packed
from clientier.transactions.lines import LineReader, Settled
from clientier.transactions.prepare import InputFile, TextFile
from clientier.transactions.rules import DUPLICATE, FIRST_REJECTED, USABLE

# What a row is about: lines that count, or may (until repeats are told), by bucket; how many of each kind there are;
# unreadable lines; the part itself; a text of a date.
COUNTED, COMPARED, TALLY, REJECT, PART, DATE = range(6)
_TYPES = {
    "row": ("tinyint", pa.int8()),
    "file": ("int", pa.int32()),  # its number
    "start": ("bigint", pa.int64()),  # of the part, in bytes
    "bucket": ("int", pa.int32()),  # its number
    "packed": ("binary", pa.binary()),  # a table
    "lines": ("bigint", pa.int64()),  # with this text of a date
    "text": ("string", pa.string()),  # of a date; the facts of a part, as JSON
}
SCHEMA = pa.schema({name: arrow for name, (_, arrow) in _TYPES.items()})
SPARK_SCHEMA = ", ".join(f"`{name}` {spark}" for name, (spark, _) in _TYPES.items())
BUCKET = "CAST(hash(customer) % {buckets} AS INTEGER) AS bucket"
LINES = f"""customer, "order", day, CAST({SIDE} AS TINYINT) AS side, lines, CAST(amount AS DECIMAL(38,6)) AS amount,
    margin"""
_COMPARED = f"({OUTCOME} < {FIRST_REJECTED} AND {OUTCOME} <> {DUPLICATE})"


@dataclass(frozen=True)
class Work:
    """What the workers are to do with every line. Pickled by Spark."""

    config: Transactions
    settled: Settled
    excluded: frozenset[str]
    buckets: int = 1  # that lines are dealt to
    dates_only: bool = False  # count the texts of dates, and nothing else

    @property
    def digested(self) -> bool:
        """Tell whether whole lines are compared."""
        return self.config.duplicates == "drop"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the config reads."""
        return tuple(dict.fromkeys(LineReader(self.config, self.settled).texts.values()))


@dataclass(frozen=True)
class Place:
    """Which part of which input file."""

    number: int  # of the file
    start: int  # its first byte
    added: int = 0  # lines at its head that the file does not have there


class PartReader:
    """One part of a file, a file of its own here, read as a local run reads it."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, work: Work, file: InputFile, place: Place
    ) -> None:
        self._connection, self._work, self._file, self._place = connection, work, file, place
        self._reader = LineReader(work.config, work.settled)
        self._scan = Scan(
            self._reader.texts, work.settled.date_format, work.config.decimal_mark, digested=work.digested
        )

    def rows(self, facts: Mapping[str, Any]) -> Iterator[pa.RecordBatch]:
        """Yield all that is to be known of the part.

        Needs:  facts, as far as they are known before
        """
        if self._work.dates_only:
            yield from self._dates()
            yield self._part(facts)
            return
        connection, scan = self._connection, self._scan.of([self._file])
        rejecting.forget_bad_lines(connection)
        counting.count(connection, self._reader, scan, digested=self._work.digested)
        bad_lines = rejecting.keep_bad_lines(connection, [self._file]).get(self._file.number, 0)
        yield from self._tally()
        yield from self._lines()
        yield from self._rejects(bad_lines)
        faults = len(self._file.repaired.faults) if isinstance(self._file, TextFile) else 0
        yield self._part({**facts, "at_fault": faults + bad_lines})

    def _dates(self) -> Iterator[pa.RecordBatch]:
        query = f"SELECT bare AS text, lines FROM ({date_texts_sql(self._scan.of([self._file]))})"
        for batch in self._connection.sql(query).to_arrow_reader(BATCH_ROWS):
            yield self._as_rows(DATE, {"text": batch["text"], "lines": batch["lines"]})
        rejecting.forget_bad_lines(self._connection)

    def _tally(self) -> Iterator[pa.RecordBatch]:
        """Yield how many lines there are of each kind and day, of which that is certain: kind, day, lines."""
        certain = f"WHERE NOT {_COMPARED}" if self._work.digested else ""
        query = f"""
            SELECT CAST(kind AS BIGINT) AS kind, day, CAST(sum(lines) AS BIGINT) AS lines
            FROM counted {certain} GROUP BY kind, day"""
        yield self._packed(TALLY, self._connection.sql(query).to_arrow_table())

    def _lines(self) -> Iterator[pa.RecordBatch]:
        """Yield the lines that count, by customer; or those that may, by the digest of the line."""
        buckets = self._work.buckets
        row, columns, which = COUNTED, f"{BUCKET}, {LINES}", f"{OUTCOME} = {USABLE}"
        if self._work.digested:
            bucket = BUCKET.replace("customer", "digest")
            row, which = COMPARED, _COMPARED
            columns = f"""{bucket}, CAST(kind AS BIGINT) AS kind, customer, "order", day, lines,
                CAST(amount AS DECIMAL(38,6)) AS amount, margin, digest"""
        query = f"SELECT {columns.format(buckets=buckets)} FROM counted WHERE {which}"
        reader = self._connection.sql(query).to_arrow_reader(AT_ONCE)
        for number, data in dealt(reader, buckets):
            yield self._as_rows(row, {"bucket": [number], "packed": [data]})

    def _rejects(self, bad_lines: int) -> Iterator[pa.RecordBatch]:
        counts = counting.lines_by_file(self._connection)
        records, bad_cells = counts.get(self._file.number, (0, 0))
        if isinstance(self._file, TextFile):
            rejecting.audit(self._connection, self._file, records, bad_lines)
        rejects = rejecting.rejects_of(self._connection, self._file, bad_cells, self._reader, self._scan)
        if len(rejects):
            line = pc.subtract(rejects["line"], self._place.added)
            known = rejects.drop_columns(["file", "line"]).append_column("line", line)
            for at in range(0, len(known), BATCH_ROWS):
                yield self._packed(REJECT, known.slice(at, BATCH_ROWS))

    def _part(self, facts: Mapping[str, Any]) -> pa.RecordBatch:
        return self._as_rows(PART, {"text": [json.dumps(facts)]})

    def _packed(self, row: int, table: pa.Table) -> pa.RecordBatch:
        return self._as_rows(row, {"packed": [packed(table)]})

    def _as_rows(self, row: int, cells: Mapping[str, Any]) -> pa.RecordBatch:
        return as_rows(row, cells, self._place)


def as_rows(row: int, cells: Mapping[str, Any], place: Place | None = None) -> pa.RecordBatch:
    """Return cells as SCHEMA, empty in every column they do not have."""
    some = len(next(iter(cells.values())))
    same = {"row": row, **({"file": place.number, "start": place.start} if place else {})}
    columns = [
        pa.repeat(pa.scalar(same[field.name], field.type), some)
        if field.name in same
        else _column(cells.get(field.name), field.type, some)
        for field in SCHEMA
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _column(cells: Any, kind: pa.DataType, some: int) -> pa.Array:
    if cells is None:
        return pa.nulls(some, kind)
    return cells.cast(kind) if isinstance(cells, pa.Array) else pa.array(cells, kind)
