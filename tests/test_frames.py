"""Frames: from Arrow and back without losing a digit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientier import frames
from clientier.columns import BY_NAME, METRICS, Column, Kind
from making import customers

INT64 = st.integers(-(2**63), 2**63 - 1)


def batch() -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {
            "customer_id": pa.array(["0042", "张"], pa.string()),
            "last_order": pa.array([date(2026, 9, 11), None], pa.date32()),
            "frequency": pa.array([5, 0], pa.int64()),
            "monetary": pa.array([266_600_000, None], pa.int64()),
        }
    )


def test_a_batch_becomes_exact_integers_with_a_mask_days_since_1970_and_text() -> None:
    frame = frames.from_arrow(batch())

    assert frame.dtypes.astype(str).tolist() == ["str", "Int64", "Int64", "Int64"]
    assert frame["customer_id"].tolist() == ["0042", "张"]
    assert frame["last_order"].tolist() == [20_707, pd.NA]  # 2026-09-11
    assert frame["monetary"].tolist() == [266_600_000, pd.NA]
    assert frame.index.equals(pd.RangeIndex(2))


def test_a_frame_can_be_changed_without_changing_what_it_came_from() -> None:
    source = batch()
    frame = frames.from_arrow(source)

    frame.loc[0, "monetary"] = pd.NA
    frame.loc[0, "frequency"] = 9

    assert source["monetary"].to_pylist() == [266_600_000, None]
    assert source["frequency"].to_pylist() == [5, 0]


@given(st.lists(st.none() | INT64, max_size=20))
def test_integers_of_64_bits_pass_whole(values: list[int | None]) -> None:
    column = frames.column_from_arrow(pa.array(values, pa.int64()))

    assert [None if value is pd.NA else value for value in column.tolist()] == values


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), max_size=20))
def test_text_passes_to_the_letter_and_missing_text_is_empty(values: list[str | None]) -> None:
    column = frames.text_column(pa.array(values, pa.string()))

    assert column.dtype == "str"
    assert frames.text_array(column).to_pylist() == [value or "" for value in values]
    assert frames.text_array(column).type == pa.string()


def test_a_typed_table_has_dates_integers_decimals_and_text() -> None:
    frame = customers(
        last_order=["2026-09-11", None], frequency=[5, 0], monetary=["266.60", "-0.000001"],
        lateness=["0.678", None],
    )  # fmt: skip

    table = frames.typed(frame, tuple(BY_NAME[str(name)] for name in frame))

    assert table.schema.types == [
        pa.string(), pa.date32(), pa.int64(), pa.decimal128(38, 6), pa.decimal128(22, 4),
    ]  # fmt: skip
    assert table.column("last_order").to_pylist() == [date(2026, 9, 11), None]
    assert table.column("frequency").to_pylist() == [5, 0]
    assert table.column("monetary").to_pylist() == [Decimal("266.6"), Decimal("-0.000001")]
    assert table.column("lateness").to_pylist() == [Decimal("0.678"), None]


@given(st.lists(st.none() | INT64, min_size=1, max_size=10))
def test_typed_money_and_ratios_are_exact(values: list[int | None]) -> None:
    frame = pd.DataFrame({"monetary": pd.array(values, "Int64"), "trend": pd.array(values, "Int64")})

    table = frames.typed(frame, (BY_NAME["monetary"], BY_NAME["trend"]))

    for name, scale in (("monetary", 1_000_000), ("trend", 10_000)):
        assert [None if v is None else int(v * scale) for v in table[name].to_pylist()] == values


@pytest.mark.parametrize("column", METRICS, ids=lambda column: column.name)
def test_every_metric_has_the_type_it_is_written_with(column: Column) -> None:
    frame = pd.DataFrame({column.name: pd.array([pd.NA, 7], "Int64")})
    table = frames.typed(frame, (column,))

    assert table.schema.types == [frames.arrow_type(column.name)]
    assert (column.kind is Kind.DAY) == (table.schema.types[0] == pa.date32())


def test_a_text_has_its_place_in_a_list_and_an_unknown_or_empty_one_has_none() -> None:
    texts = pd.Series(["small", "key", "gold", "", None], dtype="str")

    assert frames.positions(texts, ["key", "small"]).tolist() == [1, 0, -1, -1, -1]
    assert frames.positions(texts.iloc[:0], ["key"]).tolist() == []
    assert frames.positions(texts, []).tolist() == [-1] * 5
