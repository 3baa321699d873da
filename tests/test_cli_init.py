"""clientier init: a first config, with what the files tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from clientier.cli import main
from clientier.config import load

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_files_the_columns_are_those_of_the_example(capsys: Said) -> None:
    assert main(["init"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "Written to clientier.yaml. Next: clientier check FILES -c clientier.yaml\n"
    columns = load("clientier.yaml").config.transactions.columns
    assert columns.needed == ("customer_id", "order_date", "order_id", "amount")


def test_columns_and_formats_are_told_by_the_file_and_the_run_goes_through(
    folder: Path, capsys: Said
) -> None:
    (folder / "export.csv").write_text(
        "InvoiceNo;CustomerID;InvoiceDate;Quantity;UnitPrice\n1;0012;31.12.2025;2;1,50\n2;7;01.02.2026;1;2,00\n"
    )
    assert main(["init", "export.csv", "-o", "shop.yaml"]) == 0
    assert "amount: Quantity * UnitPrice\n" in capsys.readouterr().err
    found = load("shop.yaml").config.transactions
    assert found.columns.customer == "CustomerID"
    assert (found.date_format, found.delimiter, found.decimal_mark) == ("%d.%m.%Y", "semicolon", ",")
    assert main(["run", "export.csv", "-c", "shop.yaml", "-o", "out", "-q"]) == 0


def test_chinese_headers_are_recognised_and_make_a_chinese_config(folder: Path) -> None:
    (folder / "会员.csv").write_text(
        "会员号,订单号,下单时间,实付金额\n001,a,2026-01-02,3.00\n", encoding="utf-8"
    )
    assert main(["init", "会员.csv"]) == 0
    config = load("clientier.yaml").config
    assert config.transactions.columns.customer == "会员号"
    assert config.language == "zh"


def test_what_no_column_tells_is_left_to_a_person(folder: Path, capsys: Said) -> None:
    (folder / "odd.csv").write_text("who,when,amount\na,2026-01-02,3.00\n")
    assert main(["init", "odd.csv"]) == 0
    err = capsys.readouterr().err
    assert "warning: clientier.yaml: no column is recognised as the customer\n" in err
    assert "put one of: who, when, amount" in (folder / "clientier.yaml").read_text()


def test_dates_with_two_readings_are_told_and_left_open(folder: Path, capsys: Said) -> None:
    (folder / "odd.csv").write_text("customer_id,order_date,amount\na,03/04/2025,3.00\n")
    assert main(["init", "odd.csv"]) == 0
    assert "warning: transactions.date_format: '03/04/2025' may be" in capsys.readouterr().err
    assert load("clientier.yaml").config.transactions.date_format == "auto"


def test_amounts_that_nobody_can_read_are_told_and_the_config_is_written_all_the_same(
    folder: Path, capsys: Said
) -> None:
    (folder / "odd.csv").write_text("customer_id,order_date,amount\na,2026-01-02,many\n")
    assert main(["init", "odd.csv"]) == 0
    assert "warning: odd.csv:2: amount: " in capsys.readouterr().err
    assert load("clientier.yaml").config.transactions.encoding == "auto"


def test_a_config_that_is_there_stays_unless_it_is_to_be_replaced(folder: Path, capsys: Said) -> None:
    (folder / "clientier.yaml").write_text("mine")
    assert main(["init"]) == 3
    assert capsys.readouterr().err.startswith("clientier.yaml: is there already\n")
    assert (folder / "clientier.yaml").read_text() == "mine"
    assert main(["init", "--replace"]) == 0
    assert load("clientier.yaml").config.version == 1
    assert [path.name for path in folder.iterdir()] == ["clientier.yaml"]


def test_the_other_preset_has_every_threshold_written_out() -> None:
    assert main(["init", "--preset", "fixed-thresholds"]) == 0
    assert load("clientier.yaml").config.scores.recency != "quantile"


def test_a_preset_that_does_not_exist_is_told(capsys: Said) -> None:
    assert main(["init", "--preset", "fixed"]) == 2
    assert "--preset: there is no preset 'fixed'" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "code"), [("nothing.csv", 1), ("empty.csv", 1)])
def test_a_file_that_is_missing_or_empty_ends_with_1(folder: Path, name: str, code: int) -> None:
    (folder / "empty.csv").touch()
    assert main(["init", name]) == code
    assert not (folder / "clientier.yaml").exists()


def test_a_place_that_cannot_be_written_ends_with_3(capsys: Said) -> None:
    assert main(["init", "-o", "no/clientier.yaml"]) == 3
    assert "no/clientier.yaml: cannot be written: No such file or directory\n" in capsys.readouterr().err
