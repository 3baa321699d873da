"""Connections to DuckDB: silent, and bounded where asked."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from clientier.engines.connecting import another, connect
from clientier.errors import ConfigError


def setting(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    query = f"SELECT value FROM duckdb_settings() WHERE name = '{name}'"
    return str(connection.execute(query).fetchall()[0][0])


def test_no_connection_draws_a_bar_among_the_data_on_standard_output() -> None:
    first = connect()
    second = another(first)

    assert setting(first, "enable_progress_bar_print") == "false"
    assert setting(second, "enable_progress_bar_print") == "false"
    for connection in (second, first):
        connection.close()


def test_nothing_is_fetched_from_the_network() -> None:
    with connect() as connection:
        assert setting(connection, "autoinstall_known_extensions") == "false"
        assert setting(connection, "autoload_known_extensions") == "false"


def test_what_does_not_fit_goes_to_the_scratch_folder(tmp_path: Path) -> None:
    with connect(tmp_path, "200MB") as connection:
        assert setting(connection, "temp_directory") == str(tmp_path / "spill")
        assert setting(connection, "memory_limit") == "190.7 MiB"


def test_a_limit_that_is_no_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="'much' is not a size"):
        connect(memory_limit="much")
