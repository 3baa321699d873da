"""Customer tables as CSV or Parquet, read back without losing a digit: what the pipe stages hand on."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from csv import Error as CSVError
from csv import reader as csv_rows
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from clientier import frames
from clientier.columns import BY_NAME, CUSTOMER_COLUMNS, Column, Kind
from clientier.days import day_number
from clientier.errors import DataError, Problem
from clientier.scores import Histogram

NEEDED = ("customer_id", "recency_days", "frequency", "monetary")
FIX = "give a table with customer_id, recency_days, frequency, monetary"
SAVED_AS = "save the customer table as CSV in UTF-8"
MOST_PROBLEMS = 10
PARQUET = b"PAR1"
_MAY_BE_EMPTY = ("recency_days",)  # a customer may never have purchased
_MOST_BYTES_AT_ONCE = 2**30
_LARGEST = 2**63 - 1
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*", re.ASCII)
_WORDS = {
    Kind.DAY: "a day like 2026-10-31",
    Kind.COUNT: "a whole number",
    Kind.MONEY: "an amount",
    Kind.RATIO: "a number",
}


@dataclass(frozen=True)
class CustomerTable:
    """A whole table of customers, in the order of every list."""

    customers: pd.DataFrame
    absent: tuple[str, ...]  # our columns that the table lacks

    def histogram(self, metric: str, purchasers_only: bool) -> Histogram:
        """Count customers at each value of recency_days, frequency or monetary."""
        chosen = self.customers[self.customers["frequency"] > 0] if purchasers_only else self.customers
        return Histogram.of(chosen[metric].dropna().to_numpy(dtype=np.int64))


def read_customers(source: BinaryIO, name: str, needed: Sequence[str] = NEEDED) -> CustomerTable:
    """Read a customer table; columns that are not ours are left out, ours that are missing are empty.

    Raises:  DataError with the row of every cell that cannot be read and every repeated id
    """
    data = source.read()
    table = _parquet_as_text(data, name) if data.startswith(PARQUET) else _text_table(data, name)
    if missing := [column for column in needed if column not in table.column_names]:
        fix = f"the header has: {', '.join(table.column_names)}"
        raise DataError([Problem(name, f"column {column} is missing", fix) for column in missing])
    if not table.num_rows:
        raise DataError(Problem(name, "holds no customer", FIX))
    problems = CellProblems(name)
    ours = [column for column in CUSTOMER_COLUMNS if column.name in table.column_names]
    customers = pd.DataFrame(
        {column.name: read_column(table[column.name].combine_chunks(), column, problems) for column in ours}
    )
    _find_empty(customers, needed, problems)
    _find_repeated(customers["customer_id"], problems)
    if found := problems.first():
        raise DataError(found)
    return CustomerTable(_in_order(customers), tuple(c.name for c in CUSTOMER_COLUMNS if c not in ours))


class CellProblems:
    """What is wrong with the cells of a table; of each cell the first that was found."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._found: dict[tuple[int, str], Problem] = {}

    def add(self, rows: Iterable[int], column: str, fact: str, fix: str) -> None:
        """Add the same problem for some rows, counted from 0 below the header."""
        for row in rows:
            place = f"{self._name}: row {row + 2}: {column}"
            self._found.setdefault((row, column), Problem(place, fact, fix))

    def rows(self, column: str) -> list[int]:
        """Return the rows of a column that have a problem, counted as they were added."""
        return [row for row, name in self._found if name == column]

    def first(self) -> list[Problem]:
        """Return the first problems, by row."""
        by_row = sorted(self._found.items(), key=lambda found: found[0][0])
        return [problem for _, problem in by_row[:MOST_PROBLEMS]]


def _in_order(customers: pd.DataFrame) -> pd.DataFrame:
    """Sort by monetary descending, then by the bytes of customer_id."""
    keys = pa.table(
        {
            "monetary": customers["monetary"].to_numpy(dtype=np.int64),
            "customer_id": frames.text_array(customers["customer_id"]),
        }
    )
    order = pc.sort_indices(keys, [("monetary", "descending"), ("customer_id", "ascending")])
    return customers.take(order.to_numpy()).reset_index(drop=True)


def _parquet_as_text(data: bytes, name: str) -> pa.Table:
    """Read Parquet, and take every cell by its text."""
    try:
        table = parquet.read_table(io.BytesIO(data))
        cells = {name: _as_text(table[name]) for name in table.column_names}
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError):
        raise DataError(Problem(name, "is not a Parquet table of plain columns", FIX)) from None
    return pa.table(cells)


def _as_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return every value by its text, a timestamp by its day."""
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.date32())
    return pc.fill_null(values.cast(pa.string()), "")


def _text_table(data: bytes, name: str) -> pa.Table:
    """Read CSV with every cell as text."""
    if not data.strip():
        raise DataError(Problem(name, "is empty", FIX))
    wrong: list[Problem] = []

    def refuse(row: csv.InvalidRow) -> str:
        fact = f"{row.actual_columns} cells where the header has {row.expected_columns}"
        wrong.append(Problem(f"{name}: row {row.number}", fact, "correct the row"))
        return "skip"

    header = _header(data, name)
    reading = csv.ReadOptions(use_threads=False, block_size=min(len(data), _MOST_BYTES_AT_ONCE))
    parsing = csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse)
    kinds = csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False)
    try:
        table = csv.read_csv(io.BytesIO(data), reading, parsing, kinds)
    except pa.ArrowInvalid as error:
        if "Empty CSV file" in str(error):  # a header without a line end
            raise DataError(Problem(name, "holds no customer", FIX)) from None
        fact = "is not UTF-8" if "UTF8" in str(error) else "is not a CSV table"
        raise DataError(Problem(name, fact, SAVED_AS)) from None
    if wrong:
        raise DataError(wrong[:MOST_PROBLEMS])
    if len(set(header)) < len(header):
        raise DataError(Problem(name, "the header names a column twice", "rename one of them"))
    return table


def _header(data: bytes, name: str) -> list[str]:
    """Return the header's cells; Arrow would read the whole table for them."""
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
    try:
        return next((row for row in csv_rows(text) if row), [])
    except UnicodeDecodeError:
        raise DataError(Problem(name, "is not UTF-8", SAVED_AS)) from None
    except CSVError:
        raise DataError(Problem(name, "is not a CSV table", SAVED_AS)) from None


def read_column(cells: pa.StringArray, column: Column, problems: CellProblems) -> pd.Series[Any]:
    """Read a column of cells; what cannot be read becomes a problem."""
    if column.kind is Kind.TEXT:
        return frames.text_column(cells)
    filled = pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells)
    try:
        values = frames.column_from_arrow(_integers(filled, column.kind))
    except pa.ArrowInvalid:
        values = frames.column_from_arrow(_cell_by_cell(filled, column, problems))
    if column.kind is Kind.COUNT:
        below = np.flatnonzero((values < 0).fillna(False).to_numpy(dtype=bool))[:MOST_PROBLEMS]
        problems.add(below.tolist(), column.name, "is below 0", "correct the cell")
    return values


def _integers(cells: pa.StringArray, kind: Kind) -> pa.Array:
    if kind is Kind.DAY:
        return cells.cast(pa.date32())
    decimals = {Kind.COUNT: 0, Kind.MONEY: 6, Kind.RATIO: 4}[kind]
    exact = cells.cast(pa.decimal128(19, decimals))
    return pc.multiply(exact.cast(pa.decimal128(30, decimals)), pa.scalar(Decimal(kind.scale))).cast(
        pa.int64()
    )


def _cell_by_cell(cells: pa.StringArray, column: Column, problems: CellProblems) -> pa.Array:
    """Read each different cell once; slower, but it takes floats and finds the cells that are wrong."""
    encoded = cells.dictionary_encode()
    integers = pa.array([_integer(cell, column.kind) for cell in encoded.dictionary.to_pylist()], pa.int64())
    read = integers.take(encoded.indices)
    wrong = np.flatnonzero(pc.and_(pc.is_null(read), pc.is_valid(cells)).to_numpy(zero_copy_only=False))
    for row in wrong[:MOST_PROBLEMS].tolist():
        fact = f"'{cells[row].as_py()}' is not {_WORDS[column.kind]}"
        problems.add([row], column.name, fact, "correct the cell")
    return read


def _integer(cell: str, kind: Kind) -> int | None:
    """Return a cell in the units of a frame (rounded half-even), or None where it is no such value."""
    if kind is Kind.DAY:
        return _day(cell)
    if not _NUMBER.fullmatch(cell):
        return None
    value = Decimal(cell.strip()) * kind.scale
    if abs(value) > _LARGEST or (kind is Kind.COUNT and value % 1):
        return None
    return int(value.to_integral_value())


def _day(cell: str) -> int | None:
    try:
        return day_number(date.fromisoformat(cell)) if _DAY.fullmatch(cell) else None
    except ValueError:
        return None


def _find_empty(customers: pd.DataFrame, needed: Sequence[str], problems: CellProblems) -> None:
    """Find cells that must have a value and have none."""
    for column in needed:
        if column not in _MAY_BE_EMPTY:
            values = customers[column]
            empty = (values == "") if BY_NAME[column].kind is Kind.TEXT else values.isna()
            rows = np.flatnonzero(empty.to_numpy(dtype=bool))[:MOST_PROBLEMS]
            problems.add(rows.tolist(), column, "is empty", "fill the cell")


def _find_repeated(ids: pd.Series[str], problems: CellProblems) -> None:
    rows = np.flatnonzero(ids.duplicated().to_numpy())[:MOST_PROBLEMS]
    problems.add(rows.tolist(), "customer_id", "is there twice", "keep one row a customer")
