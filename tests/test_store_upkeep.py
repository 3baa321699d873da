"""Writing a store anew, and bringing an older one to the present version."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from clientier.errors import EngineError, OutputError
from clientier.store import schema, upkeep
from clientier.store.checking import check_store
from clientier.store.opening import open_store
from clientier.store.upkeep import rewrite, tables, vacuum
from small_store import change, opened, small_store


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    with opened(path) as store:
        return {
            table: store.connection.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()
            for table in tables(store)
        }


# ---- vacuum -----------------------------------------------------------------------------------------


def test_a_store_written_anew_holds_the_same_rows(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    before = contents(path)

    with opened(path) as store:
        vacuum(store)

    assert contents(path) == before
    with opened(path) as store:
        check_store(store)


def test_it_is_smaller_by_what_was_deleted_and_says_so(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    change(path, "INSERT INTO customers SELECT i, md5(CAST(i AS VARCHAR)) FROM range(10, 200000) AS t(i)")
    change(path, "DELETE FROM customers WHERE customer >= 10")
    size = path.stat().st_size

    with opened(path) as store:
        rewritten = vacuum(store)

    assert rewritten.bytes_before >= size
    assert rewritten.bytes_after == path.stat().st_size < size / 2


def test_a_number_may_still_stand_only_once(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    with opened(path) as store:
        vacuum(store)
    with opened(path) as store, pytest.raises(duckdb.ConstraintException):
        store.connection.execute("INSERT INTO files (file) VALUES (1)")


def test_rights_and_links_stay_as_they_were(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    path.chmod(0o600)
    link = tmp_path / "link.duckdb"
    link.symlink_to(path)

    with opened(link) as store:
        vacuum(store)

    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_copy_that_lacks_rows_never_takes_the_place_of_the_store(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    before = contents(path)
    grows = "SELECT * FROM store.customers UNION ALL SELECT * FROM fresh.customers"

    with (
        opened(path) as store,
        pytest.raises(EngineError, match="the copy of customers has 3 rows instead of 6"),
    ):
        rewrite(store, {"customers": grows})

    assert contents(path) == before
    assert not list(tmp_path.glob(".*.partial*"))


def test_on_a_full_disk_the_store_stays_as_it_was(tiny_store: Path) -> None:
    before = tiny_store.read_bytes()
    with pytest.raises(OutputError) as caught, opened(tiny_store) as store:
        vacuum(store)
    assert caught.value.problems[0].fact == "the disk is full"
    assert tiny_store.read_bytes() == before
    assert not list(tiny_store.parent.glob(".*.partial*"))


@pytest.fixture
def tiny_store(tmp_path: Path) -> Any:
    """Make a store on a disk that has no room for a second one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root on Linux may mount a tiny disk")
    yield small_store(disk)
    subprocess.run(["umount", str(disk)], check=True)


KILLED = """
import sys
from pathlib import Path
from clientier.store.opening import open_store
from clientier.store.upkeep import vacuum
with open_store(Path(sys.argv[1]), purpose="a test") as store:
    print("open", flush=True)
    vacuum(store)
"""


@pytest.mark.parametrize("milliseconds", [0, 5, 10, 20, 40, 80])
def test_a_kill_leaves_a_whole_store_and_the_next_vacuum_nothing_beside_it(
    tmp_path: Path, milliseconds: int
) -> None:
    path = small_store(tmp_path)
    before = contents(path)
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(milliseconds / 1000)
    child.kill()
    child.communicate()

    assert contents(path) == before
    with opened(path) as store:
        vacuum(store)
    assert contents(path) == before
    assert {found.name for found in tmp_path.iterdir()} == {path.name}


# ---- migration --------------------------------------------------------------------------------------


@pytest.fixture
def version_3(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the program be two versions on: files know who added them, then when. List the steps taken."""
    taken: list[int] = []

    def to_2(connection: duckdb.DuckDBPyConnection) -> None:
        taken.append(2)
        connection.execute("ALTER TABLE files ADD COLUMN added_by VARCHAR DEFAULT 'unknown'")

    def to_3(connection: duckdb.DuckDBPyConnection) -> None:
        taken.append(3)
        connection.execute("ALTER TABLE customers ADD COLUMN noted VARCHAR DEFAULT ''")

    monkeypatch.setattr(schema, "VERSION", 3)
    monkeypatch.setattr(schema, "MIGRATIONS", {2: to_2, 3: to_3})
    return taken


@pytest.fixture
def old_store(tmp_path: Path) -> Path:
    """Make a store of the present version, before the program moves on."""
    return small_store(tmp_path)


def test_an_older_store_takes_every_step_once(old_store: Path, version_3: list[int]) -> None:
    for _ in range(2):
        with opened(old_store) as store:
            files = store.connection.execute("SELECT file, added_by FROM files ORDER BY file").fetchall()
            version = store.connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchall()

    assert files == [(1, "unknown"), (2, "unknown")]
    assert version == [("3",)]
    assert version_3 == [2, 3]


def test_a_step_that_fails_leaves_the_old_store_whole(
    old_store: Path, version_3: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("DELETE FROM order_days")
        raise EngineError(())

    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", {2: schema.MIGRATIONS[2], 3: fails})
        with pytest.raises(EngineError), opened(old_store):
            pass

    with duckdb.connect(str(old_store)) as connection:
        assert connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchall() == [("1",)]
        assert connection.execute("SELECT count(*) FROM order_days").fetchall() == [(6,)]
        columns = connection.execute(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = 'files'"
        ).fetchall()
        assert ("added_by",) not in columns
    with opened(old_store) as store:
        assert check_store(store).order_days == 6


def test_a_store_of_a_later_version_is_refused_and_left_alone(old_store: Path) -> None:
    change(old_store, "UPDATE meta SET value = '2' WHERE key = 'schema'")
    before = old_store.read_bytes()
    with (
        pytest.raises(EngineError, match="version 2; this program knows versions up to 1"),
        open_store(old_store, purpose="a test"),
    ):
        pass
    assert old_store.read_bytes() == before


def test_an_older_store_is_migrated_even_for_reading(old_store: Path, version_3: list[int]) -> None:
    with open_store(old_store, read_only=True, purpose="a test") as store:
        assert store.connection.execute("SELECT DISTINCT noted FROM customers").fetchall() == [("",)]
    assert version_3 == [2, 3]


def test_the_version_of_the_program_has_a_step_from_each_before_it() -> None:
    assert set(schema.MIGRATIONS) == set(range(2, schema.VERSION + 1))


def test_nothing_but_the_draft_lies_beside_the_store_meanwhile(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    stray = path.with_name(f".{path.name}.partial")
    stray.write_bytes(b"left by a killed one")
    with opened(path) as store:
        upkeep.vacuum(store)
    assert not stray.exists()
