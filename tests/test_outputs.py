"""The files of an output folder: who is in which, typed or as text, digests, and the same bytes twice."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from clientier import texts
from clientier.actions import list_actions
from clientier.atomic import output_errors, staged_folder
from clientier.columns import ACTION_COLUMNS, CUSTOMER_COLUMNS, Kind
from clientier.config import Config
from clientier.cutpoints import cut_points
from clientier.errors import OutputError
from clientier.outputs import Format, OutputFolder, Sink, action_rows, customer_rows, json_text
from clientier.placement import Plan, place
from clientier.rendering import csv_header, csv_lines, lines_bytes
from clientier.tables import CustomerTable
from making import customers, many_customers, random_customers

TIERS = ("key", "ordinary", "small", "eliminate")
NAMES = [column.name for column in CUSTOMER_COLUMNS]
CSV, EXCEL, PARQUET = Format("csv"), Format("csv", excel=True), Format("parquet")
REJECTS = pa.table(
    {
        "file": pa.array(["sales.csv"]),
        "line": pa.array([13], pa.int64()),
        "column": pa.array(["order_date"]),
        "reason": pa.array(["there is no such day"]),
        "text": pa.array(["=2026-09-31,\nlater"]),
    }
)


def shop() -> pd.DataFrame:
    """Five customers in the order of the lists; nobody is in the last tier."""
    return customers(
        customer_id=["0042", "=1+1", "a,b", "张", "7"],
        first_order=["2025-09-15", "2026-01-01", "2026-10-01", "2026-10-02", None],
        last_order=["2026-09-11", "2026-10-30", "2026-10-01", "2026-10-02", None],
        recency_days=[50, 1, 30, 29, None],
        frequency=[5, 4, 1, 1, 0],
        monetary=["2666.60", "900", "12.345", "9.99", "-3.00"],
        gross=["2966.60", "900", "12.345", "9.99", "0"],
        refunds=["300", "0", "0", "0", "3.00"],
        refund_rate=["0.1011", "0", "0", "0", "1"],
        average_order=["593.32", "225", "12.345", "9.99", None],
        tenure_days=[411, 303, 30, 29, None],
        rhythm_days=["73.75", "100.6667", None, None, None],
        lateness=["0.678", "0.0099", None, None, None],
        trend=["0.8386", "-0.5", None, None, None],
    )


def placed(config: Config, frame: pd.DataFrame) -> tuple[pd.DataFrame, pa.Table]:
    """Place the customers by cut points fitted over themselves; return them and their actions."""
    points = cut_points(config, CustomerTable(frame, ()), model=None)
    there = place(frame, Plan(config, points.thresholds, points.cuts, frozenset()))
    return there, list_actions(there, config, points.cuts, date(2026, 11, 2)).table


def write(folder: Path, config: Config, form: Format, frames: Sequence[pd.DataFrame]) -> list[dict[str, Any]]:
    """Write batches as a run does; return the manifest's lines."""
    with OutputFolder(folder, TIERS, form) as output:
        for frame in frames:
            there, actions = placed(config, frame)
            output.write(output.render(there, actions))
        output.close_tables()
        output.write_table("rejects.csv", REJECTS, REJECTS.column_names)
        output.write_text("config.yaml", "language: zh  # 中文\n")
        output.write_json("summary.json", {"as_of": "2026-10-31", "label": "关键客户", "drift": None})
        return output.entries()


def rows(path: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding=encoding), newline="")))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


# ---- who is in which file ---------------------------------------------------------------------------


def test_customers_stand_in_one_file_and_again_in_that_of_their_tier(
    tmp_path: Path, default_config: Config
) -> None:
    write(tmp_path, default_config, CSV, [shop()])

    everybody = rows(tmp_path / "customers.csv")
    assert [row["customer_id"] for row in everybody] == ["0042", "=1+1", "a,b", "张", "7"]
    for tier in TIERS:
        assert rows(tmp_path / f"tiers/{tier}.csv") == [row for row in everybody if row["tier"] == tier]


def test_actions_stand_in_the_file_of_their_customers_tier(tmp_path: Path, default_config: Config) -> None:
    write(tmp_path, default_config, CSV, [shop()])

    tiers = {row["customer_id"]: row["tier"] for row in rows(tmp_path / "customers.csv")}
    listed = [(tier, row) for tier in TIERS for row in rows(tmp_path / f"actions/{tier}.csv")]
    assert len(listed) > 3
    assert all(tiers[row["customer_id"]] == row["tier"] == tier for tier, row in listed)


def test_an_empty_tier_has_a_header_only(tmp_path: Path, default_config: Config) -> None:
    write(tmp_path, default_config, CSV, [shop()])

    assert (tmp_path / "tiers/eliminate.csv").read_bytes() == csv_header(NAMES)
    assert (tmp_path / "actions/eliminate.csv").read_bytes() == csv_header(ACTION_COLUMNS)


def test_a_run_without_any_batch_has_headers_only(tmp_path: Path, default_config: Config) -> None:
    for form in (CSV, PARQUET):
        entries = write(tmp_path / form.kind, default_config, form, [])
        assert {entry["rows"] for entry in entries if entry["name"].endswith(form.kind)} <= {0, 1}
    assert pq.read_table(tmp_path / "parquet/customers.parquet").num_rows == 0


def test_cells_are_written_as_the_columns_say(tmp_path: Path, default_config: Config) -> None:
    write(tmp_path, default_config, CSV, [shop()])

    lines = (tmp_path / "customers.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == ",".join(NAMES)
    assert lines[1].startswith(
        "0042,2025-09-15,2026-09-11,50,5,2666.60,2966.60,300.00,0.1011,593.32,411,73.75,0.678,0.8386,"
    )
    assert lines[3].startswith('"a,b",2026-10-01,2026-10-01,30,1,12.345,12.345,0.00,0,12.345,30,,,,')
    assert lines[5].startswith("7,,,,0,-3.00,0.00,3.00,1,,,,,,1,1,1,111,3,")


# ---- excel ------------------------------------------------------------------------------------------


def test_only_for_excel_there_is_a_bom_and_no_formula(tmp_path: Path, default_config: Config) -> None:
    write(tmp_path / "plain", default_config, CSV, [shop()])
    write(tmp_path / "excel", default_config, EXCEL, [shop()])

    plain, excel = bytes_of(tmp_path / "plain"), bytes_of(tmp_path / "excel")
    assert all(data.startswith(b"\xef\xbb\xbf") is name.endswith(".csv") for name, data in excel.items())
    assert not any(data.startswith(b"\xef\xbb\xbf") for data in plain.values())
    assert rows(tmp_path / "plain/customers.csv")[1]["customer_id"] == "=1+1"
    assert rows(tmp_path / "excel/customers.csv", "utf-8-sig")[1]["customer_id"] == "'=1+1"
    assert rows(tmp_path / "excel/rejects.csv", "utf-8-sig")[0]["text"] == "'=2026-09-31,\nlater"
    assert plain["summary.json"] == excel["summary.json"]


def test_an_amount_below_zero_is_no_formula(tmp_path: Path, default_config: Config) -> None:
    write(tmp_path, default_config, EXCEL, [shop()])

    lost = rows(tmp_path / "customers.csv", "utf-8-sig")
    assert lost[4]["monetary"] == "-3.00"
    assert lost[1]["trend"] == "-0.5"


def test_actions_for_excel_are_neutral_too(default_config: Config) -> None:
    _, actions = placed(default_config, shop())

    neutral = action_rows(actions, EXCEL).to_pandas()

    assert "'=1+1" in set(neutral["customer_id"])
    assert not any(neutral[name].str.match(r"[=+\-@]").any() for name in ACTION_COLUMNS if name != "monetary")
    assert list(neutral) == list(ACTION_COLUMNS)


# ---- parquet ----------------------------------------------------------------------------------------


def test_parquet_columns_have_types(tmp_path: Path, default_config: Config) -> None:
    write(tmp_path, default_config, PARQUET, [shop(), shop()])

    table = pq.read_table(tmp_path / "customers.parquet")
    first = table.slice(0, 1).to_pylist()[0]
    assert table.num_rows == 10
    assert (first["customer_id"], first["last_order"]) == ("0042", date(2026, 9, 11))
    assert (first["monetary"], first["lateness"]) == (Decimal("2666.60"), Decimal("0.678"))
    actions = pq.read_table(tmp_path / "actions/key.parquet")
    assert isinstance(actions["due_date"][0].as_py(), date)
    assert isinstance(actions["priority"][0].as_py(), int)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random_customers(most=8))
def test_parquet_values_equal_csv_values(default_config: Config, frame: pd.DataFrame) -> None:
    there, actions = placed(default_config, frame)

    typed = customer_rows(there, CUSTOMER_COLUMNS, PARQUET).to_pylist()
    cells = customer_rows(there, CUSTOMER_COLUMNS, CSV).to_pylist()
    for typed_row, row in zip(typed, cells, strict=True):
        for column in CUSTOMER_COLUMNS:
            assert same(typed_row[column.name], row[column.name], column.kind)
    for typed_row, row in zip(
        action_rows(actions, PARQUET).to_pylist(), action_rows(actions, CSV).to_pylist(), strict=True
    ):
        assert [as_text(value) for value in typed_row.values()] == [
            as_text(Decimal(row[name])) if name == "monetary" else row[name] for name in ACTION_COLUMNS
        ]


def same(value: Any, cell: str, kind: Kind) -> bool:
    if value is None:
        return cell == ""
    return Decimal(cell) == value if kind in (Kind.MONEY, Kind.RATIO) else str(value) == cell


def as_text(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


# ---- the manifest's lines, and determinism ----------------------------------------------------------


@pytest.mark.parametrize("form", [CSV, EXCEL, PARQUET], ids=["csv", "excel", "parquet"])
def test_every_file_is_listed_with_its_rows_and_the_digest_of_its_bytes(
    tmp_path: Path, default_config: Config, form: Format
) -> None:
    entries = write(tmp_path, default_config, form, [shop(), shop()])

    digests = {name: hashlib.sha256(data).hexdigest() for name, data in bytes_of(tmp_path).items()}
    assert {entry["name"]: entry["sha256"] for entry in entries} == digests
    assert [entry["name"] for entry in entries] == sorted(digests)
    counted = {entry["name"]: entry["rows"] for entry in entries}
    assert counted[f"customers.{form.kind}"] == 10
    assert sum(counted[f"tiers/{tier}.{form.kind}"] for tier in TIERS) == 10
    assert counted["rejects.csv"] == 1
    assert counted["config.yaml"] is None


@pytest.mark.parametrize("form", [CSV, EXCEL, PARQUET], ids=["csv", "excel", "parquet"])
def test_the_same_customers_are_the_same_bytes_twice(
    tmp_path: Path, default_config: Config, form: Format
) -> None:
    write(tmp_path / "one", default_config, form, [shop()])
    write(tmp_path / "two", default_config, form, [shop()])

    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_json_is_readable_and_keeps_its_order() -> None:
    text = json_text({"tier": "关键客户", "customers": 2, "drift": None})

    assert text == '{\n  "tier": "关键客户",\n  "customers": 2,\n  "drift": null\n}\n'
    assert json.loads(text)["customers"] == 2


def test_rejects_keep_cells_that_span_lines(tmp_path: Path, default_config: Config) -> None:
    write(tmp_path, default_config, CSV, [])

    assert rows(tmp_path / "rejects.csv") == [
        {"file": "sales.csv", "line": "13", "column": "order_date", "reason": "there is no such day",
         "text": "=2026-09-31,\nlater"}
    ]  # fmt: skip


def test_no_rejects_are_a_header_only(tmp_path: Path) -> None:
    with OutputFolder(tmp_path, TIERS, CSV) as output:
        output.close_tables()
        output.write_table("rejects.csv", REJECTS.slice(0, 0), REJECTS.column_names)
        output.write_table("none.csv", REJECTS.schema.empty_table(), ())

    assert (tmp_path / "rejects.csv").read_bytes() == b"file,line,column,reason,text\n"
    assert (tmp_path / "none.csv").read_bytes() == b"file,line,column,reason,text\n"


# ---- failing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [CSV, PARQUET], ids=["csv", "parquet"])
def test_a_failure_closes_every_file(tmp_path: Path, default_config: Config, form: Format) -> None:
    def failing() -> None:
        with OutputFolder(tmp_path, TIERS, form) as output:
            output.write(output.render(*placed(default_config, shop())))
            raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="the disk is gone"):
        failing()


@pytest.mark.parametrize("form", [CSV, PARQUET], ids=["csv", "parquet"])
def test_a_disk_that_fills_up_is_an_output_error_and_leaves_nothing(
    tiny_disk: Path, default_config: Config, form: Format
) -> None:
    def run() -> None:
        with staged_folder(tiny_disk / "out", replace=False) as folder, output_errors(tiny_disk / "out"):
            write(folder, default_config, form, [many_customers(5_000)] * 2)

    with pytest.raises(OutputError, match="No space left on device"):
        run()

    assert list(tiny_disk.iterdir()) == []


def test_a_folder_that_cannot_be_opened_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "tiers").write_text("a file where a folder must be", encoding="utf-8")

    with pytest.raises(OSError, match="tiers"):
        OutputFolder(tmp_path, TIERS, CSV)


def test_a_sink_counts_what_passes(tmp_path: Path) -> None:
    sink = Sink(tmp_path / "deep/er/file.txt", "file.txt")
    sink.write(b"one ")
    sink.write(memoryview(b"two"))
    assert not sink.closed
    sink.close()

    assert sink.closed
    assert (tmp_path / "deep/er/file.txt").read_bytes() == b"one two"
    assert sink.entry() == {"name": "file.txt", "rows": 0, "sha256": hashlib.sha256(b"one two").hexdigest()}


def test_rows_of_a_file_are_the_bytes_of_its_cells(default_config: Config) -> None:
    there, _ = placed(default_config, shop())

    whole = bytes(lines_bytes(csv_lines(customer_rows(there, CUSTOMER_COLUMNS, CSV))))

    ids = texts.in_files(there["customer_id"], CUSTOMER_COLUMNS[0]).to_pylist()
    assert [line[0] for line in csv.reader(io.StringIO(whole.decode(), newline=""))] == ids
