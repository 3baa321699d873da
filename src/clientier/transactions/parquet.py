"""What a Parquet file holds, and its values as the texts that a CSV file would have."""

from __future__ import annotations

from enum import Enum

from clientier.errors import DataError, Problem
from clientier.transactions import sql
from clientier.transactions.dates import ISO
from clientier.transactions.files import Source


class Kind(Enum):
    """What the values of a column are."""

    TEXT = "text"
    NUMBER = "number"  # whole or decimal
    FLOAT = "float"
    DAY = "day"
    MOMENT = "moment"  # a day and a time
    INSTANT = "instant"  # a time in UTC, in units of at least a microsecond
    NANO_INSTANT = "nano instant"  # a time in UTC, in nanoseconds
    OTHER = "other"


INSTANTS = (Kind.INSTANT, Kind.NANO_INSTANT)


def columns_of(source: Source) -> dict[str, Kind]:
    """Return the columns of the file in order, with the kind of each.

    Raises:  DataError where it is no sound Parquet file
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(source.path)
    except (pa.ArrowException, OSError):
        fix = "write the file again"
        raise DataError(Problem(source.name, "the Parquet file is damaged", fix)) from None
    return {field.name: _kind(pa, field.type) for field in schema}


def _kind(pa, type_) -> Kind:  # type: ignore[no-untyped-def]
    types = pa.types
    if types.is_dictionary(type_):
        type_ = type_.value_type
    if types.is_timestamp(type_):
        return _instant(type_.unit) if type_.tz else Kind.MOMENT
    tests = {
        Kind.TEXT: (types.is_string, types.is_large_string, types.is_string_view),
        Kind.NUMBER: (types.is_integer, types.is_decimal),
        Kind.FLOAT: (types.is_floating,),
        Kind.DAY: (types.is_date,),
    }
    return next((kind for kind, asked in tests.items() if any(ask(type_) for ask in asked)), Kind.OTHER)


def _instant(unit: str) -> Kind:
    return Kind.NANO_INSTANT if unit == "ns" else Kind.INSTANT


def sample(source: Source, column: str, rows: int) -> list[str]:
    """Return the first texts of a column."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(source.path) as file:
        batches = file.iter_batches(batch_size=rows, columns=[column])
        values = next(batches, None)
        return [str(value) for value in values.column(0).to_pylist() if value is not None] if values else []


def text(column: str, kind: Kind, decimal_mark: str) -> str:
    """Return the SQL of the column's values as text: floats by their shortest text, whole ones without .0.

    NaN is a value that is not there. TRY_CAST, since a file's statistics may hide it from the engine.
    """
    name = sql.name(column)
    is_whole = f"{name} = floor({name}) AND abs({name}) < 1e15"
    whole = f"CAST(TRY_CAST({name} AS BIGINT) AS VARCHAR)"
    plain = {
        Kind.TEXT: name,
        Kind.FLOAT: f"CASE WHEN isnan({name}) THEN NULL WHEN {is_whole} THEN {whole} ELSE CAST({name} AS VARCHAR) END",
        Kind.INSTANT: f"CAST({_moment(name, kind)} AS VARCHAR)",
        Kind.NANO_INSTANT: f"CAST({_moment(name, kind)} AS VARCHAR)",
    }.get(kind, f"CAST({name} AS VARCHAR)")
    if decimal_mark == "," and kind in (Kind.NUMBER, Kind.FLOAT):
        return f"replace({plain}, '.', ',')"
    return plain


def _moment(name: str, kind: Kind) -> str:
    """Return the SQL of a day or time as it is stored, without its zone."""
    stored = {
        Kind.INSTANT: f"make_timestamp(epoch_us({name}))",
        Kind.NANO_INSTANT: f"make_timestamp(epoch_ns({name}) // 1000)",
    }
    return stored.get(kind, name)


def date_text(column: str, kind: Kind, pattern: str) -> str:
    """Return the SQL of a date column's values as text in the pattern; text and numbers stay as they are."""
    name = sql.name(column)
    if kind not in (Kind.DAY, Kind.MOMENT, *INSTANTS):
        return text(column, kind, ".")
    moment = _moment(name, kind)
    if pattern == ISO:
        return f"CAST(CAST({moment} AS DATE) AS VARCHAR)"
    return f"strftime(CAST({moment} AS TIMESTAMP), {sql.literal(pattern)})"
