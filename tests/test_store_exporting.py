"""Everything a store holds as tables: to the letter, and the same bytes each time."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from clientier.errors import OutputError
from clientier.store.exporting import export
from small_store import NEW, change, opened, small_store


def exported(path: Path, name: str = "out", form: str = "csv") -> Path:
    """Export a store; return the folder."""
    folder = path.parent / name
    with opened(path) as store:
        export(store, folder, form)
    return folder


def test_order_days_are_those_of_a_run_by_customer_id(tmp_path: Path) -> None:
    folder = exported(small_store(tmp_path))
    assert (folder / "order_days.csv").read_text() == (  # A2 is netted over both files: 50.00 less 20.00
        "customer_id,order,day,purchases,gross,refunds,margin,lines\n"
        "0012,A1,2026-01-10,1,100.00,0.00,100.00,2\n"
        "0012,A2,2026-01-20,1,30.00,0.00,30.00,2\n"
        "0034,A3,2026-01-20,0,0.00,10.00,-10.00,1\n"
        "0034,,2026-02-04,1,5.00,0.00,5.00,1\n"
        f"{NEW},B1,2026-02-03,1,30.00,0.00,30.00,1\n"
    )


def test_what_repeats_an_earlier_file_is_counted_apart_and_is_no_order_day(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    change(path, "UPDATE order_days SET repeats = TRUE WHERE \"order\" = 'B1'")
    folder = exported(path)
    assert "B1" not in (folder / "order_days.csv").read_text()
    assert (folder / "outcomes.csv").read_text() == (
        "file,outcome,day,lines\n"
        "1,rejected,,1\n"
        "1,usable,2026-01-10,2\n"
        "1,usable,2026-01-20,2\n"
        "2,no_customer,,1\n"
        "2,overlap,,1\n"
        "2,usable,2026-01-20,1\n"
        "2,usable,2026-02-04,1\n"
    )


def test_figures_are_written_as_in_every_other_file(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    change(
        path,
        "UPDATE placed SET monetary = 12.345, gross = 1234567.1, refunds = -0.5, refund_rate = 0.25, "
        "rhythm_days = 10, lateness = 3.1, trend = 0, recency_days = 100, last_order = '2026-01-20' WHERE customer = 1",
    )
    lines = (exported(path) / "placed.csv").read_text().splitlines()
    cells = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    assert cells["month"] == "2026-01"
    assert cells["customer_id"] == "0012"
    assert (cells["monetary"], cells["gross"], cells["refunds"]) == ("12.345", "1234567.10", "-0.50")
    assert (cells["refund_rate"], cells["rhythm_days"], cells["lateness"], cells["trend"]) == (
        "0.25",
        "10",
        "3.1",
        "0",
    )
    assert (cells["recency_days"], cells["last_order"], cells["first_order"]) == ("100", "2026-01-20", "")


def test_runs_lie_there_with_what_they_were_made_by_and_what_they_said(tmp_path: Path) -> None:
    folder = exported(small_store(tmp_path))
    assert (folder / "runs.csv").read_text() == (
        "month,as_of,issued,output\n2026-01,2026-01-31,2026-02-02,/out/2026-01\n"
    )
    assert json.loads((folder / "runs" / "2026-01" / "summary.json").read_text()) == {"customers": 2}
    assert (folder / "runs" / "2026-01" / "config.yaml").read_text().startswith("version: 1\n")


def test_actions_and_what_became_of_them_name_the_customer(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    change(path, "INSERT INTO issued VALUES (NULL, 2, 'small', 'welcome', '2026-02-10', '2026-02-12')")
    folder = exported(path)
    assert (folder / "issued.csv").read_text() == (  # the second was given out between two runs
        "month,customer_id,tier,action_id,issued,due\n"
        ",0034,small,welcome,2026-02-10,2026-02-12\n"
        "2026-01,0012,key,key-overdue,2026-02-02,2026-02-05\n"
    )
    assert (folder / "reported.csv").read_text() == (
        "customer_id,action_id,issued,outcome,day,result\n"
        f'0012,key-overdue,2026-02-02,done,2026-02-03,"knows {NEW}, too"\n'
    )


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_same_store_gives_the_same_bytes(tmp_path: Path, form: str) -> None:
    path = small_store(tmp_path)
    one = exported(path, "one", form)
    change(path, "UPDATE order_days SET lines = lines", "UPDATE placed SET tier = tier")  # rows may move
    other = exported(path, "other", form)
    names = sorted(str(file.relative_to(one)) for file in one.rglob("*") if file.is_file())
    assert len(names) == 10
    assert [(one / name).read_bytes() for name in names] == [(other / name).read_bytes() for name in names]


def test_parquet_keeps_kinds(tmp_path: Path) -> None:
    table = pq.read_table(exported(small_store(tmp_path), form="parquet") / "order_days.parquet")
    first = table.to_pylist()[0]
    assert (first["customer_id"], first["day"], first["gross"]) == ("0012", date(2026, 1, 10), Decimal(100))


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        exported(path)
    assert not list((tmp_path / "out").iterdir())
