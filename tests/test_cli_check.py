"""clientier check: the report on stdout, what would stop a run on stderr."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from clientier.cli import main
from corner_shop import write_shop

Said = pytest.CaptureFixture[str]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the corner shop's folder."""
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_report_is_on_stdout_and_nothing_is_written(shop: Path, capsys: Said) -> None:
    assert main(["check", "sales.csv"]) == 0
    out, err = capsys.readouterr()
    assert "Lines: 8. Files: 1. Unreadable: 1 (12.5 %)." in out
    assert "sales.csv:8: 'N/A'" in out
    assert err == ""
    assert {path.name for path in shop.iterdir()} == {"sales.csv", "clientier.yaml"}


def test_beyond_the_limit_the_report_comes_all_the_same_and_the_code_is_1(shop: Path, capsys: Said) -> None:
    assert main(["check", "sales.csv", "--set", "transactions.max_reject_rate=0.1"]) == 1
    out, err = capsys.readouterr()
    assert "Lines: 8. Files: 1." in out
    assert "sales.csv:8: amount: " in err


def test_every_unreadable_line_can_be_had_as_csv(shop: Path, capsys: Said) -> None:
    assert main(["check", "sales.csv", "--rejects", "bad.csv", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    main(["run", "sales.csv", "-o", "out", "-q"])
    assert (shop / "bad.csv").read_bytes() == (shop / "out" / "rejects.csv").read_bytes()
    assert (shop / "bad.csv").read_text().startswith("file,line,column,reason,text\nsales.csv,8,amount,")


def test_json_is_the_same_report_for_programs(shop: Path, capsys: Said) -> None:
    assert main(["check", "sales.csv", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["lines"] == 8
    assert report["files"][0]["outcomes"] == {"no_customer": 1, "rejected": 1, "usable": 6}


def test_rejects_that_cannot_be_written_end_with_3(shop: Path, capsys: Said) -> None:
    assert main(["check", "sales.csv", "--rejects", "no/bad.csv"]) == 3
    assert "no/bad.csv: cannot be written: No such file or directory\n" in capsys.readouterr().err


def test_rejects_written_to_a_pipe_leave_the_pipe_in_its_place(shop: Path) -> None:
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)

    assert main(["check", "sales.csv", "--rejects", "pipe", "--quiet"]) == 0

    assert os.read(reader, 1_000).startswith(b"file,line,column,reason,text\n")
    os.close(reader)
    assert stat.S_ISFIFO((shop / "pipe").stat().st_mode)


def test_rejects_written_to_a_link_fill_the_file_it_points_to(shop: Path) -> None:
    (shop / "link.csv").symlink_to("elsewhere.csv")

    assert main(["check", "sales.csv", "--rejects", "link.csv", "--quiet"]) == 0

    assert (shop / "link.csv").is_symlink()
    assert (shop / "elsewhere.csv").read_bytes().startswith(b"file,line,column,reason,text\n")


def test_a_missing_column_is_told_with_the_nearest_name(shop: Path, capsys: Said) -> None:
    assert main(["check", "sales.csv", "--set", "transactions.columns.amount=amuont"]) == 1
    err = capsys.readouterr().err
    assert "amuont" in err
    assert "write amount" in err


def test_the_report_speaks_the_language_of_the_config(shop: Path, capsys: Said) -> None:
    assert main(["check", "sales.csv", "--lang", "zh"]) == 0
    assert capsys.readouterr().out.startswith("数据质量\n共 8 行")
