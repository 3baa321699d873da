"""What Spark's workers do with a part of a file: they read it as a file of its own, with the code of a local run.

Runs on the workers: nothing here knows Spark.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clientier.config.models import Transactions
from clientier.engines import BATCH_ROWS, counting, rejecting
from clientier.engines.connecting import connect
from clientier.engines.scans import Scan
from clientier.transactions.dialect import Layout
from clientier.transactions.encoding import plain_copy
from clientier.transactions.files import Source
from clientier.transactions.lines import EXCLUDED_TABLE, LineReader, Settled
from clientier.transactions.prepare import InputFile, TextFile
from clientier.transactions.repair import repair
from clientier.transactions.survey import survey

COUNTED, REJECT, PART = 0, 1, 2  # what a row that a task gives is about
MEMORY_LIMIT = "1GB"  # of the database in one task; beyond, it spills
MONEY = pa.decimal128(38, 6)
ROWS = pa.schema(
    {
        "row": pa.int8(), "kind": pa.int64(), "customer": pa.string(), "order": pa.string(), "day": pa.date32(),
        "lines": pa.int64(), "amount": MONEY, "margin": MONEY, "digest": pa.string(),
        "file": pa.int32(), "start": pa.int64(), "line": pa.int64(), "column": pa.string(), "reason": pa.string(),
        "text": pa.string(),
    }
)  # fmt: skip


@dataclass(frozen=True)
class TextShape:
    """How one text file is written, as far as its head tells."""

    number: int  # of the input
    name: str
    encoding: str
    layout: Layout


@dataclass(frozen=True)
class TextParts:
    """Reads the parts of text files that one task is given. Pickled by Spark."""

    config: Transactions
    settled: Settled
    excluded: frozenset[str]
    shapes: Mapping[int, TextShape]  # by the key under which Spark gives a file's lines

    def read(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Turn lines into rows.

        Needs:  key, start, last, value (the bytes of a line), the lines of a part one after the other
        Gives:  ROWS
        """
        with _scratch() as folder, _database(folder, self.excluded) as connection:
            for key, start, last, path in _spooled(batches, folder, self.shapes):
                yield from self._part(connection, self.shapes[key], start, last, path)

    def _part(
        self, connection: duckdb.DuckDBPyConnection, shape: TextShape, start: int, last: bool, path: Path
    ) -> Iterator[pa.RecordBatch]:
        file = _text_file(shape, start, path)
        rows = PartReader(connection, self.config, self.settled, file)
        yield from rows.counted()
        added = 1 if start else 0  # the header
        rejects = rows.rejects()
        facts = {
            "lines": file.survey.lines - added,
            "at_fault": rows.at_fault,
        }
        yield from _reject_rows(rejects, shape.number, start, added)
        yield _part_row(shape.number, start, facts)


def _scratch() -> tempfile.TemporaryDirectory[str]:
    """Return a private folder on the disk that Spark's worker has for such things."""
    folder = os.environ.get("SPARK_LOCAL_DIRS", "").partition(",")[0]
    return tempfile.TemporaryDirectory(prefix="clientier-", dir=folder if os.path.isdir(folder) else None)


def _database(folder: str, excluded: frozenset[str]) -> duckdb.DuckDBPyConnection:
    connection = connect(Path(folder), MEMORY_LIMIT)
    connection.execute("SET threads = 1")
    query = f"CREATE TEMP TABLE {EXCLUDED_TABLE} AS SELECT unnest($ids::VARCHAR[]) AS customer"
    connection.execute(query, {"ids": sorted(excluded)})
    return connection


# ---- lines to a file again --------------------------------------------------------------------------


def _spooled(
    batches: Iterable[pa.RecordBatch], folder: str, shapes: Mapping[int, TextShape]
) -> Iterator[tuple[int, int, bool, Path]]:
    """Write the lines of each part to a file; yield (key, start, whether it is the file's end, path) of each."""
    path = Path(folder) / "part"
    now: tuple[int, int, bool] | None = None
    stream: BinaryIO | None = None
    for of, lines in _runs(batches):
        if of != now:
            if stream and now:
                stream.close()
                yield *now, path
            now, stream = of, path.open("wb")
            if of[1]:
                stream.write(_plain_header(shapes[of[0]], lines))
        assert stream is not None
        stream.write(_joined(lines))
    if stream and now:
        stream.close()
        yield *now, path


def _runs(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[tuple[int, int, bool], pa.BinaryArray]]:
    for batch in batches:
        keys, starts = (batch.column(name).to_numpy() for name in ("key", "start"))
        ends = np.flatnonzero((np.diff(keys) != 0) | (np.diff(starts) != 0)) + 1
        for first, after in zip([0, *ends], [*ends, len(batch)], strict=True):
            if first < after:
                at = int(first)
                last = batch.column("last")[at].as_py()
                yield (int(keys[at]), int(starts[at]), last), batch.column("value").slice(at, int(after) - at)


def _joined(lines: pa.BinaryArray) -> bytes:
    together = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
    return bytes(pc.binary_join(together, b"\n")[0].as_buffer()) + b"\n"


def _plain_header(shape: TextShape, lines: pa.BinaryArray) -> bytes:
    names = shape.layout.delimiter.join(f"c{number}" for number in range(len(shape.layout.header)))
    return names.encode() + (b"\r\n" if lines[0].as_py().endswith(b"\r") else b"\n")


def _text_file(shape: TextShape, start: int, path: Path) -> TextFile:
    """Prepare the part as a file is prepared that is read as a whole."""
    found, plain = survey(path), path
    if shape.encoding != "utf-8" or found.line_ends_differ:
        plain = plain_copy(path, shape.encoding, path.with_suffix(".plain"))
        found = survey(plain)
    layout = Layout(
        shape.layout.delimiter, shape.layout.header, 1 if start else shape.layout.header_lines, ()
    )
    repaired = repair(plain, found, layout, path.with_suffix(".repaired"))
    source = Source(shape.name, path, path, found.bytes, "none", is_parquet=False)
    return TextFile(shape.number, source, shape.encoding, False, layout, found, repaired)


# ---- a file to rows ---------------------------------------------------------------------------------


class PartReader:
    """One file, counted as a local run counts it."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        config: Transactions,
        settled: Settled,
        file: InputFile,
    ) -> None:
        self._connection, self._file = connection, file
        self._reader = LineReader(config, settled)
        self._scan = Scan(self._reader.texts, settled.date_format, config.decimal_mark)
        rejecting.forget_bad_lines(connection)
        counting.count(connection, self._reader, self._scan.of([file]))
        self._bad_lines = rejecting.keep_bad_lines(connection, [file]).get(file.number, 0)

    @property
    def at_fault(self) -> int:
        """How many lines could not even be split into fields."""
        faults = len(self._file.repaired.faults) if isinstance(self._file, TextFile) else 0
        return faults + self._bad_lines

    def counted(self) -> Iterator[pa.RecordBatch]:
        """Yield what ``counting.count`` counted."""
        query = """SELECT CAST(kind AS BIGINT) AS kind, customer, "order", day, lines,
            CAST(amount AS DECIMAL(38,6)) AS amount, margin FROM counted"""
        for batch in self._connection.sql(query).to_arrow_reader(BATCH_ROWS):
            yield _rows(COUNTED, pa.table(batch))

    def rejects(self) -> pa.Table:
        """Return the rejected lines, as a local run does."""
        counts = counting.lines_by_file(self._connection)
        records, bad_cells = counts.get(self._file.number, (0, 0))
        if isinstance(self._file, TextFile):
            rejecting.audit(self._connection, self._file, records, self._bad_lines)
        return rejecting.rejects_of(self._connection, self._file, bad_cells, self._reader, self._scan)


def _rows(row: int, table: pa.Table) -> pa.RecordBatch:
    """Return a table as ROWS, empty in every column it does not have."""
    columns = [
        pa.repeat(pa.scalar(row, field.type), len(table))
        if field.name == "row"
        else table[field.name].cast(field.type).combine_chunks()
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in ROWS
    ]
    return pa.RecordBatch.from_arrays([_whole(column) for column in columns], schema=ROWS)


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _reject_rows(rejects: pa.Table, number: int, start: int, added: int) -> Iterator[pa.RecordBatch]:
    if len(rejects):
        lines = pc.subtract(rejects["line"], added)
        here = rejects.select(["column", "reason", "text"])
        here = here.append_column("line", lines).append_column("file", pa.repeat(number, len(rejects)))
        yield _rows(REJECT, here.append_column("start", pa.repeat(start, len(rejects))))


def _part_row(number: int, start: int, facts: Mapping[str, object]) -> pa.RecordBatch:
    return _rows(PART, pa.table({"file": [number], "start": [start], "text": [json.dumps(facts)]}))
