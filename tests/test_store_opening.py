"""Opening a store: whose it is, which version it has, and what becomes of it when something fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from clientier.errors import ClientierError, EngineError, OutputError
from clientier.store.opening import attached, open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the place of a new store."""
    path = tmp_path / "clientier.duckdb"
    with open_store(path, create=True, purpose="a test"):
        pass
    return path


def opening_fails(path: Path, create: bool = False) -> ClientierError:
    with (
        pytest.raises((EngineError, OutputError)) as caught,
        open_store(path, create=create, purpose="a test"),
    ):
        pass
    return caught.value


def test_a_new_store_has_every_table_and_stands_alone_in_its_folder(path: Path) -> None:
    with open_store(path, purpose="a test") as store:
        tables = {name for (name,) in store.connection.execute("SHOW TABLES").fetchall()}
        assert {"meta", "files", "outcomes", "customers", "order_days", "line_digests", "runs"} <= tables
    assert list(path.parent.iterdir()) == [path]


def test_a_store_is_not_made_by_looking_for_it(tmp_path: Path) -> None:
    for missing in (tmp_path / "no.duckdb", tmp_path / "no folder" / "no.duckdb"):
        error = opening_fails(missing)
        assert error.problems[0].fact == "there is no such store"
        assert "clientier store add" in error.problems[0].fix
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"x", b"SQLite format 3\0" * 999])
def test_another_file_is_no_store_and_stays_as_it_is(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_bytes(content)
    assert opening_fails(path).problems[0].fact == "is no store"
    assert opening_fails(path, create=True).problems[0].fact == "is no store"
    assert path.read_bytes() == content


def test_another_database_is_no_store(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE meta (word VARCHAR)")
    fact = opening_fails(tmp_path / "shop.duckdb").problems[0].fact
    assert fact == "is a DuckDB database, but no store of clientier"


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    assert opening_fails(tmp_path).problems[0].fact == "is a folder"


@pytest.mark.parametrize("keep", [0.1, 0.5])
def test_a_store_cut_short_is_damaged(keep: float, path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    assert opening_fails(path).problems[0].fact == "is damaged"


def test_a_store_that_another_program_has_open_is_told(path: Path) -> None:
    code = (
        f"import duckdb, time; c = duckdb.connect({str(path)!r}); print('open', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert other.stdout is not None
        other.stdout.readline()
        assert opening_fails(path).problems[0].fact == "is open in another program"
    finally:
        other.kill()
        other.communicate()


def test_a_store_attached_to_another_connection_is_let_go_of(path: Path) -> None:
    with duckdb.connect() as connection:
        for read_only in (True, False):
            with attached(connection, path, read_only):
                assert connection.execute("SELECT count(*) FROM store.files").fetchall() == [(0,)]
        names = connection.execute("SELECT database_name FROM duckdb_databases()").fetchall()
        assert ("store",) not in names


def test_a_transaction_left_open_by_an_error_is_undone(path: Path) -> None:
    def stop_halfway() -> None:
        with open_store(path, purpose="a test") as store:
            store.connection.execute("BEGIN; INSERT INTO files (file) VALUES (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stop_halfway()
    with open_store(path, purpose="a test") as store:
        assert store.connection.execute("SELECT count(*) FROM files").fetchall() == [(0,)]
