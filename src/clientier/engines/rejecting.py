"""Where the rejected lines are: their physical line numbers, and the audit that no line was lost.

The engine tells bad lines by the position of their first byte, and bad cells by the number of their record.
Both become line numbers here, by a look at the file itself.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clientier.engines.scans import Scan
from clientier.errors import EngineError, Problem
from clientier.transactions import dates
from clientier.transactions.lines import (
    BAD_AMOUNT,
    BAD_COST,
    BAD_DATE,
    FIRST_REJECTED,
    OTHER_CURRENCY,
    TOO_LARGE,
    LineReader,
)
from clientier.transactions.prepare import EmptyFile, InputFile, ParquetFile, TextFile
from clientier.transactions.repair import INNER_LINE_END, LONGEST_TEXT, TOO_LONG, UNCLOSED, UNDECODABLE

SCHEMA = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),
        ("column", pa.string()),
        ("reason", pa.string()),
        ("text", pa.string()),
    ]
)
_STRUCTURE = {
    "MISSING COLUMNS": "too few fields",
    "TOO MANY COLUMNS": "too many fields",
    "UNQUOTED VALUE": UNCLOSED,
    "LINE SIZE OVER MAXIMUM": TOO_LONG,
    "INVALID ENCODING": UNDECODABLE,
}
_CELLS = {
    BAD_DATE: "bad date",
    BAD_AMOUNT: "bad amount",
    TOO_LARGE: "amount too large",
    OTHER_CURRENCY: "other currency",
    BAD_COST: "bad cost",
}
IMPOSSIBLE_DATE = "impossible date"


class Reject(NamedTuple):
    """One line that could not be read."""

    line: int
    column: str  # "" where the line as a whole is at fault
    reason: str
    text: str


class BadLine(NamedTuple):
    """A line that the engine could not split into fields."""

    byte: int  # of its beginning, from 0
    reason: str
    text: str


def bad_lines(connection: duckdb.DuckDBPyConnection, files: Iterable[InputFile]) -> dict[int, list[BadLine]]:
    """Return, by file number, the lines that the last scan could not split; forget them in the engine."""
    if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'reject_errors'").fetchall():
        return {}
    found = connection.execute(f"""
        SELECT file_path, line_byte_position, arg_min(error_type, byte_position), substr(min(csv_line), 1, {LONGEST_TEXT})
        FROM reject_errors JOIN reject_scans USING (scan_id, file_id)
        GROUP BY file_path, line_byte_position ORDER BY ALL""").fetchall()
    forget_bad_lines(connection)
    number_of = {str(file.path): file.number for file in files if isinstance(file, TextFile)}
    by_file: dict[int, list[BadLine]] = defaultdict(list)
    for path, byte, kind, text in found:
        bad = BadLine(byte - 1, _STRUCTURE.get(str(kind), str(kind).lower()), text.strip("\r\n"))
        by_file[number_of[path]].append(bad)
    return by_file


def forget_bad_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """Empty the engine's list of bad lines."""
    connection.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")


# ---- lines of a file --------------------------------------------------------------------------------


@dataclass(frozen=True)
class LineMap:
    """Which physical lines of a text file begin a record."""

    file: TextFile
    bad: tuple[BadLine, ...]

    @cached_property
    def _ends(self) -> npt.NDArray[np.int64]:
        """Offset of each line's end."""
        values = np.memmap(self.file.path, dtype=np.uint8, mode="r")
        step = 1 << 24
        found = [np.flatnonzero(values[at : at + step] == 10) + at for at in range(0, len(values), step)]
        ends = np.concatenate(found)
        return ends if len(values) and values[-1] == 10 else np.append(ends, len(values))

    @cached_property
    def _starts(self) -> npt.NDArray[np.int64]:
        return np.concatenate([[0], self._ends[:-1] + 1])

    @cached_property
    def bad_numbers(self) -> npt.NDArray[np.int64]:
        """Physical line number of each bad line."""
        at = [self._past_line_ends(bad.byte) for bad in self.bad]
        return np.searchsorted(self._ends, np.array(at, dtype=np.int64)) + 1

    def _past_line_ends(self, byte: int) -> int:
        # Where lines end in two bytes the engine's position may be that of the second, or of a blank line before.
        with self.file.path.open("rb") as stream:
            stream.seek(byte)
            head = stream.read(1 << 16)
        return byte + len(head) - len(head.lstrip(b"\r\n"))

    @cached_property
    def records(self) -> npt.NDArray[np.int64]:
        """Physical line number at which each record begins that the engine could split, in order."""
        is_record = self._holds_text()
        is_record[: self.file.layout.header_lines] = False
        is_record[self.bad_numbers - 1] = False
        return np.flatnonzero(is_record) + 1

    def _holds_text(self) -> npt.NDArray[np.bool_]:
        lengths = self._ends - self._starts
        values = np.memmap(self.file.path, dtype=np.uint8, mode="r")
        short = np.flatnonzero(lengths == 1)
        lengths[short[values[self._starts[short]] == 13]] = 0
        return lengths > 0

    def cells(self, line: int) -> list[str]:
        """Read the record that stands on this line."""
        start, end = int(self._starts[line - 1]), int(self._ends[line - 1])
        with self.file.path.open("rb") as stream:
            stream.seek(start)
            text = stream.read(end - start).decode("utf-8-sig").replace(INNER_LINE_END, "\n")
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=self.file.layout.delimiter))


def audit(file: TextFile, records: int, bad: tuple[BadLine, ...]) -> None:
    """Check that every line of the file is a record, a bad line, blank, or part of one of these.

    Raises:  EngineError where a line is lost
    """
    more = sum(more for first, more in file.repaired.continued if first > file.layout.header_lines)
    most = file.survey.lines - file.layout.header_lines - more - len(file.repaired.faults)
    if records + len(bad) == most:
        return
    found = len(LineMap(file, bad).records)
    if records != found:
        fact = f"the engine read {records:,} records where the file has {found:,}"
        raise EngineError(Problem(file.source.name, fact, "this is a fault of the program: please report it"))


# ---- rejects ----------------------------------------------------------------------------------------


def rejects_of(
    connection: duckdb.DuckDBPyConnection,
    file: InputFile,
    bad: tuple[BadLine, ...],
    bad_cells: int,
    reader: LineReader,
    scan: Scan,
) -> list[Reject]:
    """Return every rejected line of one file, by line."""
    cells = _bad_cells(connection, file, reader, scan) if bad_cells else []
    if isinstance(file, ParquetFile):
        return [_cell_reject(reader, record, *cell) for record, *cell in cells]
    if isinstance(file, EmptyFile):
        return []
    found = [Reject(fault.line, "", fault.reason, fault.text) for fault in file.repaired.faults]
    lines = LineMap(file, bad)
    if bad:
        numbers = lines.bad_numbers.tolist()
        found += [Reject(number, "", one.reason, one.text) for number, one in zip(numbers, bad, strict=True)]
    for record, *cell in cells:
        found.append(_cell_reject(reader, int(lines.records[record - 1]), *cell))
    if cells:
        _verify(lines, found[-1])
    return sorted(found)


def _bad_cells(
    connection: duckdb.DuckDBPyConnection, file: InputFile, reader: LineReader, scan: Scan
) -> list[tuple[int, int, str, str]]:
    """Return (record from 1, outcome, column, text) of each record with an unreadable cell."""
    reader = LineReader(reader.config.model_copy(update={"duplicates": "keep"}), reader.settled)
    numbered = f"SELECT *, row_number() OVER () AS record FROM ({scan.of_one(file)})"
    connection.execute("SET preserve_insertion_order = true")
    try:
        return connection.execute(f"""SELECT record, outcome, {reader.rejected_cell()}
            FROM ({reader.lines(numbered)}) WHERE outcome >= {FIRST_REJECTED} ORDER BY record""").fetchall()
    finally:
        connection.execute("SET preserve_insertion_order = false")


def _cell_reject(reader: LineReader, line: int, outcome: int, column: str, text: str) -> Reject:
    reason = _CELLS[outcome]
    if outcome == BAD_DATE and dates.is_impossible(text, reader.settled.date_format):
        reason = IMPOSSIBLE_DATE
    return Reject(line, column, reason, text[:LONGEST_TEXT])


def _verify(lines: LineMap, reject: Reject) -> None:
    """Check the place of the last bad cell by reading the line itself: were it wrong, all might be."""
    header = lines.file.header
    if reject.column not in header or not reject.text:
        return
    cell = lines.cells(reject.line)[header.index(reject.column)]
    if cell[:LONGEST_TEXT] != reject.text:
        fact = f"line {reject.line} was not found again"
        raise EngineError(
            Problem(lines.file.source.name, fact, "this is a fault of the program: please report it")
        )


def table_of(rejects: Mapping[str, list[Reject]]) -> pa.Table:
    """Return the rejected lines of all files as one table, in the order of the files and lines."""
    rows = [(name, *reject) for name, found in rejects.items() for reject in found]
    columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMA)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )
