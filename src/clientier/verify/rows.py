"""The tables of an output, read back as cells, batch by batch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from clientier.outputs import Format
from clientier.rendering import BOM, csv_header, csv_lines, lines_bytes
from clientier.verify.findings import MISSING, Findings

_BLOCK = 4 << 20  # bytes of CSV read at a time
_BATCH = 16_384  # rows of Parquet read at a time
_SLACK = 1_000  # rows that may stand between those looked for


class RowFile:
    """One table of the output, read once from its start to its end."""

    def __init__(self, folder: Path, name: str, schema: pa.Schema, form: Format, found: Findings) -> None:
        self.name = f"{name}.{form.kind}"
        self.rows = 0  # handed out so far
        self.broken = False  # from here on nothing can be read
        self._path = folder / self.name
        self._schema = schema
        self._form = form
        self._found = found
        self._batches = self._read()
        self._waiting = schema.empty_table()

    def number(self, row: int) -> int:
        """Return the number a person gives to a row counted from 0: in CSV the header is row 1."""
        return row + (2 if self._form.kind == "csv" else 1)

    def batches(self) -> Iterator[tuple[int, pa.Table]]:
        """Yield batches as they come, each with the number of rows before it."""
        for batch in self._batches:
            yield self.rows, batch
            self.rows += len(batch)

    def rows_of(self, ids: pa.Array) -> tuple[int, pa.Table]:
        """Return the next rows up to the last one of these customers, and the number of rows before them.

        Others may stand between them, if they are few.
        """
        looked_at = taken = 0
        while self._await(max(taken + _SLACK, looked_at + 1)) > looked_at:
            window = self._waiting["customer_id"].slice(looked_at)
            theirs = np.flatnonzero(pc.is_in(window, value_set=ids).to_numpy())
            taken = looked_at + int(theirs[-1]) + 1 if len(theirs) else taken
            looked_at += len(window)
            if looked_at - taken >= _SLACK:
                break
        rows, self._waiting = self._waiting.slice(0, taken), self._waiting.slice(taken)
        before, self.rows = self.rows, self.rows + taken
        return before, rows.combine_chunks()

    def _await(self, count: int) -> int:
        """Read on until so many rows wait, or the end; return how many do."""
        while len(self._waiting) < count and (more := next(self._batches, None)) is not None:
            self._waiting = pa.concat_tables([self._waiting, more])
        return len(self._waiting)

    def rest(self) -> tuple[int, pa.Table]:
        """Return all rows that are left, and the number of rows before them."""
        left = pa.concat_tables([self._waiting, *self._batches])
        self._waiting = self._schema.empty_table()
        before, self.rows = self.rows, self.rows + len(left)
        return before, left

    def finish(self) -> int:
        """Read what is left without keeping it; return how many rows that is."""
        left = len(self._waiting) + sum(len(batch) for batch in self._batches)
        self._waiting = self._schema.empty_table()
        self.rows += left
        return left

    def _read(self) -> Iterator[pa.Table]:
        """Yield batches of cells; what cannot be read ends the file, and is noted."""
        try:
            yield from self._parquet() if self._form.kind == "parquet" else self._csv()
        except FileNotFoundError:
            self.broken = True
            self._found.add(self.name, MISSING)
        except pa.ArrowInvalid as error:
            kind = "Parquet" if self._form.kind == "parquet" else "CSV in UTF-8"
            # Told from the error: a handler of such rows fails itself where their bytes are not UTF-8.
            ragged = re.search(r"Row #(\d+): Expected", str(error))
            fact = f"row {ragged[1]} has too many or too few cells" if ragged else ""
            self._break(fact or f"is not {kind} that can be read")
        except OSError as error:
            self._break(f"cannot be read: {error.strerror or 'it is damaged'}")

    def _break(self, fact: str) -> None:
        self.broken = True
        self._found.add(self.name, f"{fact}; what follows was not verified")

    # ---- CSV ----

    def _csv(self) -> Iterator[pa.Table]:
        head = (BOM if self._form.excel else b"") + csv_header(self._schema.names)
        with self._path.open("rb") as raw:
            if raw.read(len(head)) != head:
                self._break("its header is not that of such a file")
            elif raw.read(1):
                raw.seek(len(head))
                yield from self._cells(raw)

    def _cells(self, raw: BinaryIO) -> Iterator[pa.Table]:
        as_written = True
        for batch in self._parsed():
            cells = pa.Table.from_batches([batch])
            lines = lines_bytes(csv_lines(cells))
            as_written = as_written and raw.read(len(lines)) == lines
            yield cells
        if not as_written or raw.read(1):
            self._found.add(self.name, "its quotes or line ends are not as clientier writes them")

    def _parsed(self) -> Iterator[pa.RecordBatch]:
        names = self._schema.names
        kinds = dict.fromkeys(names, pa.string())
        batches: Iterator[pa.RecordBatch] = csv.open_csv(
            self._path,
            csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names, skip_rows=1),
            csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            csv.ConvertOptions(column_types=kinds, strings_can_be_null=False),
        )
        return batches

    # ---- Parquet ----

    def _parquet(self) -> Iterator[pa.Table]:
        with pq.ParquetFile(self._path) as file:
            if file.schema_arrow.remove_metadata() != self._schema:
                self._break("its columns are not those of such a file")
                return
            for batch in file.iter_batches(_BATCH, use_threads=False):
                yield pa.Table.from_batches([batch]).replace_schema_metadata()


def differing(expected: pa.ChunkedArray, actual: pa.ChunkedArray) -> list[int]:
    """Return the rows in which two columns of the same length are not the same."""
    if expected.equals(actual):
        return []
    same = pc.fill_null(pc.equal(expected, actual), False)
    neither = pc.and_(pc.is_null(expected), pc.is_null(actual))
    rows: list[int] = np.flatnonzero(~pc.or_(same, neither).to_numpy()).tolist()
    return rows
