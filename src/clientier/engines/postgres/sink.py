"""Customers written to a table of a PostgreSQL database: one day's rows, all of them or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import pyarrow as pa

from clientier import frames
from clientier.columns import CUSTOMER_COLUMNS, Kind
from clientier.engines.postgres.address import TableName, table_name
from clientier.engines.postgres.connecting import answered, connect, database_errors, execute, rows
from clientier.errors import ConfigError, Problem
from clientier.options import DatabaseOptions
from clientier.transactions import sql

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection

OPTION = "--sink-table"
_TYPES = {
    Kind.TEXT: "text",
    Kind.DAY: "date",
    Kind.COUNT: "bigint",
    Kind.MONEY: "numeric(38,6)",
    Kind.RATIO: "numeric(22,4)",
}
_COLUMNS = {"as_of": "date"} | {column.name: _TYPES[column.kind] for column in CUSTOMER_COLUMNS}
_SHOWN = 5
_KEY = ("as_of", "customer_id")
# What holds the same values, too. A numeric with fewer decimals would round without a word.
_ALSO = {
    "text": ("character varying",),
    "numeric(38,6)": ("numeric",),
    "numeric(22,4)": ("numeric", "numeric(38,6)"),
}


def check_table(options: DatabaseOptions) -> None:
    """Make sure, before the work begins, that the table can be written; change nothing.

    Raises:  ConfigError, EngineError
    """
    with _opened(options) as (connection, table), database_errors(OPTION):
        _make_ready(connection, table)
        execute(connection, f"DELETE FROM {table.quoted} WHERE as_of IS NULL AND FALSE")
        names, nothing = ", ".join(_COLUMNS), ", ".join(f"NULL::{kind}" for kind in _COLUMNS.values())
        execute(connection, f"INSERT INTO {table.quoted} ({names}) SELECT {nothing} WHERE FALSE")


@contextmanager
def rows_of_day(options: DatabaseOptions, as_of: date) -> Iterator[TableRows]:
    """Give what replaces the rows of one day; what is not committed is as if it had never been.

    Raises:  ConfigError, EngineError
    """
    with _opened(options) as (connection, table):
        with database_errors(OPTION):
            _make_ready(connection, table)
            # Two runs at once would both delete first, and both insert.
            execute(connection, f"LOCK TABLE {table.quoted} IN SHARE ROW EXCLUSIVE MODE")
            execute(connection, f"DELETE FROM {table.quoted} WHERE as_of = DATE '{as_of}'")
            found = TableName(_schema_of(connection, table), table.table)
        yield TableRows(connection, found, as_of)


class TableRows:
    """The rows of one day, in a transaction that is open."""

    def __init__(self, connection: Connection, table: TableName, as_of: date) -> None:
        self._connection, self._table, self._as_of = connection, table, as_of

    def add(self, customers: pd.DataFrame) -> None:
        """Write a batch of placed customers."""
        typed = frames.typed(customers, CUSTOMER_COLUMNS)
        days = pa.repeat(pa.scalar(self._as_of, pa.date32()), len(typed))
        batch = typed.add_column(0, "as_of", days)
        with database_errors(OPTION), self._connection.cursor() as cursor:
            name, schema = self._table.table, self._table.schema
            answered(cursor, lambda: cursor.adbc_ingest(name, batch, mode="append", db_schema_name=schema))

    def commit(self) -> None:
        """Let others see the rows."""
        with database_errors(OPTION):
            self._connection.commit()


@contextmanager
def _opened(options: DatabaseOptions) -> Iterator[tuple[Connection, TableName]]:
    table = table_name(options.sink_table or "", OPTION)
    connection = connect(options.url, writes=True)
    try:
        yield connection, table
    finally:
        connection.close()


def _make_ready(connection: Connection, table: TableName) -> None:
    """Create the table if it is not there; else make sure that it can hold what is written."""
    # A table that is not there cannot be locked: of two runs at once that make it, one would fail.
    rows(
        connection, f"SELECT pg_advisory_xact_lock(hashtextextended({sql.literal(table.quoted)}, 0)) IS NULL"
    )
    there = _columns_of(connection, table)
    if there:
        _refuse_unfit(table, there)
        return
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    execute(connection, f"CREATE TABLE {table.quoted} ({columns}, PRIMARY KEY ({', '.join(_KEY)}))")


class _Column(NamedTuple):
    """A column of a table that is there."""

    name: str
    kind: str
    needed: bool  # it has to be given a value
    of_a_table: bool
    guarded: bool  # by row security, under which rows cannot be copied


def _columns_of(connection: Connection, table: TableName) -> dict[str, _Column]:
    """Return the columns of a table by name; none where there is no such table."""
    found = rows(
        connection,
        f"""SELECT attname, format_type(atttypid, atttypmod),
                   attnotnull AND NOT atthasdef AND attidentity = '', relkind IN ('r', 'p'),
                   row_security_active(pg_class.oid)
            FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_class ON pg_class.oid = attrelid
            WHERE attrelid = to_regclass({sql.literal(table.quoted)}) AND attnum > 0 AND NOT attisdropped""",
    )
    return {column.name: column for column in (_Column(*row) for row in found)}


def _schema_of(connection: Connection, table: TableName) -> str:
    """Return the schema in which the table was found, or made."""
    query = f"""SELECT nspname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
        WHERE pg_class.oid = to_regclass({sql.literal(table.quoted)})"""
    ((schema,),) = rows(connection, query)
    return str(schema)


def _refuse_unfit(table: TableName, there: dict[str, _Column]) -> None:
    """Raise where columns are missing, hold something else, or would be left without a value."""
    if not all(column.of_a_table for column in there.values()):
        raise ConfigError(
            Problem(OPTION, f"{table} is no table", "name a table, or one that is not there yet")
        )
    if any(column.guarded for column in there.values()):
        fix = "connect as its owner, or as a user whom row security passes by"
        raise ConfigError(Problem(OPTION, f"{table} has row security, which holds for this user", fix))
    missing = [f"{name} {kind}" for name, kind in _COLUMNS.items() if name not in there]
    others = [
        f"{name} is {there[name].kind}, not {kind}"
        for name, kind in _COLUMNS.items()
        if name in there and not _fits(there[name].kind, kind)
    ]
    empty = [column.name for column in there.values() if column.needed and column.name not in _COLUMNS]
    found = {"has no column": missing, "has columns of other types:": others, "needs values in": empty}
    fix = "alter the table, or name one that is not there yet: it is created"
    problems = [
        Problem(OPTION, f"{table} {fact} {_first(names)}", fix) for fact, names in found.items() if names
    ]
    if problems:
        raise ConfigError(problems)


def _first(names: list[str]) -> str:
    """Return what to fix first: a table that is quite another one lacks them all."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _fits(there: str, kind: str) -> bool:
    also = _ALSO.get(kind, ())
    return there == kind or there in also or (kind == "text" and there.startswith(also))
