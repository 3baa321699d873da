"""Customer tables: read back without losing a digit, and every bad cell named by its row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from clientier.columns import CUSTOMER_COLUMNS, CUSTOMER_ID, METRICS
from clientier.errors import DataError
from clientier.outputs import Format, customer_rows
from clientier.rendering import BOM, csv_header, csv_lines, lines_bytes
from clientier.tables import CustomerTable, read_customers
from making import customers, random_customers

COLUMNS = (CUSTOMER_ID, *METRICS)
HEADER = "customer_id,recency_days,frequency,monetary"


def read(text: str | bytes) -> CustomerTable:
    return read_customers(io.BytesIO(text.encode() if isinstance(text, str) else text), "t.csv")


def rows(*lines: str, header: str = HEADER) -> str:
    return "".join(f"{line}\n" for line in (header, *lines))


def refused(text: str | bytes) -> list[str]:
    with pytest.raises(DataError) as error:
        read(text)
    assert all(problem.fix for problem in error.value.problems)
    return [
        f"{problem.place.removeprefix('t.csv').removeprefix(': ')}: {problem.fact}"
        for problem in error.value.problems
    ]


def written(frame: pd.DataFrame, form: Format | None = None) -> bytes:
    lines = csv_lines(customer_rows(frame, COLUMNS, form or Format()))
    return csv_header([column.name for column in COLUMNS]) + bytes(lines_bytes(lines))


# ---- reading back -----------------------------------------------------------------------------------


@settings(max_examples=15)
@given(random_customers(most=12))
def test_what_was_written_is_read_back_in_the_order_of_the_lists(frame: pd.DataFrame) -> None:
    # all ids are digits of one length, so that their order is that of their bytes
    in_order = frame.sort_values(["monetary", "customer_id"], ascending=[False, True], ignore_index=True)

    table = read(written(frame))

    assert_frame_equal(table.customers[[column.name for column in COLUMNS]], in_order)
    assert "tier" in table.absent


IDS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('",\r\n '), min_size=1, max_size=6)


@given(st.lists(IDS, min_size=1, max_size=8, unique=True))
def test_ids_are_kept_to_the_letter_whatever_they_hold(ids: list[str]) -> None:
    text = io.StringIO()
    lines = [HEADER.split(","), *([name, "1", "1", "5.00"] for name in ids)]
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(lines)

    table = read(text.getvalue())

    assert table.customers["customer_id"].tolist() == sorted(ids, key=lambda name: name.encode())


def test_customers_come_by_money_then_by_the_bytes_of_their_id() -> None:
    table = read(rows("b,1,1,5", "张,1,1,9", "a,1,1,9", "Z,1,1,9", "é,1,1,9", "c,1,1,-1"))

    assert table.customers["customer_id"].tolist() == ["Z", "a", "é", "张", "b", "c"]


@pytest.mark.parametrize(
    "data", [BOM + rows("0042,5,2,3.50").encode(), rows("0042,5,2,3.50").replace("\n", "\r\n")]
)
def test_a_table_that_went_through_a_spreadsheet_is_read(data: str | bytes) -> None:
    assert read(data).customers.iloc[0].tolist() == ["0042", 5, 2, 3_500_000]


def test_columns_that_are_not_ours_are_left_out_and_ours_that_are_missing_are_told() -> None:
    table = read(
        rows("9,a,5,2,3.50,note", header="shoe size,customer_id,recency_days,frequency,monetary,remark")
    )

    assert list(table.customers) == HEADER.split(",")
    assert table.absent == tuple(
        column.name for column in CUSTOMER_COLUMNS if column.name not in HEADER.split(",")
    )


def test_columns_may_stand_in_any_order() -> None:
    table = read(rows("3.50,2,5,a", header="monetary,frequency,recency_days,customer_id"))

    assert table.customers[HEADER.split(",")].iloc[0].tolist() == ["a", 5, 2, 3_500_000]


@pytest.mark.parametrize(
    ("cell", "millionths"),
    [
        ("12", 12_000_000),
        ("12.3", 12_300_000),
        ("-12.345678", -12_345_678),
        ("19.990000000000002", 19_990_000),  # float noise
        ("1.776e-15", 0),
        ("1.5e3", 1_500_000_000),
        ("+3.", 3_000_000),
        (".5", 500_000),
        (" 7 ", 7_000_000),
        ("0.0000005", 0),  # half to the even one
        ("0.0000015", 2),
        ("9223372036854.775807", 2**63 - 1),
    ],
)
def test_amounts_are_read_exactly_and_rounded_half_even_beyond_six_decimals(
    cell: str, millionths: int
) -> None:
    table = read(rows(f"a,1,1,{cell}", "b,1,1,5.00")).customers

    assert dict(zip(table["customer_id"], table["monetary"], strict=True))["a"] == millionths


def test_whole_numbers_may_be_written_as_floats() -> None:
    # as pandas writes a column of integers in which one is missing
    assert read(rows("a,1.0,2.0,3", "b,,0.0,0")).customers["recency_days"].tolist() == [1, pd.NA]


def test_text_that_looks_like_nothing_is_text() -> None:
    assert read(rows("NA,1,1,1", "null,1,1,1", "nan,1,1,1")).customers["customer_id"].tolist() == [
        "NA",
        "nan",
        "null",
    ]


def test_parquet_is_read_as_csv_is() -> None:
    frame = customers(
        customer_id=["0042", "7"], last_order=["2026-09-11", None], recency_days=[50, None],
        frequency=[5, 0], monetary=["266.60", "-3"], lateness=["0.678", None],
    )  # fmt: skip
    columns = tuple(column for column in COLUMNS if column.name in frame)
    parquet, text = io.BytesIO(), customer_rows(frame, columns, Format())
    pq.write_table(customer_rows(frame, columns, Format("parquet")), parquet)
    as_csv = csv_header(text.column_names) + bytes(lines_bytes(csv_lines(text)))

    assert_frame_equal(read(parquet.getvalue()).customers, read(as_csv).customers)
    assert_frame_equal(read(parquet.getvalue()).customers, frame, check_like=True)


# ---- counting ---------------------------------------------------------------------------------------


def test_values_are_counted_over_purchasers_or_over_everybody() -> None:
    table = read(rows("a,5,2,10", "b,5,1,10", "c,,0,-4", "d,400,0,0"))

    everybody, purchasers = table.histogram("monetary", False), table.histogram("monetary", True)
    recency = table.histogram("recency_days", purchasers_only=False)

    assert (everybody.values / 1_000_000).tolist() == [-4, 0, 10]
    assert everybody.customers.tolist() == [1, 1, 2]
    assert (purchasers.values / 1_000_000).tolist() == [10]
    assert (recency.values.tolist(), recency.customers.tolist()) == ([5, 400], [2, 1])
    assert recency.values.dtype == np.int64


# ---- refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("b,x,1,1", "row 3: recency_days: 'x' is not a whole number"),
        ("b,1.5,1,1", "row 3: recency_days: '1.5' is not a whole number"),
        ("b,1_0,1,1", "row 3: recency_days: '1_0' is not a whole number"),
        ("b,0x10,1,1", "row 3: recency_days: '0x10' is not a whole number"),
        ("b,-1,1,1", "row 3: recency_days: is below 0"),
        ("b,1,-1,1", "row 3: frequency: is below 0"),
        ("b,1,９,1", "row 3: frequency: '９' is not a whole number"),
        ("b,1,9223372036854775808,1", "row 3: frequency: '9223372036854775808' is not a whole number"),
        ("b,1,1,N/A", "row 3: monetary: 'N/A' is not an amount"),
        ("b,1,1,nan", "row 3: monetary: 'nan' is not an amount"),
        ("b,1,1,inf", "row 3: monetary: 'inf' is not an amount"),
        ("b,1,1,sNaN", "row 3: monetary: 'sNaN' is not an amount"),
        ("b,1,1,1e400", "row 3: monetary: '1e400' is not an amount"),
        ("b,1,1,1e999999999", "row 3: monetary: '1e999999999' is not an amount"),
        ("b,1,1,9223372036854.775808", "row 3: monetary: '9223372036854.775808' is not an amount"),
        ('b,1,1,"1,234.50"', "row 3: monetary: '1,234.50' is not an amount"),
        ("b,1,1,", "row 3: monetary: is empty"),
        ("b,1,,1", "row 3: frequency: is empty"),
        (",1,1,1", "row 3: customer_id: is empty"),
        ("a,1,1,1", "row 3: customer_id: is there twice"),
        ("b,1,1", "row 3: 3 cells where the header has 4"),
        ("b,1,1,1,1", "row 3: 5 cells where the header has 4"),
    ],
)
def test_a_bad_cell_is_named_by_its_row(line: str, problem: str) -> None:
    assert refused(rows("a,1,1,1.00", line, "z,1,1,1.00")) == [problem]


@pytest.mark.parametrize("cell", ["2026-02-30", "20260131", "2026-W01-1", "31/01/2026", "-", "2026-1-1"])
def test_a_day_that_is_none_is_named(cell: str) -> None:
    table = rows("a,1,1,1,2026-01-31", f"b,1,1,1,{cell}", header=f"{HEADER},last_order")

    assert refused(table) == [f"row 3: last_order: '{cell}' is not a day like 2026-10-31"]


def test_every_bad_cell_is_told_at_once_by_row() -> None:
    found = refused(rows("a,1,1,-", "b,x,1,1", "c,1,1,-", "c,y,,1"))

    assert found == [
        "row 2: monetary: '-' is not an amount",
        "row 3: recency_days: 'x' is not a whole number",
        "row 4: monetary: '-' is not an amount",
        "row 5: recency_days: 'y' is not a whole number",
        "row 5: frequency: is empty",
        "row 5: customer_id: is there twice",
    ]


def test_a_table_full_of_bad_cells_is_told_by_its_first_ten() -> None:
    found = refused(rows(*(f"c{number},1,1,-{'x' * number}" for number in range(1, 500))))

    assert [problem.split(":")[0] for problem in found] == [f"row {row}" for row in range(2, 12)]


def repeated(ids: Iterable[str]) -> str:
    return rows(*(f"{name},1,1,1" for name in ids))


def test_repeated_ids_are_named_where_they_come_again() -> None:
    assert refused(repeated("abcab")) == [
        "row 5: customer_id: is there twice",
        "row 6: customer_id: is there twice",
    ]
    assert len(read(repeated(["0042", "42", "a7", "A7"])).customers) == 4


def test_a_row_with_a_line_end_inside_quotes_is_one_row() -> None:
    assert refused(rows('"a\nb",1,1,1', "c,1,1,-")) == ["row 3: monetary: '-' is not an amount"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("", ": is empty"),
        ("\n \n", ": is empty"),
        (HEADER, ": holds no customer"),
        (f"{HEADER}\n", ": holds no customer"),
        (BOM + f"{HEADER}\n\n".encode(), ": holds no customer"),
        (rows("a,1,1,1").encode("utf-16"), ": is not UTF-8"),
        (rows("张,1,1,1").encode("gb18030"), ": is not UTF-8"),
        (rows("a,1,1,1").replace("monetary", "张").encode("gb18030"), ": is not UTF-8"),
        (rows("a,1,1,1,1", header=f"{HEADER},monetary"), ": the header names a column twice"),
        (rows(*(f"c{number},1,1,1" for number in range(2_000))).encode() + b"\xff,1,1,1\n", ": is not UTF-8"),
        ('"' + "x" * 200_000, ": is not a CSV table"),  # a quote that nothing closes
        (b"PAR1 and no more", ": is not a Parquet table of plain columns"),
    ],
)
def test_what_is_no_customer_table_is_refused_in_one_line(data: str | bytes, problem: str) -> None:
    assert refused(data) == [problem]


def test_missing_columns_are_told_with_those_that_are_there() -> None:
    with pytest.raises(DataError) as error:
        read("id,recency_days,monetary\na,1,1\n")

    assert str(error.value) == (
        "t.csv: column customer_id is missing\n  fix: the header has: id, recency_days, monetary\n"
        "t.csv: column frequency is missing\n  fix: the header has: id, recency_days, monetary"
    )


def test_an_unclosed_quote_does_not_swallow_the_rest_without_a_word() -> None:
    (problem,) = refused(rows('"a,1,1,1', "b,1,1,1"))

    assert problem.startswith("row 2: 1 cells")


def test_nested_parquet_columns_are_refused() -> None:
    data = io.BytesIO()
    pq.write_table(pa.table({"customer_id": pa.array([{"id": "a"}])}), data)

    assert refused(data.getvalue()) == [": is not a Parquet table of plain columns"]
