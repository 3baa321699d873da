"""CSV as bytes: what Python's csv module reads back, quotes where RFC 4180 needs them, no formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientier.rendering import csv_header, csv_lines, lines_bytes, with_formulas, without_formulas

# Any text that can be UTF-8, and often what CSV trips over.
TEXT = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from(list(',"\r\n\t \0=张')), max_size=12
)


def table(rows: Sequence[Sequence[str]], columns: int) -> pa.Table:
    return pa.table(
        {f"c{index}": pa.array([row[index] for row in rows], pa.string()) for index in range(columns)}
    )


def as_csv(rows: pa.Table) -> bytes:
    return bytes(lines_bytes(csv_lines(rows)))


def read_back(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))


def rows_of(columns: int) -> st.SearchStrategy[list[list[str]]]:
    return st.lists(st.lists(TEXT, min_size=columns, max_size=columns), max_size=8)


@given(st.integers(2, 4).flatmap(rows_of))
def test_any_text_is_read_back_by_pythons_csv_module(rows: list[list[str]]) -> None:
    columns = len(rows[0]) if rows else 2

    assert read_back(as_csv(table(rows, columns))) == rows


@given(rows_of(3))
def test_cells_are_quoted_where_rfc_4180_needs_it_and_nowhere_else(rows: list[list[str]]) -> None:
    by_hand = "".join(
        ",".join(
            '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in ',"\r\n') else cell
            for cell in row
        )
        + "\n"
        for row in rows
    )
    assert as_csv(table(rows, 3)) == by_hand.encode()


@given(rows_of(2), st.lists(st.booleans(), min_size=8, max_size=8), st.integers(0, 8))
def test_chosen_and_sliced_lines_are_the_lines_of_those_rows(
    rows: list[list[str]], chosen: list[bool], start: int
) -> None:
    lines = csv_lines(table(rows, 2))
    mask = chosen[: len(rows)]

    picked = [row for row, wanted in zip(rows, mask, strict=True) if wanted]
    assert bytes(lines_bytes(lines.filter(pa.array(mask, pa.bool_())))) == as_csv(table(picked, 2))
    assert bytes(lines_bytes(lines.slice(start))) == as_csv(table(rows[start:], 2))


def test_columns_that_are_slices_or_in_chunks_are_rendered_whole() -> None:
    sliced = pa.array(["no", 'a"b', "c,d", "e"]).slice(1, 2)
    chunked = pa.chunked_array([["1"], ["2"]])

    assert as_csv(pa.table({"text": sliced, "number": chunked})) == b'"a""b",1\n"c,d",2\n'


def test_lines_end_in_lf_alone_and_letters_stay_as_they_are() -> None:
    assert csv_header(["customer_id", "tier"]) == b"customer_id,tier\n"
    assert as_csv(table([["张伟", "O'Neil; 5'"]], 2)) == "张伟,O'Neil; 5'\n".encode()


# ---- formulas ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "neutral"),
    [
        ("=1+1", "'=1+1"),
        ("+44 20", "'+44 20"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("＝1+1", "'＝1+1"),  # spreadsheets in East Asian settings read the wide signs too
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠A1", "'＠A1"),
        ("0042", "0042"),
        ("a=1", "a=1"),
        ("a\n=1", "a\n=1"),
        ("'=1", "'=1"),
        ("", ""),
        ("张=", "张="),
    ],
)
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(cell: str, neutral: str) -> None:
    assert without_formulas(pa.array([cell])).to_pylist() == [neutral]
    assert with_formulas(pa.array([neutral])).to_pylist() == [cell.removeprefix("'")]


def test_a_column_without_cells_has_no_formulas() -> None:
    assert without_formulas(pa.array([], pa.string())).to_pylist() == []
