"""Frames of customers: from Arrow and back, without losing a digit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier.columns import BY_NAME, Column, Kind

_ARROW_TYPES = {
    Kind.TEXT: pa.string(),
    Kind.DAY: pa.date32(),
    Kind.COUNT: pa.int64(),
    Kind.MONEY: pa.decimal128(38, 6),
    Kind.RATIO: pa.decimal128(22, 4),
}


def from_arrow(batch: pa.RecordBatch) -> pd.DataFrame:
    """Return a batch as a frame: dates as days since 1970, integers with a mask, text as text."""
    return pd.DataFrame(
        {name: column_from_arrow(batch.column(name)) for name in batch.schema.names}, copy=False
    )


def from_table(table: pa.Table) -> pd.DataFrame:
    """Return a whole table as a frame."""
    return pd.DataFrame(
        {name: column_from_arrow(table[name].combine_chunks()) for name in table.column_names}
    )


def column_from_arrow(values: pa.Array) -> pd.Series[Any]:
    """Return one column in a frame's form."""
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return text_column(values)
    if pa.types.is_decimal128(values.type):
        return pd.Series(pd.arrays.IntegerArray(_low_halves(values), _missing(values)))
    if pa.types.is_date(values.type):
        values = values.cast(pa.int32())
    empty = _missing(values)
    numbers = pc.fill_null(values.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    return pd.Series(pd.arrays.IntegerArray(numbers.copy(), empty))


def _missing(values: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.is_null(values).to_numpy(zero_copy_only=False))


def _low_halves(decimals: pa.Array) -> npt.NDArray[np.int64]:
    """Return the integers that decimals of at most 18 digits are, in units of their last decimal."""
    halves = np.frombuffer(decimals.buffers()[1], dtype=np.int64)
    return halves[2 * decimals.offset : 2 * (decimals.offset + len(decimals)) : 2].copy()


def text_column(values: pa.Array) -> pd.Series[str]:
    """Return an Arrow array of text as a column of dtype ``str``, sharing its memory."""
    return pd.Series(pd.array(values.cast(pa.large_string()), dtype="str"))


def text_array(values: pd.Series[Any]) -> pa.Array:
    """Return a column of text as one Arrow array of strings, empty where it is missing."""
    array = pa.array(values, type=pa.string(), from_pandas=True)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return pc.fill_null(array, "")


def positions(texts: pd.Series[Any], among: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return where each text stands in a list, from 0; -1 where it is none of them."""
    found = pc.index_in(text_array(texts), value_set=pa.array(among, pa.string()))
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def typed(customers: pd.DataFrame, columns: tuple[Column, ...]) -> pa.Table:
    """Return a frame as a typed table for Parquet: dates, integers, decimals, text."""
    return pa.table({column.name: _typed_column(customers[column.name], column) for column in columns})


def _typed_column(values: pd.Series[Any], column: Column) -> pa.Array:
    if column.kind is Kind.TEXT:
        return text_array(values)
    numbers = pa.array(values, type=pa.int64(), from_pandas=True)
    if column.kind in (Kind.COUNT, Kind.DAY):
        return numbers if column.kind is Kind.COUNT else numbers.cast(pa.int32()).cast(pa.date32())
    return _decimals(numbers, _ARROW_TYPES[column.kind])


def _decimals(units: pa.Int64Array, kind: pa.Decimal128Type) -> pa.Decimal128Array:
    """Return the decimals that integers are in units of the last decimal: their low halves, the sign above."""
    low = pc.fill_null(units, 0).to_numpy()
    halves = np.column_stack((low, low >> 63))
    exact = pa.Array.from_buffers(kind, len(units), [None, pa.py_buffer(halves)])
    return exact if units.null_count == 0 else pc.if_else(pc.is_valid(units), exact, pa.scalar(None, kind))


def arrow_type(name: str) -> pa.DataType:
    """Return the type a column has in Parquet files."""
    return _ARROW_TYPES[BY_NAME[name].kind]
