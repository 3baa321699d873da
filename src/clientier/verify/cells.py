"""The cells of customers and actions: their types in files, and as frames."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier import frames
from clientier.columns import ACTION_COLUMNS, CUSTOMER_COLUMNS, Kind
from clientier.days import day_number
from clientier.earlier import LAST_ISSUED, OPEN_DUE, OPEN_ISSUED, earlier_column
from clientier.outputs import Format, action_rows
from clientier.rendering import with_formulas
from clientier.tables import CellProblems, read_column

NEVER_EMPTY = ("frequency", "monetary", "gross", "refunds")
_FIRST, _LAST = day_number(date.min), day_number(date.max)


def shapes(form: Format) -> tuple[pa.Schema, pa.Schema]:
    """Return the columns and types of customer files and of action files."""
    nothing = pa.table({name: pa.array([], pa.string()) for name in ACTION_COLUMNS})
    actions = action_rows(nothing, form).schema
    kinds = [
        (column.name, frames.arrow_type(column.name) if form.kind == "parquet" else pa.string())
        for column in CUSTOMER_COLUMNS
    ]
    return pa.schema(kinds), actions


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of texts as such, where it is one of codes into them."""
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def read_cells(cells: pa.Table, form: Format) -> tuple[pd.DataFrame, list[tuple[str, np.ndarray, str]]]:
    """Return a batch of customers as a frame, and the cells that cannot be read: column, who, what."""
    customers, problems = _typed(cells, form)
    wrong: list[tuple[str, np.ndarray, str]] = []
    for column in CUSTOMER_COLUMNS:
        bad = np.zeros(len(customers), dtype=bool)
        bad[problems.rows(column.name)] = True
        values = customers[column.name]
        if column.kind is Kind.DAY:
            beyond = ~values.between(_FIRST, _LAST).fillna(True).to_numpy(dtype=bool)
            customers[column.name] = values.mask(beyond)
            bad |= beyond
        if column.name in NEVER_EMPTY:
            bad |= values.isna().to_numpy()
            customers[column.name] = values.fillna(0)
        if bad.any():
            wrong.append((column.name, bad, f"is no {column.kind.value}, or is empty"))
    return customers, wrong


def _typed(cells: pa.Table, form: Format) -> tuple[pd.DataFrame, CellProblems]:
    problems = CellProblems("")
    if form.kind == "parquet":
        return frames.from_arrow(cells.combine_chunks().to_batches()[0]), problems
    read = {
        column.name: read_column(cells[column.name].combine_chunks(), column, problems)
        for column in CUSTOMER_COLUMNS
    }
    customers = pd.DataFrame(read, copy=False)
    if form.excel:
        ids = with_formulas(cells["customer_id"].combine_chunks())
        customers["customer_id"] = frames.text_column(ids)
    return customers, problems


# ---- lists before -----------------------------------------------------------------------------------


def earlier_of(action: str, rows: pa.Table, ids: pa.Array, today: int) -> dict[str, pd.Series[Any]]:
    """Return when one action was given out before: open where the list carries it over, lately where it has none."""
    customer = pc.index_in(rows["customer_id"], value_set=ids).combine_chunks().to_numpy(zero_copy_only=False)
    issued, due = _days(rows["issued"]), _days(rows["due_date"])
    known = ~np.isnan(customer.astype(np.float64)) & (issued != today) & (issued > _FIRST) & (due > _FIRST)
    carried = customer[known].astype(np.intp)
    opened = np.full(len(ids), _FIRST, dtype=np.int64)
    until = opened.copy()
    opened[carried], until[carried] = issued[known], due[known]
    listed = pc.is_in(ids, value_set=rows["customer_id"].combine_chunks()).to_numpy(zero_copy_only=False)
    return {
        earlier_column(OPEN_ISSUED, action): _masked(opened, opened == _FIRST),
        earlier_column(OPEN_DUE, action): _masked(until, until == _FIRST),
        earlier_column(LAST_ISSUED, action): _masked(np.full(len(ids), today), listed),
    }


def _days(cells: pa.ChunkedArray) -> np.ndarray:
    """Return days since 1970; the first of all days for what is none."""
    try:
        days = cells.cast(pa.date32()).cast(pa.int32())
    except pa.ArrowInvalid:
        return np.full(len(cells), _FIRST, dtype=np.int64)
    return np.asarray(pc.fill_null(days, _FIRST).to_numpy(), dtype=np.int64)


def _masked(values: np.ndarray, empty: np.ndarray) -> pd.Series[Any]:
    return pd.Series(pd.arrays.IntegerArray(values.astype(np.int64), np.asarray(empty, dtype=bool)))
