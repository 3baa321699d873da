"""Customer tables as CSV or Parquet, read back without losing a digit: what the pipe stages hand on."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from clientier import frames
from clientier.columns import BY_NAME, CUSTOMER_COLUMNS, Column, Kind
from clientier.conditions import EPOCH
from clientier.errors import DataError, Problem
from clientier.scores import Histogram

NEEDED = ("customer_id", "recency_days", "frequency", "monetary")
FIX = "give a table with customer_id, recency_days, frequency, monetary"
MOST_PROBLEMS = 10
PARQUET = b"PAR1"
_MAY_BE_EMPTY = ("recency_days",)  # a customer may never have purchased
_LARGEST = 9 * 10**18


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
    problems: list[Problem] = []
    ours = [column for column in CUSTOMER_COLUMNS if column.name in table.column_names]
    read = {
        column.name: _column(table[column.name].combine_chunks(), column, name, problems) for column in ours
    }
    customers = pd.DataFrame(read)
    problems += [*_repeated(customers["customer_id"], name), *_empty(customers, needed, name)]
    if problems:
        raise DataError(problems[:MOST_PROBLEMS])
    return CustomerTable(_in_order(customers), tuple(c.name for c in CUSTOMER_COLUMNS if c not in ours))


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
        cells = {column: pc.fill_null(table[column].cast(pa.string()), "") for column in table.column_names}
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError):
        raise DataError(Problem(name, "is not a Parquet table of plain columns", FIX)) from None
    return pa.table(cells)


def _text_table(data: bytes, name: str) -> pa.Table:
    """Read CSV with every cell as text."""
    if not data.strip():
        raise DataError(Problem(name, "is empty", FIX))
    wrong: list[Problem] = []

    def refuse(row: csv.InvalidRow) -> str:
        fact = f"{row.actual_columns} cells where the header has {row.expected_columns}"
        wrong.append(Problem(f"{name}: row {row.number}", fact, "correct the row"))
        return "skip"

    parsing = csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse)
    reading = csv.ReadOptions(use_threads=False, block_size=max(len(data), 1))
    try:
        header = csv.open_csv(io.BytesIO(data), read_options=reading, parse_options=parsing).schema.names
        kinds = csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False)
        wrong.clear()
        table = csv.read_csv(io.BytesIO(data), reading, parsing, kinds)
    except pa.ArrowInvalid as error:
        fact = "is not UTF-8" if "UTF8" in str(error) else "is not a CSV table"
        raise DataError(Problem(name, fact, "save the customer table as CSV in UTF-8")) from None
    if wrong:
        raise DataError(wrong[:MOST_PROBLEMS])
    if len(set(header)) < len(header):
        raise DataError(Problem(name, "the header names a column twice", "rename one of them"))
    return table


def _column(cells: pa.StringArray, column: Column, name: str, problems: list[Problem]) -> pd.Series[Any]:
    """Read a column of cells; what cannot be read becomes a problem."""
    if column.kind is Kind.TEXT:
        return frames.text_column(cells)
    filled = pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells)
    try:
        return frames.column_from_arrow(_integers(filled, column.kind))
    except pa.ArrowInvalid:
        return _column_cell_by_cell(filled, column, name, problems)


def _integers(cells: pa.StringArray, kind: Kind) -> pa.Array:
    if kind is Kind.DAY:
        return cells.cast(pa.date32())
    if kind is Kind.COUNT:
        return cells.cast(pa.int64())
    decimals = {Kind.MONEY: 6, Kind.RATIO: 4}[kind]
    exact = cells.cast(pa.decimal128(19, decimals))
    return pc.multiply(exact.cast(pa.decimal128(30, decimals)), pa.scalar(Decimal(kind.scale))).cast(
        pa.int64()
    )


def _column_cell_by_cell(
    cells: pa.StringArray, column: Column, name: str, problems: list[Problem]
) -> pd.Series[Any]:
    """Read each different cell once; slower, but it takes floats and finds the cells that are wrong."""
    encoded = cells.dictionary_encode()
    integers = [_integer(cell, column) for cell in encoded.dictionary.to_pylist()]
    for index, (cell, integer) in enumerate(zip(encoded.dictionary.to_pylist(), integers, strict=True)):
        if integer is None:
            row = pc.index(encoded.indices, index).as_py() + 2
            place = f"{name}: row {row}: {column.name}"
            problems.append(Problem(place, f"'{cell}' is not a {column.kind.value}", "correct the cell"))
    return frames.column_from_arrow(pa.array(integers, pa.int64()).take(encoded.indices))


def _integer(cell: str, column: Column) -> int | None:
    """Return a cell in the units of a frame (rounded half-even), or None where it is no such value."""
    try:
        if column.kind is Kind.DAY:
            return (date.fromisoformat(cell) - EPOCH).days
        value = Decimal(cell) * column.kind.scale
        if not value.is_finite() or abs(value) > _LARGEST or (column.kind is Kind.COUNT and value % 1):
            return None
        return int(value.to_integral_value())
    except (InvalidOperation, ValueError):
        return None


def _repeated(ids: pd.Series[str], name: str) -> list[Problem]:
    rows = np.flatnonzero(ids.duplicated().to_numpy())[:MOST_PROBLEMS]
    return [
        Problem(f"{name}: row {row + 2}: customer_id", "is there twice", "keep one row a customer")
        for row in rows
    ]


def _empty(customers: pd.DataFrame, needed: Sequence[str], name: str) -> list[Problem]:
    """Return a problem for the first cells that must have a value and have none."""
    problems = []
    for column in needed:
        values = customers[column]
        empty = (values == "") if BY_NAME[column].kind is Kind.TEXT else values.isna()
        rows = [] if column in _MAY_BE_EMPTY else np.flatnonzero(empty.to_numpy(dtype=bool))[:MOST_PROBLEMS]
        problems += [Problem(f"{name}: row {row + 2}: {column}", "is empty", "fill the cell") for row in rows]
    return problems
