"""The main job as a whole, on small shops made for the question."""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest

from clientier import ConfigError, DataError, OutputError, RunOptions, run
from making import config_file

EXAMPLE = Path(__file__).parent.parent / "examples" / "shop"
HEADER = "customer_id,order_id,order_date,amount\n"
BY_INPUT = ("manifest.json", "rejects.csv")  # the two files that name the input


def sales(folder: Path, *lines: str, name: str = "sales.csv") -> Path:
    path = folder / name
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def made(
    folder: Path, files: Path | Sequence[Path], text: str = "", out: str = "out", **options: Any
) -> dict[str, Any]:
    names = tuple(str(file) for file in ([files] if isinstance(files, Path) else files))
    config = config_file(folder, text)
    return run(RunOptions(files=names, config=config, output=folder / out, **options)).summary


def customers(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "customers.csv").open(encoding="utf-8", newline="") as file:
        return {row["customer_id"]: row for row in csv.DictReader(file)}


def contents(folder: Path, without: Sequence[str] = ()) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in without)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


# ---- the same values, the same bytes ----------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example shop, run once."""
    folder = tmp_path_factory.mktemp("shop")
    run(RunOptions((str(EXAMPLE / "transactions.csv"),), EXAMPLE / "clientier.yaml", folder / "out"))
    return folder


def shuffled(folder: Path) -> list[Path]:
    header, *lines = (EXAMPLE / "transactions.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    random.Random(7).shuffle(lines)
    path = folder / "shuffled.csv"
    path.write_text(header + "".join(lines), encoding="utf-8")
    return [path]


def in_three(folder: Path) -> list[Path]:
    header, *lines = (EXAMPLE / "transactions.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    parts = [folder / f"part{number}.csv" for number in range(3)]
    for number, part in enumerate(parts):
        part.write_text(header + "".join(lines[number::3]), encoding="utf-8")
    return parts


def gzipped(folder: Path) -> list[Path]:
    path = folder / "transactions.csv.gz"
    path.write_bytes(gzip.compress((EXAMPLE / "transactions.csv").read_bytes()))
    return [path]


@pytest.mark.parametrize("changed", [shuffled, in_three, gzipped])
def test_shuffled_split_or_packed_input_gives_the_same_bytes(
    changed: Any, shop: Path, tmp_path: Path
) -> None:
    files = tuple(str(file) for file in changed(tmp_path))
    run(RunOptions(files, EXAMPLE / "clientier.yaml", tmp_path / "out"))
    assert contents(tmp_path / "out", BY_INPUT) == contents(shop / "out", BY_INPUT)


def test_parquet_gives_the_bytes_of_csv(tmp_path: Path) -> None:
    lines = [
        f"C{n % 7:03},{n // 2},2026-{n % 9 + 1:02}-{n % 28 + 1:02},{n * 37 % 5000 / 100:.2f}"
        for n in range(200)
    ]
    as_csv = sales(tmp_path, *lines)
    as_parquet = tmp_path / "sales.parquet"
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(as_csv), as_parquet)
    made(tmp_path, as_csv, out="csv")
    made(tmp_path, as_parquet, out="parquet")
    assert contents(tmp_path / "csv", BY_INPUT) == contents(tmp_path / "parquet", BY_INPUT)


def test_two_runs_give_the_same_bytes_in_every_file(shop: Path, tmp_path: Path) -> None:
    run(RunOptions((str(EXAMPLE / "transactions.csv"),), EXAMPLE / "clientier.yaml", tmp_path / "again"))
    assert contents(tmp_path / "again") == contents(shop / "out")


def test_the_same_run_again_leaves_the_folder_as_it_is(shop: Path) -> None:
    before = (shop / "out").stat()
    result = run(RunOptions((str(EXAMPLE / "transactions.csv"),), EXAMPLE / "clientier.yaml", shop / "out"))
    assert result.unchanged
    assert (shop / "out").stat().st_ino == before.st_ino


def test_another_run_into_the_folder_is_refused(shop: Path) -> None:
    options = RunOptions(
        (str(EXAMPLE / "transactions.csv"),), EXAMPLE / "clientier.yaml", shop / "out", as_of="2026-09-30"
    )
    with pytest.raises(OutputError, match="exists already"):
        run(options)


# ---- customers of every kind ------------------------------------------------------------------------


def test_ten_identical_customers_get_one_score_and_one_tier(tmp_path: Path) -> None:
    lines = [f"C{n},{n}-{k},2026-0{k}-15,50.00" for n in range(10) for k in (1, 2, 3)]
    made(tmp_path, sales(tmp_path, *lines))
    placed = customers(tmp_path / "out").values()
    assert len(placed) == 10
    assert len({(row["rfm"], row["tier"], row["reason"]) for row in placed}) == 1


def test_where_95_per_cent_bought_once_the_run_says_which_scores_nobody_reaches(tmp_path: Path) -> None:
    once = [f"C{n},{n},2026-01-{n % 28 + 1:02},{10 + n}.00" for n in range(95)]
    twice = [f"D{n},{n}-{k},2026-02-{k + 1:02},99.00" for n in range(5) for k in (1, 2)]
    summary = made(tmp_path, sales(tmp_path, *once, *twice))
    # The one value that 95 of 100 share is each of the four quantiles; the next above it is 2.
    assert summary["thresholds"]["frequency"] == [2, 2, 2, 2]
    assert "frequency_score: nobody can reach 2, 3, 4: too many customers share one value" in summary["notes"]
    scores = {row["frequency_score"] for row in customers(tmp_path / "out").values()}
    assert scores == {"1", "5"}


def test_one_customer_is_enough(tmp_path: Path) -> None:
    summary = made(tmp_path, sales(tmp_path, "0012,1,2026-03-01,10.00"))
    assert summary["customers"] == 1
    (row,) = customers(tmp_path / "out").values()
    assert (row["customer_id"], row["frequency"], row["monetary"]) == ("0012", "1", "10.00")


def test_a_customer_with_refunds_alone_is_in_the_result(tmp_path: Path) -> None:
    summary = made(tmp_path, sales(tmp_path, "A,1,2026-03-01,-30.00"))
    (row,) = customers(tmp_path / "out").values()
    assert (row["last_order"], row["recency_days"], row["refund_rate"]) == ("", "", "1")
    assert (row["monetary"], row["rfm"]) == ("-30.00", "111")
    assert "nobody purchased inside the window: all scores are 1" in summary["notes"]


def test_a_discount_line_inside_a_bill_is_no_refund(tmp_path: Path) -> None:
    lines = (
        "A,1,2026-03-01,100.00",
        "A,1,2026-03-01,-60.00",
        "A,2,2026-03-05,80.00",
        "A,2,2026-03-05,-50.00",
    )
    made(tmp_path, sales(tmp_path, *lines))
    (row,) = customers(tmp_path / "out").values()
    assert (row["frequency"], row["monetary"], row["refunds"]) == ("2", "70.00", "0.00")


def test_a_customer_on_the_keep_list_is_never_up_for_review(tmp_path: Path) -> None:
    lines = [
        f"{name},{name}{k},2026-03-0{k},{amount}"
        for name in "AB"
        for k, amount in ((1, 9), (2, 9), (3, 9), (4, -40))
    ]
    big = [f"Z,z{k},2026-03-0{k},500.00" for k in (1, 2)]
    made(tmp_path, sales(tmp_path, *lines, *big), "keep: {customers: [A]}\n")
    placed = customers(tmp_path / "out")
    assert placed["B"]["tier"] == "eliminate"
    assert (placed["A"]["tier"], placed["A"]["reason"]) == ("small", "kept: on the keep list")


def test_an_empty_file_and_a_header_alone_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    for file in (empty, sales(tmp_path)):
        with pytest.raises(DataError) as refused:
            made(tmp_path, file)
        assert refused.value.exit_code == 1
        assert file.name in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_a_day_in_2099_among_those_of_2026_is_noted(tmp_path: Path) -> None:
    lines = ("A,1,2026-03-01,10.00", "B,2,2026-03-02,10.00", "C,3,2099-01-01,10.00")
    summary = made(tmp_path, sales(tmp_path, *lines))
    assert summary["as_of"] == "2099-01-01"
    assert any("2099-01-01" in note and "2026-03-02" in note for note in summary["notes"])


def test_ids_that_are_formulas_stay_to_the_letter_and_excel_output_disarms_them(tmp_path: Path) -> None:
    file = sales(tmp_path, '"=1+1",1,2026-03-01,10.00', "0012,2,2026-03-01,9.00")
    made(tmp_path, file, out="plain")
    made(tmp_path, file, out="excel", excel=True)
    assert set(customers(tmp_path / "plain")) == {"=1+1", "0012"}
    text = (tmp_path / "excel" / "customers.csv").read_text(encoding="utf-8-sig")
    assert "\n'=1+1," in text


# ---- models -----------------------------------------------------------------------------------------


def test_a_model_used_again_keeps_its_thresholds_and_shows_the_drift(tmp_path: Path) -> None:
    def month(number: int, factor: int) -> Path:
        lines = [
            f"C{n},{number}-{n}-{k},2026-0{number}-{n % 27 + 1:02},{n * factor}.50"
            for n in range(1, 40)
            for k in range(n % 3 + 1)
        ]
        return sales(tmp_path, *lines, name=f"month{number}.csv")

    first = made(tmp_path, month(3, 2), out="march")
    again = made(tmp_path, month(4, 5), out="april", model=tmp_path / "march" / "model.yaml")
    assert again["thresholds"] == first["thresholds"]
    assert again["cuts"] == first["cuts"]
    assert (tmp_path / "april" / "model.yaml").read_bytes() == (
        tmp_path / "march" / "model.yaml"
    ).read_bytes()
    top = next(level for level in again["drift"]["monetary_score"] if level["score"] == 5)
    assert float(top["now"]) > float(top["then"])


# ---- faults -----------------------------------------------------------------------------------------

KILLED = """
import sys, time
from pathlib import Path
from clientier import RunOptions, run
print("ready", flush=True)
run(RunOptions((sys.argv[1],), Path(sys.argv[2]), Path(sys.argv[3]), replace=True))
"""


@pytest.mark.slow
def test_a_run_killed_at_any_moment_leaves_the_earlier_output_whole(tmp_path: Path) -> None:
    lines = [f"C{n % 9000},{n},2026-{n % 9 + 1:02}-{n % 28 + 1:02},{n % 900}.50" for n in range(60_000)]
    file, config, output = sales(tmp_path, *lines), config_file(tmp_path), tmp_path / "out"
    run(RunOptions((str(file),), config, output))
    earlier = contents(output)
    moments = random.Random(11)
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(file), str(config), str(output)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moments.uniform(0.05, 1.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert contents(output) == earlier
        assert [
            name for name in os.listdir(tmp_path) if not name.startswith(".") and name.startswith("out")
        ] == ["out"]
    run(RunOptions((str(file),), config, output, replace=True))
    assert contents(output) == earlier
    assert [name for name in os.listdir(tmp_path) if name.endswith((".partial", ".old"))] == []


def test_an_output_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="is a file"):
        made(tmp_path, sales(tmp_path, "A,1,2026-03-01,10.00"))
    assert (tmp_path / "out").read_text() == "mine"


def test_a_full_disk_is_told_and_leaves_nothing(tiny_disk: Path, tmp_path: Path) -> None:
    lines = [f"C{n},{n},2026-03-01,10.00" for n in range(5000)]
    options = RunOptions((str(sales(tmp_path, *lines)),), config_file(tmp_path), tiny_disk / "out")
    with pytest.raises(OutputError) as refused:
        run(options)
    assert "free some space" in str(refused.value)
    assert os.listdir(tiny_disk) == []


def test_the_rows_and_the_money_reconcile_in_the_manifest_too(shop: Path) -> None:
    summary = json.loads((shop / "out" / "summary.json").read_text())
    manifest = json.loads((shop / "out" / "manifest.json").read_text())
    by_outcome = {outcome: lines for file in manifest["inputs"] for outcome, lines in file["lines"].items()}
    rows = summary["rows"]
    assert rows["read"] == sum(by_outcome.values())
    assert rows["read"] == sum(rows["used"].values()) + sum(rows["excluded"].values()) + rows["rejected"]
    assert summary["money"]["lines"] == summary["money"]["customers"]


def test_a_memory_limit_is_taken_and_a_size_that_is_none_is_refused(tmp_path: Path) -> None:
    file = sales(tmp_path, "A,1,2026-03-01,10.00")
    assert made(tmp_path, file, memory_limit="500MB")["customers"] == 1
    with pytest.raises(ConfigError, match="'much' is not a size"):
        made(tmp_path, file, out="other", memory_limit="much")


# ---- Parquet of all kinds ---------------------------------------------------------------------------


def parquet(folder: Path, **columns: Any) -> Path:
    usual = {
        "customer_id": ["A", "B"],
        "order_id": ["1", "2"],
        "order_date": [date(2026, 3, 1)] * 2,
        "amount": [1, 2],
    }
    path = folder / "sales.parquet"
    pyarrow.parquet.write_table(pyarrow.table(usual | columns), path)
    return path


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_that_parquet_stores_in_utc_count_on_the_utc_day_and_that_is_noted(
    unit: str, tmp_path: Path
) -> None:
    late = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
    file = parquet(
        tmp_path, order_date=pyarrow.array([late] * 2, pyarrow.timestamp(unit, tz="Asia/Shanghai"))
    )
    result = run(RunOptions((str(file),), config_file(tmp_path), tmp_path / "out"))
    assert {row["last_order"] for row in customers(tmp_path / "out").values()} == {"2026-03-01"}
    assert result.notes == (f"{file}: times of order_date are stored in UTC and count on the UTC day",)


def test_a_float_id_that_is_nan_is_no_id_and_whole_ones_lose_their_point(
    tmp_path: Path,
) -> None:
    summary = made(tmp_path, parquet(tmp_path, customer_id=[12.0, float("nan")]))
    assert set(customers(tmp_path / "out")) == {"12"}
    assert summary["rows"]["excluded"] == {"no_customer": 1}


def test_parquet_text_that_is_not_utf_8_is_told_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is damaged") as refused:
        made(tmp_path, parquet(tmp_path, customer_id=pyarrow.array([b"A", b"\xff"])))
    assert "xff" not in str(refused.value)
