"""clientier score, place and act: CSV on stdout, notes on stderr."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from clientier.cli import main
from corner_shop import write_shop

Bytes = pytest.CaptureFixture[bytes]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the corner shop's folder."""
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))


def table(customers: bytes) -> list[list[str]]:
    """Return the rows without keep_until: that takes the days a customer bought on, which no table holds."""
    header, *rows = csv.reader(io.StringIO(customers.decode()))
    assert header.pop(header.index("keep_until")) == "keep_until"
    at = header.index("pending_runs") + 1
    return [header, *([*row[:at], *row[at + 1 :]] for row in rows)]


def test_the_stages_in_a_pipe_write_what_a_run_writes(
    shop: Path, capsysbinary: Bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["run", "sales.csv", "-o", "out", "-q"]) == 0
    assert main(["score", "sales.csv"]) == 0
    scores = capsysbinary.readouterr().out
    assert scores.startswith(b"customer_id,first_order,last_order,recency_days,frequency,monetary,")
    piped(monkeypatch, scores)
    assert main(["place", "-"]) == 0
    placed = capsysbinary.readouterr().out
    assert table(placed) == table((shop / "out" / "customers.csv").read_bytes())
    piped(monkeypatch, placed)
    assert main(["act", "-", "--issued", "2026-04-01"]) == 0
    actions = capsysbinary.readouterr().out.splitlines()
    lists = [path.read_bytes().splitlines()[1:] for path in (shop / "out" / "actions").iterdir()]
    assert sorted(actions[1:]) == sorted(row for rows in lists for row in rows)


def test_notes_go_to_stderr_and_quiet_leaves_them_out(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "table.csv").write_text("customer_id,recency_days,frequency,monetary\nA,1,2,3.00\n")
    assert main(["place", "table.csv"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1].startswith("A,,,1,2,3.00,")
    assert err.startswith("note: column first_order is not in the table")
    assert main(["place", "table.csv", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_a_table_without_a_needed_column_is_refused(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "table.csv").write_text("customer_id,frequency,monetary\nA,2,3.00\n")
    assert main(["place", "table.csv"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "table.csv: column recency_days is missing" in err


def test_actions_need_a_table_or_a_store(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["act"]) == 2
    assert "FILES: there is nothing to read\n  fix: name a table" in capsys.readouterr().err


def test_a_list_may_go_to_a_file(shop: Path, capsysbinary: Bytes) -> None:
    assert main(["run", "sales.csv", "-o", "out", "-q"]) == 0
    assert main(["act", "out/customers.csv", "-q"]) == 0
    assert main(["act", "out/customers.csv", "-q", "-o", "list.csv"]) == 0
    assert Path("list.csv").read_bytes() == capsysbinary.readouterr().out


@pytest.mark.parametrize("command", ["score", "place"])
def test_a_stage_without_files_is_a_usage_error(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command]) == 2
    assert f"fix: see clientier {command} --help" in capsys.readouterr().err
