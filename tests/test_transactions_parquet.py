"""Parquet files: typed values mean what their text in a CSV file would mean."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reads import HEADER, Read, read_files

LATE = datetime.fromisoformat("2026-10-01T23:30")


def read_table(folder: Path, columns: dict[str, Any], *others: str, **keys: Any) -> Read:
    """Write the columns, two rows of the customers C1 and C2 where they are not given, and read them."""
    cells = {
        "customer": ["C1", "C2"],
        "order": ["1", "2"],
        "date": ["2026-10-01"] * 2,
        "amount": ["1", "2"],
    } | columns
    pq.write_table(pa.table(cells), folder / "sales.parquet")
    return read_files([str(folder / "sales.parquet"), *others], folder, **keys)


@pytest.mark.parametrize(
    "amounts",
    [
        pa.array([Decimal("12.50"), Decimal("-3.1234567")], pa.decimal128(20, 7)),
        pa.array([12.5, -3.1234567], pa.float64()),
        pa.array(["12.5", "-3.1234567"]),
        pa.array(["12.5", "-3.1234567"]).dictionary_encode(),
        pa.array([b"12.5", b"-3.1234567"], pa.binary()),
    ],
)
@pytest.mark.parametrize("mark", [".", ","])
def test_an_amount_is_read_by_its_text(tmp_path: Path, amounts: pa.Array, mark: str) -> None:
    if mark == "," and not (pa.types.is_floating(amounts.type) or pa.types.is_decimal(amounts.type)):
        pytest.skip("a text keeps the decimal mark it has")
    found = read_table(tmp_path, {"amount": amounts}, decimal_mark=mark)
    assert [(gross, refunds) for *_, gross, refunds in found.order_days] == [("12.5", "0"), ("0", "3.123457")]
    assert found.reading.rounded_lines == 1


def test_a_float_of_four_bytes_is_what_it_shows(tmp_path: Path) -> None:
    found = read_table(tmp_path, {"amount": pa.array([19.99, 0.1], pa.float32())})
    assert [gross for *_, gross, _ in found.order_days] == ["19.99", "0.1"]


@pytest.mark.parametrize("type_", [pa.float64(), pa.int32(), pa.uint64()])
def test_whole_numbers_as_ids_have_no_decimals(tmp_path: Path, type_: pa.DataType) -> None:
    found = read_table(
        tmp_path, {"customer": pa.array([17850, None], type_), "order": pa.array([536365, 1], type_)}
    )
    assert [day[:2] for day in found.order_days] == [("17850", "536365")]
    assert found.outcomes == {"usable": 1, "no_customer": 1}


@pytest.mark.parametrize(
    "dates",
    [
        pa.array([date(2026, 10, 1)] * 2),
        pa.array([LATE] * 2, pa.timestamp("ns")),
        pa.array([LATE] * 2, pa.timestamp("ms")),
        pa.array([LATE.replace(tzinfo=UTC)] * 2, pa.timestamp("us", "Asia/Shanghai")),
        pa.array([20261001] * 2),
        pa.array(["01.10.2026", "31.12.2026"]),
    ],
)
def test_a_typed_date_is_the_day_it_was_written_with(tmp_path: Path, dates: pa.Array) -> None:
    found = read_table(tmp_path, {"date": dates})
    assert found.order_days[0][2] == "2026-10-01"
    assert found.outcomes == {"usable": 2}


@pytest.mark.parametrize("written", ["%d/%m/%Y", "%Y%m%d"])
def test_typed_dates_go_with_any_format_of_other_files(tmp_path: Path, written: str) -> None:
    days = [date(2026, 10, 1), date(2026, 10, 31)]
    lines = [f"C3,{day},{day.strftime(written)},1" for day in days]
    (tmp_path / "more.csv").write_text("\n".join([HEADER, *lines]))
    found = read_table(tmp_path, {"date": pa.array(days)}, str(tmp_path / "more.csv"))
    assert [day[2] for day in found.order_days] == ["2026-10-01", "2026-10-31"] * 2


def test_what_is_known_of_the_file_is_told(tmp_path: Path) -> None:
    (told,) = read_table(tmp_path, {"note": [True, False]}).reading.inputs
    assert told.header == ("customer", "order", "date", "amount", "note")
    assert told.dialect == {"format": "parquet", "compression": "none", "date_format": "%Y-%m-%d"}


def test_typed_lines_are_compared_whole_for_repeats(tmp_path: Path) -> None:
    columns = {
        name: [value] * 2
        for name, value in {"customer": "C1", "order": "1", "amount": 1.5, "at": LATE}.items()
    }
    assert read_table(tmp_path, columns, duplicates="drop").outcomes == {"usable": 1, "duplicate": 1}
    columns["at"] = [LATE, datetime.fromisoformat("2026-10-01T23:31")]
    assert read_table(tmp_path, columns, duplicates="drop").outcomes == {"usable": 2}
