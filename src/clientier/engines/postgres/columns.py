"""The columns of a table or query: what their values are, and those values as texts, days and numbers, as SQL."""

from __future__ import annotations

from enum import Enum

from clientier.errors import DataError, Problem
from clientier.transactions import amounts, sql

# An amount in a text is a plain number here. Signs, separators and currencies are for files.
_PLAIN = r"^[-+]?(?:[0-9]+(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][-+]?[0-9]{{1,3}})?$"
_ENDLESS = "^[-+]?inf(?:inity)?$"
_LONGEST_NUMBER = 200
_BLANKS = " \t\u00a0\u3000\u202f\u2009\u2007"
LIMIT = 10**amounts.MOST_WHOLE_DIGITS


class Kind(Enum):
    """What the values of a column are."""

    WHOLE = "whole"
    DECIMAL = "decimal"
    FLOAT = "float"
    MONEY = "money"
    DAY = "day"
    MOMENT = "moment"  # a day and a time
    INSTANT = "instant"  # a time in UTC
    TEXT = "text"
    OTHER = "other"


_KINDS = {
    "int2": Kind.WHOLE, "int4": Kind.WHOLE, "int8": Kind.WHOLE, "numeric": Kind.DECIMAL, "money": Kind.MONEY,
    "float4": Kind.FLOAT, "float8": Kind.FLOAT, "date": Kind.DAY, "timestamp": Kind.MOMENT,
    "timestamptz": Kind.INSTANT, "text": Kind.TEXT, "varchar": Kind.TEXT, "bpchar": Kind.TEXT, "name": Kind.TEXT,
    "citext": Kind.TEXT,
}  # fmt: skip
_AMOUNTS = (Kind.WHOLE, Kind.DECIMAL, Kind.FLOAT, Kind.MONEY, Kind.TEXT)
_DATES = (Kind.DAY, Kind.MOMENT, Kind.INSTANT, Kind.TEXT, Kind.WHOLE)


def kind_of(type_name: str) -> Kind:
    """Return what the values of a type are."""
    return _KINDS.get(type_name, Kind.OTHER)


def type_problem(place: str, column: str, type_name: str, role: str) -> Problem | None:
    """Return a problem where a column cannot be what the config takes it for, the ``amount`` or the ``date``."""
    if kind_of(type_name) in (_DATES if role == "date" else _AMOUNTS):
        return None
    fix = f"name another column in transactions.columns.{role}, or cast it in a --query"
    return Problem(place, f"column '{column}' is of the type {type_name}, which is no {role}", fix)


def refuse(problems: list[Problem]) -> None:
    """Raise where there are problems."""
    if problems:
        raise DataError(problems)


def as_text(column: str) -> str:
    """Return the SQL of a column's values as text, to be compared by their bytes."""
    return f'CAST(source.{sql.name(column)} AS TEXT) COLLATE "C"'


def is_blank(text: str) -> str:
    """Tell whether a text is nothing but spaces."""
    return (
        f"CASE WHEN {text} > '!' AND {text} < '\u007f' THEN FALSE "
        f"ELSE coalesce({text} ~ '^[ \\t\\n\\f\\r\\u00a0\\u3000]*$', TRUE) END"
    )


def day(value: str, kind: Kind) -> str:
    """Return the SQL of the day of a typed date or time; a time in UTC counts on the UTC day."""
    return f"CAST({value} AT TIME ZONE 'UTC' AS DATE)" if kind is Kind.INSTANT else f"CAST({value} AS DATE)"


def number(value: str, text: str, kind: Kind, decimal_mark: str) -> str:
    """Return the SQL of the exact number that a value is; NULL where it is none; LIMIT for one without end."""
    match kind:
        case Kind.WHOLE | Kind.MONEY:
            return f"CAST({value} AS NUMERIC)"
        case Kind.DECIMAL:
            return f"CASE WHEN {value} = 'NaN' THEN NULL ELSE {value} END"
        case Kind.FLOAT:  # by its shortest text: a cast of the value keeps 15 digits
            endless = f"{value} IN ('Infinity', '-Infinity')"
            return f"CASE WHEN {value} = 'NaN' THEN NULL WHEN {endless} THEN {LIMIT} ELSE CAST({text} AS NUMERIC) END"
        case _:
            return _number_in(text, decimal_mark)


def _number_in(text: str, decimal_mark: str) -> str:
    bare = f"btrim({text}, {sql.literal(_BLANKS)})"
    plain = sql.literal(_PLAIN.format(mark="[.]" if decimal_mark == "." else ","))
    written = bare if decimal_mark == "." else f"replace({bare}, ',', '.')"
    return f"""CASE WHEN {bare} ~ {plain} AND length({text}) < {_LONGEST_NUMBER} THEN CAST({written} AS NUMERIC)
        WHEN {bare} ~* {sql.literal(_ENDLESS)} THEN {LIMIT} END"""


def half_even(number: str) -> str:
    """Return the SQL of a number rounded half-even to 6 decimals."""
    cut = f"trunc({number}, {amounts.DECIMALS})"
    half = f"abs({number} - {cut}) = 0.0000005 AND mod({cut} * 1000000, 2) = 0"
    return f"""CASE WHEN scale({number}) <= {amounts.DECIMALS} THEN {number} WHEN {half} THEN {cut}
        ELSE round({number}, {amounts.DECIMALS}) END"""
