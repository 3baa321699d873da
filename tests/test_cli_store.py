"""clientier store list, remove, check, vacuum, export and forget."""

from __future__ import annotations

import io
import json
import os
import pty
import sys
from pathlib import Path

import pytest

from clientier.cli import main
from clientier.locks import held, lock_of_store
from small_store import NEW, change, opened, small_store

Said = pytest.CaptureFixture[str]
STORE = ["--store", "clientier.duckdb"]


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with a small store."""
    small_store(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_list_prints_files_runs_customers_and_size(shelf: Path, capsys: Said) -> None:
    assert main(["store", "list", *STORE]) == 0
    out, err = capsys.readouterr()
    assert "Customers: 3. Bytes: " in out
    assert "    1  sales/jan.csv    200      5     4         1  2026-01-10  2026-01-20\n" in out
    assert "  2026-01  2026-01-31          2  /out/2026-01\n" in out
    assert err == ""


def test_list_speaks_chinese(shelf: Path, capsys: Said) -> None:
    assert main(["store", "list", *STORE, "--lang", "zh"]) == 0
    assert capsys.readouterr().out.startswith("数据仓 clientier.duckdb\n客户 3 位")


def test_list_as_json_is_the_same_for_programs(shelf: Path, capsys: Said) -> None:
    assert main(["store", "list", *STORE, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [file["name"] for file in told["files"]] == ["sales/jan.csv", "sales/feb.csv"]
    assert told["runs"][0]["month"] == "2026-01"


def test_list_of_a_store_without_runs_says_so(shelf: Path, capsys: Said) -> None:
    change(shelf / "clientier.duckdb", "DELETE FROM runs", "DELETE FROM files")
    assert main(["store", "list", *STORE]) == 0
    assert capsys.readouterr().out.endswith("Files\nNo file yet.\n\nRuns\nNo run yet.\n")


@pytest.mark.parametrize(
    "command", [["list"], ["check"], ["vacuum"], ["remove", "1"], ["export", "x"], ["forget", "7"]]
)
def test_without_a_store_it_asks_for_one(shelf: Path, capsys: Said, command: list[str]) -> None:
    assert main(["store", *command]) == 2
    assert "--store: no store given\n" in capsys.readouterr().err
    assert main(["store", *command, "--store", "none.duckdb"]) == 3
    assert "none.duckdb: there is no such store\n" in capsys.readouterr().err
    assert not (shelf / "none.duckdb").exists()


@pytest.mark.parametrize(
    "command", [["list"], ["check"], ["vacuum"], ["remove", "1"], ["export", "x"], ["forget", "7"]]
)
def test_while_another_has_the_lock_it_is_named(shelf: Path, capsys: Said, command: list[str]) -> None:
    with held(lock_of_store(shelf / "clientier.duckdb"), "clientier run"):
        assert main(["store", *command, *STORE]) == 3
    assert f"is in use by `clientier run`, pid {os.getpid()} on host " in capsys.readouterr().err


def test_a_sound_store_is_told_on_stderr(shelf: Path, capsys: Said) -> None:
    assert main(["store", "check", *STORE]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == (
        "",
        "clientier.duckdb: ok. Files: 2. Lines: 9. Customers: 3. Order days: 6. Runs: 1.\n",
    )
    assert main(["store", "check", *STORE, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_an_unsound_store_ends_with_1_and_tells_everything(shelf: Path, capsys: Said) -> None:
    change(shelf / "clientier.duckdb", "DELETE FROM rejects", "UPDATE runs SET summary = '{}'")
    assert main(["store", "check", *STORE]) == 1
    err = capsys.readouterr().err
    assert "clientier.duckdb: file 1 (sales/jan.csv): 1 lines were rejected, but 0 are listed\n" in err
    assert "clientier.duckdb: run of 2026-01: its summary cannot be read\n" in err


def test_removing_tells_what_was_removed(shelf: Path, capsys: Said) -> None:
    assert main(["store", "remove", "feb.csv", *STORE]) == 0
    assert capsys.readouterr().err.startswith("Removed file 2, sales/feb.csv: lines used 3.\n")
    assert main(["store", "remove", "feb.csv", *STORE]) == 1
    assert "feb.csv: no such file in the store\n" in capsys.readouterr().err


def test_vacuum_tells_the_bytes_before_and_after(shelf: Path, capsys: Said) -> None:
    assert main(["store", "vacuum", *STORE]) == 0
    size = (shelf / "clientier.duckdb").stat().st_size
    assert capsys.readouterr().err.endswith(f" bytes before, {size:,} now.\n")


def test_export_writes_a_folder_once(shelf: Path, capsys: Said) -> None:
    assert main(["store", "export", "exported", *STORE]) == 0
    assert "- order_days: 5 rows\n" in capsys.readouterr().err
    assert (shelf / "exported" / "order_days.csv").is_file()
    assert main(["store", "export", "exported", *STORE]) == 3
    assert "exported: exists already\n" in capsys.readouterr().err
    assert main(["store", "export", "as-parquet", "--format", "parquet", "--quiet", *STORE]) == 0
    assert (shelf / "as-parquet" / "order_days.parquet").is_file()


# ---- forget -----------------------------------------------------------------------------------------


def knows(folder: Path, customer_id: str) -> bool:
    """Return whether the store knows the customer."""
    with opened(folder / "clientier.duckdb") as store:
        query = "SELECT 1 FROM customers WHERE customer_id = ?"
        return bool(store.connection.execute(query, [customer_id]).fetchall())


def test_forgetting_tells_which_folders_hold_the_customer_still(shelf: Path, capsys: Said) -> None:
    assert main(["store", "forget", "0012", "--yes", *STORE]) == 0
    err = capsys.readouterr().err
    assert "These folders were published with the customer" in err
    assert "- /out/2026-01\n" in err
    assert "yours to clean" in err
    assert not knows(shelf, "0012")


def test_a_customer_of_no_run_is_in_no_folder(shelf: Path, capsys: Said) -> None:
    assert main(["store", "forget", NEW, "--yes", *STORE]) == 0
    assert "These folders" not in capsys.readouterr().err


def test_without_a_terminal_forgetting_wants_yes(
    shelf: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(["store", "forget", "0012", *STORE]) == 2
    assert (
        "--yes: erasing asks first, and there is no terminal to answer\n  fix: add --yes\n"
        in capsys.readouterr().err
    )
    assert knows(shelf, "0012")


def test_an_unknown_customer_ends_with_1_and_is_not_named(shelf: Path, capsys: Said) -> None:
    assert main(["store", "forget", "00-99", "--yes", *STORE]) == 1
    err = capsys.readouterr().err
    assert err.startswith("clientier.duckdb: the store knows no customer of this id\n")
    assert "00-99" not in err


@pytest.mark.parametrize(
    ("answer", "code", "still_known"),
    [("n\n", 0, True), ("y\n", 0, False), ("是\n", 0, False), ("\x04", 130, True)],
)
def test_on_a_terminal_forgetting_asks(
    shelf: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, still_known: bool
) -> None:
    person, terminal = pty.openpty()
    os.write(person, answer.encode())
    with os.fdopen(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert main(["store", "forget", "0012", *STORE]) == code
    os.close(person)
    out, err = capsys.readouterr()
    assert out == ""
    assert "The store knows this customer by 4 lines, in the runs of: 2026-01." in err
    assert "Erase this customer? It cannot be undone [y/N]: " in err
    assert ("Nothing was erased." in err) is (answer == "n\n")
    assert knows(shelf, "0012") is still_known


@pytest.mark.parametrize("command", ["list", "remove", "check", "vacuum", "export", "forget"])
def test_help_ends_in_an_example(capsys: Said, command: str) -> None:
    assert main(["store", command, "--help"]) == 0
    assert f"  Example: clientier store {command} " in capsys.readouterr().out
