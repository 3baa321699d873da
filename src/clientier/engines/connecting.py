"""A connection to DuckDB as every command wants it: silent, bounded, and without extensions from the network."""

from __future__ import annotations

from pathlib import Path

import duckdb

from clientier.errors import ConfigError, Problem
from clientier.transactions import sql

# Else a query of some seconds draws a bar on standard output, which is for data only. Each connection needs it.
_SILENT = "SET enable_progress_bar_print = false"


def connect(scratch: Path | None = None, memory_limit: str | None = None) -> duckdb.DuckDBPyConnection:
    """Return a connection to a database in memory, which spills to the scratch folder.

    Raises:  ConfigError where the memory limit is not a size
    """
    connection = duckdb.connect(
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
    connection.execute(_SILENT)
    if scratch is not None:
        connection.execute(f"SET temp_directory = {sql.literal(str(scratch / 'spill'))}")
        connection.execute("SET preserve_insertion_order = false")
    if memory_limit:
        _limit_memory(connection, memory_limit)
    return connection


def another(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Return one more connection to the same database, for another thread or another transaction."""
    cursor = connection.cursor()
    cursor.execute(_SILENT)
    return cursor


def _limit_memory(connection: duckdb.DuckDBPyConnection, memory_limit: str) -> None:
    try:
        connection.execute(f"SET memory_limit = {sql.literal(memory_limit)}")
    except duckdb.Error:
        connection.close()
        fix = "write a size such as 2GB or 800MB"
        raise ConfigError(Problem("--memory-limit", f"'{memory_limit}' is not a size", fix)) from None
