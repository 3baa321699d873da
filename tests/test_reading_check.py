"""The data-quality report: what the input holds, column by column and file by file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from clientier.engines.checking import Checked, check_transactions
from clientier.errors import DataError
from reads import HEADER, config_of

JANUARY = f"{HEADER}\nC1,1,2026-01-05,10\nC1,1,2026-01-05,10\n,2,2026-01-06,2.5\nC2,,2026-02-30,1\n"
APRIL = f"{HEADER}\nC1,1,2026-01-05,10\nC1,3,2026-04-01,x\nC1,3,2026-04-01,y\nC1,3,2026-04-01,-4\nshort\n"


def check(folder: Path, contents: dict[str, str], **keys: Any) -> Checked:
    for name, content in contents.items():
        (folder / name).write_text(content)
    names = [str(folder / name) for name in contents]
    with duckdb.connect() as connection, tempfile.TemporaryDirectory() as scratch:
        return check_transactions(connection, names, config_of(**keys), folder, Path(scratch))


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    return check(tmp_path, {"january.csv": JANUARY, "april.csv": APRIL}, max_reject_rate="0.1")


def test_every_line_has_an_outcome_in_its_file(checked: Checked) -> None:
    assert checked.report["lines"] == 9
    assert [file["outcomes"] for file in checked.report["files"]] == [
        {"no_customer": 1, "rejected": 1, "usable": 2},
        {"rejected": 3, "usable": 2},
    ]
    assert checked.report["rejected"] == {"impossible date": 1, "bad amount": 2, "too few fields": 1}


def test_each_file_is_told_by_dates_money_repeats_and_anonymous_lines(checked: Checked) -> None:
    facts = ("lines", "first_date", "last_date", "amount", "duplicates", "no_customer_share")
    assert [[file[fact] for fact in facts] for file in checked.report["files"]] == [
        [4, "2026-01-05", "2026-01-06", "22.50", 1, "0.2500"],
        [5, "2026-01-05", "2026-04-01", "6.00", 1, "0.0000"],  # its first line stands in january.csv already
    ]


def test_each_column_is_told_by_what_is_missing_and_unreadable(checked: Checked) -> None:
    columns = {column["column"]: column for column in checked.report["columns"]}
    assert {name: (column["missing"], column["unreadable"]) for name, column in columns.items()} == {
        "customer": (1, 0),
        "order": (1, 0),
        "date": (0, 1),
        "amount": (0, 2),
    }
    assert columns["customer"]["missing_share"] == "0.1250"  # of the 8 lines that have columns
    examples = [
        (Path(cell["file"]).name, cell["line"], cell["text"]) for cell in columns["amount"]["examples"]
    ]
    assert examples == [("april.csv", 3, "x"), ("april.csv", 4, "y")]


def test_months_without_a_sale_are_told(checked: Checked) -> None:
    assert checked.report["months_without_sale"] == ["2026-02", "2026-03"]


def test_no_more_than_five_examples_are_shown(tmp_path: Path) -> None:
    bad = "".join(f"C1,1,2026-01-05,x{number}\n" for number in range(7))
    columns = check(tmp_path, {"a.csv": f"{HEADER}\n{bad}"}).report["columns"]
    assert [(column["unreadable"], len(column["examples"])) for column in columns] == [
        (0, 0),
        (0, 0),
        (0, 0),
        (7, 5),
    ]


def test_what_would_stop_a_run_is_told_beside_the_report(checked: Checked) -> None:
    assert checked.over_limit is not None
    assert checked.over_limit.problems[-1].fact.startswith("4 of 9 lines are unreadable")
    assert checked.reading.rejects.num_rows == 4


def test_within_the_limit_nothing_would_stop_it(tmp_path: Path) -> None:
    assert check(tmp_path, {"a.csv": JANUARY}, max_reject_rate="0.5").over_limit is None


def test_without_any_line_there_is_nothing_to_report(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has a header and no line"):
        check(tmp_path, {"a.csv": f"{HEADER}\n"})


def test_a_product_that_is_too_large_has_a_row_of_its_own(tmp_path: Path) -> None:
    columns = {"customer": "c", "date": "d", "amount": "n * p"}
    report = check(tmp_path, {"a.csv": "c,d,n,p\nC1,2026-01-05,1000000,1000000\n"}, columns=columns).report
    assert [(column["column"], column["unreadable"]) for column in report["columns"]][-1] == ("n * p", 1)
    assert report["months_without_sale"] == []
