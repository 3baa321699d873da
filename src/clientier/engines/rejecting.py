"""The rejected lines, each with its physical line number; and the audit that no line was lost.

The engine tells bad lines by the position of their first byte, and bad cells by the number of their record.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import numpy as np
import pyarrow as pa

from clientier.engines.scans import Scan
from clientier.errors import EngineError, Problem
from clientier.transactions import dates, sql
from clientier.transactions.linemap import Array, LineMap
from clientier.transactions.lines import LineReader
from clientier.transactions.prepare import EmptyFile, InputFile, ParquetFile, TextFile
from clientier.transactions.repair import TOO_LONG, UNCLOSED, UNDECODABLE
from clientier.transactions.rules import BAD_DATE, FIRST_REJECTED, IMPOSSIBLE_DATE, LONGEST_TEXT, REASONS

CELLS = {"line": pa.int64(), "column": pa.string(), "reason": pa.string(), "text": pa.string()}
SCHEMA = pa.schema({"file": pa.string(), **CELLS})
_OF_LINES = {
    "MISSING COLUMNS": "too few fields",
    "TOO MANY COLUMNS": "too many fields",
    "UNQUOTED VALUE": UNCLOSED,
    "LINE SIZE OVER MAXIMUM": TOO_LONG,
    "INVALID ENCODING": UNDECODABLE,
}
_PLEASE_REPORT = "this is a fault of the program: please report it"


# ---- lines that cannot be split into fields ---------------------------------------------------------


def keep_bad_lines(connection: duckdb.DuckDBPyConnection, files: Iterable[InputFile]) -> dict[int, int]:
    """Make the table ``bad_lines`` of what the last scan could not split; return how many, by file number.

    Adds:  bad_lines (file, byte, reason, text), the byte from 0
    """
    paths = ", ".join(
        f"({sql.literal(str(file.path))}, {file.number})" for file in files if isinstance(file, TextFile)
    )
    if not paths or not _has_bad_lines(connection):
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE bad_lines (file INTEGER, byte BIGINT, reason VARCHAR, text VARCHAR)"
        )
    else:
        reasons = " ".join(
            f"WHEN {sql.literal(kind)} THEN {sql.literal(reason)}" for kind, reason in _OF_LINES.items()
        )
        connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE bad_lines AS
            SELECT file, byte, CASE kind {reasons} ELSE lower(kind) END AS reason, text
            FROM (SELECT file, CAST(line_byte_position - 1 AS BIGINT) AS byte,
                         CAST(arg_min(error_type, byte_position) AS VARCHAR) AS kind,
                         substr(trim(any_value(csv_line), chr(10) || chr(13)), 1, {LONGEST_TEXT}) AS text
                  FROM reject_errors JOIN reject_scans USING (scan_id, file_id)
                       JOIN (VALUES {paths}) AS named(file_path, file) USING (file_path)
                  GROUP BY file, line_byte_position)""")
    forget_bad_lines(connection)
    return dict(connection.execute("SELECT file, count(*) FROM bad_lines GROUP BY file").fetchall())


def _has_bad_lines(connection: duckdb.DuckDBPyConnection) -> bool:
    tables = "SELECT 1 FROM duckdb_tables() WHERE table_name = 'reject_errors'"
    return bool(
        connection.execute(tables).fetchall()
        and connection.execute("SELECT 1 FROM reject_errors LIMIT 1").fetchall()
    )


def forget_bad_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """Empty the engine's own list of bad lines, to which every scan adds."""
    connection.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")


def audit(connection: duckdb.DuckDBPyConnection, file: TextFile, records: int, bad: int) -> None:
    """Check that every line of the file is a record, a bad line, blank, or part of one of these.

    Raises:  EngineError where a line was lost, or made up
    """
    more = sum(more for _, more in file.repaired.continued)
    if records + bad == file.survey.lines - file.layout.header_lines - more - len(file.repaired.faults):
        return
    found = len(_line_map(connection, file).records)
    if records != found:
        fact = f"the engine read {records:,} records where the file has {found:,}"
        raise EngineError(Problem(file.source.name, fact, _PLEASE_REPORT))


def _line_map(connection: duckdb.DuckDBPyConnection, file: TextFile) -> LineMap:
    found = connection.sql(
        f"SELECT byte FROM bad_lines WHERE file = {file.number} ORDER BY byte"
    ).fetchnumpy()
    return LineMap(file, np.asarray(found["byte"], dtype=np.int64))


# ---- rejects ----------------------------------------------------------------------------------------


def rejects_of(
    connection: duckdb.DuckDBPyConnection, file: InputFile, bad_cells: int, reader: LineReader, scan: Scan
) -> pa.Table:
    """Return every rejected line of one file, by line.

    Needs:  bad_lines
    Adds:   file, line (physical), column ("" for a line as a whole), reason, text
    """
    if isinstance(file, EmptyFile):
        return SCHEMA.empty_table()
    parts = [_bad_cells(connection, file, reader, scan)] if bad_cells else []
    if isinstance(file, TextFile):
        parts += _of_text_file(connection, file, parts)
    if not parts:
        return SCHEMA.empty_table()
    rejects = pa.concat_tables(parts).sort_by("line")
    return rejects.add_column(0, SCHEMA.field("file"), pa.repeat(file.source.name, len(rejects)))


def _of_text_file(
    connection: duckdb.DuckDBPyConnection, file: TextFile, cells: list[pa.Table]
) -> list[pa.Table]:
    """Return the lines that are bad as a whole; number the bad cells, in place, by line."""
    whole = connection.sql(
        f"SELECT reason, text FROM bad_lines WHERE file = {file.number} ORDER BY byte"
    ).to_arrow_table()
    if cells or len(whole):
        lines = _line_map(connection, file)
        cells[:] = [_numbered(table, lines) for table in cells]
        whole = _whole_lines(lines.bad_lines, whole.column("reason"), whole.column("text"))
    faults = file.repaired.faults
    faulty = _whole_lines(
        np.array([fault.line for fault in faults], dtype=np.int64),
        pa.array([fault.reason for fault in faults], pa.string()),
        pa.array([fault.text for fault in faults], pa.string()),
    )
    return [table for table in (whole, faulty) if len(table)]


def _whole_lines(lines: Array, reasons: pa.Array, texts: pa.Array) -> pa.Table:
    columns = [pa.array(lines), pa.repeat("", len(lines)), reasons, texts]
    return pa.table(columns, schema=pa.schema(CELLS))


def _bad_cells(
    connection: duckdb.DuckDBPyConnection, file: TextFile | ParquetFile, reader: LineReader, scan: Scan
) -> pa.Table:
    """Return the records with an unreadable cell, by their number in the file."""
    reader = LineReader(reader.config.model_copy(update={"duplicates": "keep"}), reader.settled)
    numbered = f"SELECT *, row_number() OVER () AS record FROM ({scan.of_one(file)})"
    reasons = " ".join(f"WHEN {code} THEN {sql.literal(reason)}" for code, reason in REASONS.items())
    impossible = dates.impossible("date_text", reader.settled.date_format)
    ((kept,),) = connection.execute("SELECT current_setting('preserve_insertion_order')").fetchall()
    connection.execute("SET preserve_insertion_order = true")
    try:
        found = connection.sql(f"""
            SELECT record AS line, "column", CASE WHEN outcome = {BAD_DATE} AND {impossible}
                   THEN {sql.literal(IMPOSSIBLE_DATE)} ELSE CASE outcome {reasons} END END AS reason, text
            FROM (SELECT *, {reader.rejected_cell()} FROM ({reader.lines(numbered)}) WHERE outcome >= {FIRST_REJECTED})
            ORDER BY record""").to_arrow_table()
    finally:
        connection.execute(f"SET preserve_insertion_order = {kept}")
    return found.cast(pa.schema(CELLS))


def _numbered(cells: pa.Table, lines: LineMap) -> pa.Table:
    """Turn the numbers of records into those of lines.

    Raises:  EngineError where the last cell is not found there again: were one wrong, all might be
    """
    records = cells.column("line").to_numpy()
    numbers = lines.records[np.minimum(records, len(lines.records)) - 1]
    last = cells.slice(len(cells) - 1).to_pylist()[0]
    header = lines.file.header
    if last["column"] in header:
        cell = lines.cells(int(numbers[-1]))[header.index(last["column"])]
        if cell[:LONGEST_TEXT] != last["text"]:
            raise EngineError(
                Problem(lines.file.source.name, f"record {records[-1]:,} was not found again", _PLEASE_REPORT)
            )
    return cells.set_column(0, "line", pa.array(numbers))
