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
from clientier.engines.scans import Scan
from clientier.engines.settling import date_texts_sql
from clientier.transactions.lines import LineReader, Settled
from clientier.transactions.prepare import InputFile, TextFile

COUNTED, REJECT, PART, DATE = range(4)  # what a row is about
_TYPES = {
    "row": ("tinyint", pa.int8()),
    "kind": ("bigint", pa.int64()),  # see counting
    "customer": ("string", pa.string()),
    "order": ("string", pa.string()),
    "day": ("date", pa.date32()),
    "lines": ("bigint", pa.int64()),
    "amount": ("decimal(38,6)", pa.decimal128(38, 6)),
    "margin": ("decimal(38,6)", pa.decimal128(38, 6)),
    "digest": ("string", pa.string()),  # of a whole line, where repeats are dropped
    "file": ("int", pa.int32()),  # its number
    "start": ("bigint", pa.int64()),  # of the part, in bytes
    "line": ("bigint", pa.int64()),  # in the part, from 1
    "column": ("string", pa.string()),
    "reason": ("string", pa.string()),
    "text": ("string", pa.string()),  # of a rejected cell; a date; the facts of a part, as JSON
}
SCHEMA = pa.schema({name: arrow for name, (_, arrow) in _TYPES.items()})
SPARK_SCHEMA = ", ".join(f"`{name}` {spark}" for name, (spark, _) in _TYPES.items())


@dataclass(frozen=True)
class Work:
    """What the workers are to do with every line. Pickled by Spark."""

    config: Transactions
    settled: Settled
    excluded: frozenset[str]
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
        yield from self._counted()
        yield from self._rejects(bad_lines)
        faults = len(self._file.repaired.faults) if isinstance(self._file, TextFile) else 0
        yield self._part({**facts, "at_fault": faults + bad_lines})

    def _dates(self) -> Iterator[pa.RecordBatch]:
        query = f"SELECT bare AS text, lines FROM ({date_texts_sql(self._scan.of([self._file]))})"
        yield from self._of_query(DATE, query)
        rejecting.forget_bad_lines(self._connection)

    def _counted(self) -> Iterator[pa.RecordBatch]:
        digest = ", digest" if self._work.digested else ""
        query = f"""SELECT CAST(kind AS BIGINT) AS kind, customer, "order", day, lines,
            CAST(amount AS DECIMAL(38,6)) AS amount, margin{digest} FROM counted"""
        yield from self._of_query(COUNTED, query)

    def _of_query(self, row: int, query: str) -> Iterator[pa.RecordBatch]:
        for batch in self._connection.sql(query).to_arrow_reader(BATCH_ROWS):
            yield self._as_rows(row, pa.Table.from_batches([batch]))

    def _rejects(self, bad_lines: int) -> Iterator[pa.RecordBatch]:
        counts = counting.lines_by_file(self._connection)
        records, bad_cells = counts.get(self._file.number, (0, 0))
        if isinstance(self._file, TextFile):
            rejecting.audit(self._connection, self._file, records, bad_lines)
        rejects = rejecting.rejects_of(self._connection, self._file, bad_cells, self._reader, self._scan)
        if len(rejects):
            line = pc.subtract(rejects["line"], self._place.added)
            yield self._as_rows(REJECT, rejects.drop_columns(["file", "line"]).append_column("line", line))

    def _part(self, facts: Mapping[str, Any]) -> pa.RecordBatch:
        return self._as_rows(PART, pa.table({"text": [json.dumps(facts)]}))

    def _as_rows(self, row: int, table: pa.Table) -> pa.RecordBatch:
        """Return a table as SCHEMA, empty in every column it does not have."""
        same = {"row": row, "file": self._place.number, "start": self._place.start}
        columns = []
        for field in SCHEMA:
            if field.name in same:
                columns.append(pa.repeat(pa.scalar(same[field.name], field.type), len(table)))
            elif field.name in table.column_names:
                columns.append(_whole(table[field.name].cast(field.type)))
            else:
                columns.append(pa.nulls(len(table), field.type))
        return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Return the column in one piece: of several chunks, or of none, pyarrow makes what is no array."""
    joined = column.combine_chunks()
    return (
        pa.concat_arrays(joined.chunks or [pa.nulls(0, column.type)])
        if isinstance(joined, pa.ChunkedArray)
        else joined
    )
