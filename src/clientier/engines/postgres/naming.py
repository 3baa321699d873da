"""The columns of a table or query; and where there is no such table, which one may have been meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from clientier.engines.postgres.address import Relation, TableName, table_name
from clientier.engines.postgres.connecting import answered, database_errors, rows
from clientier.errors import DataError, Problem
from clientier.options import DatabaseOptions

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection

_TYPE = b"POSTGRESQL:type"
_NO_TABLE = ("42P01", "3F000")
# Tables and views of every kind that hold rows.
_THERE = """
    SELECT nspname, relname, pg_table_is_visible(pg_class.oid)
    FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
    ORDER BY 1, 2"""


def schema_of(connection: Connection, relation: Relation) -> pa.Schema:
    """Return the columns; the statement is prepared, not run."""
    with connection.cursor() as cursor:
        return answered(cursor, lambda: cursor.adbc_execute_schema(f"SELECT * FROM {relation.origin}"))


def type_name(field: pa.Field) -> str:
    """Return what the database calls the type of a column."""
    return (field.metadata or {}).get(_TYPE, b"").decode() or str(field.type)


@contextmanager
def explained(connection: Connection, relation: Relation, options: DatabaseOptions) -> Iterator[None]:
    """Where there is no such table, say which is nearest.

    Raises:  ClientierError
    """
    from adbc_driver_manager import ProgrammingError

    with database_errors(relation.option):
        try:
            yield
        except ProgrammingError as error:
            if error.sqlstate not in _NO_TABLE or options.table is None:
                raise
            connection.rollback()
            near = nearest_table(connection, options.table)
            fix = f"write --table {near}" if near else "check the name: schema.table"
            raise DataError(Problem("--table", f"there is no table {relation.name}", fix)) from None


def nearest_table(connection: Connection, text: str) -> str | None:
    """Return the table whose name is nearest, as it may be written."""
    wanted = table_name(text, "--table")
    named = (
        TableName(schema if wanted.schema or not visible else None, table)
        for schema, table, visible in rows(connection, _THERE)
    )
    there = {str(name): name for name in named}
    same = (name for name in there.values() if str(name).casefold() == str(wanted).casefold())
    alone = (name for name in there.values() if name.table == wanted.table)
    close = difflib.get_close_matches(str(wanted), there, n=1, cutoff=0.6)
    near = next(same, None) or (there[close[0]] if close else next(alone, None))
    return None if near is None else near.written
