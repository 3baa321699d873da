"""What Spark's workers do with a part of a file: they write it to their disk, and read it as a local run would.

Runs on the workers: nothing here knows Spark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clientier.engines.spark.rows import PartReader, Place, Work
from clientier.engines.spark.tasks import database
from clientier.engines.spark.tears import Tear, around_edges, moved
from clientier.transactions import parquet
from clientier.transactions.dialect import Layout
from clientier.transactions.encoding import GUESSES, lines_beyond_ascii, plain_copy, undecodable_lines
from clientier.transactions.files import Source
from clientier.transactions.lines import EXCLUDED_TABLE
from clientier.transactions.prepare import ParquetFile, TextFile
from clientier.transactions.repair import repair
from clientier.transactions.survey import Survey, survey

_WIDE = {"utf-16": 2, "utf-32": 4}  # bytes of a line end


@dataclass(frozen=True)
class TextShape:
    """How one text file is written, as far as its head tells."""

    number: int  # of the input
    name: str
    encoding: str
    guessed: bool  # the encoding is that of all files which do not say theirs
    layout: Layout

    @property
    def width(self) -> int:
        """How many bytes a line end has; where more than one, Spark must not split the file."""
        return next((width for name, width in _WIDE.items() if self.encoding.startswith(name)), 1)


@dataclass(frozen=True)
class TypedShape:
    """One Parquet file, or a table."""

    number: int
    name: str


@dataclass(frozen=True)
class Part:
    """What a run of lines, or of typed rows, belongs to."""

    key: int  # of the file
    start: int
    last: bool  # it ends where the file does


@dataclass(frozen=True)
class TextTask:
    """Reads the parts of text files that one task is given. Pickled by Spark."""

    work: Work
    shapes: Mapping[int, TextShape]  # by key
    tears: Mapping[tuple[int, int], Tear] = field(default_factory=dict)  # by key and start

    def read(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Turn lines into rows.

        Needs:  key, start, last, value (the bytes of a line); the lines of a part stand one after the other
        Gives:  rows.SCHEMA
        """
        with _database(self.work.excluded) as (folder, connection):
            for part, path in _spooled(batches, folder / "part", self._open):
                file, facts = self._prepared(part, path)
                added = 1 if part.start else 0
                facts |= {"lines": file.survey.lines - added}
                place = Place(file.number, part.start, added)
                yield from PartReader(connection, self.work, file, place).rows(facts)

    def _open(self, part: Part, batch: pa.RecordBatch, path: Path) -> _Lines:
        shape = self.shapes[part.key]
        return _Lines(path, _plain_header(shape, batch) if part.start else b"", shape.width)

    def _prepared(self, part: Part, path: Path) -> tuple[TextFile, dict[str, Any]]:
        """Prepare the part as a file is prepared that is read as a whole."""
        shape = self.shapes[part.key]
        found = survey(path)
        facts = _of_encoding(path, found) if shape.guessed else {}
        encoding = "utf-8" if shape.guessed and found.ascii else shape.encoding
        plain = path
        if encoding != "utf-8" or found.line_ends_differ:
            plain = plain_copy(path, encoding, path.with_suffix(".plain"))
        if tear := self.tears.get((part.key, part.start)):
            plain = moved(plain, tear, 1 if part.start else 0, path.with_suffix(".moved"))
        found = survey(plain)
        lines = 1 if part.start else shape.layout.header_lines
        layout = Layout(shape.layout.delimiter, shape.layout.header, lines, ())
        repaired = repair(plain, found, layout, path.with_suffix(".repaired"))
        source = Source(shape.name, path, path, found.bytes, "none", is_parquet=False)
        file = TextFile(shape.number, source, encoding, False, layout, found, repaired)
        return file, facts | around_edges(file, plain, first=not part.start, last=part.last)


def _of_encoding(path: Path, found: Survey) -> dict[str, Any]:
    """Return how many lines each encoding could not read, of those beyond ASCII."""
    if found.ascii:
        return {}
    counts = {guess: undecodable_lines(path, guess) for guess in GUESSES}
    return {"undecodable": counts, "beyond_ascii": lines_beyond_ascii(path)}


@dataclass(frozen=True)
class TypedTask:
    """Reads the parts of Parquet files and tables that one task is given. Pickled by Spark."""

    work: Work
    shapes: Mapping[int, TypedShape]  # by key

    def read(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Turn typed rows into rows.

        Needs:  key, start, last, the columns; the rows of a part stand one after the other
        Gives:  rows.SCHEMA
        """
        with _database(self.work.excluded) as (folder, connection):
            for part, path in _spooled(batches, folder / "part", _Typed):
                shape = self.shapes[part.key]
                source = Source(shape.name, path, path, 0, "none", is_parquet=True)
                file = ParquetFile(shape.number, source, parquet.columns_of(source))
                facts = {"lines": pq.read_metadata(path).num_rows}
                yield from PartReader(connection, self.work, file, Place(shape.number, part.start)).rows(
                    facts
                )


@contextmanager
def _database(excluded: frozenset[str]) -> Iterator[tuple[Path, duckdb.DuckDBPyConnection]]:
    """Give a private folder, and a database that knows who is excluded."""
    with database() as (folder, connection):
        query = f"CREATE TEMP TABLE {EXCLUDED_TABLE} AS SELECT unnest($ids::VARCHAR[]) AS customer"
        connection.execute(query, {"ids": sorted(excluded)})
        yield folder, connection


# ---- parts to files ---------------------------------------------------------------------------------


def _spooled(
    batches: Iterable[pa.RecordBatch],
    path: Path,
    opened: Callable[[Part, pa.RecordBatch, Path], _Lines | _Typed],
) -> Iterator[tuple[Part, Path]]:
    """Write each part to a file; yield it once it is whole."""
    now: tuple[Part, _Lines | _Typed] | None = None
    for part, batch in _runs(batches):
        if now is None or now[0] != part:
            if now:
                now[1].close()
                yield now[0], path
            now = part, opened(part, batch, path)
        now[1].write(batch)
    if now:
        now[1].close()
        yield now[0], path


def _runs(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Part, pa.RecordBatch]]:
    """Yield the batches, cut where one part ends and the next begins."""
    for batch in batches:
        keys, starts = (batch.column(name).to_numpy() for name in ("key", "start"))
        cuts = (np.flatnonzero((np.diff(keys) != 0) | (np.diff(starts) != 0)) + 1).tolist()
        for first, after in zip([0, *cuts], [*cuts, len(batch)], strict=True):
            if first < after:
                last = batch.column("last")[first].as_py()
                yield Part(int(keys[first]), int(starts[first]), last), batch.slice(first, after - first)


class _Lines:
    """Lines on their way to a file."""

    def __init__(self, path: Path, header: bytes, width: int) -> None:
        self._file, self._width = path.open("wb"), width
        self._file.write(header)

    def write(self, batch: pa.RecordBatch) -> None:
        """Write lines, each with the line feed that Spark took from it."""
        lines = batch.column("value")
        together = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
        self._file.write(memoryview(pc.binary_join(together, b"\n")[0].as_buffer()))
        self._file.write(b"\n")

    def close(self) -> None:
        """Take back the line feed that the last line did not have: it would be half a letter."""
        size = self._file.tell()
        if size % self._width == 1:
            self._file.truncate(size - 1)
        self._file.close()


class _Typed:
    """Typed rows on their way to a Parquet file."""

    def __init__(self, _part: Part, batch: pa.RecordBatch, path: Path) -> None:
        schema = batch.schema
        self._names = [name for name in schema.names if name not in ("key", "start", "last")]
        columns = pa.schema([schema.field(name) for name in self._names])
        self._writer = pq.ParquetWriter(path, columns, compression="none", use_dictionary=False)

    def write(self, batch: pa.RecordBatch) -> None:
        """Write rows."""
        self._writer.write_batch(batch.select(self._names))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


def _plain_header(shape: TextShape, batch: pa.RecordBatch) -> bytes:
    """Return a header for a part that begins within its file, with the line end of its first line."""
    names = shape.layout.delimiter.join(f"c{number}" for number in range(len(shape.layout.header)))
    ends_in_return = batch.column("value")[0].as_py().endswith(b"\r")
    return names.encode() + (b"\r\n" if ends_in_return else b"\n")
